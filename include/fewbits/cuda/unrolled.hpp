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

/// body(0), ..., body(Count - 1), which the device's compiler unrolls as well: for counters that need not be constants of the language.
template <unsigned Count, class Body>
FEWBITS_DEVICE void repeated(Body const& body) {
#if defined(__CUDACC__)
#pragma unroll
#endif
    for (unsigned i = 0; i != Count; ++i) body(i);
}

/// body(first), body(first + step), ... below `end`, one after the other: for what is rare and would swell if the compiler unrolled it.
template <class Body>
FEWBITS_DEVICE void rolled(unsigned first, unsigned end, unsigned step, Body const& body) {
#if defined(__CUDACC__)
#pragma unroll 1
#endif
    for (unsigned i = first; i < end; i += step) body(i);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
