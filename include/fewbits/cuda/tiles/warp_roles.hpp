// What blocks of Hopper's products share: who fetches and who multiplies, and which tiles of the result a block has.
#pragma once

#include "../machine_types.hpp"
#include "tile_order.hpp"

namespace fewbits {

/// `Consumers` warpgroups, 2 or 4, multiply; one warp of one more has the copy engine fetch what they need. There is a block to the
/// multiprocessor, whose registers go to those that multiply.
template <unsigned Consumers>
struct warp_roles {
    static_assert(Consumers == 2 || Consumers == 4);
    static constexpr unsigned threads = (Consumers + 1) * 128;
    static constexpr unsigned warps = Consumers * 4;  ///< that multiply
    static constexpr int few_registers = Consumers == 2 ? 40 : 32;
    static constexpr int many_registers = Consumers == 2 ? 232 : 112;
    /// A block has only what each thread gets at the start, all alike and by eights, to share out anew; who asks for more waits for ever.
    static_assert(few_registers + Consumers * many_registers <= (Consumers + 1) * (65536 / threads / 8 * 8));

    template <class Machine, class Fetch, class Multiply>
    FEWBITS_DEVICE static void run(Machine& m, Fetch const& fetch, Multiply const& multiply) {
        if (m.warp() / 4 == Consumers) {
            m.fewer_registers(number<few_registers>{});
            if (m.warp() == warps && m.elected()) fetch();
        } else {
            m.more_registers(number<many_registers>{});
            multiply();
        }
    }
};

inline namespace FEWBITS_BASELINE {

/// Tiles of Rows x Cols that a result of rows x cols has; blocks beyond them have no work.
template <int Rows, int Cols>
constexpr int tiles_of(int rows, int cols) noexcept {
    return (rows + Rows - 1) / Rows * ((cols + Cols - 1) / Cols);
}

/// work(first row, first column) for every tile of this block's, or of its cluster of `together` blocks: they stay and take tile after
/// tile.
template <int Rows, int Cols, class Machine, class Work>
FEWBITS_DEVICE void for_each_tile(Machine& m, int rows, int cols, Work const& work, unsigned together = 1) {
    constexpr int band = 8;
    int const high = (rows + Rows - 1) / Rows;
    int const wide = (cols + Cols - 1) / Cols;
    for (int t = static_cast<int>(m.block_index() / together); t < high * wide; t += static_cast<int>(m.blocks() / together)) {
        tile_place const at = tile_in_order<band>(t, high, wide);
        work(at.row * Rows, at.col * Cols);
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
