// What a warp adds up of a tile of the result where matrix instructions multiply by the scales of blocks.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tile_sums.hpp"

namespace fewbits {

/// The instructions of such products: `columns` of K each, the first byte of their scales at a multiple of `bytes`.
template <int ExponentA, int ExponentW>
struct scaled_float8_products {
    static constexpr unsigned columns = 32;
    static constexpr unsigned bytes = 1;

    template <int First, int LaneA, int LaneW, class Machine>
    FEWBITS_DEVICE static void add(Machine& m, float (&sum)[4], std::uint32_t const (&a)[4], std::uint32_t const (&w)[2],
                                   std::uint32_t scales_a, std::uint32_t scales_w) {
        m.multiply_scaled_float8(sum, a, w, scales_a, scales_w, float8_exponents<ExponentA, ExponentW>{},
                                 scale_place<First, LaneA, LaneW>{});
    }
};
template <int Block>
struct scaled_float4_products {
    static constexpr unsigned columns = 64;
    static constexpr unsigned bytes = 64 / Block;

    template <int First, int LaneA, int LaneW, class Machine>
    FEWBITS_DEVICE static void add(Machine& m, float (&sum)[4], std::uint32_t const (&a)[4], std::uint32_t const (&w)[2],
                                   std::uint32_t scales_a, std::uint32_t scales_w) {
        m.multiply_scaled_float4(sum, a, w, scales_a, scales_w, number<Block>{}, scale_place<First, LaneA, LaneW>{});
    }
};

/// One thread's sums. Those of a step, at most 128 columns, are the tensor cores' own; from there they go on in fp32. A word of scales is
/// for `Unit` columns; of its four lanes a quad brings those of two tiles of rows of a, and of four tiles of columns.
template <class A, class W, class Products, unsigned Rows, unsigned Cols, int Chunks, unsigned Unit>
struct block_scaled_sums {
    using shape = warp_tile<Rows, Cols>;
    using tile = operand_tile<Chunks>;
    static constexpr unsigned high = shape::high;
    static constexpr unsigned wide = shape::wide;
    static constexpr unsigned depth = tile::instructions;  ///< instructions of a step
    static constexpr unsigned words = depth * Products::columns / Unit;
    static_assert(depth * Products::columns <= 128 && high % 2 == 0 && wide == 4);
    float sum[high][wide][4] = {};

    template <class Machine>
    FEWBITS_DEVICE void multiply(Machine& m, A const& a, W const& w, unsigned step, unsigned) {
        std::uint32_t right[depth][wide][2];
        repeated<depth * wide / 2>([&](unsigned i) {
            unsigned const k = i / (wide / 2);
            unsigned const n = i % (wide / 2) * 2;
            tile::load_b(m, w.term(step, 0), shape::first_col(m.warp()) + n * 8, k, right[k][n], right[k][n + 1]);
        });
        std::uint32_t scales_w[words];
        std::uint32_t scales_a[words];
        unsigned const col = shape::first_col(m.warp()) + m.lane() % 4 * 8 + m.lane() / 4;
        repeated<words>([&](unsigned u) { scales_w[u] = w.scale_of(step, u, col); });
        unrolled<static_cast<int>(high)>([&](auto r) {
            if constexpr (r.value % 2 == 0) {
                unsigned const in_pair = m.lane() % 4 / 2 * 16 + m.lane() % 2 * 8 + m.lane() / 4;
                unsigned const row = shape::first_row(m.warp()) + r.value * 16 + in_pair;
                repeated<words>([&](unsigned u) { scales_a[u] = a.scale_of(step, u, row); });
            }
            float part[wide][4] = {};
            unrolled<static_cast<int>(depth)>([&](auto k) {
                constexpr unsigned column = k.value * Products::columns;
                constexpr unsigned word = column / Unit;
                constexpr int first = column % Unit / Products::columns * Products::bytes;
                std::uint32_t left[4];
                tile::load_a(m, a.term(step, 0), shape::first_row(m.warp()) + r.value * 16, k.value, left);
                unrolled<static_cast<int>(wide)>([&](auto n) {
                    Products::template add<first, r.value % 2, n.value>(m, part[n.value], left, right[k.value][n.value], scales_a[word],
                                                                        scales_w[word]);
                });
            });
            repeated<wide * 4>([&](unsigned i) {
                float& to = sum[r.value][i / 4][i % 4];
                to = add_rn(to, part[i / 4][i % 4]);
            });
        });
    }

    /// The scales of the whole matrices.
    template <class Machine>
    FEWBITS_DEVICE void finish(Machine&, A const& a, W const& w, unsigned) {
        float const left = a.outer_scale();
        float const right = w.outer_scale();
        repeated<high * wide * 4>([&](unsigned i) {
            float& to = sum[i / (wide * 4)][i / 4 % wide][i % 4];
            to = mul_rn(mul_rn(to, left), right);
        });
    }
};

}  // namespace fewbits
