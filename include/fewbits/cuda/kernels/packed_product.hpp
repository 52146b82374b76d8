// Many rows of bf16 or FP8 activations times packed weights on Hopper: codes become the warpgroup's operand in registers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>

#include "../device_target.hpp"
#include "../fragments/float8_decoder.hpp"
#include "../fragments/fragments.hpp"
#include "../fragments/scale_pairs.hpp"
#include "../operands/result.hpp"
#include "../tiles/stage_ring.hpp"
#include "../tiles/warp_roles.hpp"

namespace fewbits {

/// y (M x N) = a (M x K) * transpose(w (N x K)), w of elements E as skinny_product has them: one scale of type S for every Group columns of
/// a row (0: the row), and offsets, of which an integer is taken off the codes and the rest is multiplied by sums of the activations. The
/// numbers X of a are upper halves of fp32, or floats of 8 bits under scales for AGroup columns of a row (0: the row), whose columns
/// stand in the order of byte_column.
///
/// What is computed is the transpose, since the operand that may come from registers is the first: 64 rows of w, whose codes become bf16
/// (or sums of two) or floats of 8 bits in the lanes that hold them, times Tokens rows of a in shared memory. The sums of a group are
/// fp32, multiplied by its scale and added up in fp32. Tensor cores add FP8 products in about 14 bits, so of these none goes over more
/// than 128 columns, and |error| is at most 2^-6 of the sum over k of |a w| (warpgroup_product).
///
/// All that a step of 64 columns (128 of FP8) needs comes through a ring of stages: the copy engine fetches Tokens rows of a and the
/// codes, scales and offsets of Rows rows of w, many stages ahead, so that few rows are bound by the weights' way from memory. Warpgroups
/// take equal shares of a tile's rows of w, 64 at a time: one decodes while the products of another run. Few tokens leave registers for
/// four of them; with many there are two, which have twice the rows.
///
/// Where there are fewer tiles of y than multiprocessors, the blocks of a cluster share out K of each tile. Each then adds up its share of
/// their sums, which it reads in their shared memory, in their order.
template <scalar X, scalar E, scale_number S, int Group, gemm_result Y, int Tokens = 128, offset_form Offset = offset_form::none,
          int Stages = 0, int AGroup = 0>
    requires has_weights_operand<X, E>
struct packed_product : on_sm_90a {
    static_assert(Tokens == 32 || Tokens == 64 || Tokens == 128);
    static constexpr bool bytes = operand_class_of<X> == operand_class::float8;
    static_assert(bytes ? Offset == offset_form::none && 128 % (AGroup == 0 ? 128 : AGroup) == 0 && AGroup % 32 == 0 : AGroup == 0);
    using decoder = typename weights_operand<X, E>::decoder;
    using operand = typename weights_operand<X, E>::type;
    static constexpr bool few_sums = Tokens == 32 || (Tokens == 64 && Offset != offset_form::any);
    using roles = warp_roles<few_sums ? 4 : 2>;
    static constexpr unsigned threads = roles::threads;
    static constexpr unsigned blocks_per_multiprocessor = 1;
    static constexpr int tokens = Tokens;                                          ///< rows of a in a tile
    static constexpr int rows = Tokens == 128 && decoder::parts != 1 ? 128 : 256;  ///< rows of w in a tile
    static constexpr int panels = rows / fragment_rows;
    static constexpr unsigned most_parts = 8;  ///< blocks of a cluster
    static constexpr int columns = 8 * tile_row_bytes / X::width;    ///< of a step
    static constexpr int tiles_deep = columns / fragment_columns;     ///< tiles of codes in a step
    static constexpr int per_tile = Group == 0 || Group >= fragment_columns ? 1 : fragment_columns / Group;
    static constexpr int records = Group == 0 || Group % columns == 0 ? 1 : tiles_deep;  ///< of scales, in a step
    using scales = scale_pairs<S, per_tile>;
    using offsets = offset_pairs<Offset, per_tile>;

    /// Numbers in a stage that every row of a has: sums, or scales.
    static constexpr int numbers = Offset == offset_form::any ? per_tile : AGroup == 0 ? 0 : columns / (AGroup == 0 ? 1 : AGroup);

    /// Bytes of one tile or record of a panel in a stage.
    static constexpr int code_bytes = static_cast<int>(fragment_tile<E>::bytes);
    static constexpr int scale_bytes = static_cast<int>(8 * sizeof(scales));
    static constexpr int offset_bytes = Offset == offset_form::none ? 0 : static_cast<int>(8 * sizeof(offsets));

    struct arguments {
        tensor_map a;           ///< boxes of Tokens rows
        tensor_map codes;       ///< rows are panels: all tiles, one after the other; boxes of `panels` rows by code_bytes
        tensor_map scales;      ///< the same of the records; boxes of scale_bytes
        tensor_map offsets;     ///< the same where there are offsets
        tensor_map numbers;     ///< for rows of a, a row for every part of K under one scale: sums where Offset is any, scales where
                                ///< AGroup is not 0; boxes of `numbers` rows
        Y* y;
        float const* factors;   ///< N: what the sums of a row of w are multiplied by; NaN where the row holds a NaN
        float const* a_scales;  ///< of FP8 where AGroup is 0: M
        float const* bias;      ///< N, or null
        int m;
        int n;
        int steps;              ///< K / columns, rounded up
        std::size_t stride;     ///< of y's rows
    };

private:
    // Where in a stage they are.
    static constexpr int codes_at = Tokens * tile_row_bytes;
    static constexpr int scales_at = codes_at + tiles_deep * panels * code_bytes;
    static constexpr int offsets_at = scales_at + records * panels * scale_bytes;
    static constexpr int numbers_at = offsets_at + panels * offset_bytes;
    static constexpr int number_bytes = Tokens * static_cast<int>(sizeof(float));
    static constexpr int stage_bytes = numbers_at + numbers * number_bytes;
    static constexpr unsigned consumers = roles::warps * 32;  ///< threads that multiply
    static constexpr std::size_t sum_bytes = sizeof(float) * tokens * rows;
    static_assert(scales_at % 128 == 0 && offsets_at % 128 == 0 && numbers_at % 128 == 0, "the copy engine writes to multiples of 128");
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
    static constexpr int parts_for(int m, int n, int steps, int multiprocessors) noexcept {
        int const room = multiprocessors / clusters_for(m, n);
        int const most = room < steps * columns / 512 ? room : steps * columns / 512;
        return most < 1 ? 1 : most < static_cast<int>(most_parts) ? most : static_cast<int>(most_parts);
    }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        decoder::prepare(m, threads);
        ring ready{m.shared() + decoder::table_bytes};
        ready.prepare(m);
        auto const part = static_cast<int>(m.cluster_rank());
        auto const parts = static_cast<int>(m.cluster_blocks());
        share const mine{a.steps * part / parts, a.steps * (part + 1) / parts, m.cluster_rank(), m.cluster_blocks()};
        roles::run(m, [&] { fetch(m, a, mine, ready); }, [&] { multiply(m, a, mine, ready); });
    }

private:
    static constexpr int waves = rows / static_cast<int>(roles::warps / 4) / 64;  ///< of 64 rows of w that a warpgroup has of a tile
    static constexpr std::size_t held = tokens / 2;                             ///< sums of a wave that a lane holds
    using wave_sums = float[static_cast<std::size_t>(waves)][held];
    static constexpr int deep = instruction_depth<X>;
    static constexpr int span = std::gcd(std::gcd(Group, AGroup), columns);  ///< columns under one scale on either side
    static constexpr int together = span < fragment_columns ? fragment_columns : span;  ///< columns whose codes are loaded at a time
    static constexpr int span_steps = span < deep ? 1 : span / deep;

    /// Steps of K that this block has, and which part of how many they are.
    struct share {
        int begin;
        int end;
        unsigned part;
        unsigned parts;
    };

    template <class Machine>
    FEWBITS_DEVICE static void fetch(Machine& m, arguments const& a, share const& mine, ring at) {
        for_each_tile<tokens, rows>(m, a.m, a.n, [&](int token, int row) {
            auto const step = [&](unsigned t) { fetch_step(m, a, static_cast<int>(t), token, row / fragment_rows, at); };
            rolled(static_cast<unsigned>(mine.begin), static_cast<unsigned>(mine.end), 1, step);  // it has few registers
        }, mine.parts);
    }

    template <class Machine>
    FEWBITS_DEVICE static void fetch_step(Machine& m, arguments const& a, int t, int token, int panel, ring& at) {
        at.expect(m);
        unrolled<tiles_deep>([&](auto i) {
            std::byte* const to = at.place() + codes_at + i.value * panels * code_bytes;
            m.fetch_tile(to, a.codes, at.full(), (t * tiles_deep + i.value) * (code_bytes / 4), panel);
        });
        unrolled<records>([&](auto i) {
            int const tile = t * tiles_deep + i.value;
            int const group = Group == 0 ? 0 : per_tile > 1 ? tile : tile * fragment_columns / (Group == 0 ? 1 : Group);
            m.fetch_tile(at.place() + scales_at + i.value * panels * scale_bytes, a.scales, at.full(), group * (scale_bytes / 4), panel);
            if constexpr (offset_bytes != 0) {
                m.fetch_tile(at.place() + offsets_at, a.offsets, at.full(), group * (offset_bytes / 4), panel);
            }
        });
        if constexpr (numbers != 0) m.fetch_tile(at.place() + numbers_at, a.numbers, at.full(), token, t * numbers);
        m.fetch_tile(at.place(), a.a, at.full(), t * tile_row_bytes, token);
        at.advance();
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
                if constexpr (AGroup != 0) m.warp_barrier();  // every lane has read its scales; the products' wait came before
                at.give_back(m, at.stage);
                at.advance();
            }
            if (mine.parts == 1) unrolled<waves>([&](auto w) { store(m, a, token, row + first + w.value * 64, sums[w.value]); });
            else add_parts(m, a, mine, token, row + first, sums);
        }, mine.parts);
    }

    /// sums += 64 rows of w, of which `panel` is this warp's, times the activations of a stage, a run of columns under one scale on either
    /// side after the other; `part` is for the sums of one.
    template <class Machine>
    FEWBITS_DEVICE static void add_wave(Machine& m, std::byte const* stage, int panel, std::uint64_t activations, float (&part)[held],
                                        float (&sums)[held]) {
        unrolled<columns / together>([&](auto t) {
            constexpr int tile = t.value * (together / fragment_columns);
            auto const lane = static_cast<int>(m.lane());
            int const record = panel * 8 + lane / 4;
            lane_words<E> words[static_cast<std::size_t>(together / fragment_columns)];
            unrolled<together / fragment_columns>([&](auto i) {
                load_tile(stage + codes_at + ((tile + i.value) * panels + panel) * code_bytes, lane, words[i.value],
                          [](std::byte const* place) { return *reinterpret_cast<word4 const*>(place); });
            });
            std::byte const* const scales_here = stage + scales_at + (records == 1 ? 0 : tile) * panels * scale_bytes;
            scales const scale = reinterpret_cast<scales const*>(scales_here)[record];
            [[maybe_unused]] auto const offset = [&]() -> offsets const& {
                return reinterpret_cast<offsets const*>(stage + offsets_at)[record];
            };
            unrolled<together / span>([&](auto g) {
                constexpr int pair = per_tile == 1 ? 0 : g.value * span / Group;
                constexpr int first = tile * fragment_columns + g.value * span;
                std::byte const* const of_a = stage + numbers_at + first / (columns / (numbers == 0 ? 1 : numbers)) * number_bytes;
                // While no registers are taken by products.
                if constexpr (Offset == offset_form::any) add_rest(offset().rest[pair], of_a, lane, sums);
                float factor[2];
                scale.template read<pair>(factor[0], factor[1]);
                unrolled<static_cast<int>(decoder::parts)>([&](auto p) {
                    std::uint32_t fragments[static_cast<std::size_t>(span_steps)][decoder::parts][4];
                    unrolled<span_steps>([&](auto s) {
                        constexpr int column = g.value * span + s.value * deep;
                        lane_words<E> const& from = words[column / fragment_columns];
                        constexpr int step = column % fragment_columns / deep;
                        if constexpr (Offset == offset_form::none) {
                            decoder::template decode<step>(m, from, fragments[s.value]);
                        } else {
                            auto const& centre = offset().centre[pair];
                            using decoding = pair_decoding<E>;
                            std::uint32_t const minus[2] = {decoding::minus_centre(centre[0]), decoding::minus_centre(centre[1])};
                            decoder::template decode_from<step>(from, minus, fragments[s.value]);
                        }
                        if constexpr (span < deep) {  // the other half of the instruction's columns
                            constexpr int other = column % deep == 0 ? 2 : 0;
                            fragments[s.value][0][other] = fragments[s.value][0][other + 1] = 0;
                        }
                    });
                    m.begin_products(part);
                    unrolled<span_steps>([&](auto s) {
                        std::uint64_t const right = advance_tile(activations, (first / deep + s.value) * 32);
                        m.template multiply_tiles<operand, X>(part, fragments[s.value][p.value], right, s.value != 0);
                    });
                    m.commit_products();
                    m.wait_products(number<0>{}, part);
                    add_span<p.value>(part, factor, of_a, lane, sums);
                });
            });
        });
    }

    /// sums += the sums of a span of columns times its scales. Of two parts each has eight rows and, where eight more would be, their
    /// second terms.
    template <int Part>
    FEWBITS_DEVICE static void add_span(float const (&part)[held], float const (&factor)[2], [[maybe_unused]] std::byte const* a_scales,
                                       [[maybe_unused]] int lane, float (&sums)[held]) {
        unrolled<static_cast<int>(held / 4)>([&](auto n) {
            [[maybe_unused]] word2 scale{};
            if constexpr (AGroup != 0) scale = reinterpret_cast<word2 const*>(a_scales)[place_c(lane, 0).col / 2 + n.value * 4];
            unrolled<4>([&](auto i) {
                constexpr int half = decoder::parts == 1 ? i.value / 2 : Part;
                float& sum = sums[n.value * 4 + half * 2 + i.value % 2];
                float factors = factor[half];
                if constexpr (AGroup != 0) factors = mul_rn(factors, bit_cast<float>(scale.at[i.value % 2]));
                sum = fma_rn(factors, part[n.value * 4 + i.value], sum);
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
                    result_of<Y>(scaled(a, t, sum, a.factors[n]), a.bias, static_cast<std::size_t>(n));
            }
        }
        m.cluster_barrier();  // others may still be reading here
    }

    /// The result that a sum of row `token` of a is, but for the bias.
    FEWBITS_DEVICE static float scaled([[maybe_unused]] arguments const& a, [[maybe_unused]] int token, float sum, float factor) {
        if constexpr (bytes) sum = mul_rn(sum, decoder::unit);
        float const result = mul_rn(sum, factor);
        if constexpr (bytes && AGroup == 0) return mul_rn(result, a.a_scales[token]);
        else return result;
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
                if (first + further < a.m) out[further * a.stride] = result_of<Y>(scaled(a, first + further, sum, factor), bias);
            });
        });
    }
};

}  // namespace fewbits
