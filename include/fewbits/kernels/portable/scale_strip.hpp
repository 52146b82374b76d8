// Scales applied to a strip, where the rows of the weight lie side by side: one vector of scales per group of columns.
#pragma once

#include <cstddef>

#include "../../bits/rounded.hpp"
#include "apply_scales.hpp"
#include "strip.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// `depth` columns of one tile in place; scale, offset: one value per row of the tile.
inline void scale_tile(block_offset kind, std::size_t depth, float const* scale, float const* offset, float* tile) noexcept {
    for (std::size_t k = 0; k < depth; ++k, tile += tile_columns) {
        if (kind == block_offset::none) {
            for (std::size_t j = 0; j < tile_columns; ++j) tile[j] = mul_rn(tile[j], scale[j]);
        } else if (kind == block_offset::zero_point) {
            for (std::size_t j = 0; j < tile_columns; ++j) tile[j] = mul_rn(sub_rn(tile[j], offset[j]), scale[j]);
        } else {
            for (std::size_t j = 0; j < tile_columns; ++j) tile[j] = add_rn(mul_rn(tile[j], scale[j]), offset[j]);
        }
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
