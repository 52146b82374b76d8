// Scales applied to a strip, where the rows of the weight lie side by side: one vector of scales per group of columns.
#pragma once

#include <algorithm>
#include <cstddef>

#include "../../bits/rounded.hpp"
#include "../../matrix/panel_order.hpp"
#include "apply_scales.hpp"
#include "strip.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// `depth` columns of the panel whose rows begin at row `first` of a strip, in place; scale, offset: one value per row of the panel.
inline void scale_panel(block_offset kind, std::size_t depth, float const* scale, float const* offset, std::size_t first,
                        float* strip) noexcept {
    constexpr std::size_t run = std::min(panel_rows, tile_columns);  // rows side by side
    for (std::size_t r = 0; r < panel_rows; r += run, scale += run, offset += run) {
        float* at = strip + (first + r) / tile_columns * tile_stride + (first + r) % tile_columns;
        for (std::size_t k = 0; k < depth; ++k, at += tile_columns) {
            if (kind == block_offset::none) {
                for (std::size_t j = 0; j < run; ++j) at[j] = mul_rn(at[j], scale[j]);
            } else if (kind == block_offset::zero_point) {
                for (std::size_t j = 0; j < run; ++j) at[j] = mul_rn(sub_rn(at[j], offset[j]), scale[j]);
            } else {
                for (std::size_t j = 0; j < run; ++j) at[j] = add_rn(mul_rn(at[j], scale[j]), offset[j]);
            }
        }
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
