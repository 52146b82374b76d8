// Loops whose counter is a constant of the compiler's, so that arrays indexed by it stay in registers.
#pragma once

#include "machine_types.hpp"
#include "../config.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// body(number<0>{}), ..., body(number<Count - 1>{}).
template <int Count, int First = 0, class Body>
FEWBITS_DEVICE void unrolled(Body const& body) {
    if constexpr (First < Count) {
        body(number<First>{});
        unrolled<Count, First + 1>(body);
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
