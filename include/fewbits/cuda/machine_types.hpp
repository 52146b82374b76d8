// What kernels and the machine they are written for (cuda/ptx/machine.cuh) speak in besides numbers.
#pragma once

namespace fewbits {

/// A number that is known when compiling, as an argument.
template <int N>
struct number {
    static constexpr int value = N;
};

}  // namespace fewbits
