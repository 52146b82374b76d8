// A few rows of activations times a weight matrix that is read once, straight into the matrix instruction's registers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../device_target.hpp"
#include "../fragments/decoders.hpp"
#include "../fragments/fragments.hpp"
#include "../fragments/scale_pairs.hpp"
#include "../operands/result.hpp"

namespace fewbits {

/// y (M x N, fp32) = a (M x K) * transpose(w), M <= 8 * Tiles, w (N x K) of elements E with one scale of type S for every Group columns
/// of a row (a multiple of 16; 0 = the whole row), and an offset beside each scale where there are offsets.
///
/// The weights are the operand A of mma.m16n8k16: a lane's codes come from memory in the order of fragment_order.hpp and become bf16
/// by a few word instructions or a table, and no shared memory stands between. Activations are the operand B: bf16, or a sum of `Terms` of
/// them. Sums of a group are fp32 and are multiplied by its scale; the warps of a block share out K and add their sums in order. Of an
/// offset an integer is taken off the codes before they are multiplied, so that nothing large cancels; the rest is multiplied by sums of
/// the activations.
template <scalar E, scale_number S, int Group, int Terms, int Tiles, gemm_result Y = float, offset_form Offset = offset_form::none>
    requires has_decoder<E>
struct skinny_product : on_sm_80 {
    using decoder = decoder_of<E>;
    static constexpr unsigned threads = 256;
    static constexpr unsigned blocks_per_multiprocessor = 3;
    static constexpr unsigned warps = threads / 32;
    static constexpr int in_flight = E::width > 4 ? 2 : 4;  ///< tiles that a warp asks for before it multiplies
    static constexpr int per_tile = Group == 0 || Group >= fragment_columns ? 1 : fragment_columns / Group;  ///< scales of a row in a tile
    static constexpr std::size_t sum_bytes = sizeof(float) * warps * 128 * Tiles;
    static constexpr std::size_t shared_bytes = sum_bytes > decoder::table_bytes ? sum_bytes : decoder::table_bytes;

    struct arguments {
        std::byte const* codes;        ///< tiles of fragment_tile<E>, all of a panel of 16 rows one after the other
        scale_pairs<S, per_tile> const* scales;  ///< [panel][tile, or group where Group >= 64][row 0..7 of the panel, with the one below]
        offset_pairs<Offset, per_tile> const* offsets;  ///< as scales; null where Offset is none
        word2 const* operand;  ///< activations: [tile][step][n / 8][term][lane]
        float const* totals;   ///< where Offset is any: sums of the activations, [tile][part of it under one scale][8 * Tiles]
        Y* y;
        float const* factors;  ///< N: what the sums of a row are multiplied by; NaN where the row holds a NaN
        float const* bias;     ///< N, or null
        int rows;           ///< N
        int count;          ///< M
        int tiles;          ///< of a panel: K / 64, rounded up
        int groups;         ///< of a row; where Group < 64: tiles
        std::size_t stride; ///< of y's rows
    };

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        auto const panel = static_cast<std::size_t>(m.block_index());
        sums sum = {};
        decoder::prepare(m, threads);
        std::byte const* const codes = a.codes + panel * static_cast<std::size_t>(a.tiles) * fragment_tile<E>::bytes;
        for_tiles<E, in_flight>(m, codes, 0, a.tiles, warps,
                                [&](int t, lane_words<E> const& words) { multiply(m, a, panel, t, words, sum); });
        store(m, a, panel, sum);
    }

private:
    using sums = float[static_cast<std::size_t>(Tiles)][4];

    static_assert(in_flight <= warps);

    template <class Machine>
    FEWBITS_DEVICE static void multiply(Machine& m, arguments const& a, std::size_t panel, int t, lane_words<E> const& words,
                                        sums& sum) {
        auto const lane = static_cast<int>(m.lane());
        constexpr int steps = fragment_steps / per_tile;  // of 16 columns under one scale
        word2 const* const operand = a.operand + (t * (fragment_steps * Tiles * Terms * 32) + lane);
        auto const group = static_cast<std::size_t>(Group == 0 ? 0 : per_tile > 1 ? t : t * fragment_columns / (Group == 0 ? 1 : Group));
        std::size_t const record = (panel * static_cast<std::size_t>(a.groups) + group) * 8 + static_cast<std::size_t>(lane / 4);
        scale_pairs<S, per_tile> const scales = a.scales[record];
        unrolled<per_tile>([&](auto g) {
            float part[std::size_t{Tiles}][decoder::parts][4] = {};
            unrolled<steps>([&](auto s) {
                constexpr int step = g.value * steps + s.value;
                std::uint32_t fragments[decoder::parts][4];
                if constexpr (Offset == offset_form::none) {
                    decoder::template decode<step>(m, words, fragments);
                } else {
                    auto const& centre = a.offsets[record].centre[g.value];
                    using decoding = pair_decoding<E>;
                    std::uint32_t const minus[2] = {decoding::minus_centre(centre[0]), decoding::minus_centre(centre[1])};
                    decoder::template decode_from<step>(words, minus, fragments);
                }
                unrolled<Tiles * Terms>([&](auto n) {
                    word2 const b = operand[(step * Tiles * Terms + n.value) * 32];
                    unrolled<decoder::parts>([&](auto i) {
                        float(&to)[4] = part[n.value / Terms][i.value];
                        m.multiply_bf16(to, fragments[i.value], b.at, to);
                    });
                });
            });
            float upper = 0.0F;
            float lower = 0.0F;
            scales.template read<g.value>(upper, lower);
            unrolled<Tiles>([&](auto n) {
                unrolled<4>([&](auto i) {
                    float& to = sum[n.value][i.value];
                    to = fma_rn(i.value < 2 ? upper : lower, decoder::template row_sum<i.value>(part[n.value]), to);
                });
            });
            if constexpr (Offset == offset_form::any) add_rest<g.value>(a, record, t, lane, sum);
        });
    }

    /// What is left of the offsets, times the sums of the activations that part `Part` of a tile multiplies.
    template <int Part>
    FEWBITS_DEVICE static void add_rest(arguments const& a, std::size_t record, int t, int lane, sums& sum) {
        float const rest[2] = {a.offsets[record].rest[Part][0], a.offsets[record].rest[Part][1]};
        float const* const totals = a.totals + (t * per_tile + Part) * (8 * Tiles);
        unrolled<Tiles * 4>([&](auto i) {
            float& to = sum[i.value / 4][i.value % 4];
            to = fma_rn(rest[i.value % 4 / 2], totals[i.value / 4 * 8 + place_c(lane, i.value % 4).col], to);
        });
    }

    /// The sums of all warps, in their order; then factor and bias.
    template <class Machine>
    FEWBITS_DEVICE static void store(Machine& m, arguments const& a, std::size_t panel, sums const& sum) {
        auto* const shared = reinterpret_cast<float*>(m.shared());
        if constexpr (decoder::table_bytes != 0) m.barrier();  // the table's place is used again
        unrolled<Tiles * 4>([&](auto i) {
            shared[(m.warp() * Tiles * 4 + static_cast<unsigned>(i.value)) * 32 + m.lane()] = sum[i.value / 4][i.value % 4];
        });
        m.barrier();
        for (unsigned i = m.thread(); i < 128 * Tiles; i += threads) {
            float total = 0.0F;
            for (unsigned w = 0; w < warps; ++w) total = add_rn(total, shared[w * 128 * Tiles + i]);
            tile_place const at = place_c(static_cast<int>(i % 32), static_cast<int>(i / 32 % 4));
            int const row = static_cast<int>(panel) * fragment_rows + at.row;
            int const n = static_cast<int>(i / 128) * 8 + at.col;
            if (row < a.rows && n < a.count) {
                a.y[static_cast<std::size_t>(n) * a.stride + static_cast<std::size_t>(row)] =
                    result_of<Y>(mul_rn(total, a.factors[row]), a.bias, static_cast<std::size_t>(row));
            }
        }
    }
};

}  // namespace fewbits
