// Where shared memory keeps an operand of matrix instructions, so that no reading of it meets itself in a bank.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../config.hpp"

namespace fewbits {

/// Rows of `Chunks` runs of 16 bytes of K (8 numbers of 16 bits or 16 bytes); an instruction takes two of a row. The eight rows that
/// ldmatrix reads at once have their chunks in eight different places of the banks.
template <int Chunks>
struct operand_tile {
    static_assert(Chunks == 4 || Chunks == 8);
    static constexpr unsigned row_bytes = Chunks * 16;
    static constexpr unsigned instructions = Chunks / 2;  ///< in K

    FEWBITS_DEVICE static unsigned place(unsigned row, unsigned chunk) {
        unsigned const turned = chunk ^ (Chunks == 8 ? row % 8 : row / 2 % 4);
        return row * row_bytes + turned * 16;
    }

    /// The operand A of instruction `k` in K, rows [row, row + 16).
    template <class Machine>
    FEWBITS_DEVICE static void load_a(Machine& m, std::byte const* tile, unsigned row, unsigned k, std::uint32_t (&a)[4]) {
        m.load_matrices(a, tile + place(row + m.lane() % 16, 2 * k + m.lane() / 16));
    }
    /// The operands B of rows [row, row + 8) and [row + 8, row + 16).
    template <class Machine>
    FEWBITS_DEVICE static void load_b(Machine& m, std::byte const* tile, unsigned row, unsigned k, std::uint32_t (&b)[2],
                                      std::uint32_t (&next)[2]) {
        std::uint32_t both[4];
        m.load_matrices(both, tile + place(row + m.lane() % 8 + m.lane() / 16 * 8, 2 * k + m.lane() / 8 % 2));
        b[0] = both[0];
        b[1] = both[1];
        next[0] = both[2];
        next[1] = both[3];
    }
};

}  // namespace fewbits
