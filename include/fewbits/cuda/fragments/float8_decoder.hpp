// From the words of a tile to floats of 8 bits, operands of Hopper's FP8 products: the bits of codes at their places, no table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../../scaling/scale_rule.hpp"
#include "../operands/tile_operands.hpp"
#include "byte_order.hpp"
#include "decoders.hpp"

namespace fewbits {

/// What narrower elements become.
struct float8_weight final : minifloat<float8_weight, tensor_core_byte> {
    using minifloat::minifloat;
};

inline namespace FEWBITS_BASELINE {

/// What kernel codes of integers count from (kernel_code).
template <scalar E>
inline constexpr int lowest_count = [] {
    if constexpr (E::kind != format_kind::integer) return 0;
    else return E::codec::excess != 0 ? E::codec::excess : E::codec::is_signed ? 1 << (E::width - 1) : 0;
}();

/// Elements that are floats of 8 bits as stored, or such times one power of two in each of their codes: FP6 and FP4, signed integers of 2
/// to 5 bits, others of up to 4.
template <scalar E>
inline constexpr bool has_float8_bytes = [] {
    if constexpr (operand_class_of<E> == operand_class::float8) {
        return true;
    } else if constexpr (E::kind == format_kind::integer) {
        if (lowest_count<E> == 0) return E::width <= 4;
        return E::width >= 2 && E::width <= 5 && lowest_count<E> == 1 << (E::width - 1);
    } else if constexpr (E::kind == format_kind::minifloat) {
        using codec = typename E::codec;
        return has_bf16_pairs<E> && E::width < 8 && codec::has_negative_zero && !codec::has_nan && !codec::has_infinity &&
               codec::exponent_bits <= 4 && codec::mantissa_bits <= 3;
    } else {
        return false;
    }
}();

}  // namespace FEWBITS_BASELINE

/// The decoder (decoders.hpp) whose fragments are those of m64nNk32: a tile has byte_steps of them, in the order of byte_column.
template <scalar E>
    requires has_float8_bytes<E>
struct float8_decoder {
    static constexpr std::size_t parts = 1;
    static constexpr std::size_t table_bytes = 0;
    static constexpr bool stored = operand_class_of<E> == operand_class::float8;
    using operand = std::conditional_t<stored, E, float8_weight>;

    /// What the operand's numbers are to be multiplied by. Integers n are n * 2^-9: subnormal up to 7, and as even a step apart from there
    /// to 16. Of a narrower float exponent and mantissa stand where the operand has them, which leaves the difference of the biases.
    static constexpr float unit = [] {
        if constexpr (stored) return 1.0F;
        else if constexpr (E::kind == format_kind::integer) return power_of_two(operand::codec::bias - 1 + operand::codec::mantissa_bits);
        else return power_of_two(operand::codec::bias - E::codec::bias);
    }();

    template <class Machine>
    FEWBITS_DEVICE static void prepare(Machine&, unsigned) {}

    template <int Step, class Machine>
    FEWBITS_DEVICE static void decode(Machine&, lane_words<E> const& words, std::uint32_t (&fragments)[1][4]) {
        unrolled<4>([&](auto r) { fragments[0][r.value] = bytes<2 * Step + r.value / 2, r.value % 2>(words); });
    }

private:
    static constexpr std::uint32_t every = 0x01010101U;

    /// Four floats of one row, of bf16's step `Step`.
    template <int Step, int Row>
    FEWBITS_DEVICE static std::uint32_t bytes(lane_words<E> const& words) {
        if constexpr (E::kind == format_kind::minifloat) {
            constexpr int magnitude = E::codec::magnitude_bits;
            return placed<E, Step, Row, every>(words, [] {
                return code_parts{{{0, magnitude, operand::codec::mantissa_bits - E::codec::mantissa_bits}, {magnitude, 1, 7}}, 2, 0};
            });
        } else if constexpr (lowest_count<E> == 0) {
            return placed<E, Step, Row, every>(words, [] { return code_parts{{{0, E::width, 0}}, 1, 0}; });
        } else {
            // Counts whose top bit is set are that much above 0; others are below it by what they lack to the lowest number without.
            std::uint32_t const rest = placed<E, Step, Row, every>(words, [] { return code_parts{{{0, E::width - 1, 0}}, 1, 0}; });
            constexpr auto top = pieces_of<E>(code_parts{{{E::width - 1, 1, 7}}, 1, 0}, Step, Row, every);
            static_assert(top.count == 1);
            std::uint32_t const word = words[top.at[0].word];
            constexpr int left = top.at[0].left;
            std::uint32_t const above = sign_bytes(left < 0 ? word >> (-left & 31) : word << (left & 31));
            std::uint32_t const below = every * (0x80U | static_cast<std::uint32_t>(lowest_count<E>)) - rest;
            return (rest & above) | (below & ~above);
        }
    }
};

/// What makes weights of elements E an operand that is multiplied by numbers X, and the operand's type.
template <scalar X, scalar E>
struct weights_operand {
    using decoder = decoder_of<E>;
    using type = X;
};
template <scalar X, scalar E>
    requires(operand_class_of<X> == operand_class::float8)
struct weights_operand<X, E> {
    using decoder = float8_decoder<E>;
    using type = typename decoder::operand;
};

inline namespace FEWBITS_BASELINE {

template <scalar X, scalar E>
inline constexpr bool has_weights_operand = (operand_class_of<X> == operand_class::upper_half && has_decoder<E>) ||
                                            (operand_class_of<X> == operand_class::float8 && has_float8_bytes<E>);

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
