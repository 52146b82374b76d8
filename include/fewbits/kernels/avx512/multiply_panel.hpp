// A tile of sums over one chunk of K: rows of a broadcast, four panels of w, all sums of a group in registers.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <type_traits>
#include <utility>

#include "../panel_engine.hpp"
#include "../panel_scales.hpp"
#include "expand_panel.hpp"

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

/// The scales of panel p of the tile, for the group of the window.
[[gnu::always_inline]] inline __m512 scale_of(panel_tile const& t, std::size_t p, std::size_t group) noexcept {
    std::byte const* const panel = t.scales.first + p * t.scales.stride;
    std::size_t const at = t.first_scale + group;
    if (t.scales.form == number_form::floats) return _mm512_load_ps(panel + at * line_bytes);
    if (t.scales.form == number_form::halves) {
        return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<__m256i const*>(panel + at * line_bytes / 2)));
    }
    __m512i const ones = _mm512_set1_epi32(0xFF);
    __m512i const line = _mm512_load_si512(panel + at / line_columns * line_bytes);
    __m128i const shift = _mm_cvtsi32_si128(static_cast<int>(at % line_columns * 8));
    __m512i const code = _mm512_and_si512(_mm512_srl_epi32(line, shift), ones);
    __m512i const bits = _mm512_mask_mov_epi32(_mm512_slli_epi32(code, 23), _mm512_testn_epi32_mask(code, code),
                                               _mm512_set1_epi32(0x00400000));
    __mmask16 const none = _mm512_cmpeq_epi32_mask(code, ones);
    return _mm512_castsi512_ps(_mm512_mask_mov_epi32(bits, none, _mm512_set1_epi32(0x7FC00000)));
}

/// The sum of one row and panel at the beginning of a segment.
template <class Dot>
[[gnu::always_inline]] inline typename Dot::sum begin_segment(panel_segment const& segment, panel_tile const& t, std::size_t row,
                                                              std::size_t p) noexcept {
    if constexpr (Dot::path == panel_path::bytes) {
        if (!segment.opens) return _mm512_loadu_si512(t.carried + row * tile_width + p * panel_rows);
        return _mm512_set1_epi32(t.start_a[row * t.scale_a_stride + segment.number]);
    }
    return Dot::zero();
}

/// What a group's exact sum of code * a comes to with an offset: scale * (sum - zero * total) or scale * sum + minimum * total,
/// its error small beside the result even where the two nearly cancel. total: the group's sum of a.
inline __m512 sum_with_offset(panel_tile const& t, __m512 sum, __m512 total, __m512 scale, __m512 offset) noexcept {
    if (t.zero_points) return _mm512_mul_ps(scale, _mm512_fnmadd_ps(offset, total, sum));
    __m512 const scaled = _mm512_mul_ps(scale, sum);
    __m512 const lost = _mm512_fmsub_ps(scale, sum, scaled);
    return _mm512_add_ps(_mm512_fmadd_ps(offset, total, scaled), lost);
}

/// A super-block's sums of products by integer scales and minimums, times its two numbers: scale * products + minimum * minimums,
/// rounded once in double, where both products are exact, then to fp32.
[[gnu::always_inline]] inline __m512 sum_of_block(__m512i products, __m512i minimums, __m512 scale, __m512 minimum) noexcept {
    auto const half = [&](auto part) __attribute__((always_inline)) {
        auto const integers = [&](__m512i x) __attribute__((always_inline)) {
            return _mm512_cvtepi32_pd(part ? _mm512_extracti64x4_epi64(x, 1) : _mm512_castsi512_si256(x));
        };
        auto const numbers = [&](__m512 x) __attribute__((always_inline)) {
            return _mm512_cvtps_pd(part ? _mm512_extractf32x8_ps(x, 1) : _mm512_castps512_ps256(x));
        };
        __m512d const second = _mm512_mul_pd(integers(minimums), numbers(minimum));
        return _mm512_cvtpd_ps(_mm512_fmadd_pd(integers(products), numbers(scale), second));
    };
    return _mm512_insertf32x8(_mm512_castps256_ps512(half(std::false_type{})), half(std::true_type{}), 1);
}

/// The sum of a super-block's minimums times sums of a for one row and panel.
[[gnu::always_inline]] inline __m512i minimums_of_block(panel_segment const& segment, panel_tile const& t, std::size_t row,
                                                        std::size_t p) noexcept {
    std::uint32_t const* const sums = t.sum_a + row * t.sum_a_stride + segment.number / (2 * t.block_pairs) * t.block_pairs;
    std::uint32_t const* const minimum = t.integer_minimum_w + (p * scale_window + segment.factor_w * t.block_pairs) * panel_rows;
    __m512i total = _mm512_setzero_si512();
    for (std::size_t i = 0; i < t.block_pairs; ++i) {
        __m512i const sum = _mm512_set1_epi32(static_cast<int>(sums[i]));
        total = _mm512_dpwssd_epi32(total, _mm512_load_si512(minimum + i * panel_rows), sum);
    }
    return total;
}

/// The end of a super-block for `rows` rows and `panels` panels: y = fma(sum_of_block, scale_a, y). A call: most groups do not end one.
[[gnu::noinline]] inline void end_block(panel_segment const& segment, panel_tile const& t, std::size_t first_row, std::size_t rows,
                                        std::size_t first_panel, std::size_t panels) noexcept {
    for (std::size_t row = first_row; row < first_row + rows; ++row) {
        __m512 const scale_a = _mm512_set1_ps(t.scale_a[row * t.scale_a_stride + segment.number] * t.unit);
        for (std::size_t p = first_panel; p < first_panel + panels; ++p) {
            std::size_t const at = (p * scale_window + segment.factor_w) * panel_rows;  // of minimums
            std::size_t const to = row * tile_width + p * panel_rows;
            __m512 const sum = sum_of_block(_mm512_load_si512(t.products + to), minimums_of_block(segment, t, row, p),
                                            scale_of(t, p, segment.factor_w), _mm512_load_ps(t.minimum_w + at));
            _mm512_storeu_ps(t.y + to, _mm512_fmadd_ps(sum, scale_a, _mm512_loadu_ps(t.y + to)));
        }
    }
}

/// The end of a group where scales are integers, for one row and panel: the sum times its scale is added to those of the super-block.
[[gnu::always_inline]] inline void end_integers(panel_segment const& segment, panel_tile const& t, std::size_t row, std::size_t p,
                                                __m512i sum) noexcept {
    std::int32_t* const products = t.products + row * tile_width + p * panel_rows;
    __m512i const scale = _mm512_load_si512(t.integer_scale_w + (p * scale_window + segment.scale_w) * panel_rows);
    __m512i const before = _mm512_maskz_load_epi32(segment.begins_block ? __mmask16{0} : __mmask16{0xFFFF}, products);
    _mm512_store_si512(products, _mm512_add_epi32(before, _mm512_mullo_epi32(sum, scale)));
}

/// The end of a group for one row and panel: y = fma(sum, f(scale_a * scale_w), y), and the minimum times the sum of a. Offsets:
/// whether w has any.
template <class Dot, bool Offsets>
[[gnu::always_inline]] inline void end_group(panel_segment const& segment, panel_tile const& t, std::size_t row, std::size_t p,
                                             typename Dot::sum raw) noexcept {
    std::size_t const group = row * t.scale_a_stride + segment.number;
    __m512 const scale_a = _mm512_set1_ps(t.scale_a[group]);
    __m512 sum;
    if constexpr (Dot::path == panel_path::bytes) {
        sum = _mm512_cvtepi32_ps(raw);
        if (__builtin_bit_cast(std::uint32_t, t.unit) != 0x3F800000U) sum = _mm512_mul_ps(sum, _mm512_set1_ps(t.unit));
    } else {
        sum = raw;
    }
    std::size_t const at = (p * scale_window + segment.scale_w) * panel_rows;
    float* const y = t.y + row * tile_width + p * panel_rows;
    if constexpr (Dot::path == panel_path::bytes && Offsets) {
        __m512 const total = _mm512_set1_ps(t.total_a[group]);
        sum = sum_with_offset(t, sum, total, scale_of(t, p, segment.scale_w), _mm512_load_ps(t.minimum_w + at));
        return _mm512_storeu_ps(y, _mm512_fmadd_ps(sum, scale_a, _mm512_loadu_ps(y)));
    }
    __m512 total = _mm512_fmadd_ps(sum, _mm512_mul_ps(scale_a, scale_of(t, p, segment.scale_w)), _mm512_loadu_ps(y));
    if constexpr (Offsets) total = _mm512_fmadd_ps(_mm512_set1_ps(t.total_a[group]), _mm512_load_ps(t.minimum_w + at), total);
    _mm512_storeu_ps(y, total);
}

/// The end of a segment: of its groups, or integers carried on to the next chunk.
template <class Dot, std::size_t Rows>
[[gnu::always_inline]] inline void end_segment(panel_segment const& segment, panel_tile const& t,
                                               typename Dot::sum const (&sums)[Rows][tile_panels]) noexcept {
    auto const for_each = [&](auto const& f) __attribute__((always_inline)) {
        unrolled<Rows>([&](std::size_t r) __attribute__((always_inline)) {
            unrolled<tile_panels>([&](std::size_t p) __attribute__((always_inline)) { f(r, p, sums[r][p]); });
        });
    };
    using sum = typename Dot::sum;
    if constexpr (Dot::path == panel_path::bytes) {
        if (t.integer_scale_w != nullptr) {
            for_each([&](std::size_t r, std::size_t p, sum s) __attribute__((always_inline)) { end_integers(segment, t, r, p, s); });
            if (segment.ends_block) end_block(segment, t, 0, Rows, 0, tile_panels);
            return;
        }
        if (!segment.closes) {
            return for_each([&](std::size_t r, std::size_t p, sum s) __attribute__((always_inline)) {
                _mm512_storeu_si512(t.carried + r * tile_width + p * panel_rows, s);
            });
        }
    }
    if constexpr (Dot::path != panel_path::floats) {
        if (t.minimum_w != nullptr) {
            return for_each([&](std::size_t r, std::size_t p, sum s) __attribute__((always_inline)) {
                end_group<Dot, true>(segment, t, r, p, s);
            });
        }
    }
    for_each([&](std::size_t r, std::size_t p, sum s) __attribute__((always_inline)) { end_group<Dot, false>(segment, t, r, p, s); });
}

/// One tile of some rows. The order of each sum is the same for every number of rows.
template <class Dot, std::size_t Rows>
void multiply_rows(panel_tile const& tile) noexcept {
    panel_tile const t = tile;  // what vectors are stored to is none of these
    constexpr std::size_t columns = columns_of(Dot::path);
    constexpr std::size_t stride = strip_vectors(Dot::path);  // of a, in words
    std::size_t const first = t.first / columns;
    [[maybe_unused]] __m512i const flip = _mm512_set1_epi8(static_cast<char>(t.flip));
    for (std::size_t g = 0; g < t.segment_count; ++g) {
        panel_segment const segment = t.segments[g];
        typename Dot::sum sums[Rows][tile_panels];
        unrolled<Rows>([&](std::size_t r) __attribute__((always_inline)) {
            unrolled<tile_panels>([&](std::size_t p) __attribute__((always_inline)) { sums[r][p] = begin_segment<Dot>(segment, t, r, p); });
        });
        std::byte const* w_at = t.strips + (segment.begin / columns - first) * line_bytes;
        std::byte const* const w_end = t.strips + (segment.end / columns - first) * line_bytes;
        std::uint32_t const* a = t.a[0] + segment.begin / columns;
        std::uint32_t const* rest = Dot::split ? t.a[1] + segment.begin / columns : nullptr;
        for (; w_at != w_end; w_at += line_bytes, ++a) {
            __m512i w[tile_panels];
            unrolled<tile_panels>([&](std::size_t p) __attribute__((always_inline)) {
                w[p] = load_line(w_at + p * t.strip_stride);
                if constexpr (Dot::path == panel_path::bytes) w[p] = _mm512_xor_si512(w[p], flip);
            });
            unrolled<ahead_streams>([&](std::size_t i) __attribute__((always_inline)) {
                _mm_prefetch(reinterpret_cast<char const*>(reinterpret_cast<std::uintptr_t>(w_at) + t.ahead[i]), _MM_HINT_T1);
            });
            unrolled<Rows>([&](std::size_t r) __attribute__((always_inline)) {
                unrolled<tile_panels>([&](std::size_t p) __attribute__((always_inline)) {
                    sums[r][p] = Dot::add(sums[r][p], w[p], a[r * stride]);
                });
                if constexpr (Dot::split) {
                    unrolled<tile_panels>([&](std::size_t p) __attribute__((always_inline)) {
                        sums[r][p] = Dot::add(sums[r][p], w[p], rest[r * stride]);
                    });
                }
            });
            if constexpr (Dot::split) ++rest;
        }
        end_segment<Dot>(segment, t, sums);
    }
}

/// panel_engine::multiply
template <class Dot>
void multiply(std::size_t rows, panel_tile const& tile) {
    static_assert(tile_rows_of_panels == 6);
    switch (rows) {
        case 1: return multiply_rows<Dot, 1>(tile);
        case 2: return multiply_rows<Dot, 2>(tile);
        case 4: return multiply_rows<Dot, 4>(tile);
        default: return multiply_rows<Dot, 6>(tile);
    }
}

/// panel_engine::add_up
inline void add_up(float* sums, std::size_t count, double* totals) {
    for (std::size_t i = 0; i < count; i += 8) {
        __m512d const more = _mm512_cvtps_pd(_mm256_loadu_ps(sums + i));
        _mm512_storeu_pd(totals + i, _mm512_add_pd(_mm512_loadu_pd(totals + i), more));
        _mm256_storeu_ps(sums + i, _mm256_setzero_ps());
    }
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
