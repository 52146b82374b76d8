// Where a weight matrix for tensor cores keeps the bits of a code: tiles of 16 rows by 64 columns, as the lanes of a warp want them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../matrix/panel_order.hpp"
#include "../numbers/bf16_pairs.hpp"
#include "../unrolled.hpp"

namespace fewbits {

/// A tile is four fragments A of mma.m16n8k16 (fragments.hpp), one after the other along K: 32 codes a lane.
inline constexpr int fragment_rows = 16;
inline constexpr int fragment_columns = 64;
inline constexpr int fragment_steps = 4;

inline namespace FEWBITS_BASELINE {

/// A lane's `width` words of a tile come in runs of 4, 2 and 1, as the bits of the width say; of a run the 32 lanes' words lie side by
/// side. Where in the tile word `word` of a lane is.
FEWBITS_HOST_DEVICE constexpr std::size_t run_word_at(int width, int word, int lane) noexcept {
    int first = 0;
    int length = 4;
    while (first + length <= word || first + length > width) {
        if (first + length > width) length /= 2;
        else first += length;
    }
    return static_cast<std::size_t>(first * 32 + lane * length + word - first);
}

/// A lane's words of a tile; load(place) are four of them.
template <std::size_t Width, class Load>
FEWBITS_DEVICE void load_tile(std::byte const* from, int lane, std::uint32_t (&all)[Width], Load const& load) {
    constexpr int width = static_cast<int>(Width);
    unrolled<width / 4>([&](auto run) {
        word4 const four = load(from + 4 * run_word_at(width, 4 * run.value, lane));
        unrolled<4>([&](auto w) { all[4 * run.value + w.value] = four.at[w.value]; });
    });
    constexpr int rest = width / 4 * 4;
    if constexpr (width % 4 >= 2) {
        word2 const two = *reinterpret_cast<word2 const*>(from + 4 * run_word_at(width, rest, lane));
        all[rest] = two.at[0];
        all[rest + 1] = two.at[1];
    }
    if constexpr (width % 2 == 1) {
        all[width - 1] = *reinterpret_cast<std::uint32_t const*>(from + 4 * run_word_at(width, width - 1, lane));
    }
}

}  // namespace FEWBITS_BASELINE

/// A lane's words of a tile of elements E.
template <scalar E>
using lane_words = std::uint32_t[static_cast<std::size_t>(E::width)];

/// Kernel codes of E in a tile: E::width words to each lane, the same for matrix instructions of bf16 and of bytes.
///
/// A code is cut into planes of 8, 4, 2 and 1 bits (panel_order.hpp), high bits first. A plane of p bits takes p words of every lane. The
/// four bytes of a word are registers r, r + 2 and the same two's upper halves, so they are codes of one row: what an instruction of bytes
/// takes (byte_order.hpp). In a byte stand 8 / p codes: rows r = 0 and 1, step by step, the first lowest. Four-bit floats stand in the
/// halves such that three of four come to their places by one shift. The two codes of a register of a codebook stand in one byte, which
/// is the index of a table.
template <scalar E>
    requires(E::width <= 8)
struct fragment_tile {
    static constexpr int width = E::width;
    static constexpr std::size_t words = static_cast<std::size_t>(width) * 32;
    static constexpr std::size_t bytes = words * 4;

    /// A lane's word, and a bit of it.
    struct place {
        int word;
        int bit;
    };
    /// Where bit `bit` of the code of step 0..3, register 0..3, half 0..1 is.
    static constexpr place place_of(int step, int reg, int half, int bit) noexcept {
        if constexpr (width == 4 && E::kind == format_kind::codebook) {
            return {step, reg * 8 + half * 4 + bit};
        } else if constexpr (width == 4 && E::kind == format_kind::minifloat) {
            if (E::codec::mantissa_bits == 1) {
                constexpr int spread[4][4] = {{6, 7, 8, 15}, {3, 4, 5, 12}, {0, 1, 2, 9}, {10, 11, 13, 14}};
                return {step, spread[reg][bit] + 16 * half};
            }
        }
        plane_list const planes = planes_of(width);
        int p = 0;
        while (bit < planes.at[p].low_bit) ++p;
        int const per_byte = 8 / planes.at[p].bits;
        int const slot = step * 2 + reg % 2;
        return {static_cast<int>(planes.at[p].line) + slot / per_byte,
                slot % per_byte * planes.at[p].bits + bit - planes.at[p].low_bit + reg / 2 * 8 + 16 * half};
    }

    FEWBITS_HOST_DEVICE static constexpr std::size_t word_at(int word, int lane) noexcept { return run_word_at(width, word, lane); }
};

/// The pieces that make up a word of codes at their places: (word shifted) & mask, or-ed.
struct word_pieces {
    struct piece {
        int word;
        int left;  ///< bits to the left, negative: to the right
        std::uint32_t mask;
    };
    piece at[8];
    int count;
};

inline namespace FEWBITS_BASELINE {

/// fragment_tile::place_of, in device code too.
template <scalar E>
consteval typename fragment_tile<E>::place fragment_place(int step, int reg, int half, int bit) {
    return fragment_tile<E>::place_of(step, reg, half, bit);
}

/// The codes of a step and register in fields that begin where bits of `fields` are: 0x00010001 for halves, 0x01010101 for bytes, of which
/// every second is of the register after the next.
template <scalar E>
consteval word_pieces pieces_of(code_parts const& parts, int step, int reg, std::uint32_t fields) {
    word_pieces list{};
    for (int p = 0; p < parts.count; ++p) {
        for (int b = 0; b < parts.at[p].count; ++b) {
            for (int field = 0; field < 32; field += 8) {
                if ((fields >> field & 1U) == 0) continue;
                auto const from = fragment_tile<E>::place_of(step, reg + field / 8 % 2 * 2, field / 16, parts.at[p].from + b);
                int const to = field + parts.at[p].to + b;
                int i = 0;
                while (i < list.count && (list.at[i].word != from.word || list.at[i].left != to - from.bit)) ++i;
                if (i == list.count) list.at[list.count++] = {from.word, to - from.bit, 0};
                list.at[i].mask |= 1U << to;
            }
        }
    }
    return list;
}

/// Those codes at their places. `parts` is a function of no arguments that returns them.
template <scalar E, int Step, int Reg, std::uint32_t Fields>
FEWBITS_DEVICE std::uint32_t placed(lane_words<E> const& words, auto parts) {
    std::uint32_t result = parts().base;
    unrolled<pieces_of<E>(parts(), Step, Reg, Fields).count>([&](auto i) {
        constexpr auto piece = pieces_of<E>(parts(), Step, Reg, Fields).at[i.value];
        std::uint32_t const word = words[piece.word];
        if constexpr (piece.mask == 0xFFFFFFFFU) result = word;
        else if constexpr (piece.left < 0) result = and_or(word >> -piece.left, piece.mask, result);
        else result = and_or(word << piece.left, piece.mask, result);
    });
    return result;
}

/// multiply(tile, words) for `Count` tiles from `first` on: all are asked for before the first is multiplied.
template <scalar E, int Count, class Machine, class Multiply>
FEWBITS_DEVICE void for_several_tiles(Machine& m, std::byte const* panel, int first, Multiply const& multiply) {
    lane_words<E> words[static_cast<std::size_t>(Count)];
    std::byte const* const from = panel + static_cast<std::size_t>(first) * fragment_tile<E>::bytes;
    auto const lane = static_cast<int>(m.lane());
    auto const load = [&](std::byte const* place) { return m.load_once(place); };
    unrolled<Count>([&](auto i) { load_tile(from + i.value * fragment_tile<E>::bytes, lane, words[i.value], load); });
    unrolled<Count>([&](auto i) { multiply(first + i.value, words[i.value]); });
}

/// The same for the share of this warp of `warps` in tiles [begin, end) of a panel.
template <scalar E, int InFlight, class Machine, class Multiply>
FEWBITS_DEVICE void for_tiles(Machine& m, std::byte const* panel, int begin, int end, unsigned warps, Multiply const& multiply) {
    auto const warp = static_cast<int>(m.warp());
    int const whole = begin + (end - begin) / InFlight * InFlight;
    for (int t = begin + warp * InFlight; t < whole; t += static_cast<int>(warps) * InFlight) {
        for_several_tiles<E, InFlight>(m, panel, t, multiply);
    }
    if (whole + warp < end) for_several_tiles<E, 1>(m, panel, whole + warp, multiply);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
