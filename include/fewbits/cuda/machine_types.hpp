// What kernels and the machine they are written for (cuda/ptx/machine.cuh) speak in besides numbers.
#pragma once

#include <cstddef>

namespace fewbits {

/// A number that is known when compiling, as an argument.
template <int N>
struct number {
    static constexpr int value = N;
};

/// Whether the bytes of the operands A and B of a matrix instruction have signs.
template <bool A, bool B>
struct byte_signs {};

/// What the copy engine has to know of a matrix in memory to fetch tiles of it: sealed, made on the host (cuda/tensor_map.cuh), read where
/// the kernel's arguments are.
struct alignas(128) tensor_map {
    std::byte sealed[128];
};

}  // namespace fewbits
