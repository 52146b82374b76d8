// Where an integer weight matrix for tensor cores of bytes keeps the bits of a code, and how codes become bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../format/facts.hpp"
#include "../matrix/panel_order.hpp"
#include "fragment_order.hpp"
#include "unrolled.hpp"

namespace fewbits {

/// Steps of mma.m16n8k32 in a tile of 16 rows by 64 columns.
inline constexpr int byte_steps = 2;

/// Integers of at most 8 bits whose code is their value, in two's complement or with an excess.
template <scalar E>
inline constexpr bool has_bytes = E::kind == format_kind::integer && E::width <= 8 && (E::width < 8 || E::codec::is_signed);

/// What is added to an integer to make its byte: nothing where it fills the byte, else what makes the lowest of its width 0.
template <scalar E>
    requires has_bytes<E>
inline constexpr int byte_bias = E::width == 8              ? 0
                                : E::codec::excess != 0    ? E::codec::excess
                                : E::codec::is_signed      ? 1 << (E::width - 1)
                                                           : 0;

/// planes_of, in device code too.
consteval plane_list byte_planes(int width) { return planes_of(width); }

/// Codes of E in a tile: planes of 8, 4, 2 and 1 bits (panel_order.hpp), a lane's words in the runs of fragment_order.hpp. A plane of p
/// bits has in every byte of a word 8 / p registers of the four bytes of the matrix instruction, step by step, the first lowest.
template <scalar E>
    requires has_bytes<E>
struct byte_tile {
    static constexpr int width = E::width;
    static constexpr std::size_t words = static_cast<std::size_t>(width) * 32;
    static constexpr std::size_t bytes = words * 4;

    struct place {
        int word;
        int bit;
    };
    /// Where bit `bit` of the byte of step 0..1, register 0..3, byte 0..3 is.
    static constexpr place place_of(int step, int reg, int byte, int bit) noexcept {
        plane_list const planes = planes_of(width);
        int p = 0;
        while (bit < planes.at[p].low_bit) ++p;
        int const per_word = 8 / planes.at[p].bits;
        int const index = step * 4 + reg;
        return {static_cast<int>(planes.at[p].line) + index / per_word,
                byte * 8 + index % per_word * planes.at[p].bits + bit - planes.at[p].low_bit};
    }
    FEWBITS_HOST_DEVICE static constexpr std::size_t word_at(int word, int lane) noexcept {
        return run_word_at(width, word, lane);
    }

    /// The four bytes of step `Step`, register `Reg`.
    template <int Step, int Reg>
    FEWBITS_DEVICE static std::uint32_t decode(lane_words<E> const& from) {
        if constexpr (width == 8) return from[Step * 4 + Reg];
        std::uint32_t result = 0;
        unrolled<byte_planes(E::width).count>([&](auto p) {
            constexpr plane at = byte_planes(E::width).at[p.value];
            constexpr int per_word = 8 / at.bits;
            constexpr int index = Step * 4 + Reg;
            constexpr int right = index % per_word * at.bits - at.low_bit;
            constexpr std::uint32_t mask = (((1U << at.bits) - 1) << at.low_bit) * 0x01010101U;
            std::uint32_t const word = from[static_cast<int>(at.line) + index / per_word];
            if constexpr (right >= 0) result = and_or(word >> right, mask, result);
            else result = and_or(word << -right, mask, result);
        });
        return result;
    }
};

}  // namespace fewbits
