// Panels of a prepacked matrix become strips of fp32: bit planes to codes, codes to values, values to their tile.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../../matrix/prepacked_matrix.hpp"
#include "../panel_scales.hpp"
#include "decode_row.hpp"
#include "read_lines.hpp"
#include "scale_strip.hpp"
#include "strip.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

static_assert(strip_columns % panel_rows == 0 && chunk_depth % line_columns == 0);

/// Columns [first, first + depth) of one panel into its place in a strip; first is a multiple of 4.
template <class Value>
void place_step(Value const& value, std::size_t first_row, std::size_t column, std::size_t depth, float* out) noexcept {
    float* const to = out + first_row / tile_columns * tile_stride + first_row % tile_columns;
    for (std::size_t c = 0; c < (std::min)(line_columns, depth - column); ++c) {
        for (std::size_t r = 0; r < panel_rows; ++r) {
            std::size_t const j = first_row + r;
            float* const at = tile_columns >= panel_rows ? to + r : out + j / tile_columns * tile_stride + j % tile_columns;
            at[(column + c) * tile_columns] = value(line_columns * r + c);
        }
    }
}

/// Rows [row, row + rows) of the elements, row a multiple of 16, columns [first, first + depth), depth <= chunk_depth.
template <block_format F>
void expand_panels(prepacked_matrix<F> const& q, rectangle part, float* out) {
    for (std::size_t j = 0; j < part.rows; j += panel_rows) {
        std::byte const* const panel = q.lines((part.row + j) / panel_rows);
        for (std::size_t k = 0; k < part.depth; k += line_columns) {
            std::size_t const column = part.first + k;
            if constexpr (F::trits) {
                float const* const digits = &trit_values().digit[0][trit_digit(column)];
                std::byte const* const line = panel + column / trit_line_columns * line_bytes;
                auto const value = [=](std::size_t i) { return digits[std::to_integer<std::size_t>(line[i]) * 5]; };
                place_step(value, j, k, part.depth, out);
            } else {
                std::uint8_t codes[line_bytes];
                portable::read_step(F::element::width, panel, column, codes);
                float const* const table = value_table<typename F::element>();
                place_step([&](std::size_t i) { return table[codes[i]]; }, j, k, part.depth, out);
            }
        }
    }
}

/// Scales (and offsets) of the columns [first, first + count) of a group, for each row of a strip.
template <block_format F>
void read_strip_scales(prepacked_matrix<F> const& q, rectangle part, std::size_t group, float* scale, float* offset) {
    alignas(64) float numbers[2][scale_window * panel_rows] = {};
    for (std::size_t j = 0; j < part.rows; j += panel_rows) {
        read_panel_scales<F>(q.levels(), q.rows(), (part.row + j) / panel_rows, group, 1, portable::scalar_reader, numbers[0], numbers[1]);
        std::copy_n(numbers[0], panel_rows, scale + j);
        std::copy_n(numbers[1], panel_rows, offset + j);
    }
}

/// From elements to dequantised values, with the roundings of apply_scales.
template <block_format F>
void apply_panel_scales(prepacked_matrix<F> const& q, rectangle part, float* strip) {
    constexpr std::size_t group = F::block.cols;
    float scale[strip_columns];
    float offset[strip_columns];
    for (std::size_t k = 0; k < part.depth;) {
        std::size_t const column = part.first + k;
        std::size_t const number = group == 0 ? 0 : column / (group == 0 ? 1 : group);
        std::size_t const stop = group == 0 ? part.depth : std::min(part.depth, (number + 1) * group - part.first);
        read_strip_scales(q, part, number, scale, offset);
        for (std::size_t t = 0; t * tile_columns < part.rows; ++t) {
            scale_tile(offset_of<F>(), stop - k, scale + t * tile_columns, offset + t * tile_columns,
                       strip + t * tile_stride + k * tile_columns);
        }
        k = stop;
    }
}

/// Rows [row, row + rows) of one strip (row a multiple of 32), columns [first, first + depth), depth <= chunk_depth.
template <block_format F>
void decode_panel(prepacked_matrix<F> const& q, reading what, rectangle part, float* out) {
    expand_panels(q, part, out);
    if (what == reading::elements) return;
    apply_panel_scales(q, part, out);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
