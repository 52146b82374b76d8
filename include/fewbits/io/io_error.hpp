// What readers and writers of files throw.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace fewbits {

/// Bad input data, or output that cannot be written: which file, at which byte, and why.
class io_error : public std::runtime_error {
public:
    /// `file` is empty for a stream that has no name; `offset` counts from where reading or writing began.
    io_error(std::string const& file, std::uint64_t offset, std::string const& reason)
        : std::runtime_error((file.empty() ? "" : file + ": ") + "byte " + std::to_string(offset) + ": " + reason), offset_(offset) {}

    std::uint64_t offset() const noexcept { return offset_; }

private:
    std::uint64_t offset_;
};

}  // namespace fewbits
