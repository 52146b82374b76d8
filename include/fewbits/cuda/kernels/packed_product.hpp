// Many rows of 16-bit activations times packed weights on Hopper: codes become the warpgroup's operand in registers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../decoders.hpp"
#include "../device_target.hpp"
#include "../fragments.hpp"
#include "../result.hpp"
#include "../scale_pairs.hpp"
#include "../stage_ring.hpp"
#include "../tile_order.hpp"

namespace fewbits {

/// y (M x N) = a (M x K, upper halves of fp32) * transpose(w (N x K)), w of elements E as skinny_product has them: one scale of type S for
/// every Group columns of a row (0: the row), zero points where Offset is whole.
///
/// What is computed is the transpose, since the operand that may come from registers is the first: 64 rows of w, whose codes every lane
/// loads in the order of fragment_order.hpp and makes bf16, times 128 rows of a in shared memory. Elements are exact there; the sums of a
/// group are fp32, multiplied by its scale and added up in fp32.
///
/// One warp has the copy engine fetch tiles of 128 x 64 activations through a ring of Stages; two warpgroups take half of a tile's Rows
/// rows of w each, 64 at a time, so that one decodes while the other's products run. Rows of 256 fetch less for what they multiply;
/// codes of 4 bits under long groups have registers for that, but for a few in the last step.
template <scalar X, scalar E, scale_number S, int Group, gemm_result Y, offset_form Offset = offset_form::none, int Rows = 128,
          int Stages = 6>
    requires(operand_class_of<X> == operand_class::upper_half && has_bf16_pairs<E> && Offset != offset_form::any)
struct packed_product : on_sm_90a {
    static constexpr unsigned threads = 384;
    static constexpr unsigned blocks_per_multiprocessor = 1;
    static constexpr unsigned consumers = 2;
    static constexpr unsigned consumer_warps = consumers * 4;
    static constexpr int tokens = 128;  ///< rows of a in a tile
    using ring = stage_ring<Stages, tokens * tile_row_bytes, consumer_warps>;
    static constexpr std::size_t shared_bytes = ring::shared_bytes;
    static constexpr int per_tile = Group == 0 || Group >= fragment_columns ? 1 : fragment_columns / Group;
    static_assert(Rows == 128 || Rows == 256);
    static_assert(fragment_columns * X::width == 8 * tile_row_bytes, "a tile of codes is as deep as one of activations");

    struct arguments {
        tensor_map a;                                   ///< boxes of 128 rows
        std::byte const* codes;                         ///< as skinny_product's, and what follows
        scale_pairs<S, per_tile> const* scales;
        offset_pairs<Offset, per_tile> const* offsets;  ///< null where Offset is none
        Y* y;
        float const* factors;                           ///< N
        float const* bias;                              ///< N, or null
        int m;
        int n;
        int tiles;                                      ///< K / 64, rounded up
        int groups;                                     ///< of a row; where Group < 64: tiles
        std::size_t stride;                             ///< of y's rows
    };

    /// Blocks that find work; more than multiprocessors have none.
    static constexpr int blocks_for(int m, int n) noexcept { return (m + tokens - 1) / tokens * ((n + Rows - 1) / Rows); }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        ring stages{m.shared()};
        stages.prepare(m);
        if (m.warp() / 4 == consumers) {
            m.fewer_registers(number<40>{});
            if (m.warp() == consumer_warps && m.elected()) fetch(m, a, stages);
        } else {
            m.more_registers(number<232>{});
            multiply(m, a, stages);
        }
    }

private:
    static constexpr int waves = Rows / static_cast<int>(consumers) / 64;  ///< of 64 rows of w that a warpgroup has of a tile
    static constexpr int held = tokens / 2;                               ///< sums of a wave that a lane holds
    static constexpr int band = 8;
    using wave_words = lane_words<E>[static_cast<std::size_t>(waves)];
    using wave_sums = float[static_cast<std::size_t>(waves)][static_cast<std::size_t>(held)];

    template <class Machine>
    FEWBITS_DEVICE static void fetch(Machine& m, arguments const& a, ring at) {
        for_each_tile<band, tokens, Rows>(m, a.m, a.n, [&](int token, int) {
            for (int t = 0; t < a.tiles; ++t) {
                at.expect(m);
                m.fetch_tile(at.place(), a.a, at.full(), t * tile_row_bytes, token);
                at.advance();
            }
        });
    }

    template <class Machine>
    FEWBITS_DEVICE static void multiply(Machine& m, arguments const& a, ring at) {
        std::uint64_t const first = m.tile(at.place());
        for_each_tile<band, tokens, Rows>(m, a.m, a.n, [&](int token, int row) {
            wave_sums sums = {};
            wave_words words;
            if (a.tiles != 0) unrolled<waves>([&](auto w) { load(m, a, panel_of(m, a, row, w.value), 0, words[w.value]); });
            for (int t = 0; t < a.tiles; ++t) {
                at.wait_full(m);
                std::uint64_t const activations = advance_tile(first, at.stage * tokens * tile_row_bytes);
                unrolled<waves>([&](auto w) {
                    add_wave(m, a, panel_of(m, a, row, w.value), t, activations, words[w.value], sums[w.value]);
                });
                at.give_back(m, at.stage);
                at.advance();
            }
            unrolled<waves>([&](auto w) { store(m, a, token, row_of(m, row, w.value), sums[w.value]); });
        });
    }

    /// This warp's first row of w in a wave of the tile from `row` on.
    template <class Machine>
    FEWBITS_DEVICE static int row_of(Machine& m, int row, int wave) {
        auto const warp = static_cast<int>(m.warp());
        return row + warp / 4 * (waves * 64) + wave * 64 + warp % 4 * fragment_rows;
    }
    /// Its panel; that of the last rows where there are none.
    template <class Machine>
    FEWBITS_DEVICE static std::size_t panel_of(Machine& m, arguments const& a, int row, int wave) {
        int const mine = row_of(m, row, wave) / fragment_rows;
        int const last = (a.n - 1) / fragment_rows;
        return static_cast<std::size_t>(mine < last ? mine : last);
    }

    template <class Machine>
    FEWBITS_DEVICE static void load(Machine& m, arguments const& a, std::size_t panel, int t, lane_words<E>& words) {
        std::size_t const tile = panel * static_cast<std::size_t>(a.tiles) + static_cast<std::size_t>(t);
        load_tile(m, a.codes + tile * fragment_tile<E>::bytes, static_cast<int>(m.lane()), words);
    }

    /// sums += 64 rows of w times the activations of a stage, group by group; then `words` are asked for that come next.
    template <class Machine>
    FEWBITS_DEVICE static void add_wave(Machine& m, arguments const& a, std::size_t panel, int t, std::uint64_t activations,
                                        lane_words<E>& words, float (&sums)[held]) {
        constexpr int steps = fragment_steps / per_tile;
        auto const group = static_cast<std::size_t>(Group == 0 ? 0 : per_tile > 1 ? t : t * fragment_columns / (Group == 0 ? 1 : Group));
        std::size_t const record = (panel * static_cast<std::size_t>(a.groups) + group) * 8 + m.lane() / 4;
        scale_pairs<S, per_tile> const scales = a.scales[record];
        unrolled<per_tile>([&](auto g) {
            std::uint32_t fragments[static_cast<std::size_t>(steps)][1][4];
            unrolled<steps>([&](auto s) {
                constexpr int step = g.value * steps + s.value;
                if constexpr (Offset == offset_form::none) {
                    word_decoder<E>::template decode<step>(m, words, fragments[s.value]);
                } else {
                    auto const& centre = a.offsets[record].centre[g.value];
                    std::uint32_t const minus[2] = {pair_decoding<E>::minus_centre(centre[0]), pair_decoding<E>::minus_centre(centre[1])};
                    word_decoder<E>::template decode_from<step>(words, minus, fragments[s.value]);
                }
            });
            float part[held] = {};
            m.begin_products(part);
            unrolled<steps>([&](auto s) {
                constexpr int bytes = (g.value * steps + s.value) * 16 * X::width / 8;
                m.template multiply_tiles<X, X>(part, fragments[s.value][0], advance_tile(activations, bytes), s.value != 0);
            });
            m.commit_products();
            float upper = 0.0F;
            float lower = 0.0F;
            scales.template read<g.value>(upper, lower);
            m.wait_products(number<0>{}, part);
            unrolled<held>([&](auto i) { sums[i.value] = fma_rn(i.value % 4 < 2 ? upper : lower, part[i.value], sums[i.value]); });
        });
        if (t + 1 < a.tiles) load(m, a, panel, t + 1, words);  // no sooner: the products want the registers
    }

    template <class Machine>
    FEWBITS_DEVICE static void store(Machine& m, arguments const& a, int token, int row, float const (&sums)[held]) {
        auto const lane = static_cast<int>(m.lane());
        unrolled<2>([&](auto h) {
            int const n = row + place_c(lane, 2 * h.value).row;
            if (n >= a.n) return;
            float const factor = a.factors[n];
            float const bias = a.bias == nullptr ? 0.0F : a.bias[n];
            int const first = token + place_c(lane, 0).col;
            Y* const out = a.y + static_cast<std::size_t>(first) * a.stride + static_cast<std::size_t>(n);
            unrolled<held / 2>([&](auto i) {
                constexpr int further = i.value / 2 * 8 + i.value % 2;
                float const sum = sums[i.value / 2 * 4 + h.value * 2 + i.value % 2];
                if (first + further < a.m) out[further * a.stride] = result_of<Y>(mul_rn(sum, factor), a.bias != nullptr, bias);
            });
        });
    }
};

}  // namespace fewbits
