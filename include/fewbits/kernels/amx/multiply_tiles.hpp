// A tile of sums over one chunk of K in AMX registers: up to 32 rows of a by 32 columns of y at once, scales in AVX-512.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "scale_sums.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx512bf16,avx2,fma,f16c,bmi2,amx-tile,amx-int8,amx-bf16")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace amx {

/// Lines of a strip: chunks of K so long that sums are loaded and stored seldom, and two strips fit into a first-level cache.
inline constexpr std::size_t strip_lines = 128;
/// With these a's chunk, the strips and the sums of all blocks stay in a second-level cache of 2 MiB.
inline constexpr std::size_t rows_of_slab = 512;
inline constexpr std::size_t blocks_together = 4;
/// Columns whose products are added up in fp32 in one sum.
inline constexpr std::size_t longest_run = 256;

/// Registers 0 to 3 are sums (two of rows by two of panels), 4 and 5 hold a, 6 and 7 w.
template <panel_path Path>
void enter(std::size_t granule) {
    tile_shapes shapes;
    std::size_t const words = columns_at_once(Path, granule) / columns_of(Path);
    for (std::size_t i = 0; i < 8; ++i) {
        bool const of_a = i == 4 || i == 5;
        shapes.rows[i] = static_cast<std::uint8_t>(i < 6 ? register_rows : words);
        shapes.row_bytes[i] = static_cast<std::uint16_t>(of_a ? 4 * words : line_bytes);
    }
    configure(shapes);
}

template <class Dot, int M>
inline void open_registers(bool opens, std::int32_t const* carried) noexcept {
    constexpr std::size_t stride = tile_width * sizeof(std::int32_t);
    if (opens) {
        zero<2 * M>();
        zero<2 * M + 1>();
    } else {
        load<2 * M>(carried + M * register_rows * tile_width, stride);
        load<2 * M + 1>(carried + M * register_rows * tile_width + panel_rows, stride);
    }
}

template <class Dot>
inline void end_group(panel_segment const& segment, panel_tile const& t, std::size_t row, std::size_t p, typename Dot::sum sum) noexcept {
    if (t.minimum_w != nullptr) avx512::end_group<Dot, true>(segment, t, row, p, sum);
    else avx512::end_group<Dot, false>(segment, t, row, p, sum);
}

/// Over one segment; Registers: 1 or 2 of rows of a.
template <class Dot, int Registers>
inline void multiply_segment(panel_segment const& segment, panel_tile const& t, std::size_t rows, lines_ahead& ahead) noexcept {
    constexpr std::size_t columns = columns_of(Dot::path);
    alignas(64) std::int32_t products[most_rows * 2 * panel_rows];
    std::size_t const step = columns_at_once(Dot::path, t.granule);
    open_registers<Dot, 0>(segment.opens, t.carried);
    if constexpr (Registers == 2) open_registers<Dot, 1>(segment.opens, t.carried);
    for (std::size_t k = segment.begin; k < segment.end; k += step) {
        multiply_step<Dot, Registers>(t, (k - t.first) / columns);
        ahead.fetch();
    }
    bool const carries = !segment.closes;
    std::int32_t* const to = carries ? t.carried : products;
    std::size_t const width = carries ? tile_width : 2 * panel_rows;
    store<0>(to, width * sizeof(std::int32_t));
    store<1>(to + panel_rows, width * sizeof(std::int32_t));
    if constexpr (Registers == 2) {
        store<2>(to + register_rows * width, width * sizeof(std::int32_t));
        store<3>(to + register_rows * width + panel_rows, width * sizeof(std::int32_t));
    }
    if (carries) return;
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t p = 0; p < 2; ++p) {
            __m512i const bits = _mm512_load_si512(products + r * 2 * panel_rows + p * panel_rows);
            if constexpr (Dot::path == panel_path::bytes) {
                __m512i const start = _mm512_set1_epi32(t.start_a[r * t.scale_a_stride + segment.number]);
                end_group<Dot>(segment, t, r, p, _mm512_add_epi32(bits, start));
            } else end_group<Dot>(segment, t, r, p, _mm512_castsi512_ps(bits));
        }
    }
}

/// Two panels over all the tile's columns, then added to y.
template <bool Split, int Registers>
inline void multiply_columns(panel_tile const& t) noexcept {
    using dot = avx512::pair_dot<Split>;
    constexpr std::size_t columns = columns_of(dot::path);
    constexpr std::size_t width = 2 * panel_rows * sizeof(float);
    alignas(64) float sums[most_rows * 2 * panel_rows];
    std::size_t const step = columns_at_once(dot::path, t.granule);
    std::size_t const end = t.segments[t.segment_count - 1].end;
    lines_ahead ahead(t, (end - t.first + step - 1) / step);
    zero<0>();
    zero<1>();
    if constexpr (Registers == 2) {
        zero<2>();
        zero<3>();
    }
    for (std::size_t k = 0; k < end - t.first; k += step) {
        multiply_step<dot, Registers>(t, k / columns);
        ahead.fetch();
    }
    store<0>(sums, width);
    store<1>(sums + panel_rows, width);
    if constexpr (Registers == 2) {
        store<2>(sums + register_rows * 2 * panel_rows, width);
        store<3>(sums + register_rows * 2 * panel_rows + panel_rows, width);
    }
    for (std::size_t r = 0; r < Registers * register_rows; ++r) {
        for (std::size_t p = 0; p < 2; ++p) {
            float* const to = t.y + r * tile_width + p * panel_rows;
            _mm512_storeu_ps(to, _mm512_add_ps(_mm512_loadu_ps(to), _mm512_load_ps(sums + (2 * r + p) * panel_rows)));
        }
    }
}

/// panel_engine::multiply_folded, after enter.
template <bool Split>
void multiply_folded(std::size_t rows, panel_tile const& tile) {
    if (rows > register_rows) multiply_columns<Split, 2>(tile);
    else multiply_columns<Split, 1>(tile);
}

/// panel_engine::multiply, after enter.
template <class Dot>
void multiply(std::size_t rows, panel_tile const& tile) {
    if (are_short<Dot>(tile)) {
        if constexpr (Dot::path == panel_path::pairs) {
            if (tile.terms > 1) return multiply_short<Dot, tile_batch<Dot>>(rows, tile);
        }
        return multiply_short<Dot, tile_stream<Dot>>(rows, tile);
    }
    std::size_t const step = columns_at_once(Dot::path, tile.granule);
    lines_ahead ahead(tile, (tile.segments[tile.segment_count - 1].end - tile.first + step - 1) / step);
    for (std::size_t g = 0; g < tile.segment_count; ++g) {
        if (rows > register_rows) multiply_segment<Dot, 2>(tile.segments[g], tile, rows, ahead);
        else multiply_segment<Dot, 1>(tile.segments[g], tile, rows, ahead);
    }
}

}  // namespace amx
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
