// dequantize: every element back to fp32, as the format's definition rounds it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "../kernels/portable/decode_row.hpp"
#include "../matrix/matrix_view.hpp"
#include "../matrix/quantized_matrix.hpp"
#include "../parallel/executor.hpp"
#include "../target/detect.hpp"
#include "read_row.hpp"

namespace fewbits {

inline namespace FEWBITS_BASELINE {

/// dequantize() with the kernels of `machine`, which may have less than the processor this runs on: the bits are the same.
template <block_format F>
void dequantize_for(processor const& machine, quantized_matrix<F> const& q, matrix_view<float> y, executor where) {
    if (y.rows != q.rows() || y.cols != q.cols() || y.stride < y.cols) {
        throw std::invalid_argument("dequantize: " + std::to_string(q.rows()) + " x " + std::to_string(q.cols()) + " into " +
                                    std::to_string(y.rows) + " x " + std::to_string(y.cols) + ", stride " +
                                    std::to_string(y.stride));
    }
    if (y.rows == 0 || y.cols == 0) return;
    using composition = typename F::composition;
    auto const order = q.permutation();
    bool const past_caches = order.empty() && y.rows * y.cols >= too_many_for_caches;
    std::size_t const per_task = rows_per_task(y.rows, y.cols, where);
    where.run((y.rows + per_task - 1) / per_task, [&](std::size_t task) {
        read_workspace<composition> work;
        std::vector<float> stored(order.size());
        std::size_t const first = task * per_task;
        for (std::size_t row = first; row < (std::min)(y.rows, first + per_task); ++row) {
            bool const again = row != first && continues_band<F>(row);
            float* const out = order.empty() ? y.row(row) : stored.data();
            bool done = false;
            if constexpr (has_scales_in_rows<composition>) {
                if (decodes_rows_of<composition>(machine)) {
                    if (!again) read_scales_of_row(machine, q.storage(), row, work);
                    decode_under_scales(q.storage(), machine, row, work, past_caches, out);
                    done = true;
                }
            }
            if (!done) decode_row(q, row, 0, q.cols(), out);
            for (std::size_t c = 0; c < stored.size(); ++c) y(row, order[c]) = stored[c];
        }
        if (past_caches) order_stores(machine);
    });
}

/// Writes the values of q (rows x cols) to y, in logical column order. Throws std::invalid_argument if the sizes differ.
template <block_format F>
void dequantize(quantized_matrix<F> const& q, matrix_view<float> y, executor where = {}) {
    dequantize_for(this_processor(), q, y, where);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
