// What kernels and the machine they are written for (cuda/ptx/machine.cuh) speak in besides numbers.
#pragma once

namespace fewbits {

/// A number that is known when compiling, as an argument.
template <int N>
struct number {
    static constexpr int value = N;
};

/// Whether the bytes of the operands A and B of a matrix instruction have signs.
template <bool A, bool B>
struct byte_signs {};

}  // namespace fewbits
