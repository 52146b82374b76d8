// One code per byte into a dense bit stream and back.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../packing/bit_stream.hpp"
#include "expand_codes.hpp"

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

/// The reverse: `count` codes of `Width` bits from the byte at `packed` on, one per byte; reads no byte past the last code's.
template <int Width>
void unpack_codes(std::byte const* packed, std::size_t count, std::uint8_t* codes) noexcept {
    static_assert(Width >= 1 && Width <= 8);
    expand_codes(Width, {packed, stream_bytes(count, Width)}, 0, count, code_table(), codes, in_a_row{});
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
