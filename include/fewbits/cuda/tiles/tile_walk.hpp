// A tile of y by a block of 256 threads: how steps of K follow each other, whatever the operands are.
#pragma once

#include <cstddef>

#include "../operands/result.hpp"
#include "operand_loader.hpp"
#include "tile_sums.hpp"

namespace fewbits {

/// y (M x N) = a (M x K) * transpose(w) (N x K) + bias, a tile of RowsA x RowsW to the block, `Columns` of K in a step: while a step is
/// multiplied, the next one is decoded and the one after it is on its way from memory.
template <class LoaderA, class LoaderW, class Sums, unsigned RowsA, unsigned RowsW, unsigned Columns>
struct tile_walk {
    static constexpr std::size_t shared_a = (LoaderA::shared_bytes + 127) / 128 * 128;
    static constexpr std::size_t shared_bytes = shared_a + LoaderW::shared_bytes;

    static constexpr std::size_t blocks_for(std::size_t m, std::size_t n) noexcept {
        return (m + RowsA - 1) / RowsA * ((n + RowsW - 1) / RowsW);
    }

    template <class Machine, class A, class W, class Y>
    FEWBITS_DEVICE static void run(Machine& m, product_arguments<A, W, Y> const& args) {
        // Blocks side by side in time have the same rows of w.
        unsigned const high = static_cast<unsigned>((args.a.rows + RowsA - 1) / RowsA);
        std::size_t const row = std::size_t{m.block_index() % high} * RowsA;
        std::size_t const col = std::size_t{m.block_index() / high} * RowsW;
        auto const depth = static_cast<unsigned>(args.depth);
        LoaderA const a(args.a, row, depth, m.shared());
        LoaderW const w(args.w, col, depth, m.shared() + shared_a);
        unsigned const steps = (depth + Columns - 1) / Columns;
        Sums sums;
        if (steps != 0) multiply(m, a, w, steps, depth, sums);
        store(m, args, row, col, sums);
    }

private:
    using shape = warp_tile<RowsA, RowsW>;

    template <class Machine>
    FEWBITS_DEVICE static void multiply(Machine& m, LoaderA const& a, LoaderW const& w, unsigned steps, unsigned depth, Sums& sums) {
        typename LoaderA::scale_type scales_a[LoaderA::held];
        typename LoaderW::scale_type scales_w[LoaderW::held];
        auto const copy = [&](unsigned step) {
            if (step < steps) {
                a.copy(m, step);
                w.copy(m, step);
            }
            m.copy_commit();
        };
        auto const decode = [&](unsigned step) {
            a.keep(m, step, scales_a);
            w.keep(m, step, scales_w);
            a.decode(m, step);
            w.decode(m, step);
        };
        copy(0);
        copy(1);
        a.prepare(m);
        w.prepare(m);
        a.fetch_scales(m, 0, scales_a);
        w.fetch_scales(m, 0, scales_w);
        m.copy_wait(number<1>{});
        m.barrier();
        decode(0);
        for (unsigned step = 0; step < steps; ++step) {
            m.copy_wait(number<0>{});
            m.barrier();  // the next stage and this operand are there, the last ones are free
            copy(step + 2);
            a.fetch_scales(m, step + 1, scales_a);
            w.fetch_scales(m, step + 1, scales_w);
            sums.multiply(m, a, w, step, depth);
            if (step + 1 < steps) decode(step + 1);
        }
        sums.finish(m, a, w, steps - 1);
    }

    template <class Machine, class A, class W, class Y>
    FEWBITS_DEVICE static void store(Machine& m, product_arguments<A, W, Y> const& args, std::size_t first_row, std::size_t first_col,
                                     Sums const& sums) {
        repeated<shape::high * shape::wide * 4>([&](unsigned i) {
            unsigned const r = i / (shape::wide * 4);
            unsigned const n = i / 4 % shape::wide;
            tile_place const at = place_c(static_cast<int>(m.lane()), static_cast<int>(i % 4));
            std::size_t const row = first_row + shape::first_row(m.warp()) + r * 16 + static_cast<unsigned>(at.row);
            std::size_t const col = first_col + shape::first_col(m.warp()) + n * 8 + static_cast<unsigned>(at.col);
            if (row < args.a.rows && col < args.w.rows) {
                args.y[row * args.stride + col] = result_of<Y>(sums.sum[r][n][i % 4], args.bias, col);
            }
        });
    }
};

/// Shared memory of a block that every chip has.
inline constexpr std::size_t block_shared_bytes = 99 * 1024;

}  // namespace fewbits
