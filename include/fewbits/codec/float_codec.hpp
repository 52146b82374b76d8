// Decode and encode of one floating-point code, exact and rounded once, on integers only.
#pragma once

#include <cstdint>
#include <type_traits>

#include "../bits/unpacked.hpp"
#include "../format/facts.hpp"
#include "round_step.hpp"

namespace fewbits {

/// The definition of a floating-point format's conversions. Codes travel as the low `width` bits of a 64-bit integer.
template <float_layout L>
struct float_codec : float_facts<L> {
    using facts = float_facts<L>;

    FEWBITS_HOST_DEVICE static constexpr bool is_nan(std::uint64_t code) noexcept {
        if constexpr (!facts::has_nan) return false;
        if constexpr (L.special == specials::fnuz) return code == facts::nan_magnitude;
        std::uint64_t const magnitude = code & facts::magnitude_mask;
        return facts::has_infinity ? magnitude > facts::infinity_magnitude : magnitude == facts::nan_magnitude;
    }

    /// The exact value of a code.
    FEWBITS_HOST_DEVICE static constexpr unpacked unpack(std::uint64_t code) noexcept {
        bool const negative = (code & facts::sign_bit) != 0;
        std::uint64_t const magnitude = code & facts::magnitude_mask;
        if (is_nan(code)) return {0, 0, negative && L.special != specials::fnuz, number_class::nan};
        if (facts::has_infinity && magnitude == facts::infinity_magnitude) {
            return {0, 0, negative, number_class::infinity};
        }
        int const field = static_cast<int>(magnitude >> facts::mantissa_bits);
        std::uint64_t const fraction = magnitude & low_mask(facts::mantissa_bits);
        if (facts::has_zero && field == 0) {
            if (fraction == 0) return {0, 0, negative, number_class::zero};
            return {fraction, facts::min_exponent - facts::mantissa_bits, negative, number_class::finite};
        }
        int const exponent = field - (facts::has_zero ? 1 : 0) + facts::min_exponent;
        return {fraction | (std::uint64_t{1} << facts::mantissa_bits), exponent - facts::mantissa_bits, negative,
                number_class::finite};
    }

    /// The code of `value` after one rounding. Overflow follows IEEE 754: the exponent is unbounded while rounding.
    FEWBITS_HOST_DEVICE static constexpr std::uint64_t encode(unpacked value, rounding_rule rule,
                                                              overflow_policy policy) noexcept {
        if (value.kind == number_class::nan) return nan_code(value.negative);
        if (value.kind == number_class::zero) return with_sign(0, value.negative);
        if (!facts::is_signed && value.negative) return facts::has_nan ? facts::nan_magnitude : 0;
        if (value.kind == number_class::infinity) return beyond_largest(value.negative, policy);

        int const exponent = bit_width(value.significand) - 1 + value.exponent;
        bool const normal = exponent >= facts::min_exponent;
        if (!normal && !facts::has_zero) return 0;
        int const step = (normal ? exponent : facts::min_exponent) - facts::mantissa_bits;
        cut const c = cut_at(value.significand, step - value.exponent);
        // The leading one of a normal significand carries into the exponent field, hence the field less one.
        std::uint64_t const field =
            normal ? static_cast<std::uint64_t>(exponent - facts::min_exponent - (facts::has_zero ? 0 : 1)) : 0;
        std::uint64_t magnitude = (field << facts::mantissa_bits) + c.whole;
        if (rounds_away(c, (magnitude & 1) != 0, value.negative, rule)) ++magnitude;
        if (magnitude > facts::max_magnitude) {
            if (!stops_at_largest(rule.mode, value.negative)) return beyond_largest(value.negative, policy);
            magnitude = facts::max_magnitude;
        }
        return with_sign(magnitude, value.negative);
    }

    /// A NaN, or where the format has none the largest positive value, as the hardware's cvt.satfinite gives.
    FEWBITS_HOST_DEVICE static constexpr std::uint64_t nan_code(bool negative) noexcept {
        if constexpr (!facts::has_nan) return facts::max_magnitude;
        return facts::nan_magnitude | (negative ? facts::sign_bit : 0);
    }

    /// Order of the values as an integer; both zeros give 0. Not for NaN.
    FEWBITS_HOST_DEVICE static constexpr std::int64_t order(std::uint64_t code) noexcept {
        auto const magnitude = static_cast<std::int64_t>(code & facts::magnitude_mask);
        return (code & facts::sign_bit) != 0 ? -magnitude : magnitude;
    }

private:
    FEWBITS_HOST_DEVICE static constexpr std::uint64_t with_sign(std::uint64_t magnitude, bool negative) noexcept {
        bool const keeps = magnitude != 0 || facts::has_negative_zero;
        return magnitude | (negative && keeps ? facts::sign_bit : 0);
    }

    FEWBITS_HOST_DEVICE static constexpr std::uint64_t beyond_largest(bool negative, overflow_policy policy) noexcept {
        if (policy == overflow_policy::to_special) {
            if constexpr (facts::has_infinity) return with_sign(facts::infinity_magnitude, negative);
            if constexpr (facts::has_nan) return nan_code(negative);
        }
        return with_sign(facts::max_magnitude, negative);
    }
};

/// The codecs that hardware has besides, named before any format is: nvcc 13 loses such a type where it is first named after its use.
using binary16_codec = float_codec<binary16>;
using upper_half_codec = float_codec<upper_half_of_binary32>;
using tensor_core_byte_codec = float_codec<tensor_core_byte>;

inline namespace FEWBITS_BASELINE {

/// The exact value of a float, a double or any integer.
FEWBITS_HOST_DEVICE constexpr unpacked unpack(float value) noexcept {
    return float_codec<binary32>::unpack(bit_cast<std::uint32_t>(value));
}
FEWBITS_HOST_DEVICE constexpr unpacked unpack(double value) noexcept {
    return float_codec<binary64>::unpack(bit_cast<std::uint64_t>(value));
}
template <class I>
    requires std::is_integral_v<I>
FEWBITS_HOST_DEVICE constexpr unpacked unpack(I value) noexcept {
    static_assert(sizeof(I) <= 8);
    if (value == I{0}) return {};
    bool const negative = std::is_signed_v<I> && static_cast<std::int64_t>(value) < 0;
    auto const bits = static_cast<std::uint64_t>(value);
    return {negative ? std::uint64_t{0} - bits : bits, 0, negative, number_class::finite};
}

/// The nearest float or double, ties to even, overflow to infinity.
FEWBITS_HOST_DEVICE constexpr float to_float(unpacked value) noexcept {
    return bit_cast<float>(static_cast<std::uint32_t>(float_codec<binary32>::encode(value, nearest_even, to_special)));
}
FEWBITS_HOST_DEVICE constexpr double to_double(unpacked value) noexcept {
    return bit_cast<double>(float_codec<binary64>::encode(value, nearest_even, to_special));
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
