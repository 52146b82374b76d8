// A safetensors file, checked completely before any tensor is handed out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace perplexity {

/// A safetensors file in memory: an eight-byte little-endian header length, a JSON header, then the tensors' bytes.
/// The constructor refuses (input_error: file, byte offset, reason) a header that does not fit, bad or duplicate keys,
/// unknown dtypes, products that overflow, and tensors that overlap, leave gaps or do not fill the file.
class safetensors_file {
public:
    struct tensor {
        std::string dtype;               // "F32", "BF16", "F16", ...
        std::vector<std::size_t> shape;  // outermost first
        std::size_t begin = 0;           // bytes, from the start of the file
        std::size_t end = 0;
        std::size_t header_offset = 0;  // where the header speaks of it, for messages
    };

    explicit safetensors_file(const std::string& path);

    const std::string& path() const { return path_; }
    const std::map<std::string, tensor>& tensors() const { return tensors_; }

    /// The values of tensor `name`, widened exactly to float. Throws input_error if it is missing, is not F32, BF16 or
    /// F16, has another shape than the one expected, or holds a NaN or an infinity.
    std::vector<float> read(const std::string& name, const std::vector<std::size_t>& expected_shape) const;

private:
    void read_header();
    void check_layout() const;

    std::string path_;
    std::vector<std::byte> bytes_;
    std::size_t data_begin_ = 0;
    std::map<std::string, tensor> tensors_;
};

}  // namespace perplexity
