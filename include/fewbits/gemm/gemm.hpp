// gemm: y = a * transpose(w) + bias for every pair of formats. Check, erase the formats, choose a kernel, run it.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "epilogue.hpp"
#include "options.hpp"
#include "prepack.hpp"
#include "programs.hpp"

namespace fewbits {

/// A matrix gemm takes as an operand: a view of float or a scalar format, a quantized or prepacked matrix.
template <class M>
concept gemm_operand = requires(M const& matrix) { make_operand(matrix); };

inline namespace FEWBITS_BASELINE {

/// Throws std::invalid_argument with the numbers unless a (M x K), w (N x K), y (M x N) and the bias fit together.
inline void check_shapes(operand const& a, operand const& w, std::size_t y_rows, std::size_t y_cols,
                         std::size_t y_stride, std::size_t bias) {
    auto const shape = [](std::size_t rows, std::size_t cols) { return std::to_string(rows) + " x " + std::to_string(cols); };
    if (a.cols() != w.cols()) {
        throw std::invalid_argument("gemm: a is " + shape(a.rows(), a.cols()) + " and w is " + shape(w.rows(), w.cols()) +
                                    ", their columns (K) differ");
    }
    if (y_rows != a.rows() || y_cols != w.rows()) {
        throw std::invalid_argument("gemm: y is " + shape(y_rows, y_cols) + ", a and w make it " + shape(a.rows(), w.rows()));
    }
    if (y_rows > 1 && y_stride < y_cols) {
        throw std::invalid_argument("gemm: y has " + std::to_string(y_cols) + " columns and a stride of " +
                                    std::to_string(y_stride));
    }
    if (bias != 0 && bias != w.rows()) {
        throw std::invalid_argument("gemm: the bias has " + std::to_string(bias) + " values, y has " +
                                    std::to_string(w.rows()) + " columns");
    }
}

/// y (M x N) = a (M x K) * transpose(w (N x K)) + bias. Where both operands are integer formats with scales constant along
/// K in groups, the result is defined to the bit: for each common group, in ascending k, y = fma(f(p), f(sa * sw), y) with
/// the exact integer sum p. Otherwise |error| <= 1e-5 * sum |a||w|. The bits never depend on threads or on prepacking.
/// y is rounded once, to the type of y. Throws std::invalid_argument where shapes do not fit
/// or the processor has not the target asked for. y overlaps no operand.
template <gemm_operand A, gemm_operand W, gemm_result Y>
void gemm(A const& a, W const& w, matrix_view<Y> y, gemm_options const& options = {}) {
    product const p{make_operand(a), make_operand(w), y.data, y.stride, options.bias.empty() ? nullptr : options.bias.data(),
                    &finish_row<Y>, options.executor, 0};
    check_shapes(p.a, p.w, y.rows, y.cols, y.stride, options.bias.size());
    gemm_programs<>::run(p, options.target);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
