// What a format is exactly representable as, found by enumerating its codes: the arithmetic that chooses a kernel.
#pragma once

#include <cstdint>

#include "scalar_types.hpp"

namespace fewbits {

/// Every code is integer * 2^exponent with lowest <= integer <= highest, if `exact`.
struct integer_view {
    bool exact = false;
    int exponent = 0;
    int lowest = 0;
    int highest = 0;
};

inline namespace FEWBITS_BASELINE {

/// Whether all finite codes of T (of up to 8 bits) are integers of at most `bits` signed bits times one power of two.
template <scalar T>
consteval integer_view integers_of(int bits = 8) {
    if (T::width > 8 || T::codec::has_nan || T::codec::has_infinity) return {};
    int exponent = 1024;
    for (unsigned code = 0; code < (1U << T::width); ++code) {
        unpacked const u = T::codec::unpack(code);
        if (u.kind != number_class::finite) continue;
        int const lowest_bit = u.exponent + bit_width(u.significand & (~u.significand + 1)) - 1;
        exponent = lowest_bit < exponent ? lowest_bit : exponent;
    }
    integer_view view{true, exponent == 1024 ? 0 : exponent, 0, 0};
    for (unsigned code = 0; code < (1U << T::width); ++code) {
        unpacked const u = T::codec::unpack(code);
        if (u.kind != number_class::finite) continue;
        if (bit_width(u.significand) + u.exponent - view.exponent > bits) return {};
        auto const magnitude = static_cast<int>(u.exponent >= view.exponent ? u.significand << (u.exponent - view.exponent)
                                                                            : u.significand >> (view.exponent - u.exponent));
        int const value = u.negative ? -magnitude : magnitude;
        view.lowest = value < view.lowest ? value : view.lowest;
        view.highest = value > view.highest ? value : view.highest;
    }
    if (view.lowest < -(1 << (bits - 1)) || view.highest >= (1 << (bits - 1))) return {};
    return view;
}

/// Whether every finite code of T is a value of U: no rounding on the way.
template <scalar T, scalar U>
consteval bool exact_in() {
    for (unsigned code = 0; code < (1U << T::width); ++code) {
        unpacked const u = T::codec::unpack(code);
        if (u.kind == number_class::nan || u.kind == number_class::infinity) continue;
        unpacked const v = U::codec::unpack(U::codec::encode(u, to_odd, to_special));
        if (is_less(u, v) || is_less(v, u)) return false;
    }
    return true;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
