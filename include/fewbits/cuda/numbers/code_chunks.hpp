// Runs of eight codes, as a row of a matrix stores them, to bytes or to sums of bf16 numbers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../unrolled.hpp"
#include "bf16_pairs.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Eight codes of `Width` bits: Width bytes, at an address that is a multiple of what divides Width.
template <int Width>
FEWBITS_DEVICE std::uint64_t load_eight(std::byte const* from) {
    constexpr int unit = Width % 8 == 0 ? 8 : Width % 4 == 0 ? 4 : Width % 2 == 0 ? 2 : 1;
    std::uint64_t all = 0;
    repeated<Width / unit>([&](unsigned i) {
        std::uint64_t part = 0;
        if constexpr (unit == 8) part = *reinterpret_cast<std::uint64_t const*>(from);
        else if constexpr (unit == 4) part = *reinterpret_cast<std::uint32_t const*>(from);
        else if constexpr (unit == 2) part = *reinterpret_cast<std::uint16_t const*>(from + 2 * i);
        else part = static_cast<std::uint8_t>(from[i]);
        all |= part << (8 * unit * i);
    });
    return all;
}

template <int Width>
FEWBITS_DEVICE std::uint32_t code_at(std::uint64_t codes, unsigned i) {
    return static_cast<std::uint32_t>(codes >> (i * unsigned{Width})) & ((1U << Width) - 1);
}

/// Whether E's integers take up all codes, so that a code is an integer by its bits alone.
template <scalar E>
inline constexpr bool every_code_counts = [] {
    if constexpr (E::kind == format_kind::integer) return E::codec::highest - E::codec::lowest == (1 << E::width) - 1;
    else return false;
}();

/// Eight integers to bytes.
template <scalar E>
FEWBITS_DEVICE void integers_to_bytes(std::uint64_t codes, std::uint32_t (&out)[2]) {
    if constexpr (E::width == 4 && every_code_counts<E>) {
        constexpr std::uint32_t flipped = E::codec::is_signed && E::codec::excess == 0 ? 0x88888888U : 0;
        constexpr std::uint32_t lowest = static_cast<std::uint32_t>(-E::codec::lowest) * 0x01010101U;
        std::uint32_t const word = static_cast<std::uint32_t>(codes) ^ flipped;
        // Subtracting below a top bit that is set borrows from no other byte.
        std::uint32_t const even = ((word & 0x0F0F0F0FU) + (0x80808080U - lowest)) ^ 0x80808080U;
        std::uint32_t const odd = ((word >> 4 & 0x0F0F0F0FU) + (0x80808080U - lowest)) ^ 0x80808080U;
        out[0] = permute_bytes(even, odd, 0x5140);
        out[1] = permute_bytes(even, odd, 0x7362);
    } else {
        out[0] = 0;
        out[1] = 0;
        repeated<8>([&](unsigned i) {
            auto const byte = static_cast<std::uint32_t>(E::codec::to_integer(code_at<E::width>(codes, i))) & 0xFFU;
            out[i / 4] |= byte << (i % 4 * 8);
        });
    }
}

/// Whether codes of E, as they are stored, become bf16 by words alone. NaN is looked for in whole bytes.
template <scalar E>
inline constexpr bool has_stored_pairs = [] {
    if constexpr (!has_bf16_pairs<E>) return false;
    else if constexpr (E::kind == format_kind::integer) return every_code_counts<E> && pair_exponent<E> == 0;
    else return !E::codec::has_nan || E::width == 8;
}();

/// Whether one of four codes of 8 bits is NaN.
template <scalar E>
FEWBITS_DEVICE bool some_nan(std::uint32_t word) {
    if constexpr (!E::codec::has_nan) {
        return false;
    } else if constexpr (!E::codec::has_infinity && E::codec::nan_magnitude == 0x80) {  // in the place of -0
        std::uint32_t const zero = word ^ 0x80808080U;
        return ((zero - 0x01010101U) & ~zero & 0x80808080U) != 0;
    } else {
        constexpr std::uint64_t largest = E::codec::has_infinity ? E::codec::infinity_magnitude : E::codec::max_magnitude;
        return (((word & 0x7F7F7F7FU) + static_cast<std::uint32_t>(0x7F - largest) * 0x01010101U) & 0x80808080U) != 0;
    }
}

/// Eight codes to bf16, in pairs.
template <scalar E>
    requires has_stored_pairs<E>
FEWBITS_DEVICE void codes_to_bf16(std::uint64_t codes, std::uint32_t (&out)[4]) {
    constexpr bool flips = E::kind == format_kind::integer && [] {
        if constexpr (E::kind == format_kind::integer) return (E::codec::is_signed && E::codec::excess == 0) != (E::width == 8);
        else return false;
    }();
    constexpr std::uint64_t ones = (~std::uint64_t{0} >> (64 - 8 * E::width)) / ((std::uint64_t{1} << E::width) - 1);
    if constexpr (flips) codes ^= ones << (E::width - 1);  // as kernel_code has it
    if constexpr (E::width == 4) {
        auto const word = static_cast<std::uint32_t>(codes);
        std::uint32_t apart[4];  // a code and the one four on
        repeated<4>([&](unsigned i) { apart[i] = decode_pair<E>(word >> (4 * i)); });
        repeated<2>([&](unsigned i) {
            out[i] = permute_bytes(apart[2 * i], apart[2 * i + 1], 0x5410);
            out[i + 2] = permute_bytes(apart[2 * i], apart[2 * i + 1], 0x7632);
        });
    } else if constexpr (E::width == 8) {
        repeated<4>([&](unsigned i) {
            auto const word = static_cast<std::uint32_t>(codes >> (i / 2 * 32));
            out[i] = decode_pair<E>(permute_bytes(word, 0, i % 2 == 0 ? 0x4140 : 0x4342));
        });
        if (some_nan<E>(static_cast<std::uint32_t>(codes)) || some_nan<E>(static_cast<std::uint32_t>(codes >> 32))) {
            repeated<8>([&](unsigned i) {
                if (E::codec::is_nan(code_at<8>(codes, i))) out[i / 2] |= 0x7FC0U << (i % 2 * 16);
            });
        }
    } else {
        repeated<4>([&](unsigned i) {
            out[i] = decode_pair<E>(code_at<E::width>(codes, 2 * i) | code_at<E::width>(codes, 2 * i + 1) << 16);
        });
    }
}

/// bf16_sum<2> of a number, in the halves of a word.
FEWBITS_HOST_DEVICE inline std::uint32_t two_bf16(float x) noexcept {
    bf16_sum<2> const sum(x);
    return sum.at[0] | sum.at[1] << 16;
}

/// Eight numbers as sums of bf16 numbers, in pairs: words[i] has those of term i.
template <unsigned Terms>
FEWBITS_DEVICE void sums_of_bf16(float const (&x)[8], std::uint32_t (&words)[Terms][4]) {
    std::uint32_t unusual = 0;  // an infinity or a NaN, or what rounds to one
    repeated<4>([&](unsigned i) {
        float low = x[2 * i];
        float high = x[2 * i + 1];
        repeated<Terms>([&](unsigned t) {
            words[t][i] = nearest_bf16x2(low, high);
            low = sub_rn(low, bit_cast<float>(words[t][i] << 16));
            high = sub_rn(high, bit_cast<float>(words[t][i] & 0xFFFF0000U));
        });
        unusual |= (words[0][i] & 0x7FFF7FFFU) + 0x00800080U;
    });
    if (Terms == 1 || (unusual & 0x80008000U) == 0) return;
    repeated<4>([&](unsigned i) {
        bf16_sum<static_cast<int>(Terms)> const low(x[2 * i]);
        bf16_sum<static_cast<int>(Terms)> const high(x[2 * i + 1]);
        repeated<Terms>([&](unsigned t) { words[t][i] = low.at[t] | high.at[t] << 16; });
    });
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
