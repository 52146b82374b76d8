// What a format cost: errors between a matrix and its quantized form.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../kernels/portable/decode_row.hpp"
#include "../matrix/quantized_matrix.hpp"
#include "../scaling/scale_rule.hpp"
#include "elements.hpp"
#include "statistics.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// Errors of a quantized matrix against its original; sums run in double over elements in row-major order.
struct quantization_error {
    double max_error = 0;                                        ///< largest |x - q|
    double mse = 0;                                              ///< mean of (x - q)^2
    double sqnr_db = std::numeric_limits<double>::max();         ///< 10 log10(sum x^2 / sum (x - q)^2); largest double if exact
    double cosine = 1;                                           ///< sum x q / sqrt(sum x^2 sum q^2); 1 where either is all zero
    std::size_t distinct_codes = 0;                              ///< element codes that occur
    std::size_t overflows = 0;                                   ///< x beyond the block's outermost value by more than half a step
    std::size_t underflows = 0;                                  ///< x != 0 whose value is 0
};

inline namespace FEWBITS_BASELINE {

/// The ends of the element values that blocks use, and half of the last step before each.
struct element_ends {
    double low = 0, high = 0;
    double half_low = 0, half_high = 0;
};

template <scalar E>
element_ends ends_of() noexcept {
    float const* const value = value_table<E>();
    element_ends ends{static_cast<double>(value[0]), static_cast<double>(value[0])};
    if constexpr (E::kind == format_kind::integer) {
        double const unit = static_cast<double>(power_of_two(E::codec::exponent));
        return {lowest_element<E>(false) * unit, E::codec::highest * unit, unit / 2, unit / 2};
    }
    for (int pass = 0; pass < 2; ++pass) {  // the ends, then what lies next to them
        double above = ends.high, below = ends.low;
        for (unsigned code = 0; code < (1U << E::width); ++code) {
            if (!is_finite(value[code])) continue;
            auto const v = static_cast<double>(value[code]);
            ends.low = v < ends.low ? v : ends.low;
            ends.high = v > ends.high ? v : ends.high;
            above = v > ends.low && v < above ? v : above;
            below = v < ends.high && v > below ? v : below;
        }
        ends.half_low = (above - ends.low) / 2;
        ends.half_high = (ends.high - below) / 2;
    }
    return ends;
}

/// Whether x lies beyond the value of the outermost element under `scale` and `offset` by more than half a step.
template <block_format F>
bool overflows(double x, double element, double scale, double offset, element_ends const& ends) noexcept {
    if (!(scale < 0 || scale > 0)) return false;
    double const quotient = F::has_zero_point ? x / scale + offset : (x - offset) / scale;
    // The full range, where asked for, shows in the code itself.
    double const low = element < ends.low ? element : ends.low;
    return quotient > ends.high + ends.half_high || quotient < low - ends.half_low;
}

/// Compares q with the original (same shape, finite). Throws std::invalid_argument if the shapes differ.
template <block_format F>
quantization_error error_statistics(matrix_view<const float> original, quantized_matrix<F> const& q) {
    using element = typename F::element;
    if (original.rows != q.rows() || original.cols != q.cols()) {
        throw std::invalid_argument("error_statistics: " + std::to_string(original.rows) + " x " + std::to_string(original.cols) +
                                    " against " + std::to_string(q.rows()) + " x " + std::to_string(q.cols()));
    }
    quantization_error result;
    std::vector<bool> used(std::size_t{1} << element::width, false);
    std::vector<float> back(q.cols());
    run_sum squares, error_squares, products, back_squares;
    element_ends const ends = ends_of<element>();
    auto const order = q.permutation();
    for (std::size_t r = 0; r < q.rows(); ++r) {
        decode_row(q, r, 0, q.cols(), back.data());
        for (std::size_t c = 0; c < q.cols(); ++c) {
            auto const x = static_cast<double>(original(r, order.empty() ? c : order[c]));
            auto const y = static_cast<double>(back[c]);
            double const difference = x - y;
            result.max_error = std::fabs(difference) > result.max_error ? std::fabs(difference) : result.max_error;
            squares.add(x * x);
            back_squares.add(y * y);
            products.add(x * y);
            error_squares.add(difference * difference);
            unsigned const code = q.code(r, c);
            used[code] = true;
            result.underflows += x != 0 && y == 0 ? 1U : 0U;
            auto const [scale, offset] = std::pair<double, double>(q.scale(r, c), q.offset(r, c));
            result.overflows += overflows<F>(x, static_cast<double>(value_table<element>()[code]), scale, offset, ends) ? 1U : 0U;
        }
    }
    for (bool u : used) result.distinct_codes += u ? 1U : 0U;
    std::size_t const count = q.rows() * q.cols();
    if (count == 0) return result;
    double const sx = squares.total();
    double const sy = back_squares.total();
    double const se = error_squares.total();
    result.mse = se / static_cast<double>(count);
    if (se > 0) result.sqnr_db = 10 * std::log10(sx / se);
    if (sx > 0 && sy > 0) result.cosine = products.total() / std::sqrt(sx * sy);
    return result;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
