// From a value and its block's effective scale to the code of the element.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../bits/rounded.hpp"
#include "../kernels/portable/encode_nearest.hpp"
#include "../rounding/philox.hpp"
#include "options.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// Everything that an element's code depends on besides its value.
struct element_rule {
    rounding_rule mode{};
    overflow_policy overflow = overflow_policy::saturate;
    bool full_range = false;
    std::uint64_t seed = 0;
};

inline namespace FEWBITS_BASELINE {

/// Whether a stored scale of this type is always a power of two, so that dividing by it is exact.
template <class S>
inline constexpr bool is_power_of_two_scale = [] {
    if constexpr (scalar<S>) return S::kind == format_kind::minifloat && S::codec::mantissa_bits == 0 && !S::codec::has_zero;
    else return false;
}();

/// Integers of the restricted range leave out the code below -highest.
template <scalar E>
constexpr unsigned restricted(unsigned code, bool full_range) noexcept {
    if constexpr (E::kind == format_kind::integer) {
        using codec = typename E::codec;
        if (codec::lowest < -codec::highest && codec::highest > 0 && !full_range && codec::to_integer(code) < -codec::highest) {
            return static_cast<unsigned>(codec::from_integer(-codec::highest));
        }
    }
    return code;
}

/// What one scale does to the values under it. Codebooks multiply by the rounded reciprocal, as QLoRA's reference does; a scale
/// of 0 makes zeros that keep the sign.
template <scalar E>
class scaler {
public:
    explicit scaler(float scale) noexcept : scale_(scale), zero_((bit_cast<std::uint32_t>(scale) << 1) == 0) {
        if constexpr (E::kind == format_kind::codebook) {
            float const magnitude = bit_cast<float>(bit_cast<std::uint32_t>(scale) & 0x7FFFFFFF);
            float const reciprocal = div_rn(1.0F, magnitude > 1e-38F ? magnitude : 1e-38F);
            scale_ = (bit_cast<std::uint32_t>(scale) >> 31) != 0 && !zero_ ? -reciprocal : reciprocal;
        }
    }

    float operator()(float value) const noexcept {
        if constexpr (E::kind == format_kind::codebook) return mul_rn(value, scale_);
        if (zero_) return bit_cast<float>(bit_cast<std::uint32_t>(value) & 0x80000000);
        return div_rn(value, scale_);
    }

private:
    float scale_;
    bool zero_;
};

/// The random bits of element `index` where the mode wants some.
inline rounding_rule rule_at(element_rule const& rule, std::uint64_t index) noexcept {
    return rule.mode.mode == rounding::random_bits ? rounding_rule(stochastic{random_word(rule.seed, index), 32}) : rule.mode;
}

/// Codes of `count` symmetric elements under one effective scale of stored type S; `index` numbers the first one (row-major).
template <scalar E, class S>
void encode_elements(float const* values, std::size_t count, float scale, element_rule const& rule, std::uint64_t index,
                     std::uint8_t* codes) noexcept {
    if constexpr (is_power_of_two_scale<S>) {
        int const exponent = floor_log2(scale);
        if constexpr (has_fast_nearest<E>) {
            if (rule.mode.mode == rounding::nearest_even) {
                // Exact unless the quotient is far below the smallest element, where both round to zero.
                float const inverse = power_of_two(-exponent);
                for (std::size_t i = 0; i < count; ++i) {
                    std::uint32_t const code =
                        encode_nearest<E>(mul_rn(values[i], inverse), rule.overflow == overflow_policy::saturate);
                    codes[i] = static_cast<std::uint8_t>(restricted<E>(code, rule.full_range));
                }
                return;
            }
        }
        for (std::size_t i = 0; i < count; ++i) {
            unpacked quotient = unpack(values[i]);
            quotient.exponent -= exponent;
            auto const code = static_cast<unsigned>(E::codec::encode(quotient, rule_at(rule, index + i), rule.overflow));
            codes[i] = static_cast<std::uint8_t>(restricted<E>(code, rule.full_range));
        }
    } else {
        scaler<E> const scaled(scale);
        if constexpr (has_fast_nearest<E>) {
            if (rule.mode.mode == rounding::nearest_even) {
                for (std::size_t i = 0; i < count; ++i) {
                    std::uint32_t const code =
                        encode_nearest<E>(scaled(values[i]), rule.overflow == overflow_policy::saturate);
                    codes[i] = static_cast<std::uint8_t>(restricted<E>(code, rule.full_range));
                }
                return;
            }
        }
        for (std::size_t i = 0; i < count; ++i) {
            auto const code = static_cast<unsigned>(
                E::codec::encode(unpack(scaled(values[i])), rule_at(rule, index + i), rule.overflow));
            codes[i] = static_cast<std::uint8_t>(restricted<E>(code, rule.full_range));
        }
    }
}

/// An integer near x by the rule, clamped to [lowest, highest]; for sums that are clamped after adding to the rounded value.
inline int rounded_integer(float x, rounding_rule rule) noexcept {
    using wide = integer_codec<integer_layout{.width = 16}>;
    return wide::to_integer(wide::encode(unpack(x), rule, overflow_policy::saturate));
}

/// Codes of `count` elements with a zero point: clamp(round(f(x / scale)) + zero point).
template <scalar E>
void encode_with_zero_point(float const* values, std::size_t count, float scale, float zero, element_rule const& rule,
                            std::uint64_t index, std::uint8_t* codes) noexcept {
    using codec = typename E::codec;
    int const zero_point = static_cast<int>(zero);
    bool const no_scale = (bit_cast<std::uint32_t>(scale) << 1) == 0;
    for (std::size_t i = 0; i < count; ++i) {
        int const steps = no_scale ? 0 : rounded_integer(div_rn(values[i], scale), rule_at(rule, index + i));
        int const sum = steps + zero_point;
        int const inside = sum < codec::lowest ? codec::lowest : sum > codec::highest ? codec::highest : sum;
        codes[i] = static_cast<std::uint8_t>(codec::from_integer(inside));
    }
}

/// Codes of `count` elements with an additive minimum: round(f(f(x - minimum) / scale)).
template <scalar E>
void encode_above_minimum(float const* values, std::size_t count, float scale, float minimum_value, element_rule const& rule,
                          std::uint64_t index, std::uint8_t* codes) noexcept {
    scaler<E> const scaled(scale);
    for (std::size_t i = 0; i < count; ++i) {
        float const quotient = scaled(sub_rn(values[i], minimum_value));
        codes[i] = static_cast<std::uint8_t>(E::codec::encode(unpack(quotient), rule_at(rule, index + i), rule.overflow));
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
