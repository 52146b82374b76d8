// Nearest-even, saturating codes of finite floats in a few word instructions: for kernels that have no time for the definition.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../kernels/portable/encode_nearest.hpp"
#include "../../quantize/elements.hpp"
#include "../unrolled.hpp"
#include "conversions.hpp"
#include "words.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Whether nearest_codes covers E: what has a sign and a zero, not far from the middle of fp32's range, and small codebooks.
template <scalar E>
inline constexpr bool has_nearest_codes = [] {
    if constexpr (!has_fast_nearest<E> || E::width > 8) return false;
    else if constexpr (E::kind == format_kind::minifloat) return E::codec::min_exponent > -40 && E::codec::max_exponent < 40;
    else if constexpr (E::kind == format_kind::integer) return E::codec::exponent > -30 && E::codec::exponent < 30;
    else return E::codec::count <= 16;
}();

/// nearest_codes take numbers times 2^lift_of, what minifloat_rounding takes.
template <scalar E>
inline constexpr int lift_of = [] {
    if constexpr (E::kind == format_kind::minifloat) return is_converted<E> ? 0 : 1 - E::codec::min_exponent;
    else return 0;
}();

}  // namespace FEWBITS_BASELINE

/// A magnitude rounded to a minifloat E: the number of its steps in the low bits of `sum`, the sum of the magnitude and a power of two
/// that lies as far above it as the mantissas of fp32 and E differ in length. The magnitude is lifted: times 2^lift. The smallest normal
/// number is 2 then: its exponent in fp32 is 128, which takes none of the lowest 8 bits of a code, and so others are those of codes.
template <scalar E>
struct minifloat_rounding {
    static constexpr int lift = 1 - E::codec::min_exponent;
    static constexpr int apart = 23 - E::codec::mantissa_bits;
    float binade;
    float sum;

    FEWBITS_HOST_DEVICE explicit minifloat_rounding(float lifted) noexcept {
        constexpr float largest = largest_element<E>() * power_of_two(lift);
        float const magnitude = smaller_of(magnitude_of(lifted), largest);
        binade = bit_cast<float>(larger(bit_cast<std::uint32_t>(magnitude) & 0x7F800000U, 128U << 23));
        sum = fma_rn(binade, power_of_two(apart), magnitude);
    }
    /// The magnitude's code in the lowest byte; the other bits are of no use.
    FEWBITS_HOST_DEVICE std::uint32_t byte() const noexcept {
        return bit_cast<std::uint32_t>(sum) + (bit_cast<std::uint32_t>(binade) >> apart);
    }
    /// The rounded magnitude, lifted.
    FEWBITS_HOST_DEVICE float value() const noexcept { return fma_rn(binade, -power_of_two(apart), sum); }
};

/// Between which integers a block's elements are cut, and what is added to them to make the code.
struct integer_bounds {
    float lowest = 0.0F;
    float highest = 0.0F;
    std::uint32_t addend = 0;
};

inline namespace FEWBITS_BASELINE {

/// Those of E with a zero point, or 0 where it has none.
template <scalar E>
    requires(E::kind == format_kind::integer)
FEWBITS_HOST_DEVICE constexpr integer_bounds bounds_of(bool full_range, int zero_point = 0) noexcept {
    constexpr float unit = power_of_two(E::codec::exponent);
    return {static_cast<float>(lowest_element<E>(full_range) - zero_point) * unit,
            static_cast<float>(E::codec::highest - zero_point) * unit, static_cast<std::uint32_t>(zero_point + E::codec::excess)};
}

/// The integer nearest to x within bounds; its code in the lowest bits. Adding 1.5 * 2^23 units rounds to whole ones.
template <scalar E>
FEWBITS_HOST_DEVICE inline std::uint32_t integer_byte(float x, integer_bounds const& bounds) noexcept {
    constexpr float rounder = 1.5F * power_of_two(23 + E::codec::exponent);
    float const inside = smaller_of(larger_of(x, bounds.lowest), bounds.highest);
    return bit_cast<std::uint32_t>(add_rn(inside, rounder)) + bounds.addend;
}

/// Entry i of E's midpoints; beyond them infinity.
template <scalar E>
consteval float midpoint_of(int i) {
    return i + 1 < E::codec::count ? make_codebook_table(E::layout).midpoint[i] : bit_cast<float>(0x7F800000U);
}

/// The number of midpoints below x, by halves.
template <scalar E>
FEWBITS_DEVICE std::uint32_t codebook_byte(float x) {
    constexpr int entries = 1 << E::width;
    float middle[std::size_t{entries} - 1];
    unrolled<entries - 1>([&](auto i) { middle[i.value] = midpoint_of<E>(decltype(i)::value); });
    std::uint32_t code = 0;
    unrolled<E::width>([&](auto level) {
        constexpr int half = entries >> (decltype(level)::value + 1);
        bool const above = middle[half - 1] < x;
        if (above) code += static_cast<std::uint32_t>(half);
        unrolled<half - 1>([&](auto i) { middle[i.value] = above ? middle[i.value + half] : middle[i.value]; });
    });
    return code;
}

/// Byte `Which` of four words.
template <unsigned Which>
FEWBITS_HOST_DEVICE inline std::uint32_t gathered(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) noexcept {
    constexpr std::uint32_t pair = Which | (Which + 4) << 4;
    return permute_bytes(permute_bytes(a, b, pair), permute_bytes(c, d, pair), 0x5410);
}

/// Four codes of Width bits, each in a byte, side by side.
template <int Width>
FEWBITS_HOST_DEVICE constexpr std::uint32_t closed_up(std::uint32_t bytes) noexcept {
    if constexpr (Width == 8) return bytes;
    std::uint32_t const pairs = (bytes & 0x00FF00FFU) | (bytes & 0xFF00FF00U) >> (8 - Width);
    return (pairs & 0xFFFFU) | pairs >> 16 << (2 * Width);
}

/// The same of two words of four, in 8 * Width bits.
template <int Width>
FEWBITS_HOST_DEVICE inline std::uint64_t closed_up(std::uint32_t low, std::uint32_t high) noexcept {
    if constexpr (Width == 4) return permute_bytes(low | low >> 4, high | high >> 4, 0x6420);
    return static_cast<std::uint64_t>(closed_up<Width>(high)) << (4 * Width) | closed_up<Width>(low);
}

/// Codes of four finite numbers, each in a byte: equal to E::codec::encode to nearest even, saturating, but integers lie within `bounds`.
/// Minifloats have the signs of `signs`, since a zero may have lost its own.
template <scalar E>
    requires has_nearest_codes<E>
FEWBITS_DEVICE std::uint32_t nearest_codes(float const (&lifted)[4], [[maybe_unused]] float const (&signs)[4],
                                           [[maybe_unused]] integer_bounds const& bounds) {
    std::uint32_t bytes[4];
    unrolled<4>([&](auto i) {
        float const x = lifted[i.value];
        if constexpr (E::kind == format_kind::integer) bytes[i.value] = integer_byte<E>(x, bounds);
        else if constexpr (E::kind == format_kind::minifloat) bytes[i.value] = minifloat_rounding<E>(x).byte();
        else bytes[i.value] = codebook_byte<E>(x);
    });
    std::uint32_t const codes = gathered<0>(bytes[0], bytes[1], bytes[2], bytes[3]);
    if constexpr (E::kind == format_kind::minifloat) {
        auto const word = [&](int i) { return bit_cast<std::uint32_t>(signs[i]); };
        std::uint32_t sign = gathered<3>(word(0), word(1), word(2), word(3));
        if constexpr (!E::codec::has_negative_zero) sign &= codes + 0x7F7F7F7FU;
        constexpr std::uint32_t mask = static_cast<std::uint32_t>(E::codec::sign_bit) * 0x01010101U;
        return and_or(sign >> (8 - E::width), mask, codes);
    } else if constexpr (E::kind == format_kind::integer && E::width < 8) {
        return codes & static_cast<std::uint32_t>(low_mask(E::width)) * 0x01010101U;
    } else {
        return codes;
    }
}

/// Codes of eight finite numbers, not lifted, each in E::width bits, by instructions that round to E. They have the signs of `signs`.
template <scalar E>
    requires has_conversion<E>
FEWBITS_DEVICE std::uint64_t converted_codes(float const (&numbers)[8], float const (&signs)[8]) {
    float x[8];
    unrolled<8>([&](auto i) { x[i.value] = __builtin_copysignf(numbers[i.value], signs[i.value]); });
    if constexpr (E::width == 4) {
        return nearest_4bit_codes(x);
    } else {
        std::uint32_t pairs[4];
        unrolled<4>([&](auto p) {
            constexpr int i = p.value * 2;
            if constexpr (E::width == 8) pairs[p.value] = nearest_8bit_pair<E::codec::exponent_bits>(x[i], x[i + 1]);
            else pairs[p.value] = nearest_6bit_pair<E::codec::exponent_bits>(x[i], x[i + 1]);
        });
        return closed_up<E::width>(permute_bytes(pairs[0], pairs[1], 0x5410), permute_bytes(pairs[2], pairs[3], 0x5410));
    }
}

/// The same by what the device has, of numbers that are lifted; integers lie within `bounds`.
template <scalar E>
    requires has_nearest_codes<E>
FEWBITS_DEVICE std::uint64_t eight_codes(float const (&lifted)[8], float const (&signs)[8], integer_bounds const& bounds) {
    if constexpr (is_converted<E>) {
        return converted_codes<E>(lifted, signs);
    } else {
        std::uint32_t words[2];
        unrolled<2>([&](auto w) {
            constexpr int i = w.value * 4;
            float const four[4] = {lifted[i], lifted[i + 1], lifted[i + 2], lifted[i + 3]};
            float const four_signs[4] = {signs[i], signs[i + 1], signs[i + 2], signs[i + 3]};
            words[w.value] = nearest_codes<E>(four, four_signs, bounds);
        });
        return closed_up<E::width>(words[0], words[1]);
    }
}

/// The number of the element that a finite number is rounded to, as nearest_codes round; a zero may have lost its sign.
template <scalar E>
    requires(has_nearest_codes<E> && E::kind != format_kind::codebook)
FEWBITS_DEVICE float nearest_number(float lifted, [[maybe_unused]] float sign, [[maybe_unused]] integer_bounds const& bounds) {
    if constexpr (E::kind == format_kind::integer) {
        constexpr float rounder = 1.5F * power_of_two(23 + E::codec::exponent);
        return sub_rn(add_rn(smaller_of(larger_of(lifted, bounds.lowest), bounds.highest), rounder), rounder);
    } else {
        using rounding = minifloat_rounding<E>;
        rounding const rounded(mul_rn(lifted, power_of_two(rounding::lift - lift_of<E>)));
        return __builtin_copysignf(mul_rn(rounded.value(), power_of_two(-rounding::lift)), sign);
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
