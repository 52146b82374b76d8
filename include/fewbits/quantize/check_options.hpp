// What quantize refuses: options that do not fit the format, and values that are not finite.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

#include "../scaling/block_scaled.hpp"
#include "elements.hpp"
#include "options.hpp"
#include "statistics.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Throws std::invalid_argument for a matrix or options that format F cannot honour.
template <block_format F>
void check_options(matrix_view<const float> x, quantize_options const& o) {
    auto const fail = [](std::string const& why) { throw std::invalid_argument("quantize: " + why); };
    if (x.stride < x.cols) {
        fail("row stride " + std::to_string(x.stride) + " is less than " + std::to_string(x.cols) + " columns");
    }
    if (!(o.percentile > 0 && o.percentile <= 100)) fail("percentile outside (0, 100]");
    bool const power_of_two = o.scale_rule == scale_rule::floor || o.scale_rule == scale_rule::ceil;
    if (power_of_two && !is_power_of_two_scale<typename F::scale_type>) fail("rules floor and ceil are for power-of-two scales");
    if (o.scale_rule == scale_rule::signed_absmax && is_power_of_two_scale<typename F::scale_type>) {
        fail("power-of-two scales have no sign");
    }
    if (o.scale_rule != scale_rule::of_format && (!F::is_symmetric || F::method == scale_method::absmean)) {
        fail("this format finds its scales by its own method only");
    }
    if (F::element::kind == format_kind::codebook && o.mode.mode != rounding::nearest_even &&
        o.mode.mode != rounding::nearest_away && o.mode.mode != rounding::random_bits) {
        fail("codebooks round to nearest or stochastically");
    }
    if (o.scales.data != nullptr) {
        block_position const grid = block_grid(F::block, x.rows, x.cols);
        if (!F::is_symmetric) fail("given scales are for symmetric formats");
        if (o.scales.rows != grid.row || o.scales.cols != grid.col) {
            fail("given scales are " + std::to_string(o.scales.rows) + " x " + std::to_string(o.scales.cols) + ", blocks " +
                 std::to_string(grid.row) + " x " + std::to_string(grid.col));
        }
        if (o.scales.stride < o.scales.cols) fail("row stride of the given scales is less than their columns");
    }
}

/// Throws std::invalid_argument for given scales that are not finite; check_options does not read them.
inline void check_given_scales(quantize_options const& o) {
    bool finite = true;
    if (o.scales.data != nullptr) static_cast<void>(largest_magnitude(o.scales, finite));
    if (!finite) throw std::invalid_argument("quantize: infinity or NaN in the given scales");
}

/// Names the first value that is not finite, in row-major order.
[[noreturn]] inline void refuse_non_finite(matrix_view<const float> x) {
    for (std::size_t r = 0; r < x.rows; ++r) {
        for (std::size_t c = 0; c < x.cols; ++c) {
            if (!is_finite(x(r, c))) {
                throw std::invalid_argument("quantize: infinity or NaN in row " + std::to_string(r) + ", column " +
                                            std::to_string(c));
            }
        }
    }
    throw std::invalid_argument("quantize: infinity or NaN");
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
