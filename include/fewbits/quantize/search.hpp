// Scales of least squared error: fits for blocks with and without a minimum, and the search over fractions of absmax.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "../kernels/fit_kernels.hpp"
#include "elements.hpp"
#include "statistics.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// A fitted block: value = element * scale + minimum.
struct fitted_block {
    float scale = 0.0F;
    float minimum = 0.0F;
};

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

/// Squared error of a block when quantized under a scale; elements nearest, saturating.
template <scalar E, class S>
double squared_error(matrix_view<const float> block, float scale, bool full_range) noexcept {
    run_sum error;
    for_each_rounded<E, S>(block, scale, full_range, [&](float x, float element) {
        double const difference = static_cast<double>(x) - static_cast<double>(mul_rn(element, scale));
        error.add(difference * difference);
    });
    return error.total();
}

/// A scale as a block of scale type S uses it: plain numbers are rounded to nearest; what the levels of a nested scale make of
/// it depends on other blocks.
template <class S>
float stored_scale(float scale) noexcept {
    if constexpr (scalar<S>) {
        return static_cast<float>(S::from_bits(static_cast<unsigned>(S::codec::encode(unpack(scale), nearest_even, saturate))));
    } else {
        return scale;
    }
}

/// The scale of least squared error among 33 fractions of `largest` / largest element, from 1 down to 1/2; compared as stored,
/// but for nested scales before storing.
template <scalar E, class S>
float search_fraction(matrix_view<const float> block, float largest, bool full_range) noexcept {
    float best = largest;
    double least = -1;
    for (int i = 0; i <= 32; ++i) {
        float const candidate = mul_rn(largest, 1.0F - static_cast<float>(i) / 64.0F);
        float const scale = stored_scale<S>(div_rn(candidate, largest_element<E>(full_range)));
        double const error = squared_error<E, float>(block, scale, full_range);
        if (least < 0 || error < least) {
            least = error;
            best = candidate;
        }
    }
    return best;
}

/// The power of two of least squared error among the floor rule's and its neighbours.
template <scalar E, class S>
float search_power_of_two(matrix_view<const float> block, float largest, bool full_range) noexcept {
    float const start = power_of_two_scale<E>(largest, scale_rule::floor);
    if ((bit_cast<std::uint32_t>(start) << 1) == 0) return start;
    float best = start;
    double least = -1;
    for (int step : {0, 1, -1}) {
        int const exponent = floor_log2(start) + step;
        if (exponent < -127 || exponent > 127) continue;
        double const error = squared_error<E, S>(block, power_of_two(exponent), full_range);
        if (least < 0 || error < least) {
            least = error;
            best = power_of_two(exponent);
        }
    }
    return best;
}

/// Symmetric least squares: for scales around largest / largest element, of either sign, the codes are fixed and the scale refitted as
/// sum(x v) / sum(v v); the candidate that explains most of sum(x x) wins.
template <scalar E>
float fit_scale(matrix_view<const float> block, float largest) noexcept {
    if ((bit_cast<std::uint32_t>(largest) << 1) == 0) return 0.0F;
    float best = div_rn(largest, largest_element<E>());
    double most = -1;
    for (int i = -9; i <= 9; ++i) {
        for (float sign : {1.0F, -1.0F}) {
            float const candidate = div_rn(mul_rn(sign, largest), largest_element<E>() + 0.1F * static_cast<float>(i));
            double products = 0;
            double squares = 0;
            for_each_rounded<E, float>(block, candidate, true, [&](float x, float element) {
                products += static_cast<double>(x) * static_cast<double>(element);
                squares += static_cast<double>(element) * static_cast<double>(element);
            });
            if (squares > 0 && products * products > most * squares) {
                most = products * products / squares;
                best = static_cast<float>(products / squares);
            }
        }
    }
    return best;
}

/// Least squares with a minimum <= 0: codes from a stretched range, then scale and minimum from the normal equations.
template <scalar E>
fitted_block fit_scale_and_minimum(matrix_view<const float> block) noexcept {
    float lowest = 0.0F;
    float highest = block(0, 0);
    extend_range(block, lowest, highest);
    auto const top = static_cast<double>(largest_element<E>());
    double const span = static_cast<double>(highest) - static_cast<double>(lowest);
    if (!(span > 0)) return {};
    fitted_block best{static_cast<float>(span / top), lowest};
    double least = -1;
    auto const count = static_cast<double>(block.rows * block.cols);
    for (int i = -1; i <= 20; ++i) {
        // Candidate -1 is the plain range; the others stretch the step from half a code down to half a code up.
        double const steps = i < 0 ? top : top - 0.5 + 0.05 * i;
        double const inverse = steps / span;
        double sx = 0, sv = 0, svv = 0, sxv = 0, sxx = 0;
        for (std::size_t r = 0; r < block.rows; ++r) {
            for (std::size_t c = 0; c < block.cols; ++c) {
                auto const x = static_cast<double>(block(r, c));
                double v = std::floor((x - static_cast<double>(lowest)) * inverse + 0.5);
                v = v < 0 ? 0 : v > top ? top : v;
                sx += x;
                sv += v;
                svv += v * v;
                sxv += x * v;
                sxx += x * x;
            }
        }
        double const determinant = count * svv - sv * sv;
        if (!(determinant > 0)) continue;
        double scale = (count * sxv - sx * sv) / determinant;
        double minimum_value = (svv * sx - sv * sxv) / determinant;
        if (minimum_value > 0) {
            minimum_value = 0;
            scale = sxv / svv;
        }
        double const error = sxx - 2 * scale * sxv - 2 * minimum_value * sx + scale * scale * svv +
                             2 * scale * minimum_value * sv + count * minimum_value * minimum_value;
        if (scale > 0 && (least < 0 || error < least)) {
            least = error;
            best = {static_cast<float>(scale), static_cast<float>(minimum_value)};
        }
    }
    return best;
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

/// fit_scale of `blocks` blocks of `width` <= longest_fit values, one after the other. `numbers`: first their largest magnitudes,
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
            numbers[first + l] = done && !alone[l] ? fitted[l] : fit_scale<E>(block, numbers[first + l]);
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
