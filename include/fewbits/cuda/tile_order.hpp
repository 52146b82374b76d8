// In which order the tiles of a result are worked on: neighbours in time share operands that the L2 cache still holds.
#pragma once

#include "fragments.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Tile `index` of rows x cols: bands of `Band` rows of tiles, within a band column after column.
template <int Band>
FEWBITS_HOST_DEVICE constexpr tile_place tile_in_order(int index, int rows, int cols) noexcept {
    int const first = index / (Band * cols) * Band;
    int const within = index % (Band * cols);
    int const height = rows - first < Band ? rows - first : Band;
    return {first + within % height, within / height};
}

/// Tiles of Rows x Cols that a result of rows x cols has; blocks beyond them have no work.
template <int Rows, int Cols>
constexpr int tiles_of(int rows, int cols) noexcept {
    return (rows + Rows - 1) / Rows * ((cols + Cols - 1) / Cols);
}

/// work(first row, first column) for every tile of this block's, or of its cluster of `together` blocks: they stay and take tile after
/// tile.
template <int Rows, int Cols, class Machine, class Work>
FEWBITS_DEVICE void for_each_tile(Machine& m, int rows, int cols, Work const& work, unsigned together = 1) {
    constexpr int band = 8;
    int const high = (rows + Rows - 1) / Rows;
    int const wide = (cols + Cols - 1) / Cols;
    for (int t = static_cast<int>(m.block_index() / together); t < high * wide; t += static_cast<int>(m.blocks() / together)) {
        tile_place const at = tile_in_order<band>(t, high, wide);
        work(at.row * Rows, at.col * Cols);
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
