// One row of activations times four panels of codes of 1 or 2 bits without a product: look-ups of sums, and additions.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "expand_panel.hpp"
#include "multiply_lines.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx512bf16,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// Four bits of a 16-bit lane of a line are the codes of two or four columns, each four columns from the next; lanes of even and
/// of odd number have other columns. So a vector of 32 sums holds what any four bits add up to: 16 for the even lanes, then 16
/// for the odd ones. A quad of columns takes `sums_of_quad` such vectors, for each byte of a lane and for each half of the byte
/// that belongs to the quad.
template <int Width>
inline constexpr int sums_of_quad = 2 * Width;
template <int Width>
inline constexpr std::size_t columns_of_sum = 4 / Width;

/// The entries of a vector of sums, a bit each, whose code at bit `at` of their number stands for an integer with odd magnitude,
/// with a magnitude of 2 or 3, and below zero.
struct sum_masks {
    __mmask32 odd = 0, two = 0, negative = 0;
};

inline sum_masks masks_of(int width, element_tables const& tables, std::size_t at) noexcept {
    sum_masks masks;
    for (std::size_t entry = 0; entry < 32; ++entry) {
        int const integer = tables.byte[entry >> at & ((1U << width) - 1)] - tables.bias;
        __mmask32 const bit = __mmask32{1} << entry;
        if (integer % 2 != 0) masks.odd |= bit;
        if (integer / 2 != 0) masks.two |= bit;
        if (integer < 0) masks.negative |= bit;
    }
    return masks;
}

/// a times those integers, by additions.
[[gnu::always_inline]] inline __m512i multiple(sum_masks masks, __m512i a) noexcept {
    __m512i const odd = _mm512_maskz_mov_epi16(masks.odd, a);
    __m512i const all = _mm512_mask_add_epi16(odd, masks.two, odd, _mm512_add_epi16(a, a));
    return _mm512_mask_sub_epi16(all, masks.negative, _mm512_setzero_si512(), all);
}

template <int Width>
inline void make_sums_of(element_tables const& tables, std::uint32_t const* words, std::size_t quads, std::byte* out) noexcept {
    constexpr std::size_t columns = columns_of_sum<Width>;
    sum_masks masks[columns];
    for (std::size_t i = 0; i < columns; ++i) masks[i] = masks_of(Width, tables, i * Width);
    __m512i const odd_lanes = _mm512_mask_set1_epi16(_mm512_setzero_si512(), 0xFFFF0000U, 2);
    for (std::size_t quad = 0; quad < quads; ++quad, words += 4, out += sums_of_quad<Width> * line_bytes) {
        __m256i const wide = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<__m128i const*>(words)));
        __m512i const a = _mm512_castsi256_si512(wide);
        unrolled<std::size_t{sums_of_quad<Width>}>([&](std::size_t s) __attribute__((always_inline)) {
            __m512i sum = _mm512_setzero_si512();
            unrolled<columns>([&](std::size_t i) __attribute__((always_inline)) {
                std::size_t const column = 4 * (s % Width * columns + i) + s / Width;
                __m512i const at = _mm512_add_epi16(odd_lanes, _mm512_set1_epi16(static_cast<short>(column)));
                sum = _mm512_add_epi16(sum, multiple(masks[i], _mm512_permutexvar_epi16(at, a)));
            });
            _mm512_storeu_si512(out + s * line_bytes, sum);
        });
    }
}

/// panel_engine::make_sums
inline void make_sums(int width, element_tables const& tables, std::uint32_t const* words, std::size_t quads, std::byte* out) {
    if (width == 1) make_sums_of<1>(tables, words, quads, out);
    else make_sums_of<2>(tables, words, quads, out);
}

/// Quads whose sums stay within 16 bits: 32 additions of at most 6 * 128, or 16 of twice that.
inline constexpr std::size_t narrow_quads = 8;

/// A quad's sums for four panels. Half: which half of a unit the quad is.
template <int Width, int Half>
[[gnu::always_inline]] inline void add_quad_of_sums(__m512i (&sums)[tile_panels], std::byte const* const* lines, std::size_t at,
                                                    std::byte const* entries) noexcept {
    __m512i const low = _mm512_set1_epi16(0x000F);
    __m512i const odd = _mm512_set1_epi32(0x00100000);
    __m512i line[tile_panels];
    unrolled<tile_panels>([&](std::size_t p) __attribute__((always_inline)) {
        line[p] = load_line(lines[p] + at + (Width == 2 ? Half * line_bytes : 0));
    });
    auto const look_up_sums = [&]<int S>(std::integral_constant<int, S>) __attribute__((always_inline)) {
        constexpr unsigned shift = S / Width * 8 + (Width == 2 ? S % 2 : Half) * 4;
        __m512i const table = _mm512_load_si512(entries + S * line_bytes);
        unrolled<tile_panels>([&](std::size_t p) __attribute__((always_inline)) {
            __m512i const codes = shift == 0 ? line[p] : _mm512_srli_epi16(line[p], shift);
            __m512i const entry = _mm512_ternarylogic_epi64(codes, low, odd, 0xEA);  // (codes & low) | odd
            sums[p] = _mm512_add_epi16(sums[p], _mm512_permutexvar_epi16(entry, table));
        });
    };
    [&]<int... S>(std::integer_sequence<int, S...>) __attribute__((always_inline)) {
        (look_up_sums(std::integral_constant<int, S>{}), ...);
    }(std::make_integer_sequence<int, sums_of_quad<Width>>{});
}

/// The two halves of each lane, added in 32 bits.
[[gnu::always_inline]] inline __m512i add_halves(__m512i sums) noexcept {
    return _mm512_add_epi32(_mm512_srai_epi32(_mm512_slli_epi32(sums, 16), 16), _mm512_srai_epi32(sums, 16));
}

template <int Width>
[[gnu::noinline]] void add_units(std::byte const* const* lines, panel_tile const& t) noexcept {
    constexpr std::size_t unit_bytes = Width * line_bytes;
    constexpr std::size_t quad_bytes = sums_of_quad<Width> * line_bytes;
    __m512 y[tile_panels];
    __m512i totals[tile_panels];
    unrolled<tile_panels>([&](std::size_t p) __attribute__((always_inline)) {
        y[p] = _mm512_loadu_ps(t.y + p * panel_rows);
        totals[p] = t.segments[0].opens ? _mm512_setzero_si512() : _mm512_loadu_si512(t.carried + p * panel_rows);
    });
    for (std::size_t g = 0; g < t.segment_count; ++g) {
        panel_segment const& segment = t.segments[g];
        std::size_t const end = (segment.end + quad_columns - 1) / quad_columns;
        for (std::size_t quad = segment.begin / quad_columns; quad < end;) {
            std::size_t const stop = end - quad < narrow_quads ? end : quad + narrow_quads;
            __m512i sums[tile_panels];
            unrolled<tile_panels>([&](std::size_t p) __attribute__((always_inline)) { sums[p] = _mm512_setzero_si512(); });
            for (; quad < stop; ++quad) {
                std::size_t const at = quad / 2 * unit_bytes;
                std::byte const* const entries = t.sums + quad * quad_bytes;
                if (quad % 2 == 0) {
                    std::size_t const far = far_of(lines, at);
                    unrolled<tile_panels>([&](std::size_t p) __attribute__((always_inline)) { fetch_part<Width, 0, 1>(lines[p], far); });
                    add_quad_of_sums<Width, 0>(sums, lines, at, entries);
                } else {
                    add_quad_of_sums<Width, 1>(sums, lines, at, entries);
                }
            }
            unrolled<tile_panels>([&](std::size_t p) __attribute__((always_inline)) {
                totals[p] = _mm512_add_epi32(totals[p], add_halves(sums[p]));
            });
        }
        if (!segment.closes) continue;
        __m512 const scale_a = _mm512_set1_ps(t.scale_a[segment.number]);
        __m512 scale_w[tile_panels];
        for (std::size_t p = 0; p < tile_panels; ++p) scale_w[p] = scale_of(t, p, segment.scale_w);
        unrolled<tile_panels>([&](std::size_t p) __attribute__((always_inline)) {
            __m512 const sum = _mm512_mul_ps(_mm512_cvtepi32_ps(totals[p]), _mm512_set1_ps(t.unit));
            y[p] = _mm512_fmadd_ps(sum, _mm512_mul_ps(scale_a, scale_w[p]), y[p]);
            totals[p] = _mm512_setzero_si512();
        });
    }
    unrolled<tile_panels>([&](std::size_t p) __attribute__((always_inline)) {
        _mm512_storeu_ps(t.y + p * panel_rows, y[p]);
        _mm512_storeu_si512(t.carried + p * panel_rows, totals[p]);
    });
}

/// panel_engine::add_lines
inline void add_lines(int width, std::byte const* const* lines, panel_tile const& tile) {
    if (width == 1) add_units<1>(lines, tile);
    else add_units<2>(lines, tile);
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
