// Operands of matrix instructions that multiply by the scales of blocks themselves: which formats have them, and their scales by the word.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../machine_types.hpp"
#include "float8_operand.hpp"

namespace fewbits {

/// Whether codes of E are the instructions' floats of 4 bits: two of exponent, one of mantissa, no NaN.
template <scalar E>
inline constexpr bool is_stored_float4 = [] {
    if constexpr (E::kind != format_kind::minifloat || E::width != 4) {
        return false;
    } else {
        using codec = typename E::codec;
        return codec::is_signed && codec::has_negative_zero && codec::has_zero && !codec::has_nan && !codec::has_infinity &&
               codec::exponent_bits == 2 && codec::bias == 1;
    }
}();

/// Whether S is a byte that is a power of two, with the exponents of fp32.
template <class S>
inline constexpr bool is_power_byte = [] {
    if constexpr (!is_power_of_two_scale<S>) return false;
    else return S::width == 8 && S::codec::exponent_bits == 8 && S::codec::bias == 127 && S::codec::has_nan;
}();

/// Whether S is floats of 8 bits, four of exponent, under one fp32 scale for the whole matrix.
template <class S>
inline constexpr bool is_float8_under_tensor = [] {
    if constexpr (!block_composition<S>) return false;
    else if constexpr (!is_stored_float8<typename S::element>) return false;
    else return S::element::codec::exponent_bits == 4 && S::block == per_tensor && std::is_same_v<typename S::scale_type, float> &&
                std::is_same_v<typename S::offset_type, symmetric>;
}();

/// How a pair's instructions take blocks.
template <class A, class W>
inline constexpr block_scaling block_scaling_of = [] {
    if constexpr (!block_format<A> || !block_format<W>) {
        return block_scaling::none;
    } else if constexpr (is_exact_product<A, W> || !A::is_symmetric || !W::is_symmetric) {
        return block_scaling::none;
    } else {
        constexpr bool float4 = is_stored_float4<typename A::element> && is_stored_float4<typename W::element>;
        constexpr bool powers = is_power_byte<typename A::scale_type> && is_power_byte<typename W::scale_type>;
        constexpr bool floats = is_float8_under_tensor<typename A::scale_type> && is_float8_under_tensor<typename W::scale_type>;
        if (A::block == along_k(32) && W::block == along_k(32) && powers) {
            if (float4) return block_scaling::float4_32;
            return float8_operand<A>::valid && float8_operand<W>::valid ? block_scaling::float8_32 : block_scaling::none;
        }
        bool const sixteen = A::block == along_k(16) && W::block == along_k(16);
        return sixteen && floats && float4 ? block_scaling::float4_16 : block_scaling::none;
    }
}();

/// The facts of one side X of a product with block scales. Its scales go by the word, the first block's in the lowest byte.
template <block_format X, bool Float4>
struct block_scaled_operand : float8_operand<X> {
    static constexpr bool direct = Float4 || float8_operand<X>::direct;
    static constexpr bool has_table = !Float4 && float8_operand<X>::has_table;
    static constexpr unsigned chunk_columns = Float4 ? 32 : 16;

    using scale_type = std::uint32_t;
    static constexpr bool powers = is_power_byte<typename X::scale_type>;
    static constexpr std::uint32_t no_scale = powers ? 0x7F7F7F7FU : 0x38383838U;  ///< 1: outside of the matrix codes are 0
    static constexpr std::uint32_t scale_signs = powers ? 0 : 0x80808080U;  ///< which the instructions' floats have not

    /// Those of up to four blocks from (row, column) on, 1 beyond the last.
    template <unsigned Columns, class View>
    FEWBITS_DEVICE static std::uint32_t read_scale(View const& view, std::size_t row, unsigned column, unsigned depth) {
        constexpr auto block = static_cast<unsigned>(X::block.cols);
        constexpr unsigned count = Columns / block;
        static_assert(count == 2 || count == 4);
        std::byte const* const from = bytes(view.scales) + row * view.scales.row_bytes + column / block;
        unsigned const there = (depth - column + block - 1) / block;
        if (count == 4 && there >= 4 && reinterpret_cast<std::uintptr_t>(from) % 4 == 0) {
            return *reinterpret_cast<std::uint32_t const*>(from);
        }
        std::uint32_t word = no_scale;
        repeated<count>([&](unsigned i) {
            if (i < there) word = (word & ~(0xFFU << (8 * i))) | static_cast<std::uint32_t>(from[i]) << (8 * i);
        });
        return word;
    }
    /// The scale of the whole matrix besides.
    template <class View>
    FEWBITS_DEVICE static float outer_scale(View const& view) {
        if constexpr (powers) return 1.0F;
        else return view.scales.scales.value(0, 0);
    }

private:
    template <class Level>
    FEWBITS_DEVICE static std::byte const* bytes(Level const& level) {
        if constexpr (powers) return level.bytes;
        else return level.codes;
    }
};
}  // namespace fewbits
