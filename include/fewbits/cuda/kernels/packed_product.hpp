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
#include "../warp_roles.hpp"

namespace fewbits {

/// y (M x N) = a (M x K, upper halves of fp32) * transpose(w (N x K)), w of elements E as skinny_product has them: one scale of type S for
/// every Group columns of a row (0: the row), and offsets, of which an integer is taken off the codes and the rest is multiplied by sums of
/// the activations.
///
/// What is computed is the transpose, since the operand that may come from registers is the first: 64 rows of w, whose codes become bf16
/// (or sums of two) in the lanes that hold them, times Tokens rows of a in shared memory. The sums of a group are fp32, multiplied by its
/// scale and added up in fp32.
///
/// All that a step of 64 columns needs comes through a ring of stages: the copy engine fetches Tokens rows of a and the codes, scales and
/// offsets of Rows rows of w, many stages ahead, so that few rows are bound by the weights' way from memory. Warpgroups take equal
/// shares of a tile's rows of w, 64 at a time: one decodes while the products of another run. Few tokens leave registers for four of
/// them; with many there are two, which have twice the rows.
///
/// Where there are fewer tiles of y than multiprocessors, the blocks of a cluster share out K of each tile. Each then adds up its share of
/// their sums, which it reads in their shared memory, in their order.
template <scalar X, scalar E, scale_number S, int Group, gemm_result Y, int Tokens = 128, offset_form Offset = offset_form::none,
          int Stages = 0>
    requires(operand_class_of<X> == operand_class::upper_half && has_decoder<E>)
struct packed_product : on_sm_90a {
    static_assert(Tokens == 32 || Tokens == 64 || Tokens == 128);
    static_assert(fragment_columns * X::width == 8 * tile_row_bytes, "a tile of codes is as deep as one of activations");
    using decoder = decoder_of<E>;
    static constexpr bool few_sums = Tokens == 32 || (Tokens == 64 && Offset != offset_form::any);
    using roles = warp_roles<few_sums ? 4 : 2>;
    static constexpr unsigned threads = roles::threads;
    static constexpr unsigned blocks_per_multiprocessor = 1;
    static constexpr int tokens = Tokens;                                          ///< rows of a in a tile
    static constexpr int rows = Tokens == 128 && decoder::parts != 1 ? 128 : 256;  ///< rows of w in a tile
    static constexpr int panels = rows / fragment_rows;
    static constexpr unsigned most_parts = 8;  ///< blocks of a cluster
    static constexpr int per_tile = Group == 0 || Group >= fragment_columns ? 1 : fragment_columns / Group;
    using scales = scale_pairs<S, per_tile>;
    using offsets = offset_pairs<Offset, per_tile>;

    /// Bytes of one panel in a stage.
    static constexpr int code_bytes = static_cast<int>(fragment_tile<E>::bytes);
    static constexpr int scale_bytes = static_cast<int>(8 * sizeof(scales));
    static constexpr int offset_bytes = Offset == offset_form::none ? 0 : static_cast<int>(8 * sizeof(offsets));

    struct arguments {
        tensor_map a;           ///< boxes of Tokens rows
        tensor_map codes;       ///< rows are panels: all tiles, one after the other; boxes of `panels` rows by code_bytes
        tensor_map scales;      ///< the same of the records; boxes of scale_bytes
        tensor_map offsets;     ///< the same where there are offsets
        tensor_map totals;      ///< where Offset is any: sums of a, a row for every part of K under one scale; boxes of per_tile rows
        Y* y;
        float const* factors;   ///< N: what the sums of a row of w are multiplied by; NaN where the row holds a NaN
        float const* bias;      ///< N, or null
        int m;
        int n;
        int tiles;              ///< K / 64, rounded up
        std::size_t stride;     ///< of y's rows
    };

private:
    // Where in a stage they are.
    static constexpr int codes_at = Tokens * tile_row_bytes;
    static constexpr int scales_at = codes_at + panels * code_bytes;
    static constexpr int offsets_at = scales_at + panels * scale_bytes;
    static constexpr int totals_at = offsets_at + panels * offset_bytes;
    static constexpr int stage_bytes = totals_at + (Offset == offset_form::any ? per_tile * Tokens * static_cast<int>(sizeof(float)) : 0);
    static constexpr unsigned consumers = roles::warps * 32;  ///< threads that multiply
    static constexpr std::size_t sum_bytes = sizeof(float) * tokens * rows;
    static_assert(scales_at % 128 == 0 && offsets_at % 128 == 0 && totals_at % 128 == 0, "the copy engine writes to multiples of 128");
    static constexpr int stages = [] {
        if (Stages != 0) return Stages;
        int const room = static_cast<int>(most_shared_bytes - decoder::table_bytes) / stage_ring<2, stage_bytes, 1>::bytes_with_barriers;
        return room < 12 ? room : 12;
    }();

public:
    using ring = stage_ring<stages, stage_bytes, roles::warps>;
    static constexpr std::size_t shared_bytes = decoder::table_bytes + (ring::shared_bytes > sum_bytes ? ring::shared_bytes : sum_bytes);

    /// Clusters that find work.
    static constexpr int clusters_for(int m, int n) noexcept { return tiles_of<tokens, rows>(m, n); }
    /// Blocks of a cluster: as many as there is room for, of at least 512 columns each. Where it is not 1 there is a cluster to a
    /// tile.
    static constexpr int parts_for(int m, int n, int tiles, int multiprocessors) noexcept {
        int const room = multiprocessors / clusters_for(m, n);
        int const most = room < tiles / 8 ? room : tiles / 8;
        return most < 1 ? 1 : most < static_cast<int>(most_parts) ? most : static_cast<int>(most_parts);
    }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        decoder::prepare(m, threads);
        ring ready{m.shared() + decoder::table_bytes};
        ready.prepare(m);
        auto const part = static_cast<int>(m.cluster_rank());
        auto const parts = static_cast<int>(m.cluster_blocks());
        share const mine{a.tiles * part / parts, a.tiles * (part + 1) / parts, m.cluster_rank(), m.cluster_blocks()};
        roles::run(m, [&] { fetch(m, a, mine, ready); }, [&] { multiply(m, a, mine, ready); });
    }

private:
    static constexpr int waves = rows / static_cast<int>(roles::warps / 4) / 64;  ///< of 64 rows of w that a warpgroup has of a tile
    static constexpr std::size_t held = tokens / 2;                             ///< sums of a wave that a lane holds
    using wave_sums = float[static_cast<std::size_t>(waves)][held];

    /// Tiles of K that this block has, and which part of how many they are.
    struct share {
        int begin;
        int end;
        unsigned part;
        unsigned parts;
    };

    template <class Machine>
    FEWBITS_DEVICE static void fetch(Machine& m, arguments const& a, share const& mine, ring at) {
        for_each_tile<tokens, rows>(m, a.m, a.n, [&](int token, int row) {
            int const panel = row / fragment_rows;
            for (int t = mine.begin; t < mine.end; ++t) {
                int const group = Group == 0 ? 0 : per_tile > 1 ? t : t * fragment_columns / (Group == 0 ? 1 : Group);
                at.expect(m);
                m.fetch_tile(at.place() + codes_at, a.codes, at.full(), t * (code_bytes / 4), panel);
                m.fetch_tile(at.place() + scales_at, a.scales, at.full(), group * (scale_bytes / 4), panel);
                if constexpr (offset_bytes != 0) {
                    m.fetch_tile(at.place() + offsets_at, a.offsets, at.full(), group * (offset_bytes / 4), panel);
                }
                if constexpr (Offset == offset_form::any) m.fetch_tile(at.place() + totals_at, a.totals, at.full(), token, t * per_tile);
                m.fetch_tile(at.place(), a.a, at.full(), t * tile_row_bytes, token);
                at.advance();
            }
        }, mine.parts);
    }

    template <class Machine>
    FEWBITS_DEVICE static void multiply(Machine& m, arguments const& a, share const& mine, ring at) {
        auto const warp = static_cast<int>(m.warp());
        int const first = warp / 4 * (waves * 64) + warp % 4 * fragment_rows;  // this warp's first row of a tile
        float part[held] = {};
        for_each_tile<tokens, rows>(m, a.m, a.n, [&](int token, int row) {
            wave_sums sums = {};
            for (int t = mine.begin; t < mine.end; ++t) {
                at.wait_full(m);
                std::uint64_t const activations = m.tile(at.place());
                unrolled<waves>([&](auto w) {
                    add_wave(m, at.place(), (first + w.value * 64) / fragment_rows, activations, part, sums[w.value]);
                });
                at.give_back(m, at.stage);
                at.advance();
            }
            if (mine.parts == 1) unrolled<waves>([&](auto w) { store(m, a, token, row + first + w.value * 64, sums[w.value]); });
            else add_parts(m, a, mine, token, row + first, sums);
        }, mine.parts);
    }

    /// sums += 64 rows of w, of which `panel` is this warp's, times the activations of a stage, group by group; `part` is for a group's.
    template <class Machine>
    FEWBITS_DEVICE static void add_wave(Machine& m, std::byte const* stage, int panel, std::uint64_t activations, float (&part)[held],
                                        float (&sums)[held]) {
        constexpr int steps = fragment_steps / per_tile;
        auto const lane = static_cast<int>(m.lane());
        int const record = panel * 8 + lane / 4;
        lane_words<E> words;
        load_tile(stage + codes_at + panel * code_bytes, lane, words,
                  [](std::byte const* place) { return *reinterpret_cast<word4 const*>(place); });
        scales const scale = reinterpret_cast<scales const*>(stage + scales_at)[record];
        [[maybe_unused]] auto const offset = [&]() -> offsets const& {
            return reinterpret_cast<offsets const*>(stage + offsets_at)[record];
        };
        unrolled<per_tile>([&](auto g) {
            if constexpr (Offset == offset_form::any) {  // while no registers are taken by products
                add_rest(offset().rest[g.value], stage + totals_at + g.value * tokens * static_cast<int>(sizeof(float)), lane, sums);
            }
            float factor[2];
            scale.template read<g.value>(factor[0], factor[1]);
            unrolled<static_cast<int>(decoder::parts)>([&](auto p) {
                std::uint32_t fragments[static_cast<std::size_t>(steps)][decoder::parts][4];
                unrolled<steps>([&](auto s) {
                    constexpr int step = g.value * steps + s.value;
                    if constexpr (Offset == offset_form::none) {
                        decoder::template decode<step>(m, words, fragments[s.value]);
                    } else {
                        auto const& centre = offset().centre[g.value];
                        using decoding = pair_decoding<E>;
                        std::uint32_t const minus[2] = {decoding::minus_centre(centre[0]), decoding::minus_centre(centre[1])};
                        decoder::template decode_from<step>(words, minus, fragments[s.value]);
                    }
                });
                m.begin_products(part);
                unrolled<steps>([&](auto s) {
                    constexpr int bytes = (g.value * steps + s.value) * 16 * X::width / 8;
                    m.template multiply_tiles<X, X>(part, fragments[s.value][p.value], advance_tile(activations, bytes), s.value != 0);
                });
                m.commit_products();
                m.wait_products(number<0>{}, part);
                unrolled<static_cast<int>(held)>([&](auto i) {
                    // Of two parts each has eight rows and, where eight more would be, their second terms.
                    constexpr int half = decoder::parts == 1 ? i.value % 4 / 2 : p.value;
                    float& sum = sums[i.value / 4 * 4 + half * 2 + i.value % 2];
                    sum = fma_rn(factor[half], part[i.value], sum);
                });
            });
        });
    }

    /// What is left of the offsets of a lane's two rows, times sums of the activations.
    FEWBITS_DEVICE static void add_rest(float const (&rest)[2], std::byte const* totals, int lane, float (&sums)[held]) {
        float const* const mine = reinterpret_cast<float const*>(totals) + place_c(lane, 0).col;
        unrolled<static_cast<int>(held)>([&](auto i) {
            sums[i.value] = fma_rn(rest[i.value % 4 / 2], mine[i.value / 4 * 8 + i.value % 2], sums[i.value]);
        });
    }

    /// The sums of all blocks of the cluster, of which each stores every parts-th.
    template <class Machine>
    FEWBITS_DEVICE static void add_parts(Machine& m, arguments const& a, share const& mine, int token, int row, wave_sums const& sums) {
        constexpr unsigned all = waves * held;
        float* const own = reinterpret_cast<float*>(m.shared() + decoder::table_bytes) + m.thread();
        m.barrier(1, consumers);  // the last stages were read
        unrolled<static_cast<int>(all)>([&](auto i) { own[i.value * consumers] = sums[i.value / held][i.value % held]; });
        m.cluster_barrier();
        for (unsigned i = mine.part; i < all; i += mine.parts) {
            float all_parts[most_parts];
            repeated<most_parts>([&](unsigned p) {
                if (p < mine.parts) all_parts[p] = m.read_shared(own + i * consumers, p);
            });
            float sum = all_parts[0];
            repeated<most_parts - 1>([&](unsigned p) {
                if (p + 1 < mine.parts) sum = add_rn(sum, all_parts[p + 1]);
            });
            auto const reg = static_cast<int>(i % held);
            tile_place const at = place_c(static_cast<int>(m.lane()), reg % 4);
            int const n = row + static_cast<int>(i / held) * 64 + at.row;
            int const t = token + reg / 4 * 8 + at.col;
            if (n < a.n && t < a.m) {
                a.y[static_cast<std::size_t>(t) * a.stride + static_cast<std::size_t>(n)] =
                    result_of<Y>(mul_rn(sum, a.factors[n]), a.bias, static_cast<std::size_t>(n));
            }
        }
        m.cluster_barrier();  // others may still be reading here
    }

    template <class Machine>
    FEWBITS_DEVICE static void store(Machine& m, arguments const& a, int token, int row, float const (&sums)[held]) {
        auto const lane = static_cast<int>(m.lane());
        unrolled<2>([&](auto h) {
            int const n = row + place_c(lane, 2 * h.value).row;
            if (n >= a.n) return;
            float const factor = a.factors[n];
            float const bias = a.bias == nullptr ? no_bias : a.bias[n];
            int const first = token + place_c(lane, 0).col;
            Y* const out = a.y + static_cast<std::size_t>(first) * a.stride + static_cast<std::size_t>(n);
            unrolled<static_cast<int>(held / 2)>([&](auto i) {
                constexpr int further = i.value / 2 * 8 + i.value % 2;
                float const sum = sums[i.value / 2 * 4 + h.value * 2 + i.value % 2];
                if (first + further < a.m) out[further * a.stride] = result_of<Y>(mul_rn(sum, factor), bias);
            });
        });
    }
};

}  // namespace fewbits
