// The frame of fewbits' own files: sections filled up to 64 bytes, one checksum over all of them at the end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <istream>
#include <optional>
#include <ostream>
#include <span>
#include <streambuf>
#include <string>
#include <utility>

#include "../config.hpp"
#include "../kernels/portable/expand_codes.hpp"
#include "io_error.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

inline constexpr std::size_t section_alignment = 64;

/// Zeros that follow a section of `bytes` bytes.
constexpr std::size_t section_fill(std::uint64_t bytes) noexcept {
    return static_cast<std::size_t>((section_alignment - bytes % section_alignment) % section_alignment);
}

/// A little-endian integer of `count` bytes, wherever this runs.
inline std::uint64_t load_integer(std::byte const* from, std::size_t count) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value |= std::to_integer<std::uint64_t>(from[i]) << (8 * i);
    return value;
}
inline void store_integer(std::byte* to, std::size_t count, std::uint64_t value) noexcept {
    for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<std::byte>(value >> (8 * i) & 0xFF);
}

}  // namespace FEWBITS_BASELINE

/// 64 bits over little-endian words of 8 bytes: h = (h ^ word) * k, then h ^= h >> 32, from k on; k = 0x9E3779B97F4A7C15, odd.
/// Each step can be undone, so a change within one word always shows; any other goes unseen once in about 2^64. It finds
/// damage; it does not keep out whoever writes a file on purpose.
class section_checksum {
public:
    void add(std::span<const std::byte> words) noexcept {
        for (std::size_t i = 0; i + 8 <= words.size(); i += 8) {
            value_ = (value_ ^ load_little(words.data() + i, 8)) * factor;
            value_ ^= value_ >> 32;
        }
    }
    std::uint64_t value() const noexcept { return value_; }

private:
    static constexpr std::uint64_t factor = 0x9E3779B97F4A7C15;
    std::uint64_t value_ = factor;
};

/// Writes sections; throws io_error, which names `file`, where the stream takes no more.
class section_writer {
public:
    section_writer(std::ostream& out, std::string file) : out_(out), file_(std::move(file)) {}

    void section(std::span<const std::byte> bytes) {
        std::size_t const tail = bytes.size() % section_alignment;
        part(bytes.first(bytes.size() - tail));
        if (tail == 0) return;
        std::byte last[section_alignment] = {};
        std::memcpy(last, bytes.data() + bytes.size() - tail, tail);
        part(last);
    }

    /// The last eight bytes.
    void finish() {
        std::byte sum[8];
        store_integer(sum, 8, checksum_.value());
        put(sum);
    }

private:
    void part(std::span<const std::byte> bytes) {
        checksum_.add(bytes);
        put(bytes);
    }
    void put(std::span<const std::byte> bytes) {
        if (!out_.write(reinterpret_cast<char const*>(bytes.data()), static_cast<std::streamsize>(bytes.size()))) {
            throw io_error(file_, offset_, "cannot write " + std::to_string(bytes.size()) + " bytes");
        }
        offset_ += bytes.size();
    }

    std::ostream& out_;
    std::string file_;
    std::uint64_t offset_ = 0;
    section_checksum checksum_;
};

/// Reads sections, their sizes known from elsewhere; throws io_error. `file` is named in what it throws.
class section_reader {
public:
    section_reader(std::istream& in, std::string file) : in_(in), file_(std::move(file)) {}

    void section(std::span<std::byte> to) {
        std::size_t const tail = to.size() % section_alignment;
        part(to.first(to.size() - tail));
        if (tail == 0) return;
        std::byte last[section_alignment];
        part(last);
        std::memcpy(to.data() + to.size() - tail, last, tail);
        for (std::size_t i = tail; i < section_alignment; ++i) {
            if (last[i] != std::byte{0}) fail(offset_ - section_alignment + i, "the bytes that fill up a section are not zero");
        }
    }
    void finish() {
        std::byte sum[8];
        get(sum);
        if (load_integer(sum, 8) != checksum_.value()) fail(offset_ - 8, "the checksum is not that of the data");
    }

    std::uint64_t offset() const noexcept { return offset_; }
    [[noreturn]] void fail(std::uint64_t at, std::string const& reason) const { throw io_error(file_, at, reason); }

    /// Bytes from here to the end of the stream, where it can tell.
    std::optional<std::uint64_t> left() {
        std::streambuf& buffer = *in_.rdbuf();
        auto const here = buffer.pubseekoff(0, std::ios_base::cur, std::ios_base::in);
        if (here < 0) return std::nullopt;
        auto const end = buffer.pubseekoff(0, std::ios_base::end, std::ios_base::in);
        if (buffer.pubseekpos(here, std::ios_base::in) != here || end < here) return std::nullopt;
        return static_cast<std::uint64_t>(end - here);
    }

private:
    void part(std::span<std::byte> to) {
        constexpr std::size_t at_once = std::size_t{1} << 18;  // summed while they are in the cache
        for (std::size_t begin = 0; begin < to.size(); begin += at_once) {
            auto const piece = to.subspan(begin, (std::min)(at_once, to.size() - begin));
            get(piece);
            checksum_.add(piece);
        }
    }
    void get(std::span<std::byte> to) {
        in_.read(reinterpret_cast<char*>(to.data()), static_cast<std::streamsize>(to.size()));
        auto const got = static_cast<std::uint64_t>(in_.gcount());
        offset_ += got;
        if (got != to.size()) fail(offset_, "the data end " + std::to_string(to.size() - got) + " bytes too early");
    }

    std::istream& in_;
    std::string file_;
    std::uint64_t offset_ = 0;
    section_checksum checksum_;
};

}  // namespace fewbits
