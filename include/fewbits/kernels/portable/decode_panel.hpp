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

/// From elements to dequantised values, with the roundings of apply_scales.
template <block_format F>
void apply_panel_scales(prepacked_matrix<F> const& q, rectangle part, float* strip) {
    std::size_t const group = F::block.cols == 0 ? q.cols() : F::block.cols;
    std::size_t const first = part.first / group;
    std::size_t const end = (part.first + part.depth + group - 1) / group;
    alignas(64) float scale[scale_window * panel_rows];
    alignas(64) float minimum[scale_window * panel_rows];
    float* const offset = F::is_symmetric ? scale : minimum;  // symmetric: never looked at
    for (std::size_t j = 0; j < part.rows; j += panel_rows) {
        for (std::size_t g = first; g < end; ++g) {
            std::size_t const in_window = (g - first) % scale_window;
            if (in_window == 0) {
                std::size_t const panel = (part.row + j) / panel_rows;
                std::size_t const count = std::min(scale_window, end - g);
                read_panel_scales<F>(q.levels(), q.rows(), panel, g, count, portable::scalar_reader, scale, offset);
            }
            std::size_t const begin = std::max(g * group, part.first) - part.first;
            std::size_t const depth = std::min((g + 1) * group - part.first, part.depth) - begin;
            scale_panel(offset_of<F>(), depth, scale + in_window * panel_rows, offset + in_window * panel_rows, j,
                        strip + begin * tile_columns);
        }
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
