// Operands that are floats of 8 bits: stored ones as they are, narrower elements widened where each of their numbers is one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "product_operand.hpp"
#include "tile_operands.hpp"

namespace fewbits {

/// Whether codes of E are the operand as they are.
template <class E>
inline constexpr bool is_stored_float8 = [] {
    if constexpr (scalar<E>) return operand_class_of<E> == operand_class::float8;
    else return false;
}();

inline namespace FEWBITS_BASELINE {

/// The float of 8 bits, 4 of them exponent and without infinities, that a code of E is; no_float8 where it is none.
inline constexpr std::uint32_t no_float8 = 0x100;
template <scalar E>
consteval std::uint32_t float8_of(unsigned code) {
    using codec = tensor_core_byte_codec;
    unpacked const number = E::codec::unpack(code);
    if (number.kind == number_class::nan || number.kind == number_class::infinity) return no_float8;
    auto const found = static_cast<std::uint32_t>(codec::encode(number, to_odd, saturate));
    unpacked const back = codec::unpack(found);
    return is_less(number, back) || is_less(back, number) ? no_float8 : found;
}
template <scalar E>
consteval bool all_codes_are_float8() {
    if (E::width > 8) return false;
    for (unsigned code = 0; code < 1U << E::width; ++code) {
        if (float8_of<E>(code) == no_float8) return false;
    }
    return true;
}
/// Those of codes First, First + 1, ... side by side; codes that E has not are 0.
template <scalar E, unsigned First>
consteval std::uint32_t float8_word() {
    std::uint32_t word = 0;
    for (unsigned i = 0; i < 4 && First + i < 1U << E::width; ++i) word |= float8_of<E>(First + i) << (8 * i);
    return word;
}

}  // namespace FEWBITS_BASELINE

/// Whether elements of E become floats of 8 bits without rounding: FP8 itself, and FP4, FP6, integers of up to 5 bits, ternary.
template <class E>
inline constexpr bool has_float8 = [] {
    if constexpr (is_stored_float8<E>) return true;
    else if constexpr (scalar<E>) return all_codes_are_float8<E>();
    else return false;
}();

inline namespace FEWBITS_BASELINE {

/// Eight codes of up to 4 bits to floats of 8 bits.
template <scalar E>
    requires(E::width <= 4)
FEWBITS_DEVICE void codes_to_float8(std::uint64_t codes, std::uint32_t (&out)[2]) {
    auto all = static_cast<std::uint32_t>(codes);
    if constexpr (E::width < 4) {
        all = 0;
        repeated<8>([&](unsigned i) { all |= code_at<E::width>(codes, i) << (4 * i); });
    }
    // A table in registers; of 16 entries the upper half is chosen by a code's highest bit, which may be the sign.
    constexpr std::uint32_t first = float8_word<E, 0>();
    constexpr std::uint32_t second = float8_word<E, 4>();
    constexpr std::uint32_t third = float8_word<E, 8>();
    constexpr std::uint32_t fourth = float8_word<E, 12>();
    constexpr std::uint32_t tops = 0x80808080U;
    constexpr bool sign_last = third == (first | tops) && fourth == (second | tops);
    repeated<2>([&](unsigned half) {
        std::uint32_t const four = all >> (16 * half);
        std::uint32_t const low = permute_bytes(first, second, four & 0x7777U);
        if constexpr (E::width < 4) {
            out[half] = low;
        } else {
            std::uint32_t const upper = permute_bytes(four << 4, four, 0x5140) & tops;  // each code's highest bit on top of its byte
            if constexpr (sign_last) {
                out[half] = low | upper;
            } else {
                std::uint32_t const high = permute_bytes(third, fourth, four & 0x7777U);
                out[half] = low ^ ((low ^ high) & (upper >> 7) * 0xFFU);
            }
        }
    });
}

}  // namespace FEWBITS_BASELINE

/// The facts of one side X as floats of 8 bits (as product_operand has them): a matrix of such numbers, or blocks of elements that are.
template <class X>
struct float8_operand : float_scales {
    static constexpr bool blocks = false;
    using element = X;
    static constexpr int width = 8;
    static constexpr std::size_t group = 0;
    static constexpr unsigned chunk_columns = 16;
    static constexpr bool trits = false;
    static constexpr operand_form form = operand_form::float8;
    static constexpr int terms = 1;
    static constexpr bool direct = true;
    static constexpr bool has_scales = false;
    static constexpr bool has_table = false;
    static constexpr int exponent_bits = 0;
    static constexpr bool valid = false;
};
template <class X>
    requires is_stored_float8<X>
struct float8_operand<X> : float8_operand<void> {
    using element = X;
    static constexpr int exponent_bits = X::codec::exponent_bits;
    static constexpr bool valid = true;
};
template <block_format X>
struct float8_operand<X> : float8_operand<void> {
    static constexpr bool blocks = true;
    using element = typename X::element;
    static constexpr int width = element::width;
    static constexpr std::size_t group = X::block.cols;
    static constexpr bool trits = X::trits;
    static constexpr bool direct = is_stored_float8<element>;
    static constexpr bool has_scales = true;
    static constexpr bool has_table = !direct && width > 4;
    static constexpr int exponent_bits = [] {
        if constexpr (direct) return element::codec::exponent_bits;
        else return 4;
    }();
    /// An instruction takes 32 columns: their products are to have one scale on this side.
    static constexpr bool valid = has_float8<element> && X::is_symmetric && !X::block.linear && group % 32 == 0;
};

/// Whether a and w are multiplied as floats of 8 bits: not where a result is defined to the bit.
template <class A, class W>
inline constexpr bool is_float8_product = float8_operand<A>::valid && float8_operand<W>::valid && !is_exact_product<A, W>;

}  // namespace fewbits
