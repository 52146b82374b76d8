// A tile of sums over one chunk of K: rows of a broadcast, one panel of w after the other, its sums of a group in registers.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <utility>

#include "../panel_engine.hpp"
#include "../panel_scales.hpp"

FEWBITS_TARGET_BEGIN("avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx2 {

/// Vectors of a line of 16 rows, and the sums of each.
inline constexpr std::size_t line_vectors = 2;
inline constexpr std::size_t vector_rows = panel_rows / line_vectors;

/// How each path multiplies and what its sums are; `rows` of a keep their sums in 16 registers.
struct integer_sums {
    using sum = __m256i;
    static constexpr panel_path path = panel_path::bytes;
    static constexpr std::size_t rows = 4;
    static sum zero() noexcept { return _mm256_setzero_si256(); }
    static __m256i broadcast(std::uint32_t a) noexcept { return _mm256_set1_epi32(static_cast<int>(a)); }
};
/// w of up to 7 bits: sums of two products, at most 2 * 127 * 128, stay within 16 bits.
struct narrow_dot : integer_sums {
    static constexpr int least_width = 1, most_width = 7;
    static sum add(sum s, __m256i w, __m256i a) noexcept {
        __m256i const twos = _mm256_maddubs_epi16(w, a);
        return _mm256_add_epi32(s, _mm256_madd_epi16(twos, _mm256_set1_epi16(1)));
    }
};
/// w of 8 bits: even and odd columns as 16 bits.
struct wide_dot : integer_sums {
    static constexpr int least_width = 8, most_width = 8;
    static sum add(sum s, __m256i w, __m256i a) noexcept {
        __m256i const even_w = _mm256_and_si256(w, _mm256_set1_epi16(0x00FF));
        __m256i const even_a = _mm256_srai_epi16(_mm256_slli_epi16(a, 8), 8);
        __m256i const odds = _mm256_madd_epi16(_mm256_srli_epi16(w, 8), _mm256_srai_epi16(a, 8));
        return _mm256_add_epi32(s, _mm256_add_epi32(_mm256_madd_epi16(even_w, even_a), odds));
    }
};
struct float_dot {
    using sum = __m256;
    static constexpr panel_path path = panel_path::floats;
    static constexpr std::size_t rows = 6;
    static sum zero() noexcept { return _mm256_setzero_ps(); }
    static __m256i broadcast(std::uint32_t a) noexcept { return _mm256_set1_epi32(static_cast<int>(a)); }
    static sum add(sum s, __m256i w, __m256i a) noexcept {
        return _mm256_fmadd_ps(_mm256_castsi256_ps(w), _mm256_castsi256_ps(a), s);
    }
};

/// The sums of one row and one panel at the beginning of a segment.
template <class Dot>
inline void open_sums(panel_segment const& segment, panel_tile const& t, std::size_t row, std::size_t panel,
                      typename Dot::sum* sums) noexcept {
    for (std::size_t v = 0; v < line_vectors; ++v) {
        sums[v] = Dot::zero();
        if constexpr (Dot::path == panel_path::bytes) {
            sums[v] = _mm256_set1_epi32(t.start_a[row * t.scale_a_stride + segment.number]);
            std::int32_t const* const carried = t.carried + row * tile_width + panel * panel_rows + v * vector_rows;
            if (!segment.opens) sums[v] = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(carried));
        }
    }
}

/// At its end: y = fma(sum, f(scale_a * scale_w), y), or integers carried on to the next chunk.
template <class Dot>
inline void close_sums(panel_segment const& segment, panel_tile const& t, std::size_t row, std::size_t panel,
                       typename Dot::sum const* sums) noexcept {
    std::size_t const group = row * t.scale_a_stride + segment.number;
    std::size_t const place = row * tile_width + panel * panel_rows;
    for (std::size_t v = 0; v < line_vectors; ++v) {
        __m256 sum;
        if constexpr (Dot::path == panel_path::bytes) {
            if (!segment.closes) {
                _mm256_storeu_si256(reinterpret_cast<__m256i*>(t.carried + place + v * vector_rows), sums[v]);
                continue;
            }
            sum = _mm256_mul_ps(_mm256_cvtepi32_ps(sums[v]), _mm256_set1_ps(t.unit));
        } else {
            sum = sums[v];
        }
        auto const* const scales = reinterpret_cast<float const*>(t.scales.first + panel * t.scales.stride);  // floats
        __m256 const scale_w = _mm256_load_ps(scales + segment.scale_w * panel_rows + v * vector_rows);
        float* const y = t.y + place + v * vector_rows;
        _mm256_storeu_ps(y, _mm256_fmadd_ps(sum, _mm256_mul_ps(_mm256_set1_ps(t.scale_a[group]), scale_w), _mm256_loadu_ps(y)));
    }
}

/// One panel of a tile of some rows. The order of each sum is the same for every number of rows.
template <class Dot, std::size_t... Row>
inline void multiply_rows(panel_tile const& t, std::size_t panel, std::index_sequence<Row...>) noexcept {
    constexpr std::size_t columns = columns_of(Dot::path);
    std::byte const* const strip = t.strips + panel * t.strip_stride;
    std::size_t const first = t.first / columns;
    for (std::size_t g = 0; g < t.segment_count; ++g) {
        panel_segment const segment = t.segments[g];
        typename Dot::sum sums[sizeof...(Row)][line_vectors];
        (open_sums<Dot>(segment, t, Row, panel, sums[Row]), ...);
        for (std::size_t i = segment.begin / columns; i < segment.end / columns; ++i) {
            auto const* const line = reinterpret_cast<__m256i const*>(strip + (i - first) * line_bytes);
            __m256i const w[line_vectors]{_mm256_load_si256(line), _mm256_load_si256(line + 1)};
            auto const row = [&]<std::size_t R>(std::integral_constant<std::size_t, R>) {
                __m256i const a = Dot::broadcast(t.a[0][R * strip_vectors(Dot::path) + i]);
                for (std::size_t v = 0; v < line_vectors; ++v) sums[R][v] = Dot::add(sums[R][v], w[v], a);
            };
            (row(std::integral_constant<std::size_t, Row>{}), ...);
        }
        (close_sums<Dot>(segment, t, Row, panel, sums[Row]), ...);
    }
}

/// panel_engine::multiply
template <class Dot, std::size_t Rows = Dot::rows>
void multiply(std::size_t rows, panel_tile const& tile) {
    if constexpr (Rows > 1) {
        if (rows < Rows) return multiply<Dot, (Rows > 4 ? 4 : Rows / 2)>(rows, tile);
    }
    for (std::size_t panel = 0; panel < tile_panels; ++panel) multiply_rows<Dot>(tile, panel, std::make_index_sequence<Rows>{});
}

}  // namespace avx2
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
