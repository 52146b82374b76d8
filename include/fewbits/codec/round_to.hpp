// round_to<T>: any number into any scalar format with one rounding.
#pragma once

#include "scalar_types.hpp"

namespace fewbits {

/// What a codebook accepts: nearest, checked when compiling, or stochastic.
class codebook_rule {
public:
    consteval codebook_rule(rounding mode) : rule_(mode) {
        if (mode != rounding::nearest_even && mode != rounding::nearest_away) {
            throw "a codebook rounds to nearest or stochastically";
        }
    }
    FEWBITS_HOST_DEVICE constexpr codebook_rule(stochastic s) noexcept : rule_(s) {}
    FEWBITS_HOST_DEVICE constexpr operator rounding_rule() const noexcept { return rule_; }

private:
    rounding_rule rule_;
};

/// The rounding parameter of a format: every mode for minifloats and integers, nearest or stochastic for codebooks.
template <scalar T>
using rule_for = std::conditional_t<T::kind == format_kind::codebook, codebook_rule, rounding_rule>;

inline namespace FEWBITS_BASELINE {

/// `value` (float, double, any integer, any scalar format) in format T, rounded once from its exact value.
template <scalar T, class V>
    requires(arithmetic<V> || scalar<V>)
FEWBITS_HOST_DEVICE constexpr T round_to(V value, rule_for<T> rule = nearest_even,
                                         overflow_policy overflow = T::default_overflow) noexcept {
    return T::from_bits(static_cast<unsigned>(T::codec::encode(unpack(value), rule, overflow)));
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
