// Bit casts and bit counts that work in constant expressions, on the host and in kernels.
#pragma once

#include <cstdint>

#include "../config.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// The bits of `value` read as another type of the same size.
template <class To, class From>
FEWBITS_HOST_DEVICE constexpr To bit_cast(From const& value) noexcept {
    static_assert(sizeof(To) == sizeof(From));
    return __builtin_bit_cast(To, value);
}

/// Number of bits needed to write `value`; 0 for 0.
FEWBITS_HOST_DEVICE constexpr int bit_width(std::uint64_t value) noexcept {
    return value == 0 ? 0 : 64 - __builtin_clzll(value);
}

/// The lowest `count` bits set, count in 0..64.
FEWBITS_HOST_DEVICE constexpr std::uint64_t low_mask(int count) noexcept {
    return count <= 0 ? 0 : ~std::uint64_t{0} >> (64 - (count < 64 ? count : 64));
}

/// value * 2^-shift rounded towards zero, for any shift >= 0.
FEWBITS_HOST_DEVICE constexpr std::uint64_t shift_right(std::uint64_t value, int shift) noexcept {
    return shift < 64 ? value >> shift : 0;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
