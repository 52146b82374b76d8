// quantize<F>: a float matrix into any block format. Scales first, then codes under the scales as stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "../matrix/quantized_matrix.hpp"
#include "block_scales.hpp"
#include "elements.hpp"
#include "pack_row.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Codes of columns [first, first + count) of one row, all in one block.
template <block_composition B>
void encode_block_row(block_storage<B> const& storage, std::size_t row, std::size_t first, float const* values,
                      std::size_t count, element_rule const& rule, std::uint64_t index, std::uint8_t* codes) {
    using element = typename B::element;
    float const scale = storage.scale(row, first);
    if (!is_finite(scale)) {
        for (std::size_t i = 0; i < count; ++i) codes[i] = 0;  // NaN by its scale alone
    } else if constexpr (is_zero_point<typename B::offset_type>) {
        encode_with_zero_point<element>(values, count, scale, storage.offset(row, first), rule, index, codes);
    } else if constexpr (std::is_same_v<typename B::offset_type, symmetric>) {
        encode_elements<element, typename B::scale_type>(values, count, scale, rule, index, codes);
    } else {
        encode_above_minimum<element>(values, count, scale, storage.offset(row, first), rule, index, codes);
    }
}

/// Codebooks whose scale is an absmax use it as it was before it was itself quantized (QLoRA, section 3).
template <block_composition B>
inline constexpr bool uses_scale_as_found = B::element::kind == format_kind::codebook &&
                                            !scale_number<typename B::scale_type> && B::method == scale_method::absmax;

/// Codes of one row under the scales as stored, or as found (`raw`) where the format says so.
template <block_composition B>
void encode_row(block_storage<B>& storage, std::size_t row, float const* values, raw_scales const& raw,
                element_rule const& rule, std::vector<std::uint8_t>& codes) {
    std::size_t const cols = storage.cols();
    std::size_t const run = B::block.cols == 0 ? cols : B::block.cols;
    codes.resize(cols);
    for (std::size_t first = 0; first < cols; first += run) {
        std::size_t const count = (std::min)(run, cols - first);
        std::size_t const index = row * cols + first;
        if constexpr (uses_scale_as_found<B>) {
            block_position const at = block_of(B::block, row, first, cols);
            float const scale = raw.quotient(at.row * raw.cols + at.col);
            encode_elements<typename B::element, float>(values + first, count, scale, rule, index, codes.data() + first);
        } else {
            encode_block_row(storage, row, first, values + first, count, rule, index, codes.data() + first);
        }
    }
    pack_row<B>(codes.data(), cols, storage.row_codes(row));
}

/// `x` (rows x cols, fp32) in block format F. Scales are rounded first and codes use the rounded scales; rounding, rules
/// and options as in quantize_options. Formats whose block scale has a NaN give blocks with an infinity or NaN that scale;
/// the others throw std::invalid_argument naming row and column, as do impossible options.
template <block_format F>
quantized_matrix<F> quantize(matrix_view<const float> x, quantize_options const& options = {}) {
    using composition = typename F::composition;
    static_assert(!F::block.linear && offset_extent<composition> == F::block,
                  "blocks of elements are rectangles, and their offsets lie over the same blocks");
    check_options<F>(x, options);
    quantized_matrix<F> result(x.rows, x.cols);
    if (x.rows == 0 || x.cols == 0) return result;
    auto& storage = result.storage();
    raw_scales const raw = find_and_store_scales<composition>(storage, x, options);

    element_rule const rule{options.mode, options.overflow, options.full_range, options.seed};
    std::size_t const rows_per_task = (std::max)(std::size_t{1}, 16384 / x.cols);
    std::size_t const tasks = (x.rows + rows_per_task - 1) / rows_per_task;
    std::mutex reporting;
    std::size_t done = 0;
    options.executor.run(tasks, [&](std::size_t task) {
        std::vector<std::uint8_t> codes;
        std::size_t const first = task * rows_per_task;
        std::size_t const last = (std::min)(x.rows, first + rows_per_task);
        for (std::size_t row = first; row < last; ++row) {
            encode_row<composition>(storage, row, x.row(row), raw, rule, codes);
        }
        if (options.progress.call != nullptr) {
            std::lock_guard const lock(reporting);
            options.progress.call(options.progress.context, done += last - first, x.rows);
        }
    });
    return result;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
