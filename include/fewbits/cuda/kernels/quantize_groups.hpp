// Blocks that are short runs of a row: each is found, stored and encoded by a few lanes that read their values once.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../matrix/matrix_view.hpp"
#include "../quantize_target.hpp"

namespace fewbits {

/// Whether blocks of B are runs of eight times a power of two columns, at most what a warp holds.
template <block_composition B>
inline constexpr bool is_short_run = B::block.rows == 1 && !B::block.linear && B::block.cols % run_columns == 0 && !B::trits &&
                                     B::block.cols > 0 && B::block.cols <= 32 * run_columns && (B::block.cols & (B::block.cols - 1)) == 0 &&
                                     offset_extent<B> == B::block;

/// A matrix of T (rows x cols) into format F whose blocks are short runs, with the bits of the host's quantize. A lane has 16 columns, or
/// eight; the lanes of a block exchange what they found and come to the same scale, which the first of them stores.
template <block_format F, device_value T>
    requires is_short_run<typename F::composition>
struct quantize_groups {
    using composition = typename F::composition;
    static constexpr int architecture = 800;
    static constexpr unsigned threads = 256;
    static constexpr unsigned blocks_per_multiprocessor = 4;
    static constexpr std::size_t shared_bytes = 0;
    static constexpr unsigned lane_runs = F::block.cols % (2 * run_columns) == 0 ? 2 : 1;
    static constexpr unsigned lane_columns = lane_runs * run_columns;
    static constexpr unsigned lanes = F::block.cols / lane_columns;  ///< of a block

    struct arguments {
        matrix_view<T const> from;
        quantize_target<composition> to;
        known_divisor row_lanes;  ///< lanes of a row, its last block being whole
        std::uint32_t all_lanes;  ///< of all rows
    };

    /// Lanes of a row of `cols` columns.
    static constexpr std::size_t lanes_of(std::size_t cols) noexcept { return (cols + F::block.cols - 1) / F::block.cols * lanes; }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::uint32_t const step = m.blocks() * threads;
        // Whole warps go on or end: their lanes exchange values.
        for (std::uint32_t first = m.block_index() * threads + m.warp() * 32; first < a.all_lanes; first += step) {
            std::uint32_t const row = a.row_lanes.quotient(first + m.lane());
            std::uint32_t const in_row = first + m.lane() - row * a.row_lanes.value();
            std::size_t const col = std::size_t{in_row} * lane_columns;
            std::size_t const left = row < a.from.rows && col < a.from.cols ? a.from.cols - col : 0;
            T const* const from = left == 0 ? a.from.data : a.from.row(row) + col;
            float values[lane_runs][run_columns];
            block_facts<composition> found;
            unrolled<lane_runs>([&](auto r) {
                constexpr unsigned at = r.value * run_columns;
                load_run(from + at, count_at(left, at), values[r.value]);
                found.add(values[r.value], count_at(left, at), in_row % lanes * lane_columns + at, a.to.with_sign());
            });
            found.template share<lanes>(m, a.to.with_sign());
            block_numbers const under = a.to.numbers_of(found, {row, in_row / lanes}, left != 0 && in_row % lanes == 0);
            encoder const encode(under.scale, under.offset, found.bound(), a.to.rule);
            std::byte* const codes = a.to.codes + row * a.to.row_bytes + col / 8 * F::element::width;
            unrolled<lane_runs>([&](auto r) {
                constexpr unsigned at = r.value * run_columns;
                unsigned const count = count_at(left, at);
                if (count == 0) return;
                std::uint64_t const run = encode.codes(values[r.value], count, from + at, row * a.from.cols + col + at, a.to.rule);
                store_run<F::element::width>(codes + r.value * F::element::width, run, count);
            });
        }
    }

private:
    /// How many columns a run that begins `at` columns on has where `left` are left.
    FEWBITS_DEVICE static unsigned count_at(std::size_t left, unsigned at) {
        return left >= at + run_columns ? run_columns : left > at ? static_cast<unsigned>(left) - at : 0U;
    }

    /// Scales used as they were found are plain floats to the elements.
    using encoder = group_encoder<typename F::element, std::conditional_t<uses_scale_as_found<composition>, float, typename F::scale_type>,
                                  offset_kind<composition>>;
};

}  // namespace fewbits
