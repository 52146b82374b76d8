// What a format cost: errors between a matrix and its quantized form.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "../kernels/portable/decode_row.hpp"
#include "../matrix/quantized_matrix.hpp"
#include "../scaling/scale_rule.hpp"
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
    std::size_t overflows = 0;                                   ///< |x| beyond the block's largest value by more than half a step
    std::size_t underflows = 0;                                  ///< x != 0 whose value is 0
};

inline namespace FEWBITS_BASELINE {

/// The largest element value of E and half the last step below it.
template <scalar E>
double overflow_bound(double element_limit) noexcept {
    double below = 0;
    for (unsigned code = 0; code < (1U << E::width); ++code) {
        auto const v = static_cast<double>(E::from_bits(code));
        if (v < element_limit && v > below) below = v;
    }
    return element_limit + (element_limit - below) / 2;
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
    double const bound = overflow_bound<element>(static_cast<double>(largest_element<element>()));
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
            used[q.code(r, c)] = true;
            result.underflows += x != 0 && y == 0 ? 1U : 0U;
            if constexpr (F::is_symmetric) {
                result.overflows += std::fabs(x) > bound * std::fabs(static_cast<double>(q.scale(r, c))) ? 1U : 0U;
            }
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
