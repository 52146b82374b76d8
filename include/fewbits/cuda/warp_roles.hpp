// Who fetches and who multiplies in a block of Hopper's products.
#pragma once

#include "../config.hpp"
#include "machine_types.hpp"

namespace fewbits {

/// `Consumers` warpgroups, 2 or 4, multiply; one warp of one more has the copy engine fetch what they need. There is a block to the
/// multiprocessor, whose registers go to those that multiply.
template <unsigned Consumers>
struct warp_roles {
    static_assert(Consumers == 2 || Consumers == 4);
    static constexpr unsigned threads = (Consumers + 1) * 128;
    static constexpr unsigned warps = Consumers * 4;  ///< that multiply
    static constexpr int few_registers = Consumers == 2 ? 40 : 24;
    static constexpr int many_registers = Consumers == 2 ? 232 : 120;

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

}  // namespace fewbits
