// The codes of a tile as bytes of the integer matrix instruction.
#pragma once

#include <cstdint>

#include "../../format/facts.hpp"
#include "fragment_order.hpp"

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

inline namespace FEWBITS_BASELINE {

/// The four bytes of step `Step` 0..1, register `Reg` 0..3: of row Reg % 2, bf16's step 2 * Step + Reg / 2.
template <scalar E, int Step, int Reg>
    requires has_bytes<E>
FEWBITS_DEVICE std::uint32_t decode_bytes(lane_words<E> const& words) {
    return placed<E, 2 * Step + Reg / 2, Reg % 2, 0x01010101U>(words, [] { return code_parts{{{0, E::width, 0}}, 1, 0}; });
}

/// The column of a tile that byte `byte` of register `reg` 0..1 of the operand B belongs to in step `step`: the tile's order of columns is
/// that of bf16's fragments (place_a16), and a sum may be in any order.
FEWBITS_HOST_DEVICE constexpr int byte_column(int step, int lane, int reg, int byte) noexcept {
    return (step * 2 + reg) * 16 + lane % 4 * 2 + byte / 2 + byte % 2 * 8;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
