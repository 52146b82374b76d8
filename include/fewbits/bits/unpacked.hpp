// The exact value every conversion passes through: sign, integer significand and a power of two, or a special.
#pragma once

#include <cstdint>

namespace fewbits {

enum class number_class : unsigned char { zero, finite, infinity, nan };

/// An exact number: (negative ? -1 : 1) * significand * 2^exponent where kind is finite (significand != 0).
/// Zero, infinity and NaN carry their sign.
struct unpacked {
    std::uint64_t significand = 0;
    int exponent = 0;
    bool negative = false;
    number_class kind = number_class::zero;
};

}  // namespace fewbits
