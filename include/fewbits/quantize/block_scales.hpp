// The scales (and offsets) of every block of a matrix: found by the rule, then stored in the format's own type.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "../matrix/block_storage.hpp"
#include "scales.hpp"
#include "search.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Whether a block with an infinity or a NaN gets a NaN scale (narrow scales that have one) instead of an error.
template <class S>
inline constexpr bool marks_invalid_blocks = [] {
    if constexpr (scalar<S>) return S::width <= 8 && S::codec::has_nan;
    else if constexpr (block_composition<S>) return S::element::width <= 8 && S::element::codec::has_nan;
    else return false;
}();

template <block_composition B>
inline constexpr bool is_range_block = B::method == scale_method::range;

/// The block at `at` of a matrix as a view.
inline matrix_view<const float> block_view(matrix_view<const float> x, block_extent extent, block_position at) noexcept {
    std::size_t const rows = extent.rows == 0 ? x.rows : extent.rows;
    std::size_t const cols = extent.cols == 0 ? x.cols : extent.cols;
    std::size_t const row = at.row * rows;
    std::size_t const col = at.col * cols;
    return {x.row(row) + col, (std::min)(rows, x.rows - row), (std::min)(cols, x.cols - col), x.stride};
}

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
    if (o.scale_rule != scale_rule::of_format && F::method != scale_method::absmax && F::method != scale_method::microscaling) {
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
        bool finite = true;
        static_cast<void>(largest_magnitude(o.scales, finite));
        if (!finite) fail("infinity or NaN in the given scales");
    }
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

/// What scales are divided by when stored.
template <block_composition B>
float scale_divisor(quantize_options const& o) noexcept {
    bool const quotient = B::method == scale_method::absmax && o.scales.data == nullptr;
    if (B::method == scale_method::range) return largest_element<typename B::element>();
    return quotient && !is_power_of_two_scale<typename B::scale_type> ? largest_element<typename B::element>(o.full_range) : 1.0F;
}

/// The number that block `block` contributes to raw_scales, by the format's method or the caller's rule.
template <block_composition B>
float scale_number_of(matrix_view<const float> block, float largest, quantize_options const& o) {
    using element = typename B::element;
    if constexpr (B::method == scale_method::absmean) return mean_magnitude(block);
    if constexpr (B::method == scale_method::least_squares) return fit_scale<element>(block, largest);
    if (o.scale_rule == scale_rule::percentile) largest = percentile_magnitude(block, o.percentile);
    if constexpr (is_power_of_two_scale<typename B::scale_type>) {
        if (o.scale_rule == scale_rule::mse_search) {
            return search_power_of_two<element, typename B::scale_type>(block, largest, o.full_range);
        }
        bool const nearest = o.scale_rule == scale_rule::absmax;
        bool const up = o.scale_rule == scale_rule::ceil;
        return power_of_two_scale<element>(largest, nearest ? scale_rule::absmax : up ? scale_rule::ceil : scale_rule::floor);
    } else {
        if (o.scale_rule == scale_rule::mse_search) return search_fraction<element, typename B::scale_type>(block, largest, o.full_range);
        return largest;
    }
}

/// Fills one block's entry of `scales` (and of `offsets`, for formats with a minimum).
template <block_composition B>
void find_block_scale(matrix_view<const float> block, float largest, std::size_t i, quantize_options const& o,
                      raw_scales& scales, raw_scales& offsets) {
    if constexpr (B::method == scale_method::range) {
        constexpr bool has_zero_point = is_zero_point<typename B::offset_type>;
        float lowest = has_zero_point ? 0.0F : block(0, 0);
        float highest = lowest;
        extend_range(block, lowest, highest);
        scales.number[i] = sub_rn(highest, lowest);
        offsets.number[i] = lowest;
    } else if constexpr (!std::is_same_v<typename B::offset_type, symmetric>) {
        fitted_block const fit = fit_scale_and_minimum<typename B::element>(block);
        scales.number[i] = fit.scale;
        offsets.number[i] = offset_facts<typename B::offset_type>::sign < 0 ? -fit.minimum : fit.minimum;
    } else {
        scales.number[i] = scale_number_of<B>(block, largest, o);
    }
}

/// Zero points by the scales as stored: clamp(RNE(f(-lowest / scale))).
template <block_composition B>
void turn_into_zero_points(block_storage<B> const& storage, raw_scales& lowest) noexcept {
    using codec = typename B::element::codec;
    for (std::size_t i = 0; i < lowest.number.size(); ++i) {
        float const scale = storage.scales().value(i / lowest.cols, i % lowest.cols);
        bool const none = (bit_cast<std::uint32_t>(scale) << 1) == 0;
        int const zero = none ? 0 : rounded_integer(div_rn(-lowest.number[i], scale), nearest_even);
        lowest.number[i] = static_cast<float>((std::min)((std::max)(zero, codec::lowest), codec::highest));
    }
}

/// Finds all scales and offsets of `x` and stores them. Returns the scales as they were before storing.
template <block_composition B>
raw_scales find_and_store_scales(block_storage<B>& storage, matrix_view<const float> x, quantize_options const& o) {
    constexpr bool symmetric_blocks = std::is_same_v<typename B::offset_type, symmetric>;
    block_position const grid = block_grid(B::block, x.rows, x.cols);
    raw_scales scales(grid.row, grid.col, scale_divisor<B>(o));
    raw_scales offsets(symmetric_blocks ? 0 : grid.row, symmetric_blocks ? 0 : grid.col, 1.0F);
    if constexpr (marks_invalid_blocks<typename B::scale_type>) scales.invalid.assign(grid.row * grid.col, 0);

    std::atomic<bool> refused{false};
    std::size_t const blocks = grid.row * grid.col;
    std::size_t const per_task = (std::max)(std::size_t{1}, 16384 * blocks / (x.rows * x.cols));
    o.executor.run((blocks + per_task - 1) / per_task, [&](std::size_t task) {
        for (std::size_t i = task * per_task; i < (std::min)(blocks, (task + 1) * per_task); ++i) {
            block_position const at{i / grid.col, i % grid.col};
            matrix_view<const float> const block = block_view(x, B::block, at);
            bool finite = true;
            float const largest = largest_magnitude(block, finite);
            if (!finite) {
                if constexpr (marks_invalid_blocks<typename B::scale_type>) {
                    scales.invalid[i] = 1;
                    scales.number[i] = largest;  // its finite values still count for the levels above
                } else {
                    refused = true;
                }
            } else if (o.scales.data != nullptr) {
                scales.number[i] = o.scales(at.row, at.col);
            } else {
                find_block_scale<B>(block, largest, i, o, scales, offsets);
            }
        }
    });
    if (refused) refuse_non_finite(x);
    store_scales(storage.scales(), scales);
    if constexpr (!symmetric_blocks) {
        if constexpr (is_zero_point<typename B::offset_type>) turn_into_zero_points(storage, offsets);
        store_scales(storage.offsets(), offsets);
    }
    return scales;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
