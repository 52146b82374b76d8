// The tiled product's innermost piece: a register tile of sums over one run of K, in vectors as wide as the baseline has.
#pragma once

#include <cstddef>
#include <utility>

#include "../../config.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

// The tile that keeps all sums in registers: 32, 16 and 16 registers of 64, 32 and 16 bytes.
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512DQ__)
inline constexpr std::size_t vector_bytes = 64, tile_rows = 8;
#elif defined(__AVX__)
inline constexpr std::size_t vector_bytes = 32, tile_rows = 6;
#elif defined(__aarch64__)
inline constexpr std::size_t vector_bytes = 16, tile_rows = 8;
#else
inline constexpr std::size_t vector_bytes = 16, tile_rows = 4;
#endif
inline constexpr std::size_t tile_vectors = 2;
inline constexpr std::size_t tile_columns = tile_vectors * vector_bytes / sizeof(float);
inline constexpr std::size_t tile_size = tile_rows * tile_columns;

/// Columns of one strip of W, decoded together; a multiple of every baseline's tile_columns.
inline constexpr std::size_t strip_columns = 32;

/// The longest run of K whose products are summed in fp32 before the sum moves on: with u = 2^-24 at most 128 u, 7.7e-6, of
/// the sum of magnitudes is lost, and 128 products of integers below 2^8 in magnitude are summed exactly.
inline constexpr std::size_t chunk_depth = 128;

namespace tile_detail {

typedef float vector __attribute__((vector_size(vector_bytes), aligned(4), may_alias));

template <std::size_t... Row>
[[gnu::always_inline]] inline void multiply(std::size_t depth, float const* a, float const* w, float* sums,
                                            std::index_sequence<Row...>) noexcept {
    vector first[tile_rows] = {};
    vector second[tile_rows] = {};
    for (std::size_t k = 0; k < depth; ++k, ++a, w += tile_columns) {
        vector const w0 = *reinterpret_cast<vector const*>(w);
        vector const w1 = *reinterpret_cast<vector const*>(w + vector_bytes / sizeof(float));
        ((first[Row] += w0 * a[Row * chunk_depth], second[Row] += w1 * a[Row * chunk_depth]), ...);
    }
    ((*reinterpret_cast<vector*>(sums + Row * tile_columns) = first[Row],
      *reinterpret_cast<vector*>(sums + Row * tile_columns + vector_bytes / sizeof(float)) = second[Row]),
     ...);
}

}  // namespace tile_detail

/// sums[i][j] = the sum over k < depth of a[i][k] * w[k][j] in fp32, in ascending k. a: tile_rows rows, chunk_depth apart;
/// w: depth rows of tile_columns; sums: tile_rows x tile_columns.
inline void multiply_tile(std::size_t depth, float const* a, float const* w, float* sums) noexcept {
    tile_detail::multiply(depth, a, w, sums, std::make_index_sequence<tile_rows>{});
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
