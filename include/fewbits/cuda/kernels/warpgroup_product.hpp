// Many rows of 8-bit activations times 8-bit weights on Hopper: the copy engine fetches tiles, warpgroups multiply them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../../bits/rounded.hpp"
#include "../device_target.hpp"
#include "../fragments/fragments.hpp"
#include "../operands/result.hpp"
#include "../operands/tile_operands.hpp"
#include "../tiles/stage_ring.hpp"
#include "../tiles/warp_roles.hpp"
#include "../unrolled.hpp"

namespace fewbits {

/// y (M x N) = a (M x K) * transpose(w (N x K)), both floats or both integers of 8 bits as the host formats store them: row-major, first
/// bytes of rows a multiple of 16 bytes apart and from address 0, K any number. Group 128: one scale of a for every row and 128 columns of
/// K, one of w for 128 rows and 128 columns. Group 0: scales per row, or for the whole matrix with a step of 0 from row to row.
///
/// Tensor cores add FP8 products in about 14 bits: each of the 33 terms of an instruction is cut off 13 bits below the top of the
/// largest. Sums of 128 columns go to fp32 from there, always, so that |error| is at most 2^-6 of the sum over k of |a w|; about 2^-12 is
/// usual where signs are mixed, 2^-10 where they are not. Integers, Group 0 only, give y = fma(f(sum), f(sa * sw), 0) to the bit as gemm
/// does; K < 131072, so that sums stay in 32 bits.
///
/// One warpgroup's first warp fetches tiles of Rows x 128 and 128 x 128 bytes through a ring of Stages; two warpgroups multiply half of a
/// tile's rows each, 64 at a time, so that one adds up while the other's products run. Blocks stay and take tile after tile. Rows of 256
/// fetch less for what they multiply; they want a large M.
template <scalar A, scalar W, int Group, gemm_result Y = float, int Rows = 128, int Stages = Rows == 128 ? 6 : 4>
    requires(A::width == 8 && operand_class_of<A> != operand_class::none && operand_class_of<A> == operand_class_of<W>)
struct warpgroup_product : on_sm_90a {
    using roles = warp_roles<2>;
    static constexpr unsigned threads = roles::threads;
    static constexpr unsigned blocks_per_multiprocessor = 1;
    static constexpr int rows = Rows;  ///< of a tile of y
    static constexpr int cols = 128;
    static constexpr int depth = tile_row_bytes;
    static constexpr int a_bytes = Rows * depth;
    static constexpr int w_bytes = cols * depth;
    using ring = stage_ring<Stages, a_bytes + w_bytes, roles::warps>;
    static constexpr std::size_t shared_bytes = ring::shared_bytes;
    static constexpr bool integers = operand_class_of<A> == operand_class::int8;
    static_assert(Group == 0 || (Group == depth && !integers));
    static_assert(Rows == 128 || Rows == 256);

    struct arguments {
        tensor_map a;  ///< boxes of Rows rows
        tensor_map w;  ///< boxes of 128 rows
        float const* a_scales;  ///< [M * a_step], or [M][K / 128 rounded up]
        float const* w_scales;  ///< [N * w_step], or [N / 128 rounded up][K / 128 rounded up]
        Y* y;                   ///< aligned to two numbers
        float const* bias;      ///< N, or null
        int m;
        int n;
        int steps;              ///< K / 128 rounded up
        int a_step;             ///< Group 0: 1, or 0 where one scale holds for all rows
        int w_step;
        std::size_t stride;     ///< of y's rows
    };

    /// Blocks that find work; more than multiprocessors have none.
    static constexpr int tiles(int m, int n) noexcept { return tiles_of<Rows, cols>(m, n); }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        ring stages{m.shared()};
        stages.prepare(m);
        roles::run(m, [&] { fetch(m, a, stages); }, [&] { multiply(m, a, stages); });
    }

private:
    static constexpr int rows_each = Rows / 2;
    static constexpr int waves = rows_each / 64;  ///< products of 64 rows that a warpgroup has of a tile
    static constexpr int held = cols / 2;         ///< sums of a wave that a lane holds

    template <class Machine>
    FEWBITS_DEVICE static void fetch(Machine& m, arguments const& a, ring at) {
        for_each_tile<Rows, cols>(m, a.m, a.n, [&](int row, int col) {
            for (int k = 0; k < a.steps; ++k) {
                at.expect(m);
                m.fetch_tile(at.place(), a.a, at.full(), k * depth, row);
                m.fetch_tile(at.place() + a_bytes, a.w, at.full(), k * depth, col);
                at.advance();
            }
        });
    }

    using part_type = std::conditional_t<integers, std::int32_t, float>;
    template <class T>
    using sums_of = T[static_cast<std::size_t>(waves)][static_cast<std::size_t>(held)];

    /// What this warpgroup multiplies in the first stage.
    struct stage_tiles {
        std::uint64_t a;
        std::uint64_t w;
    };

    template <class Machine>
    FEWBITS_DEVICE static void multiply(Machine& m, arguments const& a, ring at) {
        int const mine = static_cast<int>(m.warp()) / 4 * rows_each + static_cast<int>(m.warp()) % 4 * 16;
        stage_tiles const first{m.tile(at.place() + m.warp() / 4 * (rows_each * depth)), m.tile(at.place() + a_bytes)};
        for_each_tile<Rows, cols>(m, a.m, a.n, [&](int row, int col) {
            sums_of<part_type> sums = {};
            if constexpr (integers) add_integers(m, a, at, first, sums);
            else add_floats(m, a, at, first, row + mine, col, sums);
            bool const whole = row + Rows <= a.m && col + cols <= a.n && a.stride % 2 == 0;
            unrolled<waves>([&](auto w) {
                if (whole) store<true>(m, a, row + mine + w.value * 64, col, sums[w.value]);
                else store<false>(m, a, row + mine + w.value * 64, col, sums[w.value]);
            });
        });
    }

    /// part (+)= 64 rows of a times w, over the stage's columns; on its way.
    template <int Wave, class Machine>
    FEWBITS_DEVICE static void start(Machine& m, ring const& at, stage_tiles const& first, part_type (&part)[held], bool add) {
        std::uint64_t const left = advance_tile(first.a, at.stage * (a_bytes + w_bytes) + Wave * 64 * depth);
        std::uint64_t const right = advance_tile(first.w, at.stage * (a_bytes + w_bytes));
        m.begin_products(part);
        unrolled<depth / 32>([&](auto s) {
            constexpr int bytes = s.value * 32;
            m.template multiply_tiles<A, W>(part, advance_tile(left, bytes), advance_tile(right, bytes), add || bytes != 0);
        });
    }

    /// A step's sums are short: they are added up, scaled, in fp32.
    template <class Machine>
    FEWBITS_DEVICE static void add_floats(Machine& m, arguments const& a, ring& at, stage_tiles const& first, int row, int col,
                                          sums_of<float>& sums) {
        step_scales scales(a, row + place_c(static_cast<int>(m.lane()), 0).row, col);
        float part[held] = {};
        for (int k = 0; k < a.steps; ++k) {
            at.wait_full(m);
            unrolled<waves>([&](auto w) {
                start<w.value>(m, at, first, part, false);
                m.commit_products();
                if constexpr (w.value == 0) scales.next(k + 1 < a.steps ? k + 1 : k);
                m.wait_products(number<0>{}, part);
                if constexpr (w.value == waves - 1) at.give_back(m, at.stage);
                unrolled<held>([&](auto i) {
                    float& sum = sums[w.value][i.value];
                    if constexpr (Group == 0) sum = add_rn(sum, part[i.value]);
                    else sum = fma_rn(part[i.value], scales.factor[w.value * 2 + i.value % 4 / 2], sum);
                });
            });
            at.advance();
        }
    }

    /// Integers stay where they are: a step's products run while the next are made ready.
    template <class Machine>
    FEWBITS_DEVICE static void add_integers(Machine& m, arguments const& a, ring& at, stage_tiles const& first,
                                            sums_of<std::int32_t>& sums) {
        int before = 0;
        for (int k = 0; k < a.steps; ++k) {
            at.wait_full(m);
            unrolled<waves>([&](auto w) { start<w.value>(m, at, first, sums[w.value], true); });
            m.commit_products();
            unrolled<waves>([&](auto w) { m.wait_products(number<1>{}, sums[w.value]); });
            if (k != 0) at.give_back(m, before);
            before = at.stage;
            at.advance();
        }
        unrolled<waves>([&](auto w) { m.wait_products(number<0>{}, sums[w.value]); });
        if (a.steps != 0) at.give_back(m, before);
    }

    /// The scales of Group 128 for a lane's rows, two of each wave, and the columns of a tile; rows past the end have those of the last.
    /// They are asked for a step ahead.
    struct step_scales {
        float const* rows[static_cast<std::size_t>(waves) * 2];
        float const* others;
        float row_scale[static_cast<std::size_t>(waves) * 2] = {};
        float other_scale = 0.0F;
        float factor[static_cast<std::size_t>(waves) * 2] = {};

        FEWBITS_DEVICE step_scales(arguments const& a, int row, int col) : others(a.w_scales + std::ptrdiff_t{col / cols} * a.steps) {
            unrolled<waves * 2>([&](auto i) {
                int const wanted = row + i.value / 2 * 64 + i.value % 2 * 8;
                rows[i.value] = a.a_scales + std::ptrdiff_t{wanted < a.m ? wanted : a.m - 1} * a.steps;
            });
            if (a.steps != 0) load(0);
        }
        FEWBITS_DEVICE void next(int step) {
            unrolled<waves * 2>([&](auto i) { factor[i.value] = mul_rn(row_scale[i.value], other_scale); });
            load(step);
        }
        FEWBITS_DEVICE void load(int step) {
            if constexpr (Group != 0) {
                unrolled<waves * 2>([&](auto i) { row_scale[i.value] = rows[i.value][step]; });
                other_scale = others[step];
            }
        }
    };

    /// A wave's sums to their places: a lane's rows from `row` + its own on, columns from `col` on. Whole: all are there, pairs aligned.
    template <bool Whole, class Machine>
    FEWBITS_DEVICE static void store(Machine& m, arguments const& a, int row, int col, part_type const (&sums)[held]) {
        tile_place const at = place_c(static_cast<int>(m.lane()), 0);
        float row_scale[2];
        unrolled<2>([&](auto h) {
            int const r = row + at.row + h.value * 8;
            row_scale[h.value] = Group == 0 && (Whole || r < a.m) ? a.a_scales[std::ptrdiff_t{r} * a.a_step] : 1.0F;
        });
        Y* const out = a.y + static_cast<std::size_t>(row + at.row) * a.stride + (col + at.col);
        unrolled<cols / 8>([&](auto j) {
            int const c = col + at.col + j.value * 8;
            int const there = Whole ? 2 : a.n - c;  // columns from this one on
            [[maybe_unused]] float col_scale[2] = {1.0F, 1.0F};
            float bias[2] = {no_bias, no_bias};
            unrolled<2>([&](auto i) {
                if (i.value >= there) return;
                if constexpr (Group == 0) col_scale[i.value] = a.w_scales[std::ptrdiff_t{c + i.value} * a.w_step];
                if (a.bias != nullptr) bias[i.value] = a.bias[c + i.value];
            });
            unrolled<2>([&](auto h) {
                if (!Whole && row + at.row + h.value * 8 >= a.m) return;
                float y[2];
                unrolled<2>([&](auto i) {
                    y[i.value] = static_cast<float>(sums[j.value * 4 + h.value * 2 + i.value]);
                    if constexpr (Group == 0) {
                        float const scale = mul_rn(row_scale[h.value], col_scale[i.value]);
                        y[i.value] = fma_rn(y[i.value], scale, 0.0F);
                    }
                });
                Y* const to = out + h.value * 8 * a.stride + j.value * 8;
                if constexpr (Whole) {
                    store_results(to, y, bias);
                } else {
                    unrolled<2>([&](auto i) {
                        if (i.value < there) to[i.value] = result_of<Y>(y[i.value], bias[i.value]);
                    });
                }
            });
        });
    }
};

}  // namespace fewbits
