// quantize<F>: a float matrix into any block format. Scales first, then codes under the scales as stored.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <type_traits>
#include <vector>

#include "../matrix/quantized_matrix.hpp"
#include "../target/detect.hpp"
#include "block_scales.hpp"
#include "check_options.hpp"
#include "elements.hpp"
#include "encode_row.hpp"
#include "read_row.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// What a thread needs while it encodes rows.
template <block_composition B>
struct encode_workspace {
    read_workspace<B> scales;
    run_workspace run;
    std::vector<std::uint8_t> codes;
    std::vector<std::byte> packed;
    bool past_caches = false;  ///< see copy_past_caches
    quotient_method method = quotient_method::none;
};

/// Codes of one row under the scales as stored, or as found where the format says so. `again`: they are those of the last row.
template <block_composition B>
void quantize_row(processor const& machine, block_storage<B>& storage, std::size_t row, float const* values, found_scales const& found,
                  element_rule const& rule, bool again, encode_workspace<B>& work) {
    using element = typename B::element;
    using scale_type = std::conditional_t<uses_scale_as_found<B>, float, typename B::scale_type>;
    constexpr block_offset kind = offset_kind<B>;
    std::size_t const cols = storage.cols();
    if (!again) {
        if constexpr (uses_scale_as_found<B>) {
            raw_scales const& raw = found.scales;
            work.scales.scale.resize(raw.cols);
            quotients_of_row(machine, raw, block_of(B::block, row, 0, cols).row - raw.first, 0, raw.cols, work.scales.scale.data());
        } else {
            read_scales_of_row(machine, storage, row, work.scales);
        }
    }
    std::size_t const width = B::block.cols == 0 ? cols : B::block.cols;
    float const largest = bit_cast<float>(found.facts.largest);
    value_groups const run{values, cols, width, work.scales.scale.data(), work.scales.offset.data(), largest, row * cols};
    if (!again) work.method = prepare_run<element, scale_type, kind>(machine, run, rule, work.run.factor);
    constexpr bool packs = element::width != 8 || B::trits;
    std::byte* packed = storage.row_codes(row);
    if (work.past_caches) {
        work.packed.resize(storage.row_bytes());
        packed = work.packed.data();
    }
    if constexpr (packs) work.codes.resize(cols);
    std::uint8_t* const codes = packs ? work.codes.data() : reinterpret_cast<std::uint8_t*>(packed);
    encode_run<element, scale_type, kind, B::block.cols>(machine, work.method, run, rule, work.run, codes);
    if constexpr (packs) write_codes<B>(machine, codes, cols, packed);
    if (work.past_caches) copy_past_caches(machine, packed, work.packed.size(), storage.row_codes(row));
}

/// Whether the scales of every row of blocks depend on that row alone, whatever their levels.
template <class S>
inline constexpr bool rows_stand_alone = true;
template <block_composition B>
inline constexpr bool rows_stand_alone<B> =
    B::block.rows == 1 && !B::block.linear && offset_extent<B> == B::block && rows_stand_alone<typename B::scale_type> &&
    rows_stand_alone<typename offset_facts<typename B::offset_type>::type>;
template <block_composition B>
inline constexpr bool bands_stand_alone =
    B::block.rows != 0 && rows_stand_alone<typename B::scale_type> &&
    rows_stand_alone<typename offset_facts<typename B::offset_type>::type>;

/// Counts finished rows for the caller's progress.
class progress_counter {
public:
    progress_counter(progress_callback const& callback, std::size_t total) noexcept : callback_(callback), total_(total) {}
    void add(std::size_t rows) {
        if (callback_.call == nullptr) return;
        std::lock_guard const lock(mutex_);
        callback_.call(callback_.context, done_ += rows, total_);
    }

private:
    progress_callback callback_;
    std::size_t total_;
    std::size_t done_ = 0;
    std::mutex mutex_;
};

/// Scales and codes of bands that depend on nothing else, but for a scale of the whole matrix that is stored already, while they are in
/// the cache: x is read once.
template <block_composition B>
void quantize_by_bands(processor const& machine, block_storage<B>& storage, matrix_view<const float> x, quantize_options const& o,
                       element_rule const& rule, progress_counter& progress) {
    std::size_t const bands = block_grid(B::block, x.rows, x.cols).row;
    std::size_t const per_task = (rows_per_task(x.rows, x.cols, o.executor) + B::block.rows - 1) / B::block.rows;
    std::atomic<bool> refused{false};
    o.executor.run((bands + per_task - 1) / per_task, [&](std::size_t task) {
        encode_workspace<B> work;
        work.past_caches = x.rows * x.cols >= too_many_for_caches;
        std::size_t rows_done = 0;
        found_scales found = room_for_scales<B>(x, o, 0, 1);
        for (std::size_t band = task * per_task; band < (std::min)(bands, (task + 1) * per_task) && !refused; ++band) {
            matrix_view<const float> const rows = rows_of(x, band * B::block.rows, B::block.rows);
            found.scales.first = found.offsets.first = band;
            std::fill(found.scales.invalid.begin(), found.scales.invalid.end(), std::uint8_t{0});
            found.facts = find_in_band<B>(machine, rows, o, band, found);
            if (found.facts.refused) refused = true;
            if (refused) return;
            if constexpr (needs_tensor_scale_first<B>) {
                store_under_outer_scales(machine, storage.scales(), found.scales, {});
            } else {
                store_found<B>(machine, storage, found, {});
            }
            for (std::size_t r = 0; r < rows.rows; ++r) {
                quantize_row<B>(machine, storage, band * B::block.rows + r, rows.row(r), found, rule, r > 0, work);
            }
            rows_done += rows.rows;
        }
        if (work.past_caches) order_stores(machine);
        progress.add(rows_done);
    });
    if (refused) refuse_non_finite(x);
}

/// All scales first, then all codes: scales that depend on the whole matrix need a first pass over it.
template <block_composition B>
void quantize_in_two_passes(processor const& machine, block_storage<B>& storage, matrix_view<const float> x, quantize_options const& o,
                            element_rule const& rule, progress_counter& progress) {
    if constexpr (needs_tensor_scale_first<B>) {
        if (store_tensor_scale<B>(machine, storage, x, o)) return quantize_by_bands<B>(machine, storage, x, o, rule, progress);
    }
    found_scales found = find_everywhere<B>(machine, x, o);
    if (found.facts.refused) refuse_non_finite(x);
    store_found<B>(machine, storage, found, o.executor);
    std::size_t const per_task = rows_per_task(x.rows, x.cols, o.executor);
    o.executor.run((x.rows + per_task - 1) / per_task, [&](std::size_t task) {
        encode_workspace<B> work;
        work.past_caches = x.rows * x.cols >= too_many_for_caches;
        matrix_view<const float> const rows = rows_of(x, task * per_task, per_task);
        for (std::size_t r = 0; r < rows.rows; ++r) {
            quantize_row<B>(machine, storage, task * per_task + r, rows.row(r), found, rule, B::block.rows == 0 && r > 0, work);
        }
        if (work.past_caches) order_stores(machine);
        progress.add(rows.rows);
    });
}

/// quantize_into() with the kernels of `machine`, which may have less than the processor this runs on: the bits are the same.
template <block_format F>
void quantize_for(processor const& machine, matrix_view<const float> x, quantized_matrix<F>& result, quantize_options const& options) {
    using composition = typename F::composition;
    static_assert(!F::block.linear && offset_extent<composition> == F::block,
                  "blocks of elements are rectangles, and their offsets lie over the same blocks");
    check_options<F>(x, options);
    check_given_scales(options);
    if (result.rows() != x.rows || result.cols() != x.cols) result = quantized_matrix<F>(x.rows, x.cols, unwritten{});
    result.set_permutation({});
    if (x.rows == 0 || x.cols == 0) return;
    element_rule const rule{options.mode, options.overflow, options.full_range, options.seed};
    progress_counter progress(options.progress, x.rows);
    if constexpr (bands_stand_alone<composition>) {
        quantize_by_bands<composition>(machine, result.storage(), x, options, rule, progress);
    } else {
        quantize_in_two_passes<composition>(machine, result.storage(), x, options, rule, progress);
    }
}

/// The same into a new matrix.
template <block_format F>
quantized_matrix<F> quantize_for(processor const& machine, matrix_view<const float> x, quantize_options const& options) {
    quantized_matrix<F> result;
    quantize_for(machine, x, result, options);
    return result;
}

/// `x` (rows x cols, fp32) in block format F. Scales are rounded first and codes use the rounded scales; rounding, rules
/// and options as in quantize_options. Formats whose block scale has a NaN give blocks with an infinity or NaN that scale;
/// the others throw std::invalid_argument naming row and column, as do impossible options.
template <block_format F>
quantized_matrix<F> quantize(matrix_view<const float> x, quantize_options const& options = {}) {
    return quantize_for<F>(this_processor(), x, options);
}

/// The same in the memory that `result` has where its size is that of x: new memory costs the system as much time as the work
/// itself does. What an exception leaves in `result` is not specified.
template <block_format F>
void quantize_into(matrix_view<const float> x, quantized_matrix<F>& result, quantize_options const& options = {}) {
    quantize_for(this_processor(), x, result, options);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
