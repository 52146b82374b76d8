// Panels of a prepacked matrix become strips of fp32: bit planes to codes, codes to values, values to their tile.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../../matrix/prepacked_matrix.hpp"
#include "decode_row.hpp"
#include "scale_strip.hpp"
#include "strip.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

static_assert(strip_columns % panel_rows == 0 && chunk_depth % line_columns == 0);

/// Codes of one step of four columns of a panel: code of row r, column c at 4 * r + c.
template <int Width>
void read_step(std::byte const* panel, std::size_t column, std::uint8_t* codes) noexcept {
    constexpr plane_list planes = planes_of(Width);
    std::fill_n(codes, line_bytes, std::uint8_t{0});
    for (int i = 0; i < planes.count; ++i) {
        bit_place const at = place_in_panel(Width, planes.at[i], 0, column);
        auto const* const line = reinterpret_cast<unsigned char const*>(panel + at.byte);
        unsigned const mask = (1U << planes.at[i].bits) - 1;
        for (std::size_t j = 0; j < line_bytes; ++j) {
            codes[j] = static_cast<std::uint8_t>(codes[j] | (line[j] >> at.shift & mask) << planes.at[i].low_bit);
        }
    }
}

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
        std::byte const* const panel = q.codes().data() + (part.row + j) / panel_rows * q.panel_bytes();
        for (std::size_t k = 0; k < part.depth; k += line_columns) {
            std::size_t const column = part.first + k;
            if constexpr (F::trits) {
                float const* const digits = &trit_values().digit[0][trit_digit(column)];
                std::byte const* const line = panel + column / trit_line_columns * line_bytes;
                auto const value = [=](std::size_t i) { return digits[std::to_integer<std::size_t>(line[i]) * 5]; };
                place_step(value, j, k, part.depth, out);
            } else {
                std::uint8_t codes[line_bytes];
                read_step<F::element::width>(panel, column, codes);
                float const* const table = value_table<typename F::element>();
                place_step([&](std::size_t i) { return table[codes[i]]; }, j, k, part.depth, out);
            }
        }
    }
}

/// Rows [row, row + rows) of one strip (row a multiple of 32), columns [first, first + depth), depth <= chunk_depth.
template <block_format F>
void decode_panel(prepacked_matrix<F> const& q, reading what, rectangle part, float* out) {
    expand_panels(q, part, out);
    if (what == reading::elements) return;
    strip_scales scales;
    for (std::size_t j = 0; j < part.rows; ++j) {
        std::size_t const row = part.row + j;
        scales.phase[j] = group_phase<F>(row, part.first, q.cols());
        if (j != 0 && continues_band<F>(row)) {
            scales.source[j] = scales.source[j - 1];
        } else {
            scales.source[j] = j;
            read_groups<F>(q.scales(), q.offsets(), q.cols(), row, part.first, part.depth, scales.row[j]);
        }
    }
    scale_strip(offset_of<F>(), part.rows, part.depth, group_columns<F>, scales, out);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
