// One code per byte into the packed form of a row.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../matrix/block_storage.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Packs `count` codes of `Width` bits into a little-endian bit stream from a byte border on; the last byte is padded with 0.
template <int Width>
void pack_codes(std::uint8_t const* codes, std::size_t count, std::byte* out) noexcept {
    static_assert(Width >= 1 && Width <= 8);
    std::size_t i = 0;
    for (; i + 8 <= count; i += 8, out += Width) {  // eight codes fill Width bytes
        std::uint64_t window = 0;
        for (int j = 0; j < 8; ++j) window |= static_cast<std::uint64_t>(codes[i + static_cast<std::size_t>(j)]) << (Width * j);
        for (int b = 0; b < Width; ++b) out[b] = static_cast<std::byte>(window >> (8 * b));
    }
    std::uint64_t window = 0;
    int bits = 0;
    for (; i < count; ++i, bits += Width) window |= static_cast<std::uint64_t>(codes[i]) << bits;
    for (int b = 0; 8 * b < bits; ++b) out[b] = static_cast<std::byte>(window >> (8 * b));
}

/// Packs one row of element codes as composition B stores it.
template <block_composition B>
void pack_row(std::uint8_t const* codes, std::size_t count, std::byte* out) noexcept {
    if constexpr (B::trits) {
        for (std::size_t i = 0; i < trit_bytes(count); ++i) out[i] = std::byte{0};
        for (std::size_t i = 0; i < count; ++i) store_trit(out, i, B::element::codec::to_integer(codes[i]));
    } else {
        pack_codes<B::element::width>(codes, count, out);
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
