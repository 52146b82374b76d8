// Floats of 8 and 4 bits as matrix instructions take them, and their scales (PTX ISA, mma.sync, block scaling): from the fields of the codes,
// nothing of the library's.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

namespace simt {

/// A float of 8 bits: OCP E4M3 (4 bits of exponent) or E5M2 (5).
template <int ExponentBits>
double float8_number(std::uint32_t code) {
    static auto const table = [] {
        constexpr unsigned mantissa_bits = 7 - ExponentBits;
        constexpr int bias = (1 << (ExponentBits - 1)) - 1;
        std::array<double, 256> all;
        for (unsigned c = 0; c < 256; ++c) {
            unsigned const field = (c & 0x7FU) >> mantissa_bits;
            unsigned const mantissa = c & ((1U << mantissa_bits) - 1);
            double const fraction = static_cast<double>(mantissa) / (1U << mantissa_bits);
            double number = std::ldexp(field == 0 ? fraction : 1 + fraction, static_cast<int>(field == 0 ? 1 : field) - bias);
            if (ExponentBits == 4 && (c & 0x7FU) == 0x7F) number = std::numeric_limits<double>::quiet_NaN();
            if (ExponentBits == 5 && field == 31) {
                number = mantissa == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
            }
            all[c] = c >= 0x80 ? -number : number;
        }
        return all;
    }();
    return table[code & 0xFFU];
}

/// A float of 4 bits, OCP E2M1.
inline double float4_number(std::uint32_t code) {
    constexpr std::array<double, 8> magnitudes{0, 0.5, 1, 1.5, 2, 3, 4, 6};
    double const magnitude = magnitudes[code & 7U];
    return (code & 8U) != 0 ? -magnitude : magnitude;
}

/// A scale that is a power of two (UE8M0), and one that is a float of 8 bits without a sign (UE4M3): what its top bit does, nobody says.
inline double power_scale(std::uint32_t byte) {
    return byte == 0xFF ? std::numeric_limits<double>::quiet_NaN() : std::ldexp(1.0, static_cast<int>(byte) - 127);
}
inline double float_scale(std::uint32_t byte) {
    return (byte & 0x80U) != 0 ? std::numeric_limits<double>::quiet_NaN() : float8_number<4>(byte);
}

/// Of 32 bytes, one of every lane's operands: which lane and register hold four of them, for row (or column of b) `row`.
struct word_place {
    unsigned lane;
    unsigned reg;
};
inline word_place place_of_a(unsigned row, unsigned word) { return {row % 8 * 4 + word % 4, row / 8 + 2 * (word / 4)}; }
inline word_place place_of_b(unsigned col, unsigned word) { return {col * 4 + word % 4, word / 4}; }

/// Which lane gives the scales of a row of a and a column of b.
inline unsigned scale_lane_a(unsigned row, unsigned pair) { return row % 8 * 4 + pair * 2 + row / 8; }
inline unsigned scale_lane_b(unsigned col, unsigned lane) { return col * 4 + lane; }

}  // namespace simt
