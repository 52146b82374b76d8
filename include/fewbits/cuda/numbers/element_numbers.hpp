// What codes of up to 8 bits stand for, in a few word instructions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../scaling/scale_rule.hpp"
#include "../unrolled.hpp"
#include "column_runs.hpp"
#include "conversions.hpp"
#include "words.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Entry i of E; beyond the last one the last.
template <scalar E>
consteval float entry_of(int i) {
    return E::layout.value[i < E::codec::count ? i : E::codec::count - 1];
}

/// The number of a signed minifloat without infinities: exponent and mantissa go where fp32 has them, and a multiplication, which takes
/// subnormals along, puts the exponent's bias right.
template <scalar E>
FEWBITS_HOST_DEVICE inline float number_of_minifloat(std::uint32_t code) noexcept {
    using codec = typename E::codec;
    std::uint32_t const magnitude = (code & static_cast<std::uint32_t>(codec::magnitude_mask)) << (23 - codec::mantissa_bits);
    std::uint32_t const placed = magnitude | (code & static_cast<std::uint32_t>(codec::sign_bit)) << (32 - E::width);
    float const number = product_with_subnormals(bit_cast<float>(placed), power_of_two(127 - codec::bias));
    if constexpr (!codec::has_nan) return number;
    constexpr bool alone = E::layout.special == specials::fnuz;  // the NaN is where -0 would be
    bool const is_nan = (alone ? code : code & codec::magnitude_mask) == codec::nan_magnitude;
    return is_nan ? bit_cast<float>(0x7FC00000U) : number;
}

/// The number of an integer: what follows the bits of 2^23 as a float counts units.
template <scalar E>
FEWBITS_HOST_DEVICE inline float number_of_integer(std::uint32_t code) noexcept {
    using codec = typename E::codec;
    constexpr std::uint32_t top = codec::excess == 0 && codec::is_signed ? 1U << (codec::width - 1) : 0U;
    constexpr float base = power_of_two(23 + codec::exponent);
    constexpr float zero = base + static_cast<float>(top + static_cast<std::uint32_t>(codec::excess)) * power_of_two(codec::exponent);
    float const number = sub_rn(bit_cast<float>(bit_cast<std::uint32_t>(base) | (code ^ top)), zero);
    constexpr int natural = -static_cast<int>(top) - codec::excess;  // the lowest that the bits could mean
    if constexpr (natural == codec::lowest) return number;
    else return larger_of(number, static_cast<float>(codec::lowest) * power_of_two(codec::exponent));
}

/// The entry of a codebook, by halves.
template <scalar E>
FEWBITS_DEVICE float number_of_entry(std::uint32_t code) {
    constexpr int entries = 1 << E::width;
    float entry[std::size_t{entries}];
    unrolled<entries>([&](auto i) { entry[i.value] = entry_of<E>(decltype(i)::value); });
    unrolled<E::width>([&](auto level) {
        constexpr int half = entries >> (decltype(level)::value + 1);
        bool const upper = (code & static_cast<std::uint32_t>(half)) != 0;
        unrolled<half>([&](auto i) { entry[i.value] = upper ? entry[i.value + half] : entry[i.value]; });
    });
    return entry[0];
}

/// The number of a code that has no other bits set; a NaN is the canonical one.
template <scalar E>
FEWBITS_DEVICE float number_of(std::uint32_t code) {
    if constexpr (E::kind == format_kind::codebook) {
        if constexpr (E::codec::count <= 16) return number_of_entry<E>(code);
        else return static_cast<float>(E::from_bits(code));
    } else if constexpr (E::kind == format_kind::integer) {
        constexpr bool plain = E::width <= 8 && E::codec::highest == (1 << (E::width - (E::codec::is_signed ? 1 : 0))) - 1;
        if constexpr (plain || E::codec::highest == 1) return number_of_integer<E>(code);
        else return static_cast<float>(E::from_bits(code));
    } else {
        using codec = typename E::codec;
        constexpr bool middle = codec::is_signed && codec::has_zero && codec::bias > 0 && codec::bias < 127 && E::width <= 8;
        constexpr bool powers = !codec::is_signed && !codec::has_zero && codec::magnitude_bits == 8 && codec::exponent_bits == 8 &&
                                codec::bias == 127 && codec::has_nan;
        if constexpr (device_value<E>) return widened<E>(code);
        else if constexpr (powers) return bit_cast<float>(code == 0 ? 0x00400000U : code == 255 ? 0x7FC00000U : code << 23);
        else if constexpr (middle && !codec::has_infinity) return number_of_minifloat<E>(code);
        else if constexpr (middle && codec::exponent_bits == 5 && codec::bias == 15) return from_fp16(code << (16 - E::width));
        else return static_cast<float>(E::from_bits(code));
    }
}

/// The numbers of eight codes of E::width bits, by the device's conversions.
template <scalar E>
    requires has_conversion<E>
FEWBITS_DEVICE void converted_numbers(std::uint64_t codes, float (&numbers)[run_columns]) {
    std::uint32_t words[4];
    if constexpr (E::width == 4) {
        fp16_of_4bit_codes(static_cast<std::uint32_t>(codes), words);
    } else {
        unrolled<4>([&](auto p) {
            auto const pair = static_cast<std::uint32_t>(codes >> (2 * p.value * E::width));
            if constexpr (E::width == 8) words[p.value] = fp16_of_8bit_pair<E::codec::exponent_bits>(pair);
            else words[p.value] = fp16_of_6bit_pair<E::codec::exponent_bits>((pair & 0x3FU) | (pair << 2 & 0x3F00U));
        });
    }
    unrolled<4>([&](auto p) {
        numbers[2 * p.value] = from_fp16(words[p.value]);
        numbers[2 * p.value + 1] = from_fp16(words[p.value] >> 16);
    });
}

/// The numbers of eight codes, by what the device has.
template <scalar E>
FEWBITS_DEVICE void eight_numbers(std::uint64_t codes, float (&numbers)[run_columns]) {
    if constexpr (is_converted<E>) {
        converted_numbers<E>(codes, numbers);
    } else {
        unrolled<run_columns>([&](auto i) {
            auto const code = static_cast<std::uint32_t>(codes >> (i.value * E::width)) & static_cast<std::uint32_t>(low_mask(E::width));
            numbers[i.value] = number_of<E>(code);
        });
    }
}

/// `count` <= 8 codes of Width bits from whole bytes on, side by side; those that lack are 0.
template <int Width>
FEWBITS_DEVICE std::uint64_t load_codes(std::byte const* from, unsigned count) {
    constexpr std::size_t unit = Width & -Width;
    std::uint64_t codes = 0;
    if (count == run_columns && lies_on<unit>(from)) {
        unrolled<Width / unit>([&](auto i) {
            std::byte const* const at = from + i.value * unit;
            std::uint64_t part = 0;
            if constexpr (unit == 8) part = load_aligned<std::uint64_t>(at);
            else if constexpr (unit == 4) part = load_aligned<std::uint32_t>(at);
            else if constexpr (unit == 2) part = load_aligned<std::uint16_t>(at);
            else part = static_cast<std::uint8_t>(*at);
            codes |= part << (i.value * unit * 8);
        });
    } else {
        for (unsigned i = 0; i * 8 < count * Width; ++i) codes |= static_cast<std::uint64_t>(from[i]) << (i * 8);
    }
    return codes;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
