// Codes of any width as one little-endian bit stream: bit i of the stream is bit i mod 8 of byte i / 8.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../bits/integer.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Bytes that `count` codes of `width` bits fill.
FEWBITS_HOST_DEVICE constexpr std::size_t stream_bytes(std::size_t count, int width) noexcept {
    auto const w = static_cast<std::size_t>(width);
    return count / 8 * w + (count % 8 * w + 7) / 8;
}

/// The code of `width` <= 16 bits that starts at bit `bit`; touches no byte outside it.
FEWBITS_HOST_DEVICE constexpr unsigned load_code(std::byte const* bytes, std::size_t bit, int width) noexcept {
    std::byte const* const first = bytes + bit / 8;
    int const shift = static_cast<int>(bit % 8);
    int const touched = (shift + width + 7) / 8;
    unsigned window = 0;
    for (int i = 0; i < touched; ++i) window |= static_cast<unsigned>(first[i]) << (8 * i);
    return (window >> shift) & static_cast<unsigned>(low_mask(width));
}

/// Stores a code of `width` <= 16 bits at bit `bit`; every other bit keeps its value and no byte outside it is touched.
FEWBITS_HOST_DEVICE constexpr void store_code(std::byte* bytes, std::size_t bit, int width, unsigned code) noexcept {
    std::byte* const first = bytes + bit / 8;
    int const shift = static_cast<int>(bit % 8);
    int const touched = (shift + width + 7) / 8;
    unsigned const mask = static_cast<unsigned>(low_mask(width)) << shift;
    unsigned const window = (code << shift) & mask;
    for (int i = 0; i < touched; ++i) {
        auto const keep = ~(mask >> (8 * i)) & 0xFFU;
        first[i] = static_cast<std::byte>((static_cast<unsigned>(first[i]) & keep) | ((window >> (8 * i)) & 0xFFU));
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
