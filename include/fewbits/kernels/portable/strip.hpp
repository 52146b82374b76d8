// The layout of decoded weights: strips of 32 rows of w, cut into tiles, K-major inside a tile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tile.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Floats of one strip: tile t holds rows [t * tile_columns, ...) of the strip, element k of its row j at
/// t * tile_stride + k * tile_columns + j.
inline constexpr std::size_t tile_stride = chunk_depth * tile_columns;
inline constexpr std::size_t strip_size = chunk_depth * strip_columns;

namespace strip_detail {

typedef float quad __attribute__((vector_size(16), aligned(4), may_alias));
typedef std::int32_t quad_index __attribute__((vector_size(16)));

/// Four rows by four columns, transposed.
inline void transpose_quads(float const* in, std::size_t in_stride, float* out, std::size_t out_stride) noexcept {
    typedef float value __attribute__((vector_size(16)));
    value const r0 = *reinterpret_cast<quad const*>(in);
    value const r1 = *reinterpret_cast<quad const*>(in + in_stride);
    value const r2 = *reinterpret_cast<quad const*>(in + 2 * in_stride);
    value const r3 = *reinterpret_cast<quad const*>(in + 3 * in_stride);
    value const low01 = __builtin_shufflevector(r0, r1, 0, 4, 1, 5);
    value const high01 = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
    value const low23 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5);
    value const high23 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
    *reinterpret_cast<quad*>(out) = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
    *reinterpret_cast<quad*>(out + out_stride) = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
    *reinterpret_cast<quad*>(out + 2 * out_stride) = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
    *reinterpret_cast<quad*>(out + 3 * out_stride) = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
}

}  // namespace strip_detail

/// Writes the strip of `rows` <= strip_columns decoded rows (chunk_depth apart); the rows that are missing become zeros,
/// which the caller's buffer has to have room for.
inline void make_strip(float* in, std::size_t rows, std::size_t depth, float* out) noexcept {
    std::size_t const padded_depth = (depth + 3) / 4 * 4;  // what lies beyond depth is never multiplied
    std::size_t const padded_rows = (rows + tile_columns - 1) / tile_columns * tile_columns;
    for (std::size_t j = 0; j < padded_rows; ++j) {
        float* const row = in + j * chunk_depth;
        std::size_t const valid = j < rows ? depth : 0;
        if (valid < padded_depth) std::memset(row + valid, 0, (padded_depth - valid) * sizeof(float));
    }
    for (std::size_t j = 0; j < padded_rows; j += 4) {
        float* const tile = out + j / tile_columns * tile_stride + j % tile_columns;
        for (std::size_t k = 0; k < padded_depth; k += 4) {
            strip_detail::transpose_quads(in + j * chunk_depth + k, chunk_depth, tile + k * tile_columns, tile_columns);
        }
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
