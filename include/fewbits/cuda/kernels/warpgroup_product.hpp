// Many rows of 8-bit activations times 8-bit weights on Hopper: the copy engine fetches tiles, warpgroups multiply them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../../bits/rounded.hpp"
#include "../fragments.hpp"
#include "../machine_types.hpp"
#include "../output_pairs.hpp"
#include "../tile_operands.hpp"
#include "../tile_order.hpp"
#include "../unrolled.hpp"
#include "../words.hpp"

namespace fewbits {

/// y (M x N) = a (M x K) * transpose(w (N x K)), both floats or both integers of 8 bits as the host formats store them: row-major, first
/// bytes of rows a multiple of 16 bytes apart and from address 0, K any number. Group 128: one scale of a for every row and 128 columns of
/// K, one of w for 128 rows and 128 columns. Group 0: scales per row, or for the whole matrix with a step of 0 from row to row.
///
/// Tensor cores add FP8 products in about 14 bits; sums of 128 columns go to fp32 from there, always. |error| is at most about 2^-10 of the
/// sum over k of |a w|. Integers, Group 0 only, give y = fma(f(sum), f(sa * sw), 0) to the bit as gemm does; K < 131072, so that sums stay
/// in 32 bits.
///
/// One warpgroup's first warp fetches tiles of 128 x 128 bytes of both operands through a ring of Stages; two warpgroups multiply 64 rows
/// of a tile each, so that one adds up while the other's products run. Blocks stay and take tile after tile.
template <scalar A, scalar W, int Group, scale_number Out = float, int Stages = 6>
    requires(A::width == 8 && operand_class_of<A> != operand_class::none && operand_class_of<A> == operand_class_of<W>)
struct warpgroup_product {
    static constexpr int architecture = 900;
    static constexpr bool one_architecture = true;
    static constexpr unsigned threads = 384;
    static constexpr unsigned blocks_per_multiprocessor = 1;
    static constexpr int side = 128;   ///< rows and columns of a tile of y
    static constexpr int depth = tile_row_bytes;
    static constexpr int tile_bytes = side * depth;
    static constexpr std::size_t shared_bytes = Stages * (2 * tile_bytes + 2 * sizeof(std::uint64_t));
    static constexpr bool integers = operand_class_of<A> == operand_class::int8;
    static_assert(Group == 0 || (Group == depth && !integers));
    static_assert(Stages >= 2 && shared_bytes <= 232448, "as much shared memory as a block can have");

    using out_type = typename output_pairs<Out>::number_type;

    struct arguments {
        tensor_map a;  ///< boxes of 128 rows
        tensor_map w;
        float const* a_scales;  ///< [M * a_step], or [M][K / 128 rounded up]
        float const* w_scales;  ///< [N * w_step], or [N / 128 rounded up][K / 128 rounded up]
        out_type* y;            ///< aligned to two numbers
        float const* bias;      ///< N, or null
        int rows;               ///< M
        int cols;               ///< N
        int steps;              ///< K / 128 rounded up
        int a_step;             ///< Group 0: 1, or 0 where one scale holds for all rows
        int w_step;
        std::size_t stride;     ///< of y's rows
    };

    /// Blocks that find work: no more than these and than there are multiprocessors.
    static constexpr int tiles(int rows, int cols) noexcept { return ((rows + side - 1) / side) * ((cols + side - 1) / side); }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        ring stages{m.shared()};
        if (m.thread() == 0) {
            for (int s = 0; s < Stages; ++s) {
                m.init_phases(stages.full() + s, 1);
                m.init_phases(stages.empty() + s, consumer_warps);
            }
            m.publish_phases();
        }
        m.barrier();
        if (m.warp() / 4 == consumers) {
            m.fewer_registers(number<40>{});
            if (m.warp() == consumer_warps && m.elected()) fetch(m, a, stages);
        } else {
            m.more_registers(number<232>{});
            multiply(m, a, stages);
        }
    }

private:
    static constexpr unsigned consumers = 2;
    static constexpr unsigned consumer_warps = consumers * 4;
    static constexpr int rows_each = side / static_cast<int>(consumers);
    static constexpr int band = 8;

    /// The stages, in whose order both sides go round. A stage's barriers end a phase each time it was filled, and emptied.
    struct ring {
        std::byte* shared;
        int stage = 0;
        unsigned parity = 0;  ///< of the phases of this round

        FEWBITS_DEVICE std::uint64_t* full() const { return reinterpret_cast<std::uint64_t*>(shared + Stages * 2 * tile_bytes); }
        FEWBITS_DEVICE std::uint64_t* empty() const { return full() + Stages; }
        FEWBITS_DEVICE std::byte* a() const { return shared + stage * tile_bytes; }
        FEWBITS_DEVICE std::byte* w() const { return shared + (Stages + stage) * tile_bytes; }
        FEWBITS_DEVICE void advance() {
            if (++stage == Stages) {
                stage = 0;
                parity ^= 1U;
            }
        }
    };

    /// work(row tile, column tile) for every tile of this block's.
    template <class Machine, class Work>
    FEWBITS_DEVICE static void for_each_tile(Machine& m, arguments const& a, Work const& work) {
        int const row_tiles = (a.rows + side - 1) / side;
        int const col_tiles = (a.cols + side - 1) / side;
        for (int t = static_cast<int>(m.block_index()); t < row_tiles * col_tiles; t += static_cast<int>(m.blocks())) {
            tile_place const at = tile_in_order<band>(t, row_tiles, col_tiles);
            work(at.row * side, at.col * side);
        }
    }

    template <class Machine>
    FEWBITS_DEVICE static void fetch(Machine& m, arguments const& a, ring at) {
        for_each_tile(m, a, [&](int row, int col) {
            for (int k = 0; k < a.steps; ++k) {
                m.wait_phase(at.empty() + at.stage, at.parity ^ 1U);
                m.arrive_expecting(at.full() + at.stage, 2 * tile_bytes);
                m.fetch_tile(at.a(), a.a, at.full() + at.stage, k * depth, row);
                m.fetch_tile(at.w(), a.w, at.full() + at.stage, k * depth, col);
                at.advance();
            }
        });
    }

    using part_type = std::conditional_t<integers, std::int32_t, float>;

    template <class Machine>
    FEWBITS_DEVICE static void multiply(Machine& m, arguments const& a, ring at) {
        int const mine = static_cast<int>(m.warp()) * 16;  // this warp's 16 rows of the tile
        part_type part[side / 2] = {};
        for_each_tile(m, a, [&](int row, int col) {
            float sums[side / 2] = {};
            if constexpr (integers) {
                add_integers(m, a, at, part);
                unrolled<side / 2>([&](auto i) { sums[i.value] = static_cast<float>(part[i.value]); });
            } else {
                add_floats(m, a, at, row + mine, col, part, sums);
            }
            bool const whole = row + side <= a.rows && col + side <= a.cols && a.stride % 2 == 0;
            if (whole) store<true>(m, a, row + mine, col, sums);
            else store<false>(m, a, row + mine, col, sums);
        });
    }

    /// part (+)= this warpgroup's rows of a times w, over the stage's columns, once its tiles are there; on its way.
    template <class Machine>
    FEWBITS_DEVICE static void start(Machine& m, ring const& at, part_type (&part)[side / 2], bool add) {
        m.wait_phase(at.full() + at.stage, at.parity);
        std::uint64_t const left = m.tile(at.a() + m.warp() / 4 * (rows_each * depth));
        std::uint64_t const right = m.tile(at.w());
        m.begin_products(part);
        unrolled<depth / 32>([&](auto s) {
            constexpr int bytes = s.value * 32;
            m.template multiply_tiles<A, W>(part, advance_tile(left, bytes), advance_tile(right, bytes), add || bytes != 0);
        });
        m.commit_products();
    }
    template <class Machine>
    FEWBITS_DEVICE static void give_back(Machine& m, ring const& at, int stage) {
        if (m.lane() == 0) m.arrive(at.empty() + stage);
    }

    /// A step's sums are short: they are added up, scaled, in fp32.
    template <class Machine>
    FEWBITS_DEVICE static void add_floats(Machine& m, arguments const& a, ring& at, int row, int col, float (&part)[side / 2],
                                          float (&sums)[side / 2]) {
        tile_scales scales(a, row + place_c(static_cast<int>(m.lane()), 0).row, col);
        for (int k = 0; k < a.steps; ++k) {
            scales.load(k);
            start(m, at, part, false);
            m.wait_products(number<0>{}, part);
            give_back(m, at, at.stage);
            at.advance();
            unrolled<side / 2>([&](auto i) {
                if constexpr (Group == 0) sums[i.value] = add_rn(sums[i.value], part[i.value]);
                else sums[i.value] = fma_rn(part[i.value], scales.factor[i.value % 4 / 2], sums[i.value]);
            });
        }
    }

    /// Integers stay where they are: a step's products run while the next are made ready.
    template <class Machine>
    FEWBITS_DEVICE static void add_integers(Machine& m, arguments const& a, ring& at, std::int32_t (&part)[side / 2]) {
        int before = 0;
        for (int k = 0; k < a.steps; ++k) {
            start(m, at, part, k != 0);
            m.wait_products(number<1>{}, part);
            if (k != 0) give_back(m, at, before);
            before = at.stage;
            at.advance();
        }
        m.wait_products(number<0>{}, part);
        if (a.steps != 0) give_back(m, at, before);
        else unrolled<side / 2>([&](auto i) { part[i.value] = 0; });
    }

    /// The scales of Group 128 for a lane's two rows and the columns of a tile; rows past the end have those of the last.
    struct tile_scales {
        float const* upper;
        float const* lower;
        float const* cols;
        float factor[2] = {1.0F, 1.0F};

        FEWBITS_DEVICE tile_scales(arguments const& a, int row, int col)
            : upper(row_of(a, row)), lower(row_of(a, row + 8)), cols(a.w_scales + std::ptrdiff_t{col / side} * a.steps) {}
        FEWBITS_DEVICE static float const* row_of(arguments const& a, int row) {
            return a.a_scales + std::ptrdiff_t{row < a.rows ? row : a.rows - 1} * a.steps;
        }
        FEWBITS_DEVICE void load(int k) {
            if constexpr (Group != 0) {
                factor[0] = mul_rn(upper[k], cols[k]);
                factor[1] = mul_rn(lower[k], cols[k]);
            }
        }
    };

    /// A lane's sums to their places: rows from `row` + its own on, columns from `col` on. Whole: all of them are there, on 8 bytes.
    template <bool Whole, class Machine>
    FEWBITS_DEVICE static void store(Machine& m, arguments const& a, int row, int col, float const (&sums)[side / 2]) {
        tile_place const at = place_c(static_cast<int>(m.lane()), 0);
        float row_scale[2];
        unrolled<2>([&](auto h) {
            int const r = row + at.row + h.value * 8;
            row_scale[h.value] = Group == 0 && (Whole || r < a.rows) ? a.a_scales[std::ptrdiff_t{r} * a.a_step] : 1.0F;
        });
        out_type* const out = a.y + static_cast<std::size_t>(row + at.row) * a.stride + (col + at.col);
        unrolled<side / 8>([&](auto j) {
            int const c = col + at.col + j.value * 8;
            int const there = Whole ? 2 : a.cols - c;  // columns from this one on
            [[maybe_unused]] float col_scale[2] = {1.0F, 1.0F};
            float bias[2] = {-0.0F, -0.0F};  // leaves every number as it is
            unrolled<2>([&](auto i) {
                if (i.value >= there) return;
                if constexpr (Group == 0) col_scale[i.value] = a.w_scales[std::ptrdiff_t{c + i.value} * a.w_step];
                if (a.bias != nullptr) bias[i.value] = a.bias[c + i.value];
            });
            unrolled<2>([&](auto h) {
                if (!Whole && row + at.row + h.value * 8 >= a.rows) return;
                float y[2];
                unrolled<2>([&](auto i) {
                    y[i.value] = sums[j.value * 4 + h.value * 2 + i.value];
                    if constexpr (Group == 0) {
                        float const scale = mul_rn(row_scale[h.value], col_scale[i.value]);
                        y[i.value] = fma_rn(y[i.value], scale, 0.0F);
                    }
                    y[i.value] = add_rn(y[i.value], bias[i.value]);
                });
                out_type* const to = out + h.value * 8 * a.stride + j.value * 8;
                if constexpr (Whole) {
                    output_pairs<Out>::store(to, y[0], y[1]);
                } else {
                    if (there > 0) output_pairs<Out>::store_one(to, y[0]);
                    if (there > 1) output_pairs<Out>::store_one(to + 1, y[1]);
                }
            });
        });
    }
};

}  // namespace fewbits
