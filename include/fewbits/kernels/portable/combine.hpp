// y = fma(p, f(sa * sw), y) over a tile: the one rounded step of the integer product, the same bits on every target.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../bits/rounded.hpp"
#include "tile.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace portable {

#if !defined(__FMA__) && !defined(__ARM_FEATURE_FMA)

/// sum[j] = product[j] + y[j] in double, rounded to odd: rounding it again to float gives the exact sum's rounding. Without a
/// branch, so that it vectorises; infinities and NaNs stay as they are.
inline void add_row_to_odd(double const* product, float const* y, double* sum) noexcept {
    for (std::size_t j = 0; j < tile_columns; ++j) {
        double const addend = static_cast<double>(y[j]);
        double const total = product[j] + addend;
        double const part = total - product[j];
        double const error = (product[j] - (total - part)) + (addend - part);
        std::uint64_t const bits = bit_cast<std::uint64_t>(total);
        std::uint64_t const error_bits = bit_cast<std::uint64_t>(error);
        std::uint64_t const size = error_bits << 1;
        std::uint64_t const inexact = (size | (0 - size)) >> 63;
        std::uint64_t const finite = (((bits << 1) >> 53) - 2047) >> 63;
        std::uint64_t const wrong = inexact & finite & ~bits & 1;
        std::uint64_t const opposite = 0 - ((error_bits ^ bits) >> 63);  // all ones: the error points towards zero
        sum[j] = bit_cast<double>(bits + (((wrong ^ opposite) - opposite) & (0 - wrong)));
    }
}

#endif

/// One row of a tile. Without fused multiply-add the sum goes through double, where the product is exact. Both terms are
/// multiples of their float's last place (the product: of the scale's, times 2^fraction of the integers); while that is
/// within 2^-52 of the sum, which the exponents tell, the sum is exact too and is rounded once, to float. Otherwise the
/// row is done again with a sum rounded to odd.
inline void combine_row(float const* p, float scale_a, float const* scale_w, int fraction, float* y) noexcept {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    static_cast<void>(fraction);
    for (std::size_t j = 0; j < tile_columns; ++j) y[j] = __builtin_fmaf(p[j], mul_rn(scale_a, scale_w[j]), y[j]);
#else
    constexpr std::uint32_t field = 0x7F800000U;
    constexpr std::uint32_t slack_y = 29U << 23;
    std::uint32_t const slack_scale = static_cast<std::uint32_t>(29 + fraction) << 23;
    double product[tile_columns];
    double sum[tile_columns];
    float rounded[tile_columns];
    std::uint32_t doubtful = 0;  // its highest bit
    for (std::size_t j = 0; j < tile_columns; ++j) {
        float const scale = mul_rn(scale_a, scale_w[j]);
        product[j] = static_cast<double>(p[j]) * static_cast<double>(scale);
        sum[j] = product[j] + static_cast<double>(y[j]);
        rounded[j] = static_cast<float>(sum[j]);
        std::uint32_t const exponent = bit_cast<std::uint32_t>(rounded[j]) & field;
        doubtful |= (bit_cast<std::uint32_t>(scale) & field) - exponent + slack_scale;
        doubtful |= (bit_cast<std::uint32_t>(y[j]) & field) - exponent + slack_y;
    }
    if ((doubtful >> 31) != 0) {
        add_row_to_odd(product, y, sum);
        for (std::size_t j = 0; j < tile_columns; ++j) rounded[j] = static_cast<float>(sum[j]);
    }
    for (std::size_t j = 0; j < tile_columns; ++j) y[j] = rounded[j];
#endif
}

/// p, y: tile_rows x tile_columns; scale_a: tile_rows; scale_w: tile_columns. The sums p are multiples of 2^fraction,
/// -29 <= fraction <= 0.
inline void combine_tile(float const* p, float const* scale_a, float const* scale_w, int fraction, float* y) noexcept {
    for (std::size_t i = 0; i < tile_rows; ++i) {
        combine_row(p + i * tile_columns, scale_a[i], scale_w, fraction, y + i * tile_columns);
    }
}

}  // namespace portable
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
