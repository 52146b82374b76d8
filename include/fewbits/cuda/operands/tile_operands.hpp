// What a warpgroup multiplies: tiles in shared memory, 128 bytes to the row, their 16-byte chunks swizzled as the copy engine leaves them.
#pragma once

#include <cstdint>

#include "../../config.hpp"
#include "../../format/concepts.hpp"
#include "../../format/layout.hpp"

namespace fewbits {

/// Bytes of a row of a tile, and of the rows after which the swizzle's pattern begins again: tiles begin at multiples of these.
inline constexpr int tile_row_bytes = 128;
inline constexpr int tile_alignment = 8 * tile_row_bytes;

/// What a tile can hold: floats of 8 bits as tensor cores know them (four exponent bits without infinities, or five as in IEEE 754),
/// integers of 8 bits in two's complement, the upper halves of fp32.
enum class operand_class : unsigned char { none, float8, int8, upper_half };

template <scalar E>
inline constexpr operand_class operand_class_of = [] {
    if constexpr (E::kind == format_kind::integer) {
        return E::width == 8 && E::codec::is_signed && E::codec::excess == 0 ? operand_class::int8 : operand_class::none;
    } else if constexpr (E::kind == format_kind::minifloat) {
        using codec = typename E::codec;
        if (!codec::is_signed || !codec::has_negative_zero || !codec::has_nan) return operand_class::none;
        bool const four = codec::exponent_bits == 4 && codec::bias == 7 && !codec::has_infinity;
        bool const five = codec::exponent_bits == 5 && codec::bias == 15 && codec::has_infinity;
        if (E::width == 8 && (four || five)) return operand_class::float8;
        bool const upper_half = E::width == 16 && codec::exponent_bits == 8 && codec::bias == 127 && codec::has_infinity;
        return upper_half ? operand_class::upper_half : operand_class::none;
    } else {
        return operand_class::none;
    }
}();

/// Numbers along K that one instruction takes: 32 bytes.
template <scalar E>
inline constexpr int instruction_depth = 256 / E::width;

inline namespace FEWBITS_BASELINE {

/// How wgmma finds a tile (PTX ISA, matrix descriptor): where it begins, that its eight rows repeat every 1024 bytes, that it is swizzled.
FEWBITS_HOST_DEVICE constexpr std::uint64_t describe_tile(std::uint32_t shared_address) noexcept {
    constexpr std::uint64_t no_leading = 1;  // the other stride, without meaning for rows of one swizzle's width
    constexpr std::uint64_t swizzle_128 = 1;
    return (shared_address & 0x3FFFFU) >> 4 | no_leading << 16 | std::uint64_t{tile_alignment / 16} << 32 | swizzle_128 << 62;
}

/// The same tile from another row (whole groups of eight) or column on.
FEWBITS_HOST_DEVICE constexpr std::uint64_t advance_tile(std::uint64_t descriptor, int bytes) noexcept {
    return descriptor + static_cast<std::uint64_t>(bytes / 16);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
