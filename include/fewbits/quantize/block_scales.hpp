// The scales (and offsets) of every block of a matrix: found by the rule, then stored in the format's own type.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <type_traits>
#include <vector>

#include "../kernels/group_kernels.hpp"
#include "../matrix/block_storage.hpp"
#include "scale_numbers.hpp"
#include "scales.hpp"
#include "search.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

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

/// The number that block `block` contributes to raw_scales, by the format's method or the caller's rule.
template <block_composition B>
float scale_number_of(processor const& machine, matrix_view<const float> block, float largest, quantize_options const& o) {
    using element = typename B::element;
    // Blocks that have not all rows are found by the executor's threads.
    if constexpr (B::method == scale_method::absmean) return mean_magnitude(machine, block, B::block.rows == 0 ? o.executor : executor());
    if constexpr (B::method == scale_method::least_squares) {
        if (o.scale_rule == scale_rule::of_format) return search_block(block, scale_fit<element>{largest});
    }
    if (o.scale_rule == scale_rule::percentile) largest = percentile_magnitude(block, o.percentile);
    if (o.scale_rule == scale_rule::mse_search) {
        if constexpr (is_power_of_two_scale<typename B::scale_type>) {
            return search_block(block, power_search<element, typename B::scale_type>{largest, o.full_range});
        } else {
            return search_block(block, fraction_search<element, typename B::scale_type>{largest, o.full_range});
        }
    }
    return number_of_maximum<B>(largest, o.scale_rule);
}

/// Fills one block's entry of `scales` (and of `offsets`, for formats with a minimum).
template <block_composition B>
void find_block_scale(processor const& machine, matrix_view<const float> block, float largest, std::size_t i, quantize_options const& o,
                      raw_scales& scales, raw_scales& offsets) {
    if constexpr (B::method == scale_method::range) {
        constexpr bool has_zero_point = is_zero_point<typename B::offset_type>;
        float lowest = has_zero_point ? 0.0F : block(0, 0);
        float highest = lowest;
        extend_range(machine, block, lowest, highest);
        scales.number[i] = sub_rn(highest, lowest);
        offsets.number[i] = lowest;
    } else if constexpr (!std::is_same_v<typename B::offset_type, symmetric>) {
        fitted_block const fit = fit_scale_and_minimum<typename B::element>(block);
        scales.number[i] = fit.scale;
        offsets.number[i] = offset_facts<typename B::offset_type>::sign < 0 ? -fit.minimum : fit.minimum;
    } else {
        scales.number[i] = scale_number_of<B>(machine, block, largest, o);
    }
}

/// What was seen in some values.
struct value_facts {
    std::uint32_t largest = 0;  ///< bits of the largest magnitude, infinities and NaNs included
    bool refused = false;       ///< a value is not finite, and the format has no mark for that

    void add(value_facts const& more) noexcept {
        largest = larger(largest, more.largest);
        refused = refused || more.refused;
    }
};

/// The scales and offsets of a run of bands as they are found. A band is what one row of blocks covers.
struct found_scales {
    raw_scales scales;
    raw_scales offsets;
    value_facts facts{};
};

/// Largest magnitudes become the numbers that are stored.
template <block_composition B>
void maxima_to_scales(processor const& machine, float* numbers, std::size_t count, quantize_options const& o) noexcept {
    using element = typename B::element;
    if constexpr (is_power_of_two_scale<typename B::scale_type>) {
        if constexpr (largest_exponent<element>() >= 0) {
            bool const down = o.scale_rule != scale_rule::absmax && o.scale_rule != scale_rule::ceil;
            if (down) return floor_to_scales(machine, numbers, count, largest_exponent<element>());
        }
        for (std::size_t i = 0; i < count; ++i) numbers[i] = number_of_maximum<B>(numbers[i], o.scale_rule);
    }
}

/// Room for the scales of `bands` bands of x from `first` on.
template <block_composition B>
found_scales room_for_scales(matrix_view<const float> x, quantize_options const& o, std::size_t first, std::size_t bands) {
    std::size_t const cols = block_grid(B::block, 1, x.cols).col;
    bool const with_offsets = !std::is_same_v<typename B::offset_type, symmetric>;
    found_scales found{raw_scales(bands, cols, scale_divisor<B>(o)), raw_scales(with_offsets ? bands : 0, with_offsets ? cols : 0, 1.0F)};
    if constexpr (marks_invalid_blocks<typename B::scale_type>) found.scales.invalid.assign(bands * cols, 0);
    found.scales.first = first;
    found.offsets.first = first;
    return found;
}

/// Whether several blocks of a row are fitted together.
template <block_composition B>
inline constexpr bool fits_rows = B::method == scale_method::least_squares && B::block.rows == 1 && B::block.cols > 0 &&
                                  B::block.cols <= longest_fit && !is_power_of_two_scale<typename B::scale_type>;

/// Least squares of the whole blocks of one row, whose largest magnitudes stand in scales.number. Returns how many these are.
template <block_composition B>
std::size_t fit_whole_blocks(processor const& machine, matrix_view<const float> row, std::size_t band, found_scales& found) {
    std::size_t const blocks = row.cols / B::block.cols;
    float* const numbers = found.scales.number.data() + (band - found.scales.first) * found.scales.cols;
    if constexpr (std::is_same_v<typename B::offset_type, symmetric>) {
        fit_row<typename B::element>(machine, row.row(0), B::block.cols, blocks, numbers);
    } else {
        float* const offsets = found.offsets.number.data() + (band - found.offsets.first) * found.offsets.cols;
        fit_row_with_minimums<typename B::element>(machine, row.row(0), B::block.cols, blocks, numbers, offsets);
        if constexpr (offset_facts<typename B::offset_type>::sign < 0) {
            for (std::size_t i = 0; i < blocks; ++i) offsets[i] = -offsets[i];
        }
    }
    return blocks;
}

/// Scales of the blocks of one band, each by itself; scales.number holds the largest magnitudes where all values are finite.
template <block_composition B>
void find_by_block(processor const& machine, matrix_view<const float> rows, quantize_options const& o, std::size_t band,
                   found_scales& found, value_facts& facts) {
    raw_scales& scales = found.scales;
    bool const all_finite = facts.largest < 0x7F800000;
    std::size_t c = 0;
    if constexpr (fits_rows<B>) {
        bool const fits = all_finite && o.scales.data == nullptr && o.scale_rule == scale_rule::of_format;
        if (fits) c = fit_whole_blocks<B>(machine, rows, band, found);
    }
    for (; c < scales.cols; ++c) {
        std::size_t const i = (band - scales.first) * scales.cols + c;
        matrix_view<const float> const block = block_view(rows, B::block, {0, c});
        bool finite = true;
        float const largest = all_finite ? scales.number[i] : largest_magnitude(block, finite, o.scale_rule == scale_rule::signed_absmax);
        bool const given = o.scales.data != nullptr;
        if (given) scales.number[i] = o.scales(band, c);
        if (!finite) {
            if constexpr (marks_invalid_blocks<typename B::scale_type>) {
                scales.invalid[i] = 1;
                if (!given) scales.number[i] = largest;  // its finite values still count for the levels above
            } else {
                facts.refused = true;
            }
        } else if (!given) {
            find_block_scale<B>(machine, block, largest, i, o, scales, found.offsets);
        }
    }
}

/// Scales of one band, whose rows are `rows`.
template <block_composition B>
value_facts find_in_band(processor const& machine, matrix_view<const float> rows, quantize_options const& o, std::size_t band,
                         found_scales& found) {
    std::size_t const cols = found.scales.cols;
    float* const numbers = found.scales.number.data() + (band - found.scales.first) * cols;
    std::fill_n(numbers, cols, 0.0F);
    value_facts facts{raise_group_maxima(machine, rows, B::block.cols, numbers, o.scale_rule == scale_rule::signed_absmax)};
    if (facts.largest < 0x7F800000 && needs_only_maxima<B>(o)) {
        maxima_to_scales<B>(machine, numbers, cols, o);
    } else {
        find_by_block<B>(machine, rows, o, band, found, facts);
    }
    return facts;
}

/// Zero points by the scales as stored: clamp(RNE(f(-lowest / scale))).
template <block_composition B>
void turn_into_zero_points(block_storage<B> const& storage, raw_scales& lowest) noexcept {
    for (std::size_t i = 0; i < lowest.number.size(); ++i) {
        float const scale = storage.scales().value(lowest.first + i / lowest.cols, i % lowest.cols);
        lowest.number[i] = static_cast<float>(zero_point_of<typename B::element>(lowest.number[i], scale));
    }
}

/// Stores what was found.
template <block_composition B>
void store_found(processor const& machine, block_storage<B>& storage, found_scales& found, executor const& where) {
    store_scales(machine, storage.scales(), found.scales, where);
    if constexpr (!std::is_same_v<typename B::offset_type, symmetric>) {
        if constexpr (is_zero_point<typename B::offset_type>) turn_into_zero_points(storage, found.offsets);
        store_scales(machine, storage.offsets(), found.offsets, where);
    }
}

/// Rows [first, first + count) of x, as far as they exist.
inline matrix_view<const float> rows_of(matrix_view<const float> x, std::size_t first, std::size_t count) noexcept {
    return {x.row(first), (std::min)(count, x.rows - first), x.cols, x.stride};
}

/// The scales of the whole matrix where the bands depend on one another.
template <block_composition B>
    requires(B::block.rows != 0)
found_scales find_everywhere(processor const& machine, matrix_view<const float> x, quantize_options const& o) {
    std::size_t const bands = block_grid(B::block, x.rows, x.cols).row;
    std::size_t const per_task = (rows_per_task(x.rows, x.cols, o.executor) + B::block.rows - 1) / B::block.rows;
    found_scales found = room_for_scales<B>(x, o, 0, bands);
    std::mutex merging;
    o.executor.run((bands + per_task - 1) / per_task, [&](std::size_t task) {
        value_facts facts;
        for (std::size_t band = task * per_task; band < (std::min)(bands, (task + 1) * per_task); ++band) {
            facts.add(find_in_band<B>(machine, rows_of(x, band * B::block.rows, B::block.rows), o, band, found));
        }
        std::lock_guard const lock(merging);
        found.facts.add(facts);
    });
    return found;
}

/// raise_group_maxima of the whole matrix: put together from those of some rows each.
inline std::uint32_t raise_all_maxima(processor const& machine, matrix_view<const float> x, std::size_t width, quantize_options const& o,
                                      std::vector<float>& maxima) {
    std::size_t const rows = rows_per_task(x.rows, x.cols, o.executor);
    bool const with_sign = o.scale_rule == scale_rule::signed_absmax;
    std::uint32_t largest = 0;
    std::mutex merging;
    o.executor.run((x.rows + rows - 1) / rows, [&](std::size_t task) {
        std::vector<float> some(maxima.size());
        std::uint32_t const seen = raise_group_maxima(machine, rows_of(x, task * rows, rows), width, some.data(), with_sign);
        std::lock_guard const lock(merging);
        largest = larger(largest, seen);
        raise_group_maxima(machine, {some.data(), 1, some.size()}, 1, maxima.data(), with_sign);
    });
    return largest;
}

/// The same where the matrix is one band.
template <block_composition B>
    requires(B::block.rows == 0)
found_scales find_everywhere(processor const& machine, matrix_view<const float> x, quantize_options const& o) {
    found_scales found = room_for_scales<B>(x, o, 0, 1);
    std::vector<float>& numbers = found.scales.number;
    found.facts.largest = raise_all_maxima(machine, x, B::block.cols, o, numbers);
    if (found.facts.largest < 0x7F800000 && needs_only_maxima<B>(o)) {
        maxima_to_scales<B>(machine, numbers.data(), numbers.size(), o);
    } else {
        find_by_block<B>(machine, x, o, 0, found, found.facts);
    }
    return found;
}

/// Whether the scales of B stand under one of the whole matrix and depend on nothing else beyond their rows.
template <class S>
inline constexpr bool stand_under_tensor_scale = false;
template <block_composition S>
inline constexpr bool stand_under_tensor_scale<S> =
    S::block == per_tensor && std::is_same_v<typename S::offset_type, symmetric> && scale_number<typename S::scale_type>;
template <block_composition B>
inline constexpr bool needs_tensor_scale_first =
    B::block.rows == 1 && std::is_same_v<typename B::offset_type, symmetric> && stand_under_tensor_scale<typename B::scale_type>;

/// Stores the scale of the whole matrix, if the largest magnitude decides and all values are finite; returns whether.
template <block_composition B>
    requires(needs_tensor_scale_first<B>)
bool store_tensor_scale(processor const& machine, block_storage<B>& storage, matrix_view<const float> x, quantize_options const& o) {
    using outer = typename B::scale_type;
    raw_scales scale(1, 1, mul_rn(scale_divisor<B>(o), largest_element<typename outer::element>()));
    if (!needs_only_maxima<B>(o) || raise_all_maxima(machine, x, 0, o, scale.number) >= 0x7F800000) return false;
    scale.number[0] = magnitude_of(scale.number[0]);
    store_scales(machine, storage.scales().scales(), scale, o.executor);
    return true;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
