// Operands whose blocks have scales, as the tensor cores of sm_100f multiply them: which formats, and how instructions are told of them.
#pragma once

#include <cstdint>
#include <type_traits>

#include "../scaling/block_scaled.hpp"
#include "../scaling/scale_rule.hpp"
#include "tile_operands.hpp"

namespace fewbits {

/// What one instruction multiplies (PTX ISA, tcgen05.mma with .block_scale): elements, and along how many of them a scale holds.
enum class scaled_kind : unsigned char {
    none,
    float8_by_32,  ///< floats of 8 bits, powers of two
    float4_by_32,  ///< floats of 4 bits, powers of two
    float4_by_16   ///< floats of 4 bits, floats of 8 bits with four exponent bits, which hardware takes for positive
};

/// The numbers that scales of blocks are stored as; `per_tensor_factor`: under one fp32 factor for the whole matrix.
template <class S>
struct stored_scales {
    using type = S;
    static constexpr bool per_tensor_factor = false;
};
template <block_composition S>
    requires(S::block == per_tensor && std::is_same_v<typename S::scale_type, float> && std::is_same_v<typename S::offset_type, symmetric>)
struct stored_scales<S> {
    using type = typename S::element;
    static constexpr bool per_tensor_factor = true;
};

template <block_composition B>
inline constexpr scaled_kind scaled_kind_of = [] {
    using element = typename B::element;
    using scales = stored_scales<typename B::scale_type>;
    using number = typename scales::type;
    if constexpr (!scalar<number> || !std::is_same_v<typename B::offset_type, symmetric> || element::kind != format_kind::minifloat) {
        return scaled_kind::none;
    } else {
        using codec = typename element::codec;
        constexpr bool four_bits = element::width == 4 && codec::exponent_bits == 2 && codec::bias == 1 && codec::is_signed;
        constexpr bool powers = is_power_of_two_scale<number> && number::width == 8 && !scales::per_tensor_factor;
        if (B::block == along_k(32) && powers) {
            if (operand_class_of<element> == operand_class::float8) return scaled_kind::float8_by_32;
            return four_bits ? scaled_kind::float4_by_32 : scaled_kind::none;
        }
        if constexpr (number::kind == format_kind::minifloat) {
            bool const eight_bits = operand_class_of<number> == operand_class::float8 && number::codec::exponent_bits == 4;
            if (B::block == along_k(16) && four_bits && eight_bits) return scaled_kind::float4_by_16;
        }
        return scaled_kind::none;
    }
}();

inline namespace FEWBITS_BASELINE {

/// Scales of a row that an instruction takes; it takes 32 bytes of the row's codes.
FEWBITS_HOST_DEVICE constexpr int scales_of_instruction(scaled_kind kind) noexcept {
    return kind == scaled_kind::float4_by_16 ? 4 : kind == scaled_kind::float4_by_32 ? 2 : 1;
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
template <scaled_kind Kind, scalar A, scalar W>
FEWBITS_HOST_DEVICE constexpr std::uint32_t describe_scaled_product(int cols) noexcept {
    constexpr auto format = [](int exponent_bits) { return Kind != scaled_kind::float8_by_32 || exponent_bits == 5 ? 1U : 0U; };
    constexpr std::uint32_t powers = Kind == scaled_kind::float4_by_16 ? 0 : 1;
    return format(A::codec::exponent_bits) << 7 | format(W::codec::exponent_bits) << 10 | static_cast<std::uint32_t>(cols / 8) << 17 |
           powers << 23 | 1U << 27;
}
/// The same with the first byte of the words that hold an instruction's scales.
FEWBITS_HOST_DEVICE constexpr std::uint32_t scales_from_byte(int byte) noexcept {
    return static_cast<std::uint32_t>(byte) << 4 | static_cast<std::uint32_t>(byte) << 29;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
