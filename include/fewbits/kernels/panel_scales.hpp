// The scales and offsets of a panel of 16 rows, one vector of 16 for each group of columns: what a SIMD product multiplies by.
#pragma once

#include <algorithm>
#include <cstddef>

#include "portable/decode_row.hpp"
#include "portable/read_scale.hpp"
#include "portable/widen.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// Most groups that one call reads of a row.
inline constexpr std::size_t most_groups = chunk_depth / line_columns;

inline namespace FEWBITS_BASELINE {

/// out[i] = number (row, first + i) of a level of scales, i < count <= most_groups.
template <scale_number S>
void read_number_run(number_storage<S> const& level, std::size_t row, std::size_t first, std::size_t count, float* out) noexcept {
    if constexpr (number_storage<S>::width <= 8) {
        packed_run const run{level.row_bytes(row), level.readable(row)};
        expand_codes(S::width, run, first, count, value_table<S>(), out, in_a_row{});
    } else {
        for (std::size_t i = 0; i < count; ++i) out[i] = read_number(level, row, first + i);
    }
}

/// The same of nested levels, multiplied out.
template <block_composition B>
void read_number_run(block_storage<B> const& level, std::size_t row, std::size_t first, std::size_t count, float* out) noexcept {
    using element = typename B::element;
    if constexpr (element::width > 8 || B::trits || B::block.linear) {
        for (std::size_t i = 0; i < count; ++i) out[i] = read_number(level, row, first + i);
    } else {
        packed_run const run{level.row_codes(row), level.readable(row)};
        expand_codes(element::width, run, first, count, value_table<element>(), out, in_a_row{});
        for (std::size_t i = 0; i < count;) {
            std::size_t const column = first + i;
            std::size_t const group = B::block.cols == 0 ? count : B::block.cols - column % (B::block.cols == 0 ? 1 : B::block.cols);
            std::size_t const end = (std::min)(count, i + group);
            float const scale = read_scale<B>(level.scales(), row, column, level.cols());
            float const offset = read_offset<B>(level.offsets(), row, column, level.cols());
            for (; i < end; ++i) out[i] = block_storage<B>::value_of(out[i], scale, offset);
        }
    }
}

/// Scales of the groups of format F that columns [first, first + depth) of rows [16 panel, 16 panel + 16) touch:
/// scale[16 * g + r]; rows beyond `rows` get 0. Offsets likewise where F has them. depth <= chunk_depth.
template <block_format F, class Scales, class Offsets>
void read_panel_scales(Scales const& scales, Offsets const& offsets, std::size_t rows, std::size_t panel, std::size_t first,
                       std::size_t depth, float* scale, float* offset) noexcept {
    constexpr std::size_t group = F::block.cols;
    std::size_t const begin = group == 0 ? 0 : first / (group == 0 ? 1 : group);
    std::size_t const count = group == 0 ? 1 : (first + depth - 1) / group - begin + 1;
    float line[2][most_groups] = {};
    std::size_t last = static_cast<std::size_t>(-1);
    for (std::size_t r = 0; r < panel_rows; ++r) {
        std::size_t const row = panel * panel_rows + r;
        std::size_t const band = F::block.rows == 0 ? 0 : row / (F::block.rows == 0 ? 1 : F::block.rows);
        if (row < rows && band != last) {
            read_number_run(scales, band, begin, count, line[0]);
            if constexpr (!F::is_symmetric) {
                read_number_run(offsets, band, begin, count, line[1]);
                if constexpr (offset_facts<typename F::offset_type>::sign < 0) {
                    for (std::size_t g = 0; g < count; ++g) line[1][g] = -line[1][g];
                }
            }
            last = band;
        }
        for (std::size_t g = 0; g < count; ++g) scale[g * panel_rows + r] = row < rows ? line[0][g] : 0.0F;
        if constexpr (!F::is_symmetric) {
            for (std::size_t g = 0; g < count; ++g) offset[g * panel_rows + r] = row < rows ? line[1][g] : 0.0F;
        }
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
