// Codes of up to 8 bits, two to the word, to two bf16 numbers, exactly: a few word instructions, no table.
#pragma once

#include <cstdint>

#include "../../format/layout.hpp"
#include "words.hpp"

namespace fewbits {

/// Bits [from, from + count) of a code go to bit `to` of its field: a half or a byte of a word.
struct code_part {
    int from, count, to;
};
struct code_parts {
    code_part at[2];
    int count;
    std::uint32_t base;  ///< what the other bits of the word are
};

inline namespace FEWBITS_BASELINE {

/// Whether every number of E becomes a bf16 by shifting and one multiplication, or by adding: all minifloats with a sign and all
/// integers of at most 8 bits.
template <scalar E>
inline constexpr bool has_bf16_pairs = [] {
    if constexpr (E::width > 8 || E::kind == format_kind::codebook) return false;
    else if constexpr (E::kind == format_kind::integer) return true;
    else return E::codec::is_signed && E::codec::has_zero && E::codec::bias <= 127 && E::codec::mantissa_bits <= 7;
}();

/// The code that matrices hold for kernels, of `E::width` bits: integers counted from their lowest, those of 8 bits from the middle of
/// their range in two's complement, so that they are bytes of the integer instructions; minifloats as they are.
template <scalar E>
    requires has_bf16_pairs<E>
FEWBITS_HOST_DEVICE constexpr std::uint32_t kernel_code(std::uint32_t code) noexcept {
    if constexpr (E::kind == format_kind::integer) {
        int const lowest = E::codec::excess != 0 ? E::codec::excess : E::codec::is_signed ? 1 << (E::width - 1) : 0;
        auto const counted = static_cast<std::uint32_t>(E::codec::to_integer(code) + lowest);
        return E::width == 8 ? counted ^ 0x80U : counted;
    } else {
        return code;
    }
}

/// What decode_pair's numbers are times 2^this: the unit of integers.
template <scalar E>
inline constexpr int pair_exponent = [] {
    if constexpr (E::kind == format_kind::integer) return E::codec::exponent;
    else return 0;
}();

/// bf16 bits of 2^exponent, -126 <= exponent <= 127.
FEWBITS_HOST_DEVICE constexpr std::uint32_t bf16_power(int exponent) noexcept {
    return static_cast<std::uint32_t>(exponent + 127) << 7;
}

/// How codes become bf16: bits of the code go to their places in a half, `finish` does the rest.
template <scalar E>
    requires has_bf16_pairs<E>
struct pair_decoding {
    static constexpr bool integers = E::kind == format_kind::integer;
    static constexpr bool wide_integers = integers && E::width == 8;  ///< their top bit goes to a second word

    static constexpr code_parts parts = [] {
        // 128 + code has the code as its mantissa, if it has 7 bits.
        if constexpr (integers) return code_parts{{{0, E::width < 7 ? E::width : 7, 0}}, 1, both_halves(bf16_power(7))};
        // Exponent and mantissa where bf16 has them.
        else return code_parts{{{0, E::codec::magnitude_bits, 7 - E::codec::mantissa_bits}, {E::codec::magnitude_bits, 1, 15}}, 2, 0};
    }();
    static constexpr code_parts top_parts{{{7, 1, 7}}, 1, 0};

    /// What finish_from takes for integers from which `centre`, 0 to 127, is to be taken off: -(128 + centre), twice.
    FEWBITS_HOST_DEVICE static std::uint32_t minus_centre(std::uint32_t centre) noexcept {
        return both_halves(0x8000U | bf16_power(7) | centre);
    }
    /// The integers, counted from their lowest and less a centre, whose placed bits these are.
    FEWBITS_HOST_DEVICE static std::uint32_t finish_from(std::uint32_t placed, std::uint32_t minus) noexcept
        requires(integers && !wide_integers)
    {
        return fma_bf16x2(placed, both_halves(bf16_power(0)), minus);
    }
    /// The numbers whose placed bits these are; `top` where wide_integers.
    FEWBITS_HOST_DEVICE static std::uint32_t finish(std::uint32_t placed, [[maybe_unused]] std::uint32_t top) noexcept {
        [[maybe_unused]] constexpr std::uint32_t one = both_halves(bf16_power(0));
        [[maybe_unused]] constexpr std::uint32_t minus_zero = both_halves(0x8000U);  // keeps the sign of a product that is zero
        if constexpr (wide_integers) {
            // Without the top bit 128 is taken off, with it 256: the two differ in bit 7 alone.
            std::uint32_t const centred = fma_bf16x2(placed, one, both_halves(0x8000U | bf16_power(7)) | top);
            if constexpr (E::codec::is_signed) return centred;
            else return fma_bf16x2(centred, one, both_halves(bf16_power(7)));
        } else if constexpr (integers) {
            constexpr std::uint32_t lowest = E::codec::excess != 0 ? E::codec::excess : E::codec::is_signed ? 1U << (E::width - 1) : 0;
            return fma_bf16x2(placed, one, both_halves(0x8000U | bf16_power(7) | lowest));
        } else {
            // The exponent's bias, subnormals included, by a multiplication.
            using codec = typename E::codec;
            if constexpr (!codec::has_infinity) return fma_bf16x2(placed, both_halves(bf16_power(127 - codec::bias)), minus_zero);
            // An infinity has to overflow: on to the top of bf16's exponents, and back.
            constexpr int top_exponent = 254 - ((1 << codec::exponent_bits) - 2);
            std::uint32_t const up = fma_bf16x2(placed, both_halves(bf16_power(127)), minus_zero);
            std::uint32_t const top_most = fma_bf16x2(up, both_halves(bf16_power(top_exponent - 127)), minus_zero);
            return fma_bf16x2(top_most, both_halves(bf16_power(127 - codec::bias - top_exponent)), minus_zero);
        }
    }
};

/// Two kernel codes, one in the low bits of each half, to their values as bf16.
template <scalar E>
    requires has_bf16_pairs<E>
FEWBITS_HOST_DEVICE inline std::uint32_t decode_pair(std::uint32_t codes) noexcept {
    using decoding = pair_decoding<E>;
    constexpr auto parts = decoding::parts;
    constexpr auto first = parts.at[0];
    constexpr auto second = parts.at[1];
    std::uint32_t placed = parts.base | (codes & both_halves(((1U << first.count) - 1) << first.from)) << (first.to - first.from);
    placed |= (codes & both_halves(((1U << second.count) - 1) << second.from)) << (second.to - second.from);
    return decoding::finish(placed, codes & both_halves(0x80));
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
