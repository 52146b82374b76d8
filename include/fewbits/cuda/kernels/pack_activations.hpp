// Activations to operands of the matrix instructions of products of few rows, on the device.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../device_target.hpp"
#include "../fragments/byte_order.hpp"
#include "../fragments/fragment_weights.hpp"
#include "../fragments/fragments.hpp"
#include "../numbers/column_runs.hpp"
#include "../operands/operands.hpp"

namespace fewbits {

/// Activations (M x K) of numbers or a format A to operands B of m16n8k16: as one bf16 (rounded to nearest where it does not
/// hold the number) or as the sum of several.
template <class A, int Terms, int Tiles>
struct pack_activations : plain_block<on_sm_75, 2> {
    static_assert(Terms >= 1 && Terms <= 3);

    struct arguments {
        product_side<A> from;
        word2* operand;     ///< [tile][step][n / 8][term][lane]
        std::size_t first;  ///< row
        std::size_t count;  ///< rows, at most 8 * Tiles
        std::size_t cols;   ///< K
    };

    FEWBITS_HOST_DEVICE static constexpr std::size_t size(std::size_t cols) noexcept {
        return divided_up(cols, fragment_columns) * fragment_steps * Tiles * Terms * 32;
    }
    static constexpr std::size_t blocks_for(std::size_t cols) noexcept { return divided_up(size(cols) / Terms, threads); }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::size_t const all = size(a.cols) / Terms;
        std::size_t const step = static_cast<std::size_t>(m.blocks()) * threads;
        for (std::size_t i = static_cast<std::size_t>(m.block_index()) * threads + m.thread(); i < all; i += step) {
            auto const lane = static_cast<int>(i % 32);
            std::size_t const tile = i / 32 % Tiles;
            word2 operand[static_cast<std::size_t>(Terms)] = {};
            unrolled<4>([&](auto c) {
                constexpr int reg = c.value / 2;
                constexpr int shift = c.value % 2 * 16;
                tile_place const at = place_b16(lane, reg, c.value % 2);
                std::size_t const row = tile * 8 + static_cast<std::size_t>(at.row);
                std::size_t const col = i / 32 / Tiles * 16 + static_cast<std::size_t>(at.col);
                if (row < a.count && col < a.cols) {
                    bf16_sum<Terms> const x(a.from.value(a.first + row, col));
                    unrolled<Terms>([&](auto t) { operand[t.value].at[reg] |= x.at[t.value] << shift; });
                }
            });
            word2* const to = a.operand + i / 32 * Terms * 32 + static_cast<std::size_t>(lane);
            unrolled<Terms>([&](auto t) { to[t.value * 32] = operand[t.value]; });
        }
    }
};

/// Sums of activations (M x K) over every `Columns` columns, to the ends of tiles of 64: what the rests of offsets are multiplied by. A
/// warp a sum.
template <class A, int Columns>
struct sum_activations : plain_block<on_sm_75, 2> {
    struct arguments {
        product_side<A> from;
        float* totals;      ///< [part][row]
        std::size_t first;  ///< row
        std::size_t count;  ///< rows
        std::size_t cols;   ///< K
        std::size_t rows;   ///< of `totals`: those from `count` on are 0
    };

    FEWBITS_HOST_DEVICE static constexpr std::size_t size(std::size_t cols, std::size_t rows) noexcept {
        return divided_up(cols, fragment_columns) * (fragment_columns / Columns) * rows;
    }
    static constexpr std::size_t blocks_for(std::size_t cols, std::size_t rows) noexcept {
        return divided_up(size(cols, rows) * 32, threads);
    }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::size_t const all = size(a.cols, a.rows);
        std::size_t const step = static_cast<std::size_t>(m.blocks()) * (threads / 32);
        for (std::size_t i = static_cast<std::size_t>(m.block_index()) * (threads / 32) + m.warp(); i < all; i += step) {
            float total = 0.0F;
            for (std::size_t c = m.lane(); c < Columns; c += 32) {
                std::size_t const col = i / a.rows * Columns + c;
                if (i % a.rows < a.count && col < a.cols) total = add_rn(total, a.from.value(a.first + i % a.rows, col));
            }
            for (unsigned mask = 16; mask != 0; mask /= 2) total = add_rn(total, m.shuffle_xor(total, mask));
            if (m.lane() == 0) a.totals[i] = total;
        }
    }
};

/// Integer activations of format A (M x K) to operands B of m16n8k32, their scales, and their sums over every `Group` columns (0: all).
template <block_format A, int Group, int Tiles>
    requires has_bytes<typename A::element>
struct pack_integer_activations : plain_block<on_sm_75, 2> {
    using element = typename A::element;

    struct arguments {
        product_side<A> from;
        word2* operand;        ///< [tile][step][n / 8][lane]
        float* scales;         ///< [group][row]
        std::int32_t* totals;  ///< [group][8 * Tiles]
        std::size_t first;     ///< row
        std::size_t count;     ///< rows, at most 8 * Tiles
        std::size_t cols;      ///< K
    };

    FEWBITS_HOST_DEVICE static constexpr std::size_t size(std::size_t cols) noexcept {
        return divided_up(cols, fragment_columns) * byte_steps * Tiles * 32;
    }
    FEWBITS_HOST_DEVICE static constexpr std::size_t groups(std::size_t cols) noexcept {
        return Group == 0 ? 1 : divided_up(cols, Group == 0 ? 1 : Group);
    }
    static constexpr std::size_t blocks_for(std::size_t cols) noexcept {
        return divided_up(size(cols) > groups(cols) * 8 * Tiles * 32 ? size(cols) : groups(cols) * 8 * Tiles * 32, threads);
    }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::size_t const first = static_cast<std::size_t>(m.block_index()) * threads + m.thread();
        std::size_t const step = static_cast<std::size_t>(m.blocks()) * threads;
        for (std::size_t i = first; i < size(a.cols); i += step) a.operand[i] = operand_of(a, i);
        constexpr std::size_t rows = 8 * Tiles;
        for (std::size_t i = first / 32; i < groups(a.cols) * rows; i += step / 32) add_up(m, a, i / rows, i % rows);
    }

private:
    FEWBITS_DEVICE static int integer(arguments const& a, std::size_t row, std::size_t col) {
        return row < a.count && col < a.cols ? element::codec::to_integer(a.from.view.code(a.first + row, col)) : 0;
    }

    FEWBITS_DEVICE static word2 operand_of(arguments const& a, std::size_t i) {
        auto const lane = static_cast<int>(i % 32);
        auto const step = static_cast<int>(i / 32 / Tiles % byte_steps);
        std::size_t const row = i / 32 % Tiles * 8 + static_cast<std::size_t>(lane / 4);
        std::size_t const tile = i / 32 / Tiles / byte_steps;
        word2 word{};
        unrolled<8>([&](auto b) {
            constexpr int reg = b.value / 4;
            std::size_t const col = tile * fragment_columns + static_cast<std::size_t>(byte_column(step, lane, reg, b.value % 4));
            word.at[reg] |= (static_cast<std::uint32_t>(integer(a, row, col)) & 0xFFU) << b.value % 4 * 8;
        });
        return word;
    }

    /// The sum of a group of a row, by a warp.
    template <class Machine>
    FEWBITS_DEVICE static void add_up(Machine& m, arguments const& a, std::size_t group, std::size_t row) {
        std::size_t const begin = group * static_cast<std::size_t>(Group);
        std::size_t const end = Group == 0 || begin + Group > a.cols ? a.cols : begin + Group;
        std::int32_t total = 0;
        for (std::size_t col = begin + m.lane(); col < end; col += 32) total += integer(a, row, col);
        for (unsigned mask = 16; mask != 0; mask /= 2) total += m.shuffle_xor(total, mask);
        if (m.lane() != 0) return;
        a.totals[group * 8 * Tiles + row] = total;
        if (row < a.count) a.scales[group * a.count + row] = a.from.view.scale(a.first + row, begin);
    }
};

/// Activations of floats of 8 bits (M x K) as packed_product fetches them: of every 16 columns the bytes in the order of byte_column, rows
/// filled up with zeros; and their scales, one for a row, or for every AGroup columns of it (32, 64 or 128).
template <class A, int AGroup>
struct pack_float8_activations : plain_block<on_sm_75, 2> {
    struct arguments {
        product_side<A> from;
        word4* codes;      ///< [row][16 columns]
        float* scales;     ///< [part][row]
        std::size_t cols;  ///< K
        std::size_t rows;  ///< of `scales`: those from M on are 0
    };

    /// Words of four of a row.
    FEWBITS_HOST_DEVICE static constexpr std::size_t words(std::size_t cols) noexcept { return divided_up(cols, 16); }
    /// Parts of K under one scale.
    FEWBITS_HOST_DEVICE static constexpr std::size_t parts(std::size_t cols) noexcept {
        return AGroup == 0 ? 1 : divided_up(cols, AGroup == 0 ? 1 : AGroup);
    }
    static constexpr std::size_t blocks_for(std::size_t rows, std::size_t cols) noexcept { return divided_up(rows * words(cols), threads); }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::size_t const first = static_cast<std::size_t>(m.block_index()) * threads + m.thread();
        std::size_t const step = static_cast<std::size_t>(m.blocks()) * threads;
        std::size_t const wide = words(a.cols);
        for (std::size_t i = first; i < a.from.rows * wide; i += step) a.codes[i] = in_order(load(a, i / wide, i % wide * 16));
        for (std::size_t i = first; i < parts(a.cols) * a.rows; i += step) {
            a.scales[i] = i % a.rows < a.from.rows ? scale(a, i % a.rows, i / a.rows * AGroup) : 0.0F;
        }
    }

private:
    FEWBITS_DEVICE static word4 load(arguments const& a, std::size_t row, std::size_t col) {
        std::byte const* from = nullptr;
        if constexpr (block_format<A>) from = a.from.view.codes + row * a.from.view.row_bytes + col;
        else from = reinterpret_cast<std::byte const*>(a.from.data + row * a.from.stride + col);
        if (col + 16 <= a.cols && lies_on<16>(from)) return load_aligned<word4>(from);
        word4 all{};
        unrolled<16>([&](auto i) {
            if (col + i.value < a.cols) all.at[i.value / 4] |= static_cast<std::uint32_t>(from[i.value]) << (i.value % 4 * 8);
        });
        return all;
    }
    /// Word i are the columns 2 i and 2 i + 1, each with the one eight further on.
    FEWBITS_DEVICE static word4 in_order(word4 const& from) {
        static_assert(byte_column(0, 1, 0, 0) == 2 && byte_column(0, 1, 0, 1) == 10 && byte_column(0, 1, 0, 2) == 3);
        word4 to;
        unrolled<4>([&](auto i) {
            to.at[i.value] = permute_bytes(from.at[i.value / 2], from.at[i.value / 2 + 2], i.value % 2 == 0 ? 0x5140 : 0x7362);
        });
        return to;
    }
    FEWBITS_DEVICE static float scale(arguments const& a, std::size_t row, std::size_t col) {
        if constexpr (block_format<A>) return a.from.view.scale(row, col);
        else return 1.0F;
    }
};

}  // namespace fewbits
