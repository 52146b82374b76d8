// Granularity: which elements share a scale.
#pragma once

#include <cstddef>

#include "../config.hpp"

namespace fewbits {

/// The rectangle of elements that share one scale; 0 stands for the whole axis. `linear`: runs of `cols` elements in
/// row-major order, across row ends.
struct block_extent {
    std::size_t rows = 1;
    std::size_t cols = 0;
    bool linear = false;

    /// Elements of a full block, or 0 where that depends on the matrix.
    FEWBITS_HOST_DEVICE constexpr std::size_t count() const noexcept { return rows * cols; }
    bool operator==(block_extent const&) const = default;
};

/// A position or a size in the matrix of blocks.
struct block_position {
    std::size_t row = 0;
    std::size_t col = 0;
};

inline constexpr block_extent per_tensor{0, 0};
inline constexpr block_extent per_row{1, 0};     ///< per output channel of a weight, per token of activations
inline constexpr block_extent per_column{0, 1};  ///< per input channel

inline namespace FEWBITS_BASELINE {

/// Groups of `count` along the contracted dimension.
FEWBITS_HOST_DEVICE constexpr block_extent along_k(std::size_t count) noexcept { return {1, count}; }
FEWBITS_HOST_DEVICE constexpr block_extent tile(std::size_t rows, std::size_t cols) noexcept { return {rows, cols}; }
FEWBITS_HOST_DEVICE constexpr block_extent runs_of(std::size_t count) noexcept { return {1, count, true}; }

/// Size of the matrix of blocks of a rows x cols matrix; the last block of an axis may be partial.
FEWBITS_HOST_DEVICE constexpr block_position block_grid(block_extent e, std::size_t rows, std::size_t cols) noexcept {
    if (rows == 0 || cols == 0) return {0, 0};
    if (e.linear) return {1, (rows * cols + e.cols - 1) / e.cols};
    return {e.rows == 0 ? 1 : (rows + e.rows - 1) / e.rows, e.cols == 0 ? 1 : (cols + e.cols - 1) / e.cols};
}

/// The block of element (row, col) in a matrix of `cols` columns.
FEWBITS_HOST_DEVICE constexpr block_position block_of(block_extent e, std::size_t row, std::size_t col,
                                                      std::size_t cols) noexcept {
    if (e.linear) return {0, (row * cols + col) / e.cols};
    return {e.rows == 0 ? 0 : row / e.rows, e.cols == 0 ? 0 : col / e.cols};
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
