// A tile of sums over one chunk of K: rows of a broadcast, four panels of w, all sums of a group in registers.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <utility>

#include "../panel_engine.hpp"
#include "../panel_scales.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// Rows of the largest tile: 24 sums, 4 vectors of w and room to spare in 32 registers.
inline constexpr std::size_t tile_rows_of_panels = 6;

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx512bf16,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// How each path multiplies and what its sums are. Split: a is given in two parts.
struct byte_dot {
    using sum = __m512i;
    static constexpr panel_path path = panel_path::bytes;
    static constexpr bool split = false;
    static sum zero() noexcept { return _mm512_setzero_si512(); }
    static sum add(sum s, __m512i w, std::uint32_t a) noexcept {
        return _mm512_dpbusd_epi32(s, w, _mm512_set1_epi32(static_cast<int>(a)));
    }
};
template <bool Split>
struct pair_dot {
    using sum = __m512;
    static constexpr panel_path path = panel_path::pairs;
    static constexpr bool split = Split;
    static sum zero() noexcept { return _mm512_setzero_ps(); }
    static sum add(sum s, __m512i w, std::uint32_t a) noexcept {
        return _mm512_dpbf16_ps(s, (__m512bh)w, (__m512bh)_mm512_set1_epi32(static_cast<int>(a)));
    }
};
struct float_dot {
    using sum = __m512;
    static constexpr panel_path path = panel_path::floats;
    static constexpr bool split = false;
    static sum zero() noexcept { return _mm512_setzero_ps(); }
    static sum add(sum s, __m512i w, std::uint32_t a) noexcept {
        return _mm512_fmadd_ps(_mm512_castsi512_ps(w), _mm512_castsi512_ps(_mm512_set1_epi32(static_cast<int>(a))), s);
    }
};

/// One tile of Rows rows. The order of each sum is the same for every number of rows.
template <class Dot, std::size_t... Row>
inline void multiply_rows(panel_tile const& t, std::index_sequence<Row...>) noexcept {
    constexpr std::size_t rows = sizeof...(Row);
    constexpr std::size_t strip_bytes = chunk_depth / columns_of(Dot::path) * line_bytes;
    constexpr bool exact = Dot::path == panel_path::bytes;
    for (std::size_t g = 0; g < t.segment_count; ++g) {
        panel_segment const segment = t.segments[g];
        typename Dot::sum sums[rows][tile_panels];
        for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t p = 0; p < tile_panels; ++p) {
                sums[r][p] = Dot::zero();
                if constexpr (exact) {
                    if (!segment.opens) sums[r][p] = _mm512_loadu_si512(t.carried + r * tile_width + p * panel_rows);
                }
            }
        }
        std::size_t const begin = segment.begin / columns_of(Dot::path);
        std::size_t const end = segment.end / columns_of(Dot::path);
        for (std::size_t i = begin; i < end; ++i) {
            __m512i w[tile_panels];
            for (std::size_t p = 0; p < tile_panels; ++p) w[p] = _mm512_load_si512(t.strips + p * strip_bytes + i * line_bytes);
            auto const row = [&]<std::size_t R>(std::integral_constant<std::size_t, R>) {
                std::uint32_t const a = t.a[0][R * t.a_stride + i];
                for (std::size_t p = 0; p < tile_panels; ++p) sums[R][p] = Dot::add(sums[R][p], w[p], a);
                if constexpr (Dot::split) {
                    std::uint32_t const rest = t.a[1][R * t.a_stride + i];
                    for (std::size_t p = 0; p < tile_panels; ++p) sums[R][p] = Dot::add(sums[R][p], w[p], rest);
                }
            };
            (row(std::integral_constant<std::size_t, Row>{}), ...);
        }
        for (std::size_t r = 0; r < rows; ++r) {
            float const scale_a = t.scale_a[r * t.scale_a_stride + segment.number];
            for (std::size_t p = 0; p < tile_panels; ++p) {
                float* const y = t.y + r * tile_width + p * panel_rows;
                __m512 sum;
                if constexpr (exact) {
                    if (!segment.closes) {
                        _mm512_storeu_si512(t.carried + r * tile_width + p * panel_rows, sums[r][p]);
                        continue;
                    }
                    int const shift = t.bias * t.sum_a[r * t.scale_a_stride + segment.number];
                    sum = _mm512_cvtepi32_ps(_mm512_sub_epi32(sums[r][p], _mm512_set1_epi32(shift)));
                    sum = _mm512_mul_ps(sum, _mm512_set1_ps(t.unit));
                } else {
                    sum = sums[r][p];
                }
                __m512 const scale_w = _mm512_load_ps(t.scale_w + (p * most_groups + segment.scale_w) * panel_rows);
                __m512 const scale = _mm512_mul_ps(_mm512_set1_ps(scale_a), scale_w);
                _mm512_storeu_ps(y, _mm512_fmadd_ps(sum, scale, _mm512_loadu_ps(y)));
            }
        }
    }
}

/// panel_engine::multiply
template <class Dot>
void multiply(std::size_t rows, panel_tile const& tile) {
    static_assert(tile_rows_of_panels == 6);
    switch (rows) {
        case 1: return multiply_rows<Dot>(tile, std::make_index_sequence<1>{});
        case 2: return multiply_rows<Dot>(tile, std::make_index_sequence<2>{});
        case 3: return multiply_rows<Dot>(tile, std::make_index_sequence<3>{});
        case 4: return multiply_rows<Dot>(tile, std::make_index_sequence<4>{});
        case 5: return multiply_rows<Dot>(tile, std::make_index_sequence<5>{});
        default: return multiply_rows<Dot>(tile, std::make_index_sequence<6>{});
    }
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
