// The blocks of a matrix by number, for kernels that serve blocks of any size, and the numbers that are found for them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../matrix/matrix_view.hpp"
#include "../../scaling/scale_rule.hpp"
#include "../numbers/column_runs.hpp"

namespace fewbits {

/// Blocks are numbered along rows of blocks.
template <device_value T>
struct numbered_blocks {
    matrix_view<T const> from;
    block_extent block;  ///< of a whole one; both sides are numbers
    std::uint32_t across;
    std::uint32_t count;

    numbered_blocks() = default;
    /// Those that a format has blocks of `extent` for.
    numbered_blocks(matrix_view<T const> x, block_extent extent)
        : from(x), block{extent.rows == 0 ? x.rows : extent.rows, extent.cols == 0 ? x.cols : extent.cols} {
        block_position const grid = block_grid(extent, x.rows, x.cols);
        across = static_cast<std::uint32_t>(grid.col);
        count = static_cast<std::uint32_t>(grid.row * grid.col);
    }

    FEWBITS_DEVICE matrix_view<T const> at(std::uint32_t i) const {
        std::size_t const row = i / across * block.rows;
        std::size_t const col = i % across * block.cols;
        std::size_t const rows = from.rows - row < block.rows ? from.rows - row : block.rows;
        std::size_t const cols = from.cols - col < block.cols ? from.cols - col : block.cols;
        return {from.row(row) + col, rows, cols, from.stride};
    }
};

inline namespace FEWBITS_BASELINE {

/// body(x) for all values of a block, row after row.
template <device_value T, class Body>
FEWBITS_DEVICE void for_each_value(matrix_view<T const> block, Body const& body) {
    for (std::size_t r = 0; r < block.rows; ++r) {
        T const* const end = block.row(r) + block.cols;
        for (T const* x = block.row(r); x != end; ++x) body(load_value(x));
    }
}

/// The number that a block's scale is stored from. Where a value of the block is not finite it is NaN, or, where the levels above still
/// count the others (`keeps`: numbers have no sign otherwise), minus their largest magnitude.
FEWBITS_DEVICE float found_number(float number, bool finite, bool keeps) {
    return finite ? number : keeps ? -number : bit_cast<float>(0x7FC00000U);
}
FEWBITS_DEVICE bool is_valid_number(float number, bool keeps) {
    return keeps ? bit_cast<std::uint32_t>(number) >> 31 == 0 : is_finite(number);
}
/// Whether a largest magnitude is one to search with.
FEWBITS_DEVICE bool is_searched_number(float largest) { return largest > 0 && is_finite(largest); }

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
