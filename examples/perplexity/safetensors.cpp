// Reading safetensors strictly: the header's JSON, each entry, then the layout of all tensors together.
#include "safetensors.hpp"

#include "checked.hpp"
#include "errors.hpp"
#include "files.hpp"
#include "strict_json.hpp"

#include <fewbits/fewbits.hpp>

#include <algorithm>
#include <cstring>

namespace perplexity {

namespace {

constexpr std::size_t length_field = 8;
constexpr std::size_t longest_header = 100'000'000;  // the format's own limit

/// Bits per value of each dtype the format defines; 0 for an unknown name.
std::size_t bits_of_dtype(const std::string& dtype) {
    static const std::map<std::string, std::size_t> known = {{"BOOL", 8}, {"U8", 8}, {"I8", 8}, {"F8_E4M3", 8},
        {"F8_E5M2", 8}, {"F8_E8M0", 8}, {"U16", 16}, {"I16", 16}, {"F16", 16}, {"BF16", 16}, {"U32", 32}, {"I32", 32},
        {"F32", 32}, {"U64", 64}, {"I64", 64}, {"F64", 64}};
    const auto found = known.find(dtype);
    return found == known.end() ? 0 : found->second;
}

/// One header entry, checked by itself: its three members, sizes, and that its bytes lie inside the file.
class entry_reader {
public:
    entry_reader(const std::string& file, std::size_t place, std::size_t data_begin, std::size_t file_size)
        : file_(file), place_(place), data_begin_(data_begin), file_size_(file_size) {}

    safetensors_file::tensor read(const std::string& name, const nlohmann::json& entry) const {
        if (!entry.is_object()) refuse(name, "is not described by an object");
        for (const char* member : {"dtype", "shape", "data_offsets"})
            if (!entry.contains(member)) refuse(name, std::string("has no ") + member);
        if (entry.size() != 3) refuse(name, "has members other than dtype, shape and data_offsets");
        safetensors_file::tensor result;
        result.header_offset = place_;
        if (!entry["dtype"].is_string()) refuse(name, "has a dtype that is not a string");
        result.dtype = entry["dtype"].get<std::string>();
        const std::size_t bits = bits_of_dtype(result.dtype);
        if (bits == 0) refuse(name, "has the unknown dtype \"" + result.dtype + '"');
        result.shape = sizes(name, "shape", entry["shape"]);
        const auto offsets = sizes(name, "data_offsets", entry["data_offsets"]);
        if (offsets.size() != 2) refuse(name, "needs two data_offsets");
        if (offsets[0] > offsets[1]) refuse(name, "ends before it begins");
        if (offsets[1] > file_size_ - data_begin_)
            refuse(name, "reaches to byte " + std::to_string(offsets[1]) + " of the data, which has only " +
                             std::to_string(file_size_ - data_begin_));
        std::size_t expected = bits / 8;
        for (const std::size_t extent : result.shape) {
            const auto product = checked_product(expected, extent);
            if (!product) refuse(name, "has a shape whose product overflows");
            expected = *product;
        }
        if (expected != offsets[1] - offsets[0])
            refuse(name, "has " + std::to_string(offsets[1] - offsets[0]) + " bytes where its shape and dtype need " +
                             std::to_string(expected));
        result.begin = data_begin_ + offsets[0];
        result.end = data_begin_ + offsets[1];
        return result;
    }

private:
    [[noreturn]] void refuse(const std::string& name, const std::string& reason) const {
        throw input_error(file_, place_, "tensor \"" + name + "\" " + reason);
    }

    std::vector<std::size_t> sizes(const std::string& name, const char* member, const nlohmann::json& list) const {
        if (!list.is_array()) refuse(name, std::string("has a ") + member + " that is not a list");
        std::vector<std::size_t> result;
        for (const auto& item : list) {
            if (!item.is_number_unsigned())
                refuse(name, std::string("has a ") + member + " with an entry that is not a whole number below 2^64");
            result.push_back(item.get<std::size_t>());
        }
        return result;
    }

    const std::string& file_;
    std::size_t place_;
    std::size_t data_begin_;
    std::size_t file_size_;
};

std::string shape_text(const std::vector<std::size_t>& shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
    return text + "]";
}

}  // namespace

safetensors_file::safetensors_file(const std::string& path) : path_(path), bytes_(read_file(path)) {
    read_header();
    check_layout();
}

void safetensors_file::read_header() {
    if (bytes_.size() < length_field)
        throw input_error(path_, bytes_.size(), "too short for a safetensors file: the header's length takes 8 bytes");
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < length_field; ++i) length |= std::to_integer<std::uint64_t>(bytes_[i]) << (8 * i);
    if (length > longest_header)
        throw input_error(path_, 0, "a header of " + std::to_string(length) + " bytes: this is no safetensors file");
    if (length > bytes_.size() - length_field)
        throw input_error(path_, 0,
            "the header is to have " + std::to_string(length) + " bytes, but only " +
                std::to_string(bytes_.size() - length_field) + " follow");
    data_begin_ = length_field + static_cast<std::size_t>(length);
    const std::string_view header = as_text(bytes_).substr(length_field, data_begin_ - length_field);
    if (header.empty() || header.front() != '{')
        throw input_error(path_, length_field, "the header is not a JSON object");
    const nlohmann::json parsed = parse_strict_json(path_, header, length_field);
    for (const auto& [name, entry] : parsed.items()) {
        const std::size_t place = length_field + offset_of_key(header, name);
        if (name == "__metadata__") {
            if (!entry.is_object()) throw input_error(path_, place, "__metadata__ is not an object");
            for (const auto& [key, value] : entry.items())
                if (!value.is_string())
                    throw input_error(path_, place, "__metadata__ entry \"" + key + "\" is not a string");
            continue;
        }
        tensors_[name] = entry_reader(path_, place, data_begin_, bytes_.size()).read(name, entry);
    }
}

void safetensors_file::check_layout() const {
    std::vector<std::pair<std::string, const tensor*>> order;
    for (const auto& [name, t] : tensors_) order.emplace_back(name, &t);
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
        return std::pair(a.second->begin, a.second->end) < std::pair(b.second->begin, b.second->end);
    });
    std::size_t at = data_begin_;
    for (const auto& [name, t] : order) {
        if (t->begin != at)
            throw input_error(path_, t->header_offset,
                "tensor \"" + name + (t->begin < at ? "\" overlaps the one before it" : "\" leaves a gap before it") +
                    ": it begins at byte " + std::to_string(t->begin) + " of the file, not at " + std::to_string(at));
        at = t->end;
    }
    if (at != bytes_.size())
        throw input_error(path_, at, std::to_string(bytes_.size() - at) + " bytes after the last tensor");
}

std::vector<float> safetensors_file::read(
    const std::string& name, const std::vector<std::size_t>& expected_shape) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) throw input_error(path_, length_field, "there is no tensor \"" + name + '"');
    const tensor& t = found->second;
    if (t.shape != expected_shape)
        throw input_error(path_, t.header_offset,
            "tensor \"" + name + "\" has the shape " + shape_text(t.shape) + "; the configuration needs " +
                shape_text(expected_shape));
    const std::size_t width = bits_of_dtype(t.dtype) / 8;
    std::vector<float> values((t.end - t.begin) / width);
    const std::span<const std::byte> raw(bytes_.data() + t.begin, t.end - t.begin);
    if (t.dtype == "F32")
        std::memcpy(values.data(), raw.data(), raw.size());
    else if (t.dtype == "BF16")
        fewbits::decode<fewbits::bf16>(raw, values);
    else if (t.dtype == "F16")
        fewbits::decode<fewbits::fp16>(raw, values);
    else
        throw input_error(
            path_, t.header_offset, "tensor \"" + name + "\" is " + t.dtype + "; weights are F32, BF16 or F16");
    const std::size_t bad = first_not_finite(values);
    if (bad != values.size())
        throw input_error(path_, t.begin + bad * width, "tensor \"" + name + "\" holds a NaN or an infinity");
    return values;
}

}  // namespace perplexity
