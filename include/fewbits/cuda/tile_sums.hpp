// What a warp adds up of a tile of the result: fp32 sums of bf16 products, or sums of bytes that stay exact.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../bits/rounded.hpp"
#include "fragments.hpp"
#include "operand_tile.hpp"

namespace fewbits {

/// A warp's part of a block's tile of Rows x Cols results: two warps share out the rows, four the columns.
template <int Rows, int Cols>
struct warp_tile {
    static constexpr unsigned warps = 8;
    static constexpr int high = Rows / 32;  ///< tiles of 16 x 8 one below the other
    static constexpr int wide = Cols / 32;  ///< and side by side
    static_assert(wide % 2 == 0);

    FEWBITS_DEVICE static unsigned first_row(unsigned warp) { return warp / 4 * (Rows / 2); }
    FEWBITS_DEVICE static unsigned first_col(unsigned warp) { return warp % 4 * (Cols / 4); }
};

/// f(sa * sw) of two sides, of which one may have no scales.
template <class A, class W>
FEWBITS_DEVICE float scale_product([[maybe_unused]] float a, [[maybe_unused]] float w) {
    if constexpr (!A::has_scales) return w;
    else if constexpr (!W::has_scales) return a;
    else return mul_rn(a, w);
}

/// One thread's sums; scales stand before every unit of `Unit` instructions in K.
///
/// The tensor cores' own sums, which may be cut off rather than rounded, go over one unit, at most 64 columns; the sums of units are fp32,
/// each addition rounded to nearest.
template <class A, class W, int Rows, int Cols, int Chunks, int Unit>
struct float_sums {
    using shape = warp_tile<Rows, Cols>;
    using tile = operand_tile<Chunks>;
    float sum[static_cast<std::size_t>(shape::high)][static_cast<std::size_t>(shape::wide)][4] = {};

    template <class Machine>
    FEWBITS_DEVICE void multiply(Machine& m, A const& a, W const& w, unsigned step, unsigned) {
        unrolled<tile::instructions / Unit>([&](auto unit) {
            std::uint32_t right[Unit * W::terms][static_cast<std::size_t>(shape::wide)][2];
            unrolled<Unit * W::terms * shape::wide / 2>([&](auto i) {
                constexpr int which = i.value / (shape::wide / 2);
                constexpr int n = i.value % (shape::wide / 2) * 2;
                tile::load_b(m, w.term(step, which % W::terms), shape::first_col(m.warp()) + n * 8, unit.value * Unit + which / W::terms,
                             right[which][n], right[which][n + 1]);
            });
            float scales[static_cast<std::size_t>(shape::wide)][2] = {};
            if constexpr (W::has_scales) {
                unsigned const col = shape::first_col(m.warp()) + m.lane() % 4 * 2;
                unrolled<shape::wide * 2>([&](auto n) {
                    scales[n.value / 2][n.value % 2] = w.scale_of(step, unit.value, col + n.value / 2 * 8 + n.value % 2);
                });
            }
            unrolled<shape::high>([&](auto r) {
                float part[static_cast<std::size_t>(shape::wide)][4] = {};
                unrolled<Unit>([&](auto k) {
                    std::uint32_t left[static_cast<std::size_t>(A::terms)][4];
                    unrolled<A::terms>([&](auto t) {
                        tile::load_a(m, a.term(step, t.value), shape::first_row(m.warp()) + r.value * 16, unit.value * Unit + k.value, left[t.value]);
                    });
                    // The products of second terms first: what is small is added while the sum is.
                    unrolled<A::terms * W::terms>([&](auto p) {
                        constexpr int t = (A::terms * W::terms - 1 - p.value) / W::terms;
                        constexpr int u = (A::terms * W::terms - 1 - p.value) % W::terms;
                        unrolled<shape::wide>([&](auto n) {
                            m.multiply_bf16(part[n.value], left[t], right[k.value * W::terms + u][n.value], part[n.value]);
                        });
                    });
                });
                add<r.value>(m, a, step, unit.value, scales, part);
            });
        });
    }
    template <class Machine>
    FEWBITS_DEVICE void finish(Machine&, A const&, W const&, unsigned) {}

private:
    /// The sums of a unit for 16 rows.
    template <int R, class Machine>
    FEWBITS_DEVICE void add(Machine& m, A const& a, unsigned step, int unit, float const (&scales)[static_cast<std::size_t>(shape::wide)][2],
                            float const (&part)[static_cast<std::size_t>(shape::wide)][4]) {
        float left[2] = {};
        if constexpr (A::has_scales) {
            unsigned const row = shape::first_row(m.warp()) + m.lane() / 4 + R * 16;
            unrolled<2>([&](auto h) { left[h.value] = a.scale_of(step, unit, row + h.value * 8); });
        }
        unrolled<shape::wide * 4>([&](auto i) {
            constexpr int n = i.value / 4;
            constexpr int reg = i.value % 4;
            float& to = sum[R][n][reg];
            if constexpr (!A::has_scales && !W::has_scales) to = add_rn(to, part[n][reg]);
            else to = fma_rn(part[n][reg], scale_product<A, W>(left[reg / 2], scales[n][reg % 2]), to);
        });
    }
};

/// The same of integers, to the bit: over the groups in order sum = fma(f(p), f(sa * sw), sum), p the exact sum of products of a group.
/// Group: columns, 0 for all; Unit: columns, 16 or more, that are never of two groups.
template <class A, class W, class Signs, int Rows, int Cols, int Chunks, int Unit, std::size_t Group, int Fraction>
struct exact_sums {
    using shape = warp_tile<Rows, Cols>;
    using tile = operand_tile<Chunks>;
    using integers = std::int32_t[static_cast<std::size_t>(shape::high)][static_cast<std::size_t>(shape::wide)][4];
    float sum[static_cast<std::size_t>(shape::high)][static_cast<std::size_t>(shape::wide)][4] = {};

    template <class Machine>
    FEWBITS_DEVICE void multiply(Machine& m, A const& a, W const& w, unsigned step, unsigned depth) {
        constexpr int units = Chunks * 16 / Unit;
        unrolled<units>([&](auto unit) {
            unsigned const begin = step * (Chunks * 16) + unit.value * Unit;
            if (begin >= depth) return;
            if constexpr (Unit == 16) multiply_once<unit.value % 2>(m, a, w, step, unit.value / 2);
            else unrolled<Unit / 32>([&](auto k) { multiply_once<both>(m, a, w, step, unit.value * (Unit / 32) + k.value); });
            unsigned const end = begin + Unit;
            if constexpr (Group != 0) {
                if (Group == Unit || end % Group == 0 || end >= depth) return fold(m, a, w, step, unit.value);
            }
            if constexpr (is_long) {
                if (end % carry_columns == 0) carry();
            }
        });
    }
    /// The last fold where all of K is one group; `step` was the last.
    template <class Machine>
    FEWBITS_DEVICE void finish(Machine& m, A const& a, W const& w, unsigned step) {
        if constexpr (Group == 0) fold(m, a, w, step, 0);
    }

private:
    static constexpr int both = 2;
    /// Sums over more columns than these may outgrow 32 bits: their upper bits are kept apart.
    static constexpr std::size_t carry_columns = std::size_t{1} << 14;
    static constexpr bool is_long = Group == 0 || Group > carry_columns;
    integers part_ = {};
    std::int32_t above_[is_long ? shape::high : 1][static_cast<std::size_t>(shape::wide)][4] = {};  ///< in 2^16

    /// Half: 0 or 1, the columns of only that half of the instruction.
    template <int Half, class Machine>
    FEWBITS_DEVICE void multiply_once(Machine& m, A const& a, W const& w, unsigned step, unsigned k) {
        std::uint32_t right[static_cast<std::size_t>(shape::wide)][2];
        unrolled<shape::wide / 2>([&](auto n) {
            tile::load_b(m, w.term(step, 0), shape::first_col(m.warp()) + n.value * 16, k, right[2 * n.value], right[2 * n.value + 1]);
        });
        unrolled<shape::high>([&](auto r) {
            std::uint32_t left[4];
            tile::load_a(m, a.term(step, 0), shape::first_row(m.warp()) + r.value * 16, k, left);
            if constexpr (Half != both) {
                left[2 - 2 * Half] = 0;
                left[3 - 2 * Half] = 0;
            }
            unrolled<shape::wide>([&](auto n) {
                std::int32_t(&to)[4] = part_[r.value][n.value];
                m.multiply_bytes(to, left, right[n.value], to, Signs{});
            });
        });
    }

    template <class Each>
    FEWBITS_DEVICE static void for_each(Each const& each) {
        unrolled<shape::high * shape::wide * 4>([&](auto i) {
            constexpr int r = i.value / (shape::wide * 4);
            constexpr int n = i.value / 4 % shape::wide;
            each(number<r>{}, number<n>{}, number<i.value % 4>{});
        });
    }

    FEWBITS_DEVICE void carry() {
        for_each([&](auto r, auto n, auto reg) {
            std::int32_t& low = part_[r.value][n.value][reg.value];
            above_[r.value][n.value][reg.value] += low >> 16;
            low &= 0xFFFF;
        });
    }

    template <class Machine>
    FEWBITS_DEVICE void fold(Machine& m, A const& a, W const& w, unsigned step, int unit) {
        unsigned const row = shape::first_row(m.warp()) + m.lane() / 4;
        unsigned const col = shape::first_col(m.warp()) + m.lane() % 4 * 2;
        for_each([&](auto r, auto n, auto reg) {
            std::int32_t& low = part_[r.value][n.value][reg.value];
            float p = 0.0F;
            if constexpr (is_long) {
                std::int32_t& above = above_[r.value][n.value][reg.value];
                p = static_cast<float>(std::int64_t{above} * 65536 + low);
                above = 0;
            } else {
                p = static_cast<float>(low);
            }
            low = 0;
            if constexpr (Fraction != 0) p = mul_rn(p, 1.0F / static_cast<float>(1 << -Fraction));
            float const left = a.scale_of(step, unit, row + static_cast<unsigned>(r.value * 16 + reg.value / 2 * 8));
            float const right = w.scale_of(step, unit, col + static_cast<unsigned>(n.value * 8 + reg.value % 2));
            float& to = sum[r.value][n.value][reg.value];
            to = fma_rn(p, mul_rn(left, right), to);
        });
    }
};

}  // namespace fewbits
