// Whole files in and out: a file is read at once, and written under a temporary name that is renamed when complete.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace perplexity {

/// All bytes of the file. Throws input_error if it cannot be read.
std::vector<std::byte> read_file(const std::string& path);

/// Replaces the file by `text`; an error or a full disk leaves the old file as it was. Throws std::runtime_error.
void write_file(const std::string& path, std::string_view text);

/// The bytes as characters, without a copy.
inline std::string_view as_text(const std::vector<std::byte>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace perplexity
