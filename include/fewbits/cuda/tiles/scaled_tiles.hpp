// Tiles of operands and of their blocks' scales as the tensor cores of sm_100f take them: how instructions are told where they are.
#pragma once

#include <cstdint>

#include "../machine_types.hpp"
#include "../operands/tile_operands.hpp"

namespace fewbits {

inline namespace FEWBITS_BASELINE {

/// Scales of a row that an instruction takes; it takes 32 bytes of the row's codes.
FEWBITS_HOST_DEVICE constexpr int scales_of_instruction(block_scaling kind) noexcept {
    return kind == block_scaling::float4_16 ? 4 : kind == block_scaling::float4_32 ? 2 : 1;
}

/// How tcgen05 finds a tile in shared memory (PTX ISA, tcgen05 matrix descriptor): as wgmma does, with a constant in bits 46 to 48.
FEWBITS_HOST_DEVICE constexpr std::uint64_t describe_scaled_tile(std::uint32_t shared_address) noexcept {
    return describe_tile(shared_address) | std::uint64_t{1} << 46;
}

/// Scales of 128 rows in shared memory, four neighbouring ones of each row to the word: word 4 * (row % 32) + row / 32 of 128. To
/// tcgen05.cp these are 32 rows of 16 bytes, not swizzled, eight of them every 128 bytes.
inline constexpr int scale_chunk_bytes = 512;
inline constexpr int scale_chunk_columns = 4;  ///< of tensor memory: lane row % 32 (and 32, 64, 96 beyond), column row / 32
FEWBITS_HOST_DEVICE constexpr std::uint64_t describe_scale_chunk(std::uint32_t shared_address) noexcept {
    return (shared_address & 0x3FFFFU) >> 4 | std::uint64_t{128 / 16} << 32 | std::uint64_t{1} << 46;
}

/// The instruction descriptor of tcgen05.mma for a tile of 128 x `cols` of the result (PTX ISA, tables of .kind::mxf8f6f4, .kind::mxf4 and
/// .kind::mxf4nvf4): both operands along K, nothing negated, nothing sparse.
template <block_scaling Kind, scalar A, scalar W>
FEWBITS_HOST_DEVICE constexpr std::uint32_t describe_scaled_product(int cols) noexcept {
    constexpr auto format = [](int exponent_bits) { return Kind != block_scaling::float8_32 || exponent_bits == 5 ? 1U : 0U; };
    constexpr std::uint32_t powers = Kind == block_scaling::float4_16 ? 0 : 1;
    return format(A::codec::exponent_bits) << 7 | format(W::codec::exponent_bits) << 10 | static_cast<std::uint32_t>(cols / 8) << 17 |
           powers << 23 | 1U << 27;
}
/// The same with the first byte of the words that hold an instruction's scales.
FEWBITS_HOST_DEVICE constexpr std::uint32_t scales_from_byte(int byte) noexcept {
    return static_cast<std::uint32_t>(byte) << 4 | static_cast<std::uint32_t>(byte) << 29;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
