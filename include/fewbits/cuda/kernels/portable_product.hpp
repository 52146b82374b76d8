// The product of any two matrices on tensor cores, from compute capability 8.0 on: the reference for faster kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <type_traits>

#include "../device_target.hpp"
#include "../operand_loader.hpp"
#include "../tile_sums.hpp"
#include "element_product.hpp"

namespace fewbits {

/// y (M x N) = a (M x K) * transpose(w) (N x K) + bias, by one of three ways to multiply, which the formats choose:
///
/// Integers on both sides under groups along K: bytes, to the bit what gemm computes. Elements that are bf16 numbers, or sums of two,
/// under groups of multiples of 16: fp32 sums of at most 64 products, times f(sa * sw). Whatever else: the values as sums of bf16
/// numbers. Two leave 2^-17 of an fp32 number, 0.77e-5; where both sides would leave that, a has three. Products of terms that are
/// together beyond the third are not added: they are below 2^-24.
///
/// A block makes a tile of y: while a step of K is multiplied, the next one is decoded and the one after it is on its way from memory.
/// RowsA x RowsW: the tile; Chunks: runs of 16 bytes of an operand's row in a step.
template <class A, class W, gemm_result Y, unsigned RowsA, unsigned RowsW, int Chunks>
struct tiled_product : on_sm_80 {
    static constexpr bool exact = is_exact_product<A, W>;
    static constexpr bool third = needs_third<A, W>;
    static constexpr std::size_t group = refined_group(scale_group<A, exact, third>, scale_group<W, exact>);
    static constexpr unsigned columns = Chunks * (exact ? 16 : 8);  ///< of a step
    /// Columns under one scale on both sides; one side's groups need not be multiples of the other's.
    static constexpr unsigned unit =
        static_cast<unsigned>(std::gcd(std::gcd(scale_group<A, exact>, scale_group<W, exact>), std::size_t{columns}));

    static constexpr unsigned threads = 256;
    static constexpr unsigned blocks_per_multiprocessor = RowsA * RowsW == 128 * 128 ? 1 : 2;
    using loader_a = operand_loader<A, exact, third, RowsA, Chunks, unit, threads>;
    using loader_w = operand_loader<W, exact, false, RowsW, Chunks, unit, threads>;
    static constexpr std::size_t shared_a = (loader_a::shared_bytes + 127) / 128 * 128;
    static constexpr std::size_t shared_bytes = shared_a + loader_w::shared_bytes;
    using arguments = product_arguments<A, W, Y>;

    static constexpr std::size_t blocks_for(std::size_t m, std::size_t n) noexcept {
        return (m + RowsA - 1) / RowsA * ((n + RowsW - 1) / RowsW);
    }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& args) {
        // Blocks side by side in time have the same rows of w.
        unsigned const high = static_cast<unsigned>((args.a.rows + RowsA - 1) / RowsA);
        std::size_t const row = std::size_t{m.block_index() % high} * RowsA;
        std::size_t const col = std::size_t{m.block_index() / high} * RowsW;
        auto const depth = static_cast<unsigned>(args.depth);
        loader_a const a(args.a, row, depth, m.shared());
        loader_w const w(args.w, col, depth, m.shared() + shared_a);
        unsigned const steps = (depth + columns - 1) / columns;
        sums_type sums;
        if (steps != 0) multiply(m, a, w, steps, depth, sums);
        store(m, args, row, col, sums);
    }

private:
    using shape = warp_tile<RowsA, RowsW>;
    using facts_a = product_operand<A, exact>;
    using facts_w = product_operand<W, exact>;
    using exact_type = exact_sums<loader_a, loader_w, byte_signs<facts_a::has_sign, facts_w::has_sign>, RowsA, RowsW, Chunks, unit, group,
                                  facts_a::fraction + facts_w::fraction>;
    using sums_type = std::conditional_t<exact, exact_type, float_sums<loader_a, loader_w, RowsA, RowsW, Chunks, unit / 16>>;

    template <class Machine>
    FEWBITS_DEVICE static void multiply(Machine& m, loader_a const& a, loader_w const& w, unsigned steps, unsigned depth,
                                        sums_type& sums) {
        float scales_a[loader_a::held];
        float scales_w[loader_w::held];
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

    template <class Machine>
    FEWBITS_DEVICE static void store(Machine& m, arguments const& args, std::size_t first_row, std::size_t first_col,
                                     sums_type const& sums) {
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

/// The largest tile and step that 99 KiB of shared memory hold, what a block has on every chip.
template <class A, class W, gemm_result Y>
struct product_choice {
    static constexpr std::size_t limit = 99 * 1024;
    template <unsigned RowsA, unsigned RowsW, int Chunks>
    static constexpr bool fits = [] {
        using kernel = tiled_product<A, W, Y, RowsA, RowsW, Chunks>;
        return kernel::shared_bytes <= limit && (Chunks == 4 || kernel::columns / kernel::unit <= 2);  // scales want registers
    }();
    static constexpr bool by_elements = [] {
        if constexpr (is_exact_product<A, W>) return !has_byte_tiles<A, W>;
        else return false;
    }();
    static auto choose() {
        if constexpr (by_elements) return std::type_identity<element_product<A, W, Y>>{};
        else if constexpr (fits<128, 128, 8>) return std::type_identity<tiled_product<A, W, Y, 128, 128, 8>>{};
        else if constexpr (fits<128, 128, 4>) return std::type_identity<tiled_product<A, W, Y, 128, 128, 4>>{};
        else if constexpr (fits<64, 128, 4>) return std::type_identity<tiled_product<A, W, Y, 64, 128, 4>>{};
        else return std::type_identity<tiled_product<A, W, Y, 64, 64, 4>>{};
    }
    using type = typename decltype(choose())::type;
};

/// The kernel of any pair.
template <class A, class W, gemm_result Y = float>
using portable_product = typename product_choice<A, W, Y>::type;

}  // namespace fewbits
