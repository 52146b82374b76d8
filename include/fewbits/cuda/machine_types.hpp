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

/// How many bits of exponent the floats of 8 bits of the operands A and B have: 4 (OCP E4M3, without infinities) or 5 (OCP E5M2).
template <int A, int B>
struct float8_exponents {};

/// Which scales an instruction takes from the words that a warp's lanes give (PTX ISA, block scaling for mma.sync): from byte `First` of
/// their words on. Row r of A has its scales in lane r % 8 * 4 + LaneA * 2 + r / 8, LaneA 0 or 1; column n of B in lane n * 4 + LaneB.
template <int First, int LaneA, int LaneB>
struct scale_place {};

/// How matrix instructions take blocks: elements, and along how many of them which scale holds.
enum class block_scaling : unsigned char {
    none,
    float8_32,  ///< floats of 8 bits, powers of two for 32
    float4_32,  ///< floats of 4 bits, powers of two for 32
    float4_16   ///< floats of 4 bits, floats of 8 bits for 16
};

/// What the copy engine has to know of a matrix in memory to fetch tiles of it: sealed, made on the host (cuda/tensor_map.cuh), read where
/// the kernel's arguments are.
struct alignas(128) tensor_map {
    std::byte sealed[128];
};

}  // namespace fewbits
