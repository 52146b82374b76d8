// Rows of a quantized matrix become fp32: exactly the dequantised values, or the elements without their scales.
#pragma once

#include <algorithm>
#include <cstddef>

#include "../../matrix/quantized_matrix.hpp"
#include "../operand.hpp"
#include "apply_scales.hpp"
#include "expand_codes.hpp"
#include "read_scale.hpp"
#include "tile.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// The offset a block format has beside its scale.
template <block_format F>
constexpr block_offset offset_of() noexcept {
    return F::has_zero_point ? block_offset::zero_point : F::has_minimum ? block_offset::minimum : block_offset::none;
}

/// Columns that share both scale and offset; 1 where the two lie over different blocks.
template <block_format F>
inline constexpr std::size_t group_columns =
    F::is_symmetric || offset_extent<F> == F::block ? F::block.cols : std::size_t{1};

/// Position of column `first` of a row inside its group.
template <block_format F>
constexpr std::size_t group_phase(std::size_t row, std::size_t first, std::size_t cols) noexcept {
    constexpr std::size_t group = group_columns<F> == 0 ? 1 : group_columns<F>;
    return F::block.linear ? (row * cols + first) % group : first % group;
}

/// `scales`, `offsets`: the storages of a quantized or prepacked matrix of `cols` columns.
template <block_format F, class Scales, class Offsets>
void read_groups(Scales const& scales, Offsets const& offsets, std::size_t cols, std::size_t row, std::size_t first,
                 std::size_t depth, group_scales& groups) {
    using composition = typename F::composition;
    constexpr std::size_t group = group_columns<F>;
    std::size_t const phase = group_phase<F>(row, first, cols);
    std::size_t k = 0;
    for (std::size_t g = 0; k < depth; ++g) {
        groups.scale[g] = read_scale<composition>(scales, row, first + k, cols);
        if constexpr (!F::is_symmetric) groups.offset[g] = read_offset<composition>(offsets, row, first + k, cols);
        k = group == 0 ? depth : (g + 1) * group - phase;
    }
}

/// Whether the scales of `row` are the same as those of the row above it.
template <block_format F>
constexpr bool continues_band(std::size_t row) noexcept {
    if (F::block.linear || (!F::is_symmetric && offset_extent<F> != F::block)) return false;
    return F::block.rows == 0 || row % (F::block.rows == 0 ? 1 : F::block.rows) != 0;
}

/// Rows [row, row + rows), stored columns [first, first + depth) with depth <= chunk_depth, `stride` floats apart.
template <block_format F>
void decode_rows(quantized_matrix<F> const& q, reading what, rectangle part, float* out, std::size_t stride) {
    std::byte const* const end = q.codes().data() + q.codes().size();
    group_scales groups{};
    for (std::size_t i = 0; i < part.rows; ++i, out += stride) {
        std::size_t const row = part.row + i;
        std::byte const* const codes = q.row_codes(row);
        if constexpr (F::trits) {
            expand_trits(codes, part.first, part.depth, out);
        } else {
            packed_run const run{codes, static_cast<std::size_t>(end - codes)};
            expand_codes(F::element::width, run, part.first, part.depth, value_table<typename F::element>(), out,
                         in_a_row{});
        }
        if (what == reading::elements) continue;
        if (i == 0 || !continues_band<F>(row)) {
            read_groups<F>(q.storage().scales(), q.storage().offsets(), q.cols(), row, part.first, part.depth, groups);
        }
        apply_scales(offset_of<F>(), group_phase<F>(row, part.first, q.cols()), part.depth, group_columns<F>, groups.scale,
                     groups.offset, out);
    }
}

/// Stored columns [first, first + count) of one row, dequantised to the bit as q.value(row, column) gives them.
template <block_format F>
void decode_row(quantized_matrix<F> const& q, std::size_t row, std::size_t first, std::size_t count, float* out) {
    for (std::size_t done = 0; done < count; done += chunk_depth) {
        rectangle const part{row, 1, first + done, std::min(chunk_depth, count - done)};
        decode_rows(q, reading::values, part, out + done, 0);
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
