// Decode and encode of one codebook index: nearest by fp32 midpoints, or stochastic between the two neighbours.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../bits/rounded.hpp"
#include "float_codec.hpp"

namespace fewbits {

__extension__ typedef __int128 int128;  // -Wpedantic knows no 128-bit integer

/// A codebook's values and the midpoints between them as fp32: f(f(a + b) / 2).
template <std::size_t Count>
struct codebook_table {
    float value[Count];
    float midpoint[Count > 1 ? Count - 1 : 1];
};

inline namespace FEWBITS_BASELINE {

template <std::size_t Count>
consteval codebook_table<Count> make_codebook_table(codebook_layout<Count> layout) {
    codebook_table<Count> table{};
    for (std::size_t i = 0; i < Count; ++i) table.value[i] = layout.value[i];
    for (std::size_t i = 0; i + 1 < Count; ++i) {
        if (!(layout.value[i] < layout.value[i + 1])) throw "a codebook is in ascending order";
        table.midpoint[i] = (layout.value[i] + layout.value[i + 1]) * 0.5F;
    }
    return table;
}

/// A value on the grid 2^exponent, rounded down or up; the caller knows that it fits.
FEWBITS_HOST_DEVICE constexpr int128 on_grid(unpacked value, int exponent, bool up) noexcept {
    if (value.kind != number_class::finite) return 0;
    int const shift = exponent - value.exponent;
    if (shift <= 0) {
        int128 const magnitude = static_cast<int128>(value.significand) << -shift;
        return value.negative ? -magnitude : magnitude;
    }
    bool const inexact = (value.significand & low_mask(shift)) != 0;
    auto const magnitude = static_cast<int128>(shift_right(value.significand, shift)) + (inexact && up != value.negative);
    return value.negative ? -magnitude : magnitude;
}

/// Exact a < b of two finite or zero values.
FEWBITS_HOST_DEVICE constexpr bool is_less(unpacked a, unpacked b) noexcept {
    auto const sign = [](unpacked v) { return v.kind == number_class::zero ? 0 : v.negative ? -1 : 1; };
    if (sign(a) != sign(b)) return sign(a) < sign(b);
    if (sign(a) == 0) return false;
    int const width_a = bit_width(a.significand);
    int const width_b = bit_width(b.significand);
    int const log_a = width_a + a.exponent;
    int const log_b = width_b + b.exponent;
    std::uint64_t const left_a = a.significand << (64 - width_a);
    std::uint64_t const left_b = b.significand << (64 - width_b);
    bool const smaller = log_a != log_b ? log_a < log_b : left_a < left_b;
    bool const larger = log_a != log_b ? log_a > log_b : left_a > left_b;
    return a.negative ? larger : smaller;
}

}  // namespace FEWBITS_BASELINE

/// The definition of a codebook's conversions. A tie between two entries takes the lower code; modes other than nearest and
/// stochastic do not exist for it, and at run time they act as nearest.
template <auto L>
struct codebook_codec {
    static constexpr int count = static_cast<int>(sizeof(L.value) / sizeof(float));
    static constexpr int width = bit_width(count - 1);
    static constexpr bool is_signed = L.value[0] < 0;
    static constexpr bool has_nan = false;
    static constexpr bool has_infinity = false;
    static constexpr bool has_negative_zero = false;

    FEWBITS_HOST_DEVICE static constexpr bool is_nan(std::uint64_t) noexcept { return false; }

    FEWBITS_HOST_DEVICE static constexpr float value(int index) noexcept {
        return __builtin_is_constant_evaluated() ? L.value[index] : table().value[index];
    }

    /// Codes beyond the last entry read as the last.
    FEWBITS_HOST_DEVICE static constexpr unpacked unpack(std::uint64_t code) noexcept {
        auto const index = static_cast<int>(code & low_mask(width));
        return fewbits::unpack(value(index < count ? index : count - 1));
    }

    FEWBITS_HOST_DEVICE static constexpr std::uint64_t encode(unpacked v, rounding_rule rule, overflow_policy) noexcept {
        if (v.kind == number_class::nan) return count - 1;
        if (v.kind == number_class::infinity) return v.negative ? 0 : count - 1;
        if (rule.mode == rounding::random_bits) return encode_random(v, rule);
        int low = 0;  // the number of midpoints below v
        int high = count - 1;
        while (low < high) {
            int const middle = (low + high) / 2;
            if (is_less(fewbits::unpack(midpoint(middle)), v)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return static_cast<std::uint64_t>(low);
    }

    FEWBITS_HOST_DEVICE static constexpr std::int64_t order(std::uint64_t code) noexcept {
        auto const index = static_cast<std::int64_t>(code & low_mask(width));
        return index < count ? index : count - 1;
    }

private:
    // Not constexpr: nvcc places such a table in global memory once, a constexpr function's in each thread's stack.
    FEWBITS_HOST_DEVICE static auto const& table() noexcept {
        static constexpr auto values = make_codebook_table(L);
        return values;
    }

    FEWBITS_HOST_DEVICE static constexpr float midpoint(int index) noexcept {
        return __builtin_is_constant_evaluated() ? (L.value[index] + L.value[index + 1]) * 0.5F : table().midpoint[index];
    }

    /// The exponent of the coarsest binary grid that holds every entry.
    FEWBITS_HOST_DEVICE static constexpr int grid() noexcept {
        int exponent = 1024;
        for (float entry : L.value) {
            unpacked const u = fewbits::unpack(entry);
            if (u.kind != number_class::finite) continue;
            int const lowest_bit = u.exponent + bit_width(u.significand & (~u.significand + 1)) - 1;
            exponent = lowest_bit < exponent ? lowest_bit : exponent;
        }
        return exponent == 1024 ? 0 : exponent;
    }

    FEWBITS_HOST_DEVICE static constexpr std::uint64_t encode_random(unpacked v, rounding_rule rule) noexcept {
        constexpr int unit = grid();
        constexpr int128 largest = on_grid(fewbits::unpack(L.value[count - 1]), unit, false);
        constexpr int128 smallest = on_grid(fewbits::unpack(L.value[0]), unit, false);
        static_assert(largest < (int128{1} << 60) && smallest > -(int128{1} << 60), "entries too far apart in magnitude");
        int low = 0;  // the last entry not above v
        while (low + 1 < count && !is_less(v, fewbits::unpack(value(low + 1)))) ++low;
        unpacked const below = fewbits::unpack(value(low));
        if (low + 1 == count || is_less(v, below)) return static_cast<std::uint64_t>(low);
        int128 const a = on_grid(below, unit, false);
        int128 const b = on_grid(fewbits::unpack(value(low + 1)), unit, false);
        // In units of 2^(unit - count): v passes the threshold when the bits, added to its distance, fill the step.
        int128 const missing = (int128{1} << rule.count) - rule.bits;
        // Of two neighbours equally far from zero the lower one counts as the nearer.
        bool const away_is_up = (a < 0 ? -a : a) <= (b < 0 ? -b : b);
        bool const up = away_is_up
                            ? on_grid(v, unit - rule.count, false) >= (a << rule.count) + missing * (b - a)
                            : on_grid(v, unit - rule.count, true) > (b << rule.count) - missing * (b - a);
        return static_cast<std::uint64_t>(low + (up ? 1 : 0));
    }
};

}  // namespace fewbits
