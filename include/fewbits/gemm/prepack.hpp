// prepack(w): the codes of a weight re-ordered once for the tiled product, still at their own width.
#pragma once

#include <algorithm>
#include <cstddef>

#include "../matrix/prepacked_matrix.hpp"
#include "../parallel/executor.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// The same N x K weight in panels of 16 rows; gemm gives the same bits with it, sooner. Scales, offsets and the order of
/// columns are copied as they stand. Serves every type of activations.
template <block_format F>
prepacked_matrix<F> prepack(quantized_matrix<F> const& w, executor const& run_on = {}) {
    prepacked_matrix<F> packed(w);
    run_on.run((w.rows() + panel_rows - 1) / panel_rows, [&](std::size_t p) {
        for (std::size_t row = p * panel_rows; row < (std::min)(w.rows(), (p + 1) * panel_rows); ++row) {
            for (std::size_t col = 0; col < w.cols(); ++col) packed.set_code(row, col, w.code(row, col));
        }
    });
    return packed;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
