// dequantize: every element back to fp32, as the format's definition rounds it.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "../kernels/portable/decode_row.hpp"
#include "../matrix/matrix_view.hpp"
#include "../matrix/quantized_matrix.hpp"
#include "../parallel/executor.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Writes the values of q (rows x cols) to y, in logical column order. Throws std::invalid_argument if the sizes differ.
template <block_format F>
void dequantize(quantized_matrix<F> const& q, matrix_view<float> y, executor where = {}) {
    if (y.rows != q.rows() || y.cols != q.cols() || y.stride < y.cols) {
        throw std::invalid_argument("dequantize: " + std::to_string(q.rows()) + " x " + std::to_string(q.cols()) + " into " +
                                    std::to_string(y.rows) + " x " + std::to_string(y.cols) + ", stride " +
                                    std::to_string(y.stride));
    }
    auto const order = q.permutation();
    where.run(q.rows(), [&](std::size_t row) {
        if (order.empty()) return decode_row(q, row, 0, q.cols(), y.row(row));
        std::vector<float> stored(q.cols());
        decode_row(q, row, 0, q.cols(), stored.data());
        for (std::size_t c = 0; c < stored.size(); ++c) y(row, order[c]) = stored[c];
    });
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
