// A tile of sums over one chunk of K in AMX registers: up to 32 rows of a by 32 columns of y at once, scales in AVX-512.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../avx512/multiply_panel.hpp"
#include "tiles.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx512bf16,avx2,fma,f16c,bmi2,amx-tile,amx-int8,amx-bf16")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace amx {

/// Rows of one register of a, and of the largest tile.
inline constexpr std::size_t register_rows = 16;
inline constexpr std::size_t most_rows = 2 * register_rows;

/// Columns of K that one instruction takes, where the segments allow it.
constexpr std::size_t columns_at_once(panel_path path, std::size_t granule) noexcept {
    std::size_t const most = 16 * columns_of(path);
    return granule < most ? granule : most;
}

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

/// The two registers of sums that belong to register row `M` of a.
template <class Dot, int M>
inline void add_products(std::uint32_t const* a, std::size_t stride) noexcept {
    load<4 + M>(a + M * register_rows * stride, stride * sizeof(std::uint32_t));
    if constexpr (Dot::path == panel_path::bytes) {
        dot_bytes<2 * M, 4 + M, 6>();
        dot_bytes<2 * M + 1, 4 + M, 7>();
    } else {
        dot_pairs<2 * M, 4 + M, 6>();
        dot_pairs<2 * M + 1, 4 + M, 7>();
    }
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

/// Two panels, `half` the first or second two of the tile, over one segment; Registers: 1 or 2 of rows of a.
template <class Dot, int Registers>
inline void multiply_segment(panel_segment const& segment, panel_tile const& t, std::size_t rows, std::size_t half) noexcept {
    constexpr std::size_t columns = columns_of(Dot::path);
    constexpr std::size_t stride = strip_vectors(Dot::path);  // of a, in words
    alignas(64) std::int32_t products[most_rows * 2 * panel_rows];
    std::byte const* const strip = t.strips + 2 * half * t.strip_stride;
    std::size_t const step = columns_at_once(Dot::path, t.granule);
    std::int32_t* const carried = t.carried == nullptr ? nullptr : t.carried + 2 * half * panel_rows;
    open_registers<Dot, 0>(segment.opens, carried);
    if constexpr (Registers == 2) open_registers<Dot, 1>(segment.opens, carried);
    for (std::size_t k = segment.begin; k < segment.end; k += step) {
        std::size_t const i = k / columns;
        for (std::size_t term = 0; term < t.terms; ++term) {
            std::byte const* const vectors = strip + term * t.term_stride + (i - t.first / columns) * line_bytes;
            load<6>(vectors, line_bytes);
            load<7>(vectors + t.strip_stride, line_bytes);
            add_products<Dot, 0>(t.a[0] + i, stride);
            if constexpr (Registers == 2) add_products<Dot, 1>(t.a[0] + i, stride);
            if (Dot::split && term < 2) {  // of a third term the rest of a makes 2^-26 at most
                add_products<Dot, 0>(t.a[1] + i, stride);
                if constexpr (Registers == 2) add_products<Dot, 1>(t.a[1] + i, stride);
            }
        }
    }
    bool const carries = !segment.closes;
    std::int32_t* const to = carries ? carried : products;
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
                __m512i const sum = _mm512_add_epi32(bits, start);
                if (t.integer_scale_w != nullptr) avx512::end_integers(segment, t, r, 2 * half + p, sum);
                else end_group<Dot>(segment, t, r, 2 * half + p, sum);
            } else end_group<Dot>(segment, t, r, 2 * half + p, _mm512_castsi512_ps(bits));
        }
    }
    if (t.integer_scale_w != nullptr && segment.ends_block) avx512::end_block(segment, t, rows, 2 * half, 2);
}

/// Sums of two panels go on in y itself: a register of 16 rows and as many columns is 16 rows of y.
template <bool Split, int Registers>
inline void multiply_columns(panel_tile const& t, std::size_t half) noexcept {
    using dot = avx512::pair_dot<Split>;
    constexpr std::size_t columns = columns_of(dot::path);
    constexpr std::size_t stride = strip_vectors(dot::path);
    constexpr std::size_t y_stride = tile_width * sizeof(float);
    std::byte const* strip = t.strips + 2 * half * t.strip_stride;
    std::size_t const step = columns_at_once(dot::path, t.granule);
    std::size_t const end = t.segments[t.segment_count - 1].end;
    float* const y = t.y + 2 * half * panel_rows;
    load<0>(y, y_stride);
    load<1>(y + panel_rows, y_stride);
    if constexpr (Registers == 2) {
        load<2>(y + register_rows * tile_width, y_stride);
        load<3>(y + register_rows * tile_width + panel_rows, y_stride);
    }
    for (std::size_t k = t.first; k < end; k += step, strip += step / columns * line_bytes) {
        std::size_t const i = k / columns;
        load<6>(strip, line_bytes);
        load<7>(strip + t.strip_stride, line_bytes);
        for (int part = 0; part < (Split ? 2 : 1); ++part) {
            add_products<dot, 0>(t.a[part] + i, stride);
            if constexpr (Registers == 2) add_products<dot, 1>(t.a[part] + i, stride);
        }
    }
    store<0>(y, y_stride);
    store<1>(y + panel_rows, y_stride);
    if constexpr (Registers == 2) {
        store<2>(y + register_rows * tile_width, y_stride);
        store<3>(y + register_rows * tile_width + panel_rows, y_stride);
    }
}

/// panel_engine::multiply_folded, after enter.
template <bool Split>
void multiply_folded(std::size_t rows, panel_tile const& tile) {
    for (std::size_t half = 0; half < 2; ++half) {
        if (rows > register_rows) multiply_columns<Split, 2>(tile, half);
        else multiply_columns<Split, 1>(tile, half);
    }
}

/// panel_engine::multiply, after enter.
template <class Dot>
void multiply(std::size_t rows, panel_tile const& tile) {
    for (std::size_t half = 0; half < 2; ++half) {
        for (std::size_t g = 0; g < tile.segment_count; ++g) {
            if (rows > register_rows) multiply_segment<Dot, 2>(tile.segments[g], tile, rows, half);
            else multiply_segment<Dot, 1>(tile.segments[g], tile, rows, half);
        }
    }
}

}  // namespace amx
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
