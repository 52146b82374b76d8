// Blocks of many elements: whole rows, long runs, tiles. A block of threads reads one twice, the second time from the caches.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../matrix/matrix_view.hpp"
#include "../device_target.hpp"
#include "../quantize/target.hpp"

namespace fewbits {

/// Whether blocks of B have a fixed number of rows and begin on whole bytes of codes.
template <block_composition B>
inline constexpr bool is_tile = B::block.rows != 0 && !B::block.linear && offset_extent<B> == B::block &&
                                (B::trits ? B::block.cols % trit_run == 0 : B::block.cols * B::element::width % 8 == 0);

/// A matrix of T (rows x cols) into format F, a block of threads for a block of elements, with the bits of the host's quantize.
template <block_format F, device_value T>
    requires is_tile<typename F::composition>
struct quantize_tiles : on_sm_80 {
    using composition = typename F::composition;
    static constexpr unsigned threads = 256;
    static constexpr unsigned blocks_per_multiprocessor = 4;
    static constexpr std::size_t shared_bytes = sizeof(block_facts<composition>) * (threads / 32);

    struct arguments {
        matrix_view<T const> from;
        quantize_target<composition> to;
        known_divisor row_runs;  ///< runs of a row of a block
        std::uint32_t grid_cols; ///< blocks side by side
        bool aligned;            ///< every run's values lie on 16 bytes
    };

    /// Runs of a row of a block, of a matrix of `cols` columns.
    static constexpr std::size_t runs_of(std::size_t cols) noexcept {
        return runs_of_row<composition>(F::block.cols == 0 || F::block.cols > cols ? cols : F::block.cols);
    }
    /// What `aligned` says.
    static bool is_aligned(matrix_view<T const> const& from) noexcept {
        bool const runs_lie = !composition::trits && F::block.cols % run_columns == 0;
        return runs_lie && reinterpret_cast<std::uintptr_t>(from.data) % 16 == 0 && from.stride * sizeof(T) % 16 == 0;
    }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        block_position const at{m.block_index() / a.grid_cols, m.block_index() % a.grid_cols};
        std::size_t const row = at.row * F::block.rows;
        std::size_t const col = at.col * F::block.cols;
        auto const rows = static_cast<std::uint32_t>(a.from.rows - row < F::block.rows ? a.from.rows - row : F::block.rows);
        bool const narrower = F::block.cols == 0 || a.from.cols - col < F::block.cols;
        auto const cols = static_cast<std::uint32_t>(narrower ? a.from.cols - col : F::block.cols);
        T const* const block = a.from.row(row) + col;
        std::uint32_t const runs = rows * a.row_runs.value();
        block_facts<composition> found;
        float values[run_columns];
        for (std::uint32_t i = m.thread(); i < runs; i += threads) {
            tile_run const run = run_at(a, i, cols);
            load(a, block, run, values);
            found.add(values, run.count, run.row * cols + static_cast<std::uint32_t>(run.place.col), a.to.with_sign());
        }
        gather(m, found, a.to.with_sign());
        block_numbers const under = a.to.numbers_of(found, at, m.thread() == 0);
        encoder const encode(under.scale, under.offset, found.bound(), a.to.rule);
        std::byte* const codes = a.to.codes + row * a.to.row_bytes + bytes_before(col);
        for (std::uint32_t i = m.thread(); i < runs; i += threads) {
            tile_run const run = run_at(a, i, cols);
            if (run.count == 0) continue;
            load(a, block, run, values);
            std::uint64_t const index = (row + run.row) * a.from.cols + col + run.place.col;
            T const* const from = block + run.row * a.from.stride + run.place.col;
            std::uint64_t const packed = encode.codes(values, run.count, from, index, a.to.rule);
            store_codes<composition>(codes + run.row * a.to.row_bytes + run.place.byte, packed, run.count);
        }
    }

private:
    using encoder = group_encoder<typename F::element, std::conditional_t<uses_scale_as_found<composition>, float, typename F::scale_type>,
                                  offset_kind<composition>>;

    struct tile_run {
        std::uint32_t row;  ///< of the block
        run_place place;
        unsigned count;
    };
    FEWBITS_DEVICE static tile_run run_at(arguments const& a, std::uint32_t i, std::uint32_t cols) {
        std::uint32_t const row = F::block.rows == 1 ? 0 : a.row_runs.quotient(i);
        run_place const place = place_of_run<composition>(i - row * a.row_runs.value());
        return {row, place, columns_of(place, cols)};
    }
    FEWBITS_DEVICE static void load(arguments const& a, T const* block, tile_run const& run, float (&values)[run_columns]) {
        T const* const from = block + (run.count == 0 ? 0 : run.row * a.from.stride + run.place.col);
        if (a.aligned && run.count == run_columns) load_whole_run(from, values);
        else load_run(from, run.count, values);
    }
    FEWBITS_DEVICE static std::size_t bytes_before(std::size_t col) {
        return composition::trits ? col / trit_run * trit_run_bytes : col * F::element::width / 8;
    }

    /// What all threads found, in each of them.
    template <class Machine>
    FEWBITS_DEVICE static void gather(Machine& m, block_facts<composition>& found, bool with_sign) {
        auto* const of_warps = reinterpret_cast<block_facts<composition>*>(m.shared());
        found.template share<32>(m, with_sign);
        if (m.lane() == 0) of_warps[m.warp()] = found;
        m.barrier();
        for (unsigned w = 0; w < threads / 32; ++w) found.add(of_warps[w]);
    }
};

}  // namespace fewbits
