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

/// A matrix of T (rows x cols) into format F whose blocks are short runs, with the bits of the host's quantize. A lane has eight columns;
/// the lanes of a block exchange what they found and come to the same scale, which the first of them stores.
template <block_format F, device_value T>
    requires is_short_run<typename F::composition>
struct quantize_groups {
    using composition = typename F::composition;
    static constexpr int architecture = 800;
    static constexpr unsigned threads = 256;
    static constexpr unsigned blocks_per_multiprocessor = 4;
    static constexpr std::size_t shared_bytes = 0;
    static constexpr unsigned lanes = F::block.cols / run_columns;

    struct arguments {
        matrix_view<T const> from;
        quantize_target<composition> to;
        known_divisor row_runs;  ///< runs of a row, its last block being whole
        std::uint32_t runs;      ///< of all rows
    };

    /// Runs of a row of `cols` columns.
    static constexpr std::size_t runs_of(std::size_t cols) noexcept { return (cols + F::block.cols - 1) / F::block.cols * lanes; }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::uint32_t const step = m.blocks() * threads;
        // Whole warps go on or end: their lanes exchange values.
        for (std::uint32_t first = m.block_index() * threads + m.warp() * 32; first < a.runs; first += step) {
            std::uint32_t const run = first + m.lane();
            std::uint32_t const row = a.row_runs.quotient(run);
            std::uint32_t const in_row = run - row * a.row_runs.value();
            std::size_t const col = std::size_t{in_row} * run_columns;
            bool const inside = run < a.runs && col < a.from.cols;
            unsigned const count = !inside ? 0U : a.from.cols - col < run_columns ? static_cast<unsigned>(a.from.cols - col) : run_columns;
            T const* const from = inside ? a.from.row(row) + col : a.from.data;
            float values[run_columns];
            load_run(from, count, values);
            block_facts<composition> found;
            found.add(values, count, in_row % lanes * run_columns, a.to.with_sign());
            found.template share<lanes>(m, a.to.with_sign());
            block_numbers const under = a.to.numbers_of(found, {row, in_row / lanes}, inside && in_row % lanes == 0);
            if (!inside) continue;
            encoder const encode(under.scale, under.offset, found.bound(), a.to.rule);
            std::uint64_t const codes = encode.codes(values, count, from, row * a.from.cols + col, a.to.rule);
            store_run<F::element::width>(a.to.codes + row * a.to.row_bytes + std::size_t{in_row} * F::element::width, codes, count);
        }
    }

private:
    /// Scales used as they were found are plain floats to the elements.
    using encoder = group_encoder<typename F::element, std::conditional_t<uses_scale_as_found<composition>, float, typename F::scale_type>,
                                  offset_kind<composition>>;
};

}  // namespace fewbits
