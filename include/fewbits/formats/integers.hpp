// The integer elements: two's complement and unsigned of 1 to 8 bits, ternary, and the excess codes of block formats.
#pragma once

#include <string_view>

#include "../codec/limits.hpp"
#include "../codec/round_to.hpp"
#include "../codec/text.hpp"

namespace fewbits {

template <int N>
struct int_n final : integer<int_n<N>, integer_layout{.width = N}> {
    static_assert(N >= 1 && N <= 8);
    using int_n::integer::integer;
    static constexpr std::string_view name = std::string_view("int1int2int3int4int5int6int7int8").substr(4 * (N - 1), 4);
};

template <int N>
struct uint_n final : integer<uint_n<N>, integer_layout{.width = N, .is_signed = false}> {
    static_assert(N >= 1 && N <= 8);
    using uint_n::integer::integer;
    static constexpr std::string_view name =
        std::string_view("uint1uint2uint3uint4uint5uint6uint7uint8").substr(5 * (N - 1), 5);
};

/// -1, 0, +1 in two bits of two's complement; the fourth code reads as -1.
struct ternary final : integer<ternary, integer_layout{.width = 2, .lowest = -1, .highest = 1}> {
    using integer::integer;
};

/// The 8-bit element of OCP MX (section 5.3.4): code / 64.
struct mx_int8 final : integer<mx_int8, integer_layout{.width = 8, .exponent = -6}> {
    using integer::integer;
};

/// Integers stored with an excess of half the range, as GGUF's symmetric blocks and super-block scales are.
template <int N>
struct excess_int final : integer<excess_int<N>, integer_layout{.width = N, .excess = 1 << (N - 1)}> {
    static_assert(N >= 2 && N <= 8);
    using excess_int::integer::integer;
};

}  // namespace fewbits
