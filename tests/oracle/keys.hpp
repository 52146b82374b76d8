// Floats as ordered integers: key order is numerical order, -0 directly below +0, the infinities at both ends.
#pragma once

#include <bit>
#include <cstdint>

namespace oracle {

__extension__ typedef __int128 wide;

inline constexpr std::uint32_t float_infinity = 0x7f80'0000U;
inline constexpr std::uint64_t double_infinity = 0x7ff0'0000'0000'0000U;

constexpr std::uint32_t key_of_bits(std::uint32_t bits) {
    return (bits >> 31) != 0 ? 0x7fff'ffffU - (bits & 0x7fff'ffffU) : 0x8000'0000U + bits;
}
constexpr std::uint64_t key_of_bits(std::uint64_t bits) {
    return (bits >> 63) != 0 ? 0x7fff'ffff'ffff'ffffU - (bits & 0x7fff'ffff'ffff'ffffU) : 0x8000'0000'0000'0000U + bits;
}
constexpr std::uint32_t bits_of_key(std::uint32_t key) {
    return key < 0x8000'0000U ? 0x8000'0000U | (0x7fff'ffffU - key) : key - 0x8000'0000U;
}
constexpr std::uint64_t bits_of_key(std::uint64_t key) {
    return key < 0x8000'0000'0000'0000U ? 0x8000'0000'0000'0000U | (0x7fff'ffff'ffff'ffffU - key)
                                        : key - 0x8000'0000'0000'0000U;
}
constexpr bool bits_are_nan(std::uint32_t bits) { return (bits & 0x7fff'ffffU) > float_infinity; }
constexpr bool bits_are_nan(std::uint64_t bits) { return (bits & 0x7fff'ffff'ffff'ffffU) > double_infinity; }

constexpr std::uint32_t key_of(float value) { return key_of_bits(std::bit_cast<std::uint32_t>(value)); }
constexpr std::uint64_t key_of(double value) { return key_of_bits(std::bit_cast<std::uint64_t>(value)); }

constexpr float float_of_key(std::uint32_t key) { return std::bit_cast<float>(bits_of_key(key)); }
constexpr double double_of_key(std::uint64_t key) { return std::bit_cast<double>(bits_of_key(key)); }

/// The bits of the float equal to a double that is one (subnormals too, whatever the processor flushes).
constexpr std::uint32_t float_bits_of_exact(double value) {
    auto const bits = std::bit_cast<std::uint64_t>(value);
    auto const sign = static_cast<std::uint32_t>(bits >> 32) & 0x8000'0000U;
    int const exponent = static_cast<int>((bits >> 52) & 0x7ffU) - 1023;
    std::uint64_t const significand = (bits & 0xf'ffff'ffff'ffffU) | (1ULL << 52);
    if ((bits << 1) == 0) return sign;
    if (exponent < -126) return sign | static_cast<std::uint32_t>(significand >> (29 + (-126 - exponent)));
    return sign | ((static_cast<std::uint32_t>(exponent + 126) << 23) + static_cast<std::uint32_t>(significand >> 29));
}

/// The keys of the two infinities: every number lies between.
constexpr std::uint32_t lowest_float_key = key_of_bits(std::uint32_t{0xff80'0000U});
constexpr std::uint32_t highest_float_key = key_of_bits(std::uint32_t{0x7f80'0000U});
constexpr std::uint64_t lowest_double_key = key_of_bits(std::uint64_t{0xfff0'0000'0000'0000U});
constexpr std::uint64_t highest_double_key = key_of_bits(std::uint64_t{0x7ff0'0000'0000'0000U});

} // namespace oracle
