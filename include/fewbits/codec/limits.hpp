// std::numeric_limits and std::hash for every scalar format, derived from its codec.
#pragma once

#include <cstddef>
#include <string_view>
#include <limits>

#include "scalar_types.hpp"

namespace fewbits {

/// The members of numeric_limits that a scalar format derives; `T` is the tag.
template <scalar T>
struct derived_limits {
    using codec = typename T::codec;
    static constexpr bool is_specialized = true;
    static constexpr bool is_signed = codec::is_signed;
    static constexpr bool is_integer = T::kind == format_kind::integer && [] {
        if constexpr (T::kind == format_kind::integer) return codec::exponent == 0;
        return false;
    }();
    static constexpr bool is_exact = is_integer;
    static constexpr bool has_infinity = codec::has_infinity;
    static constexpr bool has_quiet_NaN = codec::has_nan;
    static constexpr bool has_signaling_NaN = false;
    static constexpr std::float_denorm_style has_denorm = std::denorm_absent;
    static constexpr bool has_denorm_loss = false;
    static constexpr std::float_round_style round_style = is_integer ? std::round_toward_zero : std::round_to_nearest;
    static constexpr bool is_iec559 = false;
    static constexpr bool is_bounded = true;
    static constexpr bool is_modulo = false;
    static constexpr int radix = 2;
    static constexpr int digits10 = 0;
    static constexpr int max_digits10 = 0;
    static constexpr int min_exponent = 0;
    static constexpr int min_exponent10 = 0;
    static constexpr int max_exponent = 0;
    static constexpr int max_exponent10 = 0;
    static constexpr bool traps = false;
    static constexpr bool tinyness_before = false;

    FEWBITS_HOST_DEVICE static constexpr T from(std::uint64_t code) noexcept {
        return T::from_bits(static_cast<unsigned>(code));
    }
    /// Zero, or the value nearest to it: what a member gives that means nothing for T.
    FEWBITS_HOST_DEVICE static constexpr T nothing() noexcept { return from(codec::encode({}, nearest_even, saturate)); }
    FEWBITS_HOST_DEVICE static constexpr T infinity() noexcept { return nothing(); }
    FEWBITS_HOST_DEVICE static constexpr T quiet_NaN() noexcept { return nothing(); }
    FEWBITS_HOST_DEVICE static constexpr T signaling_NaN() noexcept { return nothing(); }
    FEWBITS_HOST_DEVICE static constexpr T epsilon() noexcept { return nothing(); }
    FEWBITS_HOST_DEVICE static constexpr T round_error() noexcept { return nothing(); }
    FEWBITS_HOST_DEVICE static constexpr T denorm_min() noexcept { return nothing(); }
};

/// floor(value * log10(2)), exact for the exponents of any 16-bit format.
FEWBITS_HOST_DEVICE constexpr int floor_log10_2(int value) noexcept {
    int const scaled = value * 30103;
    return scaled >= 0 ? scaled / 100000 : -((-scaled + 99999) / 100000);
}

template <scalar T, format_kind = T::kind>
struct kind_limits;

template <scalar T>
struct kind_limits<T, format_kind::minifloat> : derived_limits<T> {
    using codec = typename T::codec;
    using derived_limits<T>::from;
    static constexpr int digits = codec::mantissa_bits + 1;
    static constexpr int digits10 = floor_log10_2(digits - 1);
    static constexpr int max_digits10 = floor_log10_2(digits) + 2;
    static constexpr int min_exponent = codec::min_exponent + 1;
    static constexpr int min_exponent10 = -floor_log10_2(-codec::min_exponent);
    static constexpr int max_exponent = codec::max_exponent + 1;
    static constexpr int max_exponent10 = [] {
        // The largest n with 10^n representable: compare against the exact largest value.
        int n = 0;
        double const largest = to_double(codec::unpack(codec::max_magnitude));
        for (double power = 10; power <= largest && n < 308; power *= 10) ++n;
        return n;
    }();
    static constexpr std::float_denorm_style has_denorm =
        codec::has_zero && codec::mantissa_bits > 0 ? std::denorm_present : std::denorm_absent;
    static constexpr bool is_iec559 = T::layout.special == specials::ieee && T::layout.is_signed &&
                                      T::layout.exponent_bias == derived && codec::mantissa_bits > 0;

    FEWBITS_HOST_DEVICE static constexpr T(min)() noexcept {
        return from(codec::has_zero ? std::uint64_t{1} << codec::mantissa_bits : 0);
    }
    FEWBITS_HOST_DEVICE static constexpr T(max)() noexcept { return from(codec::max_magnitude); }
    FEWBITS_HOST_DEVICE static constexpr T lowest() noexcept {
        return codec::is_signed ? from(codec::max_magnitude | codec::sign_bit) : from(0);
    }
    FEWBITS_HOST_DEVICE static constexpr T denorm_min() noexcept {
        return codec::has_zero ? from(1) : (min)();
    }
    FEWBITS_HOST_DEVICE static constexpr T infinity() noexcept {
        return codec::has_infinity ? from(codec::infinity_magnitude) : T{};
    }
    FEWBITS_HOST_DEVICE static constexpr T quiet_NaN() noexcept { return codec::has_nan ? from(codec::nan_code(false)) : T{}; }
    /// The distance from 1 to the next value; rounded up to a value of the format where it is smaller than the smallest.
    FEWBITS_HOST_DEVICE static constexpr T epsilon() noexcept {
        return from(codec::encode({1, -codec::mantissa_bits, false, number_class::finite}, upward, saturate));
    }
    FEWBITS_HOST_DEVICE static constexpr T round_error() noexcept {
        return from(codec::encode({1, -1, false, number_class::finite}, upward, saturate));
    }
};

template <scalar T>
struct kind_limits<T, format_kind::integer> : derived_limits<T> {
    using codec = typename T::codec;
    using derived_limits<T>::from;
    static constexpr int digits = bit_width(static_cast<std::uint64_t>(codec::highest));
    static constexpr int digits10 = floor_log10_2(digits);

    FEWBITS_HOST_DEVICE static constexpr T(min)() noexcept { return from(codec::from_integer(codec::lowest)); }
    FEWBITS_HOST_DEVICE static constexpr T lowest() noexcept { return (min)(); }
    FEWBITS_HOST_DEVICE static constexpr T(max)() noexcept { return from(codec::from_integer(codec::highest)); }
};

template <scalar T>
struct kind_limits<T, format_kind::codebook> : derived_limits<T> {
    static constexpr int digits = T::width;
    static constexpr bool is_signed = T::codec::is_signed;

    /// The smallest positive entry, or the lowest where none is positive.
    FEWBITS_HOST_DEVICE static constexpr T(min)() noexcept {
        for (int i = 0; i < T::codec::count; ++i) {
            if (T::codec::value(i) > 0) return derived_limits<T>::from(static_cast<std::uint64_t>(i));
        }
        return lowest();
    }
    FEWBITS_HOST_DEVICE static constexpr T lowest() noexcept { return derived_limits<T>::from(0); }
    FEWBITS_HOST_DEVICE static constexpr T(max)() noexcept { return derived_limits<T>::from(T::codec::count - 1); }
};

}  // namespace fewbits

template <fewbits::scalar T>
struct std::numeric_limits<T> : fewbits::kind_limits<T> {};

/// Equal values hash alike: both zeros, and codes that read as one value.
template <fewbits::scalar T>
struct std::hash<T> {
    std::size_t operator()(T value) const noexcept {
        bool const nan = T::codec::is_nan(value.bits());
        return std::hash<long long>{}(nan ? 1LL << 32 : static_cast<long long>(T::codec::order(value.bits())));
    }
};
