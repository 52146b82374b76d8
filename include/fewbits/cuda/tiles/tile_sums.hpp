// What a warp adds up of a tile of the result: fp32 sums of products of floats, or sums of bytes that stay exact.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../bits/rounded.hpp"
#include "../fragments/fragments.hpp"
#include "../unrolled.hpp"
#include "operand_tile.hpp"

namespace fewbits {

/// A warp's part of a block's tile of Rows x Cols results: two warps share out the rows, four the columns.
template <unsigned Rows, unsigned Cols>
struct warp_tile {
    static constexpr unsigned high = Rows / 32;  ///< tiles of 16 x 8 one below the other
    static constexpr unsigned wide = Cols / 32;  ///< and side by side
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

/// What float_sums multiplies: pairs of bf16 numbers, or floats of 8 bits with so many bits of exponent on either side.
struct bf16_products {
    template <class Machine>
    FEWBITS_DEVICE static void add(Machine& m, float (&sum)[4], std::uint32_t const (&a)[4], std::uint32_t const (&w)[2]) {
        m.multiply_bf16(sum, a, w, sum);
    }
};
template <int ExponentA, int ExponentW>
struct float8_products {
    template <class Machine>
    FEWBITS_DEVICE static void add(Machine& m, float (&sum)[4], std::uint32_t const (&a)[4], std::uint32_t const (&w)[2]) {
        m.multiply_float8(sum, a, w, float8_exponents<ExponentA, ExponentW>{});
    }
};

/// One thread's sums; scales stand before every unit of `Unit` instructions in K.
///
/// The tensor cores' own sums, which may be cut off rather than rounded, go over one unit, at most 64 columns (128 of 8 bits); the sums of
/// units are fp32, each addition rounded to nearest, so that over a long K errors do not all go the same way.
template <class A, class W, class Products, unsigned Rows, unsigned Cols, int Chunks, unsigned Unit>
struct float_sums {
    using shape = warp_tile<Rows, Cols>;
    using tile = operand_tile<Chunks>;
    static constexpr unsigned high = shape::high;
    static constexpr unsigned wide = shape::wide;
    float sum[high][wide][4] = {};

    template <class Machine>
    FEWBITS_DEVICE void multiply(Machine& m, A const& a, W const& w, unsigned step, unsigned) {
        rolled(0, tile::instructions / Unit, 1, [&](unsigned unit) {
            std::uint32_t right[Unit][W::terms][wide][2];
            repeated<Unit * W::terms * wide / 2>([&](unsigned i) {
                unsigned const k = i / (W::terms * wide / 2);
                unsigned const t = i / (wide / 2) % W::terms;
                unsigned const n = i % (wide / 2) * 2;
                tile::load_b(m, w.term(step, t), shape::first_col(m.warp()) + n * 8, unit * Unit + k, right[k][t][n], right[k][t][n + 1]);
            });
            float scales[wide][2] = {};
            if constexpr (W::has_scales) {
                unsigned const col = shape::first_col(m.warp()) + m.lane() % 4 * 2;
                repeated<wide * 2>([&](unsigned n) { scales[n / 2][n % 2] = w.scale_of(step, unit, col + n / 2 * 8 + n % 2); });
            }
            repeated<high>([&](unsigned r) {
                float part[wide][4] = {};
                repeated<Unit>([&](unsigned k) { multiply_rows(m, a, step, unit * Unit + k, r, right[k], part); });
                add(m, a, step, unit, r, scales, part);
            });
        });
    }
    template <class Machine>
    FEWBITS_DEVICE void finish(Machine&, A const&, W const&, unsigned) {}

private:
    /// part += 16 rows of a times all of the warp's columns, for instruction k in K of the step.
    template <class Machine>
    FEWBITS_DEVICE static void multiply_rows(Machine& m, A const& a, unsigned step, unsigned k, unsigned r,
                                             std::uint32_t const (&right)[W::terms][wide][2], float (&part)[wide][4]) {
        std::uint32_t left[A::terms][4];
        repeated<A::terms>([&](unsigned t) { tile::load_a(m, a.term(step, t), shape::first_row(m.warp()) + r * 16, k, left[t]); });
        // The products of second terms first: what is small is added while the sum is.
        repeated<A::terms * W::terms>([&](unsigned p) {
            unsigned const t = (A::terms * W::terms - 1 - p) / W::terms;
            unsigned const u = (A::terms * W::terms - 1 - p) % W::terms;
            if (t + u > 2) return;  // below 2^-24
            repeated<wide>([&](unsigned n) { Products::add(m, part[n], left[t], right[u][n]); });
        });
    }

    /// The sums of a unit for 16 rows.
    template <class Machine>
    FEWBITS_DEVICE void add(Machine& m, A const& a, unsigned step, unsigned unit, unsigned r, float const (&scales)[wide][2],
                            float const (&part)[wide][4]) {
        float left[2] = {};
        if constexpr (A::has_scales) {
            unsigned const row = shape::first_row(m.warp()) + m.lane() / 4 + r * 16;
            repeated<2>([&](unsigned h) { left[h] = a.scale_of(step, unit, row + h * 8); });
        }
        repeated<wide * 4>([&](unsigned i) {
            unsigned const n = i / 4;
            unsigned const reg = i % 4;
            float& to = sum[r][n][reg];
            if constexpr (!A::has_scales && !W::has_scales) to = add_rn(to, part[n][reg]);
            else to = fma_rn(part[n][reg], scale_product<A, W>(left[reg / 2], scales[n][reg % 2]), to);
        });
    }
};

/// The same of integers, to the bit: over the groups in order sum = fma(f(p), f(sa * sw), sum), p the exact sum of products of a group.
/// Group: columns, 0 for all; Unit: columns, 16 or more, that are never of two groups.
template <class A, class W, class Signs, unsigned Rows, unsigned Cols, int Chunks, unsigned Unit, std::size_t Group, int Fraction>
struct exact_sums {
    using shape = warp_tile<Rows, Cols>;
    using tile = operand_tile<Chunks>;
    static constexpr unsigned high = shape::high;
    static constexpr unsigned wide = shape::wide;
    float sum[high][wide][4] = {};

    template <class Machine>
    FEWBITS_DEVICE void multiply(Machine& m, A const& a, W const& w, unsigned step, unsigned depth) {
        unrolled<Chunks * 16 / static_cast<int>(Unit)>([&](auto unit) {
            unsigned const begin = step * (Chunks * 16) + unit.value * Unit;
            if (begin >= depth) return;
            if constexpr (Unit == 16) multiply_once<unit.value % 2>(m, a, w, step, unit.value / 2);
            else repeated<Unit / 32>([&](unsigned k) { multiply_once<both>(m, a, w, step, unit.value * (Unit / 32) + k); });
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
    std::int32_t part_[high][wide][4] = {};
    std::int32_t above_[is_long ? high : 1][wide][4] = {};  ///< in 2^16

    /// Half: 0 or 1, the columns of only that half of the instruction.
    template <int Half, class Machine>
    FEWBITS_DEVICE void multiply_once(Machine& m, A const& a, W const& w, unsigned step, unsigned k) {
        std::uint32_t right[wide][2];
        repeated<wide / 2>([&](unsigned n) {
            tile::load_b(m, w.term(step, 0), shape::first_col(m.warp()) + n * 16, k, right[2 * n], right[2 * n + 1]);
        });
        repeated<high>([&](unsigned r) {
            std::uint32_t left[4];
            tile::load_a(m, a.term(step, 0), shape::first_row(m.warp()) + r * 16, k, left);
            if constexpr (Half != both) {
                left[2 - 2 * Half] = 0;
                left[3 - 2 * Half] = 0;
            }
            repeated<wide>([&](unsigned n) { m.multiply_bytes(part_[r][n], left, right[n], part_[r][n], Signs{}); });
        });
    }

    FEWBITS_DEVICE void carry() {
        repeated<high * wide * 4>([&](unsigned i) {
            std::int32_t& low = part_[i / (wide * 4)][i / 4 % wide][i % 4];
            above_[i / (wide * 4)][i / 4 % wide][i % 4] += low >> 16;
            low &= 0xFFFF;
        });
    }

    template <class Machine>
    FEWBITS_DEVICE void fold(Machine& m, A const& a, W const& w, unsigned step, unsigned unit) {
        unsigned const row = shape::first_row(m.warp()) + m.lane() / 4;
        unsigned const col = shape::first_col(m.warp()) + m.lane() % 4 * 2;
        repeated<high * wide * 4>([&](unsigned i) {
            unsigned const r = i / (wide * 4);
            unsigned const n = i / 4 % wide;
            unsigned const reg = i % 4;
            std::int32_t& low = part_[r][n][reg];
            float p = 0.0F;
            if constexpr (is_long) {
                std::int32_t& above = above_[r][n][reg];
                p = static_cast<float>(std::int64_t{above} * 65536 + low);
                above = 0;
            } else {
                p = static_cast<float>(low);
            }
            low = 0;
            if constexpr (Fraction != 0) p = mul_rn(p, 1.0F / static_cast<float>(1 << -Fraction));
            float const left = a.scale_of(step, unit, row + r * 16 + reg / 2 * 8);
            float const right = w.scale_of(step, unit, col + n * 8 + reg % 2);
            sum[r][n][reg] = fma_rn(p, mul_rn(left, right), sum[r][n][reg]);
        });
    }
};

}  // namespace fewbits
