// Scales of least squared error as the host finds them: candidates.hpp's searches over a block, or several blocks side by side.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../kernels/fit_kernels.hpp"
#include "candidates.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

inline namespace FEWBITS_BASELINE {

/// Calls visit(x, element) for every value of a block and the element value it is rounded to under a scale.
template <scalar E, class S, class Visit>
void for_each_rounded(matrix_view<const float> block, float scale, bool full_range, Visit&& visit) noexcept {
    constexpr std::size_t chunk = 256;
    std::uint8_t codes[chunk];
    element_rule const rule{.full_range = full_range};
    for (std::size_t r = 0; r < block.rows; ++r) {
        for (std::size_t first = 0; first < block.cols; first += chunk) {
            std::size_t const count = block.cols - first < chunk ? block.cols - first : chunk;
            float const* const x = block.row(r) + first;
            encode_elements<E, S>(x, count, scale, rule, 0, codes);
            for (std::size_t i = 0; i < count; ++i) visit(x[i], static_cast<float>(E::from_bits(codes[i])));
        }
    }
}

/// What a search finds for a block; 0 for one of zeros.
template <class Search>
float search_block(matrix_view<const float> block, Search const& search) noexcept {
    if ((bit_cast<std::uint32_t>(search.largest) << 1) == 0) return 0.0F;
    typename Search::choice best(search);
    for (int i = 0; i < Search::candidates; ++i) {
        float const scale = search.scale(i);
        typename Search::sums sums;
        for_each_rounded<typename Search::element, typename Search::scale_type>(
            block, scale, search.full_range, [&](float x, float element) { sums.add(x, element, scale); });
        best.take(search, i, sums);
    }
    return best.number;
}

/// The minimum_fit of a block.
template <scalar E>
fitted_block fit_scale_and_minimum(matrix_view<const float> block) noexcept {
    float lowest = 0.0F;
    float highest = block(0, 0);
    extend_range(block, lowest, highest);
    minimum_fit const fit{static_cast<double>(largest_element<E>()), static_cast<double>(lowest), static_cast<double>(highest),
                          static_cast<double>(block.rows * block.cols)};
    minimum_fit::choice choice(fit);
    for (int i = 0; i < minimum_fit::candidates; ++i) {
        double const inverse = fit.inverse(i);
        minimum_fit::sums sums;
        for (std::size_t r = 0; r < block.rows; ++r) {
            for (std::size_t c = 0; c < block.cols; ++c) sums.add(fit, block(r, c), inverse);
        }
        choice.take(fit, sums);
    }
    return choice.best;
}

/// The longest block that is fitted side by side with others.
inline constexpr std::size_t longest_fit = 256;

/// out[v * lanes + l] = value v of the l-th block of `width` values from `row` on; lanes beyond `blocks` repeat the last block.
template <class T>
void stand_side_by_side(float const* row, std::size_t width, std::size_t blocks, std::size_t lanes, T* out) noexcept {
    for (std::size_t l = 0; l < lanes; ++l) {
        float const* const block = row + (l < blocks ? l : blocks - 1) * width;
        for (std::size_t v = 0; v < width; ++v) out[v * lanes + l] = static_cast<T>(block[v]);
    }
}

/// scale_fit of `blocks` blocks of `width` <= longest_fit values, one after the other. `numbers`: first their largest magnitudes,
/// then their scales.
template <scalar E>
void fit_row(processor const& machine, float const* row, std::size_t width, std::size_t blocks, float* numbers) noexcept {
    constexpr std::size_t lanes = 16;
    float values[longest_fit * lanes];
    double wide[longest_fit * lanes];
    for (std::size_t first = 0; first < blocks; first += lanes) {
        std::size_t const count = blocks - first < lanes ? blocks - first : lanes;
        float largest[lanes];
        float fitted[lanes];
        bool alone[lanes] = {};
        for (std::size_t l = 0; l < lanes; ++l) {
            largest[l] = l < count ? numbers[first + l] : 1.0F;
            bool const moderate = largest[l] >= 0x1p-60F && largest[l] <= 0x1p60F;
            alone[l] = !moderate;
            if (!moderate) largest[l] = 1.0F;
        }
        stand_side_by_side(row + first * width, width, count, lanes, values);
        bool const done = fit_side_by_side<E>(machine, values, width, largest, wide, fitted);
        for (std::size_t l = 0; l < count; ++l) {
            matrix_view<const float> const block(row + (first + l) * width, 1, width);
            numbers[first + l] = done && !alone[l] ? fitted[l] : search_block(block, scale_fit<E>{numbers[first + l]});
        }
    }
}

/// fit_scale_and_minimum of `blocks` blocks of `width` <= longest_fit values, one after the other.
template <scalar E>
void fit_row_with_minimums(processor const& machine, float const* row, std::size_t width, std::size_t blocks, float* scales,
                           float* minimums) noexcept {
    constexpr std::size_t lanes = 8;
    double values[longest_fit * lanes];
    for (std::size_t first = 0; first < blocks; first += lanes) {
        std::size_t const count = blocks - first < lanes ? blocks - first : lanes;
        double lowest[lanes] = {};
        double highest[lanes] = {};
        double scale[lanes];
        double minimum[lanes];
        for (std::size_t l = 0; l < count; ++l) {
            float const* const block = row + (first + l) * width;
            float low = 0.0F;
            float high = block[0];
            extend_range(machine, {block, 1, width}, low, high);
            lowest[l] = static_cast<double>(low);
            highest[l] = static_cast<double>(high);
        }
        stand_side_by_side(row + first * width, width, count, lanes, values);
        double const top = static_cast<double>(largest_element<E>());
        bool const done = fit_side_by_side(machine, values, width, top, lowest, highest, scale, minimum);
        for (std::size_t l = 0; l < count; ++l) {
            fitted_block fit{static_cast<float>(scale[l]), static_cast<float>(minimum[l])};
            if (!done) fit = fit_scale_and_minimum<E>({row + (first + l) * width, 1, width});
            scales[first + l] = fit.scale;
            minimums[first + l] = fit.minimum;
        }
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
