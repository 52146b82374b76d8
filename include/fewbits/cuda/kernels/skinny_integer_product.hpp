// A few rows of integer activations times integer weights: exact sums of bytes, to the bit what the host computes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../device_target.hpp"
#include "../fragments/byte_order.hpp"
#include "../fragments/fragments.hpp"
#include "../fragments/scale_pairs.hpp"
#include "../operands/result.hpp"

namespace fewbits {

/// y (M x N, fp32) = a (M x K) * transpose(w), M <= 8 * Tiles: int8 activations and weights E, one product of scales for every Group
/// columns (a multiple of 32; 0 = the whole row), defined to the bit as gemm is: over the groups in order, y = fma(f(sum), f(sa * sw), y).
///
/// The weights are the operand A of mma.m16n8k32 as bytes counted from the lowest, so that no sign has to be made; sums of the
/// activations take that off again. The warps of a block share out the tiles of a segment of K; then one thread for each result goes
/// through the segment's sums in order.
template <scalar E, scale_number S, int Group, int Tiles, gemm_result Y = float>
    requires has_bytes<E>
struct skinny_integer_product : on_sm_80 {
    static constexpr unsigned threads = 256;
    static constexpr unsigned blocks_per_multiprocessor = 3;
    static constexpr unsigned warps = threads / 32;
    static constexpr int in_flight = E::width > 4 ? 2 : 4;
    static constexpr int per_tile = Group == 32 ? 2 : 1;  ///< sums of a tile
    static_assert(Group == 0 || Group == 32 || Group % fragment_columns == 0);
    static_assert(Group == 0 || Group <= 4096, "the sums of a group stay in 32 bits");
    static constexpr int segment = 64;  ///< tiles whose sums wait in shared memory
    static constexpr std::size_t shared_bytes = Group == 0 ? sizeof(std::int32_t) * warps * 128 * Tiles
                                                           : sizeof(std::int32_t) * segment * per_tile * 128 * Tiles;

    struct arguments {
        std::byte const* codes;                  ///< tiles of fragment_tile<E>, all of a panel of 16 rows one after the other
        scale_pairs<S, per_tile> const* scales;  ///< [panel][tile, or group where Group >= 64][row 0..7 of the panel, with the one below]
        word2 const* operand;                    ///< activations: [tile][step][n / 8][lane]
        float const* a_scales;                   ///< [group][M]
        std::int32_t const* totals;              ///< sums of the activations: [group][8 * Tiles]
        Y* y;
        float const* bias;    ///< N, or null
        float const* factors; ///< N: 1, or NaN where the row holds a NaN
        int rows;             ///< N
        int count;            ///< M
        int tiles;            ///< of a panel: K / 64, rounded up
        int groups;           ///< of a row, all the sums that y is made of; 1 where Group is 0
        std::size_t stride;   ///< of y's rows
    };

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        if constexpr (Group == 0) whole_row(m, a);
        else by_groups(m, a);
    }

private:
    using sums_type = std::int32_t[static_cast<std::size_t>(Tiles)][4];

    FEWBITS_DEVICE static std::byte const* codes_of(arguments const& a, unsigned panel) {
        return a.codes + static_cast<std::size_t>(panel) * static_cast<std::size_t>(a.tiles) * fragment_tile<E>::bytes;
    }
    template <class Machine>
    FEWBITS_DEVICE static word2 const* operand_of(Machine& m, arguments const& a, int t) {
        return a.operand + t * (byte_steps * Tiles * 32) + static_cast<int>(m.lane());
    }

    /// sums += the bytes of step Step times the activations.
    template <int Step, class Machine>
    FEWBITS_DEVICE static void multiply(Machine& m, lane_words<E> const& words, word2 const* operand,
                                        sums_type& sums) {
        std::uint32_t bytes[4];
        unrolled<4>([&](auto r) { bytes[r.value] = decode_bytes<E, Step, r.value>(words); });
        unrolled<Tiles>([&](auto n) {
            word2 const b = operand[(Step * Tiles + n.value) * 32];
            m.multiply_s8(sums[n.value], bytes, b.at, sums[n.value]);
        });
    }

    /// One sum for each result: the warps' sums are added as integers, in any order.
    template <class Machine>
    FEWBITS_DEVICE static void whole_row(Machine& m, arguments const& a) {
        sums_type sums = {};
        auto const warp = static_cast<int>(m.warp());
        for_tiles<E, in_flight>(m, codes_of(a, m.block_index()), 0, a.tiles, warps, [&](int t, lane_words<E> const& words) {
            word2 const* const operand = operand_of(m, a, t);
            unrolled<byte_steps>([&](auto s) { multiply<s.value>(m, words, operand, sums); });
        });
        auto* const shared = reinterpret_cast<std::int32_t*>(m.shared());
        unrolled<Tiles * 4>([&](auto i) {
            shared[(warp * Tiles * 4 + i.value) * 32 + static_cast<int>(m.lane())] = sums[i.value / 4][i.value % 4];
        });
        m.barrier();
        for (unsigned i = m.thread(); i < 128 * Tiles; i += threads) {
            std::int32_t sum = 0;
            for (unsigned w = 0; w < warps; ++w) sum += shared[w * 128 * Tiles + i];
            store(m, a, i, fold(m, a, i, 0, sum, 0.0F));
        }
    }

    template <class Machine>
    FEWBITS_DEVICE static void by_groups(Machine& m, arguments const& a) {
        auto* const shared = reinterpret_cast<std::int32_t*>(m.shared());
        auto const lane = static_cast<int>(m.lane());
        float y[(128 * Tiles + threads - 1) / threads] = {};
        for (int begin = 0; begin < a.tiles; begin += segment) {
            int const end = begin + segment < a.tiles ? begin + segment : a.tiles;
            auto const add = [&](int t, lane_words<E> const& words) {
                word2 const* const operand = operand_of(m, a, t);
                unrolled<per_tile>([&](auto g) {
                    sums_type sums = {};
                    constexpr int steps = byte_steps / per_tile;
                    unrolled<steps>([&](auto s) { multiply<g.value * steps + s.value>(m, words, operand, sums); });
                    unrolled<Tiles * 4>([&](auto i) {
                        shared[(((t - begin) * per_tile + g.value) * Tiles * 4 + i.value) * 32 + lane] = sums[i.value / 4][i.value % 4];
                    });
                });
            };
            for_tiles<E, in_flight>(m, codes_of(a, m.block_index()), begin, end, warps, add);
            m.barrier();
            for (unsigned i = m.thread(), j = 0; i < 128 * Tiles; i += threads, ++j) y[j] = fold_segment(m, a, i, begin, end, y[j]);
            m.barrier();
        }
        for (unsigned i = m.thread(), j = 0; i < 128 * Tiles; i += threads, ++j) store(m, a, i, y[j]);
    }

    /// Goes on with result i over the groups that end in tiles [begin, end); segments are whole groups.
    template <class Machine>
    FEWBITS_DEVICE static float fold_segment(Machine& m, arguments const& a, unsigned i, int begin, int end, float y) {
        auto const* const shared = reinterpret_cast<std::int32_t const*>(m.shared());
        constexpr int tiles_of_group = Group < fragment_columns ? 1 : Group / fragment_columns;
        static_assert(segment % tiles_of_group == 0);
        for (int t = begin; t < end; t += tiles_of_group) {
            unrolled<per_tile>([&](auto g) {
                int const group = per_tile == 1 ? t / tiles_of_group : t * per_tile + g.value;
                if (group < a.groups) {
                    std::int32_t sum = 0;
                    for (int u = t; u < t + tiles_of_group && u < end; ++u) {
                        sum += shared[((u - begin) * per_tile + g.value) * 128 * Tiles + static_cast<int>(i)];
                    }
                    y = fold<g.value>(m, a, i, group, sum, y);
                }
            });
        }
        return y;
    }

    /// fma(f(sum - what the bias of the bytes added), f(sa * sw), y) for result i of the panel.
    template <int Part = 0, class Machine>
    FEWBITS_DEVICE static float fold(Machine& m, arguments const& a, unsigned i, int group, std::int32_t sum, float y) {
        tile_place const at = place_c(static_cast<int>(i % 32), static_cast<int>(i / 32 % 4));
        int const n = static_cast<int>(i / 128) * 8 + at.col;
        if (n >= a.count) return y;
        std::int32_t const total = a.totals[group * 8 * Tiles + n];
        float upper = 0.0F;
        float lower = 0.0F;
        auto const records = static_cast<std::size_t>((a.groups + per_tile - 1) / per_tile);
        std::size_t const record = static_cast<std::size_t>(m.block_index()) * records + static_cast<std::size_t>(group / per_tile);
        scale_pairs<S, per_tile> const scales = a.scales[record * 8 + static_cast<std::size_t>(at.row % 8)];
        scales.template read<Part>(upper, lower);
        float const scale = mul_rn(a.a_scales[group * a.count + n], at.row < 8 ? upper : lower);
        return fma_rn(static_cast<float>(sum - byte_bias<E> * total), scale, y);
    }

    template <class Machine>
    FEWBITS_DEVICE static void store(Machine& m, arguments const& a, unsigned i, float y) {
        tile_place const at = place_c(static_cast<int>(i % 32), static_cast<int>(i / 32 % 4));
        int const row = static_cast<int>(m.block_index()) * fragment_rows + at.row;
        int const n = static_cast<int>(i / 128) * 8 + at.col;
        if (row >= a.rows || n >= a.count) return;
        a.y[static_cast<std::size_t>(n) * a.stride + static_cast<std::size_t>(row)] =
            result_of<Y>(mul_rn(y, a.factors[row]), a.bias, static_cast<std::size_t>(row));
    }
};

}  // namespace fewbits
