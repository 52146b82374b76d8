// The published facts of a scalar format, in plain data: all the oracle is told about the code under test.
#pragma once

#include <string>
#include <vector>

namespace oracle {

enum class shape { minifloat, integer, codebook };
enum class special_codes { ieee, nan_only, fnuz, none };
enum class mode { nearest_even, nearest_away, toward_zero, upward, downward, to_odd, stochastic };
enum class overflow { saturate, to_special };

/// A rounding mode; bits and count (0 <= bits < 2^count) matter to stochastic only.
struct rule {
    mode how = mode::nearest_even;
    unsigned bits = 0;
    int count = 32;
};

struct facts {
    std::string name;
    shape kind = shape::minifloat;
    int width = 8;

    // minifloat: value = M * 2^(1 - bias - m) where E is 0 and the format has a zero, (2^m + M) * 2^(E - bias - m)
    // elsewhere
    int exponent_bits = 0;
    int mantissa_bits = 0;
    int bias = 0;
    special_codes specials = special_codes::none;
    bool has_sign = true;
    bool has_zero = true;

    // integer: value = n * 2^exponent, code = n + excess in `width` bits (two's complement where excess is 0)
    int lowest = 0;
    int highest = 0;
    int excess = 0;
    int exponent = 0;

    // codebook: ascending
    std::vector<float> entries;
};

} // namespace oracle
