// Panels of a prepacked matrix become strips of fp32 directly: the codes already stand in the order of the tiles.
#pragma once

#include <cstddef>

#include "../../matrix/prepacked_matrix.hpp"
#include "decode_row.hpp"
#include "scale_strip.hpp"
#include "strip.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

static_assert(strip_columns == 32, "a strip is one panel of rows32_k_major");

/// Code i of a panel, 32 for each column, in the strip.
struct in_tiles {
    std::size_t operator()(std::size_t i) const noexcept {
        std::size_t const row = i % strip_columns;
        return row / tile_columns * tile_stride + i / strip_columns * tile_columns + row % tile_columns;
    }
};

/// Columns [first, first + depth) of a panel of ternary digits, five columns a byte.
inline void expand_trit_panel(std::byte const* panel, std::size_t first, std::size_t depth, float* out) noexcept {
    trit_table const& table = trit_values();
    for (std::size_t t = 0; t < strip_columns / tile_columns; ++t) {
        for (std::size_t k = 0; k < depth; ++k) {
            std::byte const* const bytes = panel + (first + k) / 5 * strip_columns + t * tile_columns;
            float const* const digits = &table.digit[0][(first + k) % 5];
            float* const to = out + t * tile_stride + k * tile_columns;
            for (std::size_t j = 0; j < tile_columns; ++j) to[j] = digits[std::to_integer<std::size_t>(bytes[j]) * 5];
        }
    }
}

/// Rows [row, row + rows) of one panel (row a multiple of 32), columns [first, first + depth), depth <= chunk_depth.
template <block_format F>
void decode_panel(prepacked_matrix<F> const& q, reading what, rectangle part, float* out) {
    std::size_t const panel = part.row / strip_columns * q.panel_bytes();
    std::byte const* const codes = q.codes().data() + panel;
    if constexpr (F::trits) {
        expand_trit_panel(codes, part.first, part.depth, out);
    } else {
        expand_codes(F::element::width, {codes, q.codes().size() - panel}, part.first * strip_columns,
                     part.depth * strip_columns, value_table<typename F::element>(), out, in_tiles{});
    }
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
