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

/// One row of a tile. Without fused multiply-add the sum goes through double: the product is exact there, and rounding the
/// sum a second time to float can only differ where the double stands exactly between two floats or is subnormal as a
/// float; then the row is done again the slow way.
inline void combine_row(float const* p, float scale_a, float const* scale_w, float* y) noexcept {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    for (std::size_t j = 0; j < tile_columns; ++j) y[j] = __builtin_fmaf(p[j], mul_rn(scale_a, scale_w[j]), y[j]);
#else
    double sum[tile_columns];
    for (std::size_t j = 0; j < tile_columns; ++j) {
        sum[j] = static_cast<double>(p[j]) * static_cast<double>(mul_rn(scale_a, scale_w[j])) + static_cast<double>(y[j]);
    }
    std::uint64_t doubtful = 0;  // its highest bit
    for (std::size_t j = 0; j < tile_columns; ++j) {
        std::uint64_t const bits = bit_cast<std::uint64_t>(sum[j]);
        std::uint64_t const halfway = ((bits & 0x1FFFFFFF) ^ 0x10000000) - 1;
        std::uint64_t const magnitude = bits << 1;
        std::uint64_t const tiny = ((magnitude >> 53) - 897) & (magnitude | (0 - magnitude));
        doubtful |= halfway | tiny;
    }
    if ((doubtful >> 63) == 0) {
        for (std::size_t j = 0; j < tile_columns; ++j) y[j] = static_cast<float>(sum[j]);
    } else {
        for (std::size_t j = 0; j < tile_columns; ++j) y[j] = fma_rn(p[j], mul_rn(scale_a, scale_w[j]), y[j]);
    }
#endif
}

/// p, y: tile_rows x tile_columns; scale_a: tile_rows; scale_w: tile_columns.
inline void combine_tile(float const* p, float const* scale_a, float const* scale_w, float* y) noexcept {
    for (std::size_t i = 0; i < tile_rows; ++i) {
        combine_row(p + i * tile_columns, scale_a[i], scale_w, y + i * tile_columns);
    }
}

}  // namespace portable
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
