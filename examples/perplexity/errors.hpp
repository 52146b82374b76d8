// The program's two kinds of error: bad input data (file, byte offset, reason) and bad options (exit code 2).
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace perplexity {

/// A file that is not what it should be: says which file, at which byte, and why.
class input_error : public std::runtime_error {
public:
    input_error(const std::string& file, std::uint64_t byte_offset, const std::string& reason)
        : std::runtime_error(file + ": byte " + std::to_string(byte_offset) + ": " + reason), offset_(byte_offset) {}

    /// Where in the file the trouble starts, in bytes.
    std::uint64_t offset() const { return offset_; }

private:
    std::uint64_t offset_;
};

/// Options that make no sense together, or name something that does not exist; the program leaves with code 2.
class usage_error : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace perplexity
