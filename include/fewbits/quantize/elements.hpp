// From a value and its block's effective scale to the code of the element.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../bits/rounded.hpp"
#include "../kernels/portable/encode_nearest.hpp"
#include "../rounding/philox.hpp"
#include "../scaling/scale_rule.hpp"
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

/// The lowest integer a symmetric block uses: the restricted range leaves out those below -highest, but excess codes use
/// their whole range, as GGUF's blocks do.
template <scalar E>
FEWBITS_HOST_DEVICE constexpr int lowest_element(bool full_range) noexcept {
    using codec = typename E::codec;
    bool const restricts = codec::lowest < -codec::highest && codec::highest > 0 && codec::excess == 0;
    return restricts && !full_range ? -codec::highest : codec::lowest;
}

/// A code within the range in use.
template <scalar E>
FEWBITS_HOST_DEVICE constexpr unsigned restricted(unsigned code, bool full_range) noexcept {
    if constexpr (E::kind == format_kind::integer) {
        int const lowest = lowest_element<E>(full_range);
        if (E::codec::to_integer(code) < lowest) return static_cast<unsigned>(E::codec::from_integer(lowest));
    }
    return code;
}

/// What one scale does to the values under it. Codebooks multiply by the rounded reciprocal, as QLoRA's reference does. A scale
/// of 0 makes zeros that keep the sign; a codebook without a zero takes the entry nearest it.
template <scalar E>
class scaler {
public:
    FEWBITS_HOST_DEVICE explicit scaler(float scale) noexcept : scale_(scale), zero_((bit_cast<std::uint32_t>(scale) << 1) == 0) {
        if constexpr (E::kind == format_kind::codebook) {
            float const magnitude = bit_cast<float>(bit_cast<std::uint32_t>(scale) & 0x7FFFFFFF);
            float const reciprocal = div_rn(1.0F, magnitude > 1e-38F ? magnitude : 1e-38F);
            scale_ = zero_ ? 0.0F : (bit_cast<std::uint32_t>(scale) >> 31) != 0 ? -reciprocal : reciprocal;
        }
    }

    FEWBITS_HOST_DEVICE float operator()(float value) const noexcept {
        if constexpr (E::kind == format_kind::codebook) return mul_rn(value, scale_);
        if (zero_) return bit_cast<float>(bit_cast<std::uint32_t>(value) & 0x80000000);
        return div_rn(value, scale_);
    }

private:
    float scale_;
    bool zero_;
};

/// The random bits of element `index` where the mode wants some.
FEWBITS_HOST_DEVICE inline rounding_rule rule_at(element_rule const& rule, std::uint64_t index) noexcept {
    return rule.mode.mode == rounding::random_bits ? rounding_rule(stochastic{random_word(rule.seed, index), 32}) : rule.mode;
}

/// The definition of a symmetric element's code under one effective scale of stored type S.
template <scalar E, class S>
class element_definition {
public:
    FEWBITS_HOST_DEVICE explicit element_definition(float scale) noexcept
        : scaled_(scale), exponent_(exact_division ? floor_log2(scale) : 0) {}

    /// `index` numbers the element (row-major).
    FEWBITS_HOST_DEVICE unsigned code(float value, element_rule const& rule, std::uint64_t index) const noexcept {
        unpacked quotient = unpack(exact_division ? value : scaled_(value));
        quotient.exponent -= exponent_;
        return restricted<E>(static_cast<unsigned>(E::codec::encode(quotient, rule_at(rule, index), rule.overflow)), rule.full_range);
    }

private:
    static constexpr bool exact_division = is_power_of_two_scale<S>;
    scaler<E> scaled_;
    int exponent_;
};

/// Nearest-even codes of `count` quotients quotient(values[i]). Every step is a loop of its own over a short buffer: so the
/// compiler vectorises each.
template <scalar E, class Quotient>
void encode_quotients_nearest(float const* values, std::size_t count, Quotient quotient, element_rule const& rule,
                              std::uint8_t* codes) noexcept {
    constexpr std::size_t chunk = 256;
    std::uint32_t buffer[chunk];
    bool const saturating = rule.overflow == overflow_policy::saturate;
    for (std::size_t first = 0; first < count; first += chunk) {
        std::size_t const length = count - first < chunk ? count - first : chunk;
        for (std::size_t i = 0; i < length; ++i) buffer[i] = bit_cast<std::uint32_t>(quotient(values[first + i]));
        if constexpr (E::kind == format_kind::integer) {
            int const lowest = lowest_element<E>(rule.full_range);
            for (std::size_t i = 0; i < length; ++i) buffer[i] = encode_nearest_integer<E>(buffer[i], lowest);
        } else if constexpr (E::kind == format_kind::codebook) {
            count_midpoints_below<E>(buffer, length);
        } else {
            for (std::size_t i = 0; i < length; ++i) buffer[i] = encode_nearest<E>(bit_cast<float>(buffer[i]), saturating);
        }
        for (std::size_t i = 0; i < length; ++i) codes[first + i] = static_cast<std::uint8_t>(buffer[i]);
    }
}

/// Codes of `count` symmetric elements under one effective scale of stored type S; `index` numbers the first one (row-major).
template <scalar E, class S>
void encode_elements(float const* values, std::size_t count, float scale, element_rule const& rule, std::uint64_t index,
                     std::uint8_t* codes) noexcept {
    constexpr bool exact_division = is_power_of_two_scale<S>;
    int const exponent = exact_division ? floor_log2(scale) : 0;
    [[maybe_unused]] scaler<E> const scaled(scale);
    // The reciprocal of 2^127 is subnormal, which a processor may flush: that exponent takes the long way.
    if (has_fast_nearest<E> && rule.mode.mode == rounding::nearest_even && exponent < 127) {
        if constexpr (has_fast_nearest<E> && exact_division) {
            // Exact unless the quotient is far below the smallest element, where both round to zero.
            float const inverse = power_of_two(-exponent);
            return encode_quotients_nearest<E>(values, count, [=](float x) { return mul_rn(x, inverse); }, rule, codes);
        } else if constexpr (has_fast_nearest<E>) {
            return encode_quotients_nearest<E>(values, count, scaled, rule, codes);
        }
    }
    element_definition<E, S> const definition(scale);
    for (std::size_t i = 0; i < count; ++i) codes[i] = static_cast<std::uint8_t>(definition.code(values[i], rule, index + i));
}

/// An integer near x by the rule, clamped to [lowest, highest]; for sums that are clamped after adding to the rounded value.
FEWBITS_HOST_DEVICE inline int rounded_integer(float x, rounding_rule rule) noexcept {
    using wide = integer_codec<integer_layout{.width = 16}>;
    return wide::to_integer(wide::encode(unpack(x), rule, overflow_policy::saturate));
}

/// The code of one element with a zero point: clamp(round(f(x / scale)) + zero point), the zero point alone where the scale is 0.
template <scalar E>
FEWBITS_HOST_DEVICE unsigned code_with_zero_point(float value, float scale, int zero_point, rounding_rule rule) noexcept {
    using codec = typename E::codec;
    bool const no_scale = (bit_cast<std::uint32_t>(scale) << 1) == 0;
    int const sum = zero_point + (no_scale ? 0 : rounded_integer(div_rn(value, scale), rule));
    return static_cast<unsigned>(codec::from_integer(sum < codec::lowest ? codec::lowest : sum > codec::highest ? codec::highest : sum));
}

/// The zero point under a scale as stored: clamp(RNE(f(-lowest / scale))), 0 where the scale is 0.
template <scalar E>
FEWBITS_HOST_DEVICE int zero_point_of(float lowest, float scale) noexcept {
    using codec = typename E::codec;
    bool const none = (bit_cast<std::uint32_t>(scale) << 1) == 0;
    int const zero = none ? 0 : rounded_integer(div_rn(-lowest, scale), nearest_even);
    return zero < codec::lowest ? codec::lowest : zero > codec::highest ? codec::highest : zero;
}

/// Codes of `count` elements with a zero point: clamp(round(f(x / scale)) + zero point).
template <scalar E>
void encode_with_zero_point(float const* values, std::size_t count, float scale, float zero, element_rule const& rule,
                            std::uint64_t index, std::uint8_t* codes) noexcept {
    using codec = typename E::codec;
    int const zero_point = static_cast<int>(zero);
    bool const no_scale = (bit_cast<std::uint32_t>(scale) << 1) == 0;
    if (rule.mode.mode == rounding::nearest_even && !no_scale) {
        for (std::size_t i = 0; i < count; ++i) {
            // Quotients beyond +-512 are cut; with any zero point they clamp to an end all the same.
            std::int32_t const steps = nearest_steps<0>(bit_cast<std::uint32_t>(div_rn(values[i], scale)));
            codes[i] = static_cast<std::uint8_t>(clamped(steps + zero_point, codec::lowest, codec::highest) + codec::excess);
        }
        return;
    }
    for (std::size_t i = 0; i < count; ++i) {
        codes[i] = static_cast<std::uint8_t>(code_with_zero_point<E>(values[i], scale, zero_point, rule_at(rule, index + i)));
    }
}

/// Codes of `count` elements with an additive minimum: round(f(f(x - minimum) / scale)).
template <scalar E>
void encode_above_minimum(float const* values, std::size_t count, float scale, float minimum_value, element_rule const& rule,
                          std::uint64_t index, std::uint8_t* codes) noexcept {
    scaler<E> const scaled(scale);
    auto const quotient_of = [=](float x) { return scaled(sub_rn(x, minimum_value)); };
    if (rule.mode.mode == rounding::nearest_even) {
        encode_quotients_nearest<E>(values, count, quotient_of, rule, codes);
        return;
    }
    for (std::size_t i = 0; i < count; ++i) {
        codes[i] = static_cast<std::uint8_t>(E::codec::encode(unpack(quotient_of(values[i])), rule_at(rule, index + i), rule.overflow));
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
