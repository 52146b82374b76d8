// In which order the tiles of a result are worked on: neighbours in time share operands that the L2 cache still holds.
#pragma once

#include "../fragments/fragments.hpp"

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

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
