// From what was found in a block to the numbers that its scale is stored from: what host and device compute alike.
#pragma once

#include "../scaling/block_scaled.hpp"
#include "../scaling/scale_rule.hpp"
#include "options.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Whether a block with an infinity or a NaN gets a NaN scale (narrow scales that have one) instead of an error.
template <class S>
inline constexpr bool marks_invalid_blocks = [] {
    if constexpr (scalar<S>) return S::width <= 8 && S::codec::has_nan;
    else if constexpr (block_composition<S>) return S::element::width <= 8 && S::element::codec::has_nan;
    else return false;
}();

/// Codebooks whose scale is an absmax use it as it was before it was itself quantized (QLoRA, section 3).
template <block_composition B>
inline constexpr bool uses_scale_as_found = B::element::kind == format_kind::codebook &&
                                            !scale_number<typename B::scale_type> && B::method == scale_method::absmax;

/// How the scales of B are found: by its method, or as of largest magnitudes where the caller names a rule instead of a search.
template <block_composition B>
constexpr scale_method method_in_use(quantize_options const& o) noexcept {
    return B::method == scale_method::least_squares && o.scale_rule != scale_rule::of_format ? scale_method::absmax : B::method;
}

/// Whether the largest magnitudes of blocks are all that their scales depend on.
template <block_composition B>
bool needs_only_maxima(quantize_options const& o) noexcept {
    bool const by_maxima = method_in_use<B>(o) == scale_method::absmax || B::method == scale_method::microscaling;
    return by_maxima && o.scales.data == nullptr && o.scale_rule != scale_rule::percentile && o.scale_rule != scale_rule::mse_search;
}

/// What scales are divided by when stored.
template <block_composition B>
float scale_divisor(quantize_options const& o) noexcept {
    bool const quotient = method_in_use<B>(o) == scale_method::absmax && o.scales.data == nullptr;
    if (B::method == scale_method::range) return largest_element<typename B::element>();
    if (quotient && o.scale_rule == scale_rule::signed_absmax) return farthest_element<typename B::element>(o.full_range);
    return quotient && !is_power_of_two_scale<typename B::scale_type> ? largest_element<typename B::element>(o.full_range) : 1.0F;
}

/// The number that a scale is stored from where the largest magnitude (with its sign, if the rule has it) decides.
template <block_composition B>
FEWBITS_HOST_DEVICE constexpr float number_of_maximum(float largest, scale_rule rule) noexcept {
    if constexpr (is_power_of_two_scale<typename B::scale_type>) {
        bool const as_named = rule == scale_rule::absmax || rule == scale_rule::ceil;
        return power_of_two_scale<typename B::element>(largest, as_named ? rule : scale_rule::floor);
    } else {
        return largest;
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
