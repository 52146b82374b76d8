// Blocks that are short runs of a row: each is found, stored and encoded by a few lanes that read their values once.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../matrix/matrix_view.hpp"
#include "../device_target.hpp"
#include "../quantize/target.hpp"

namespace fewbits {

/// Whether blocks of B are runs of eight times a power of two columns, at most what a warp holds.
template <block_composition B>
inline constexpr bool is_short_run = B::block.rows == 1 && !B::block.linear && B::block.cols % run_columns == 0 && !B::trits &&
                                     B::block.cols > 0 && B::block.cols <= 32 * run_columns && (B::block.cols & (B::block.cols - 1)) == 0 &&
                                     offset_extent<B> == B::block;

/// A matrix of T (rows x cols) into format F whose blocks are short runs, with the bits of the host's quantize. A lane has up to 64 bytes
/// of values; the lanes of a block exchange what they found and come to the same scale, which the first of them stores.
template <block_format F, device_value T>
    requires is_short_run<typename F::composition>
struct quantize_groups : plain_block<on_sm_80, 3> {
    using composition = typename F::composition;
    static constexpr bool goes_on = true;  ///< threads go on to further work: fewer blocks will do
    static constexpr std::size_t most_runs = 8 / sizeof(T);  ///< of a lane: 64 bytes of values
    static constexpr std::size_t block_runs = F::block.cols / run_columns;
    static constexpr unsigned lane_runs = block_runs < most_runs ? block_runs : most_runs;
    static constexpr unsigned lane_columns = lane_runs * run_columns;
    static constexpr unsigned lanes = F::block.cols / lane_columns;  ///< of a block

    struct arguments {
        matrix_view<T const> from;
        quantize_target<composition> to;
        known_divisor row_lanes;  ///< lanes of a row, its last block being whole
        std::uint32_t all_lanes;  ///< of all rows
        std::uint32_t cols;
        bool aligned;             ///< every lane's values lie on 16 bytes, and its codes on as many as they are
    };

    /// Lanes of a row of `cols` columns.
    static constexpr std::size_t lanes_of(std::size_t cols) noexcept { return (cols + F::block.cols - 1) / F::block.cols * lanes; }
    /// What `aligned` says.
    static bool is_aligned(matrix_view<T const> const& from, quantize_target<composition> const& to) noexcept {
        auto const lie = [](void const* at, std::size_t apart, std::size_t on) {
            return reinterpret_cast<std::uintptr_t>(at) % on == 0 && apart % on == 0;
        };
        return lie(from.data, from.stride * sizeof(T), 16) && lie(to.codes, to.row_bytes, store_unit);
    }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::uint32_t const step = m.blocks() * threads;
        // Whole warps go on or end: their lanes exchange values.
        for (std::uint32_t first = m.block_index() * threads + m.warp() * 32; first < a.all_lanes; first += step) {
            std::uint32_t const index = first + m.lane();
            std::uint32_t const row = a.row_lanes.quotient(index);
            std::uint32_t const in_row = index - row * a.row_lanes.value();
            std::uint32_t const col = in_row * lane_columns;
            std::uint32_t const left = index < a.all_lanes && col < a.cols ? a.cols - col : 0;
            bool const whole = a.aligned && left >= lane_columns;
            T const* const from = left == 0 ? a.from.data : a.from.row(row) + col;
            float values[lane_runs][run_columns];
            unrolled<lane_runs>([&](auto r) {
                if (whole) load_whole_run(from + r.value * run_columns, values[r.value]);
                else load_run(from + r.value * run_columns, count_at(left, r.value), values[r.value]);
            });
            block_facts<composition> found;
            unrolled<lane_runs>([&](auto r) {
                unsigned const count = whole ? run_columns : count_at(left, r.value);
                found.add(values[r.value], count, in_row % lanes * lane_columns + r.value * run_columns, a.to.with_sign());
            });
            found.template share<lanes>(m, a.to.with_sign());
            block_position const block{left != 0 ? row : 0, in_row / lanes};  // idle lanes are past the last one
            block_numbers const under = a.to.numbers_of(found, block, left != 0 && in_row % lanes == 0);
            encoder const encode(under.scale, under.offset, found.bound(), a.to.rule);
            std::byte* const codes = a.to.codes + row * a.to.row_bytes + std::size_t{in_row} * lane_bytes;
            if (whole && encode.is_fast()) {
                store_fast(encode, values, codes);
            } else {
                unrolled<lane_runs>([&](auto r) {
                    unsigned const count = count_at(left, r.value);
                    std::uint64_t const at = std::uint64_t{row} * a.cols + col + r.value * run_columns;
                    std::uint64_t const run = encode.codes(values[r.value], count, from + r.value * run_columns, at, a.to.rule);
                    store_run<F::element::width>(codes + r.value * F::element::width, run, count);
                });
            }
        }
    }

private:
    static constexpr std::size_t lane_bytes = lane_runs * F::element::width;
    static constexpr std::size_t store_unit = (lane_bytes & -lane_bytes) < 16 ? lane_bytes & -lane_bytes : 16;

    /// How many columns the lane's run `r` has where `left` are left.
    FEWBITS_DEVICE static unsigned count_at(std::uint32_t left, unsigned r) {
        unsigned const at = r * run_columns;
        return left >= at + run_columns ? run_columns : left > at ? left - at : 0U;
    }

    template <class Encoder>
    FEWBITS_DEVICE static void store_fast(Encoder const& encode, float const (&values)[lane_runs][run_columns], std::byte* to) {
        std::uint64_t runs[lane_runs];
        unrolled<lane_runs>([&](auto r) { runs[r.value] = encode.fast_codes(values[r.value]); });
        constexpr int width = F::element::width;
        auto const word = [&](int run, int i) { return static_cast<std::uint32_t>(runs[run] >> 32 * i); };
        if constexpr (lane_runs % 2 == 0 && width == 8) {
            unrolled<lane_runs / 2>([&](auto p) {
                constexpr int r = p.value * 2;
                store_aligned(to + r * width, word4{{word(r, 0), word(r, 1), word(r + 1, 0), word(r + 1, 1)}});
            });
        } else if constexpr (lane_runs == 4 && width == 4) {
            store_aligned(to, word4{{word(0, 0), word(1, 0), word(2, 0), word(3, 0)}});
        } else if constexpr (lane_runs == 2 && width <= 4) {
            store_whole_run<2 * width>(to, runs[1] << (8 * width) | runs[0]);
        } else {
            unrolled<lane_runs>([&](auto r) { store_whole_run<width>(to + r.value * width, runs[r.value]); });
        }
    }

    /// Scales used as they were found are plain floats to the elements.
    using encoder = group_encoder<typename F::element, std::conditional_t<uses_scale_as_found<composition>, float, typename F::scale_type>,
                                  offset_kind<composition>>;
};

}  // namespace fewbits
