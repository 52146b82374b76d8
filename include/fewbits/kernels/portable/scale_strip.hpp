// Scales applied to a strip, where the rows of the weight lie side by side: one vector of scales per group of columns.
#pragma once

#include <algorithm>
#include <cstddef>

#include "../../bits/rounded.hpp"
#include "apply_scales.hpp"
#include "strip.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// The groups of every row of a strip. Row j uses row[source[j]], its first column is column phase[j] of a group.
struct strip_scales {
    group_scales row[strip_columns];
    std::size_t source[strip_columns];
    std::size_t phase[strip_columns];
};

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

/// The same where every column has one scale for all rows.
inline void scale_columns(block_offset kind, std::size_t rows, std::size_t depth, group_scales const& groups,
                          float* strip) noexcept {
    for (std::size_t t = 0; t * tile_columns < rows; ++t) {
        for (std::size_t k = 0; k < depth; ++k) {
            float scale[tile_columns];
            float offset[tile_columns];
            std::fill_n(scale, tile_columns, groups.scale[k]);
            std::fill_n(offset, tile_columns, kind == block_offset::none ? 0.0F : groups.offset[k]);
            scale_tile(kind, 1, scale, offset, strip + t * tile_stride + k * tile_columns);
        }
    }
}

/// The first `rows` rows of a strip from elements to dequantised values, with the roundings of apply_scales. `group`: columns
/// that share a scale, 0 = all.
inline void scale_strip(block_offset kind, std::size_t rows, std::size_t depth, std::size_t group,
                        strip_scales const& scales, float* strip) noexcept {
    if (group == 1 && std::all_of(scales.source, scales.source + rows, [](std::size_t j) { return j == 0; })) {
        return scale_columns(kind, rows, depth, scales.row[0], strip);
    }
    float scale[strip_columns] = {};
    float offset[strip_columns] = {};
    std::size_t end[strip_columns];  // where each row's current group ends
    std::size_t next[strip_columns];
    for (std::size_t j = 0; j < rows; ++j) {
        end[j] = 0;
        next[j] = 0;
    }
    for (std::size_t k = 0; k < depth;) {
        std::size_t stop = depth;
        for (std::size_t j = 0; j < rows; ++j) {
            if (end[j] == k) {
                group_scales const& groups = scales.row[scales.source[j]];
                scale[j] = groups.scale[next[j]];
                if (kind != block_offset::none) offset[j] = groups.offset[next[j]];
                ++next[j];
                end[j] = group == 0 ? depth : next[j] * group - scales.phase[j];
            }
            stop = (std::min)(stop, end[j]);
        }
        for (std::size_t t = 0; t * tile_columns < rows; ++t) {
            scale_tile(kind, stop - k, scale + t * tile_columns, offset + t * tile_columns,
                       strip + t * tile_stride + k * tile_columns);
        }
        k = stop;
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
