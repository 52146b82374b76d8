// Short segments in AMX tiles: what a chunk's sums come to with their scales, 16 rows by one panel of y in registers.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "../avx512/multiply_panel.hpp"
#include "batch_tiles.hpp"
#include "stream_tiles.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx512bf16,avx2,fma,f16c,bmi2,amx-tile,amx-int8,amx-bf16")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace amx {

/// f(0), f(1), ... f(15), as avx512::unrolled has it in a region without tiles, whose functions this one does not inline.
template <class F>
[[gnu::always_inline]] inline void each_row(F const& f) noexcept {
    [&]<std::size_t... R>(std::index_sequence<R...>) __attribute__((always_inline)) { (f(R), ...); }
    (std::make_index_sequence<register_rows>{});
}

/// f(g, its 16 x 16 sums) for all segments [0, count) of the next panel.
template <class Sums, class F>
[[gnu::always_inline]] inline void each_segment(std::size_t count, Sums& stream, F const& f) noexcept {
    for (std::size_t g = 0; g < count; g += sums_at_once) {
        [&]<int... I>(std::integer_sequence<int, I...>) __attribute__((always_inline)) {
            auto const take = [&](std::size_t number, std::int32_t const* sums) __attribute__((always_inline)) {
                if (number < count) f(number, sums);
            };
            (take(g + I, stream.template next<I>()), ...);
        }(std::make_integer_sequence<int, sums_at_once>{});
    }
}

/// Vectors of a segment whose sums are scaled here: those of bytes stay below 2^22.
inline constexpr std::size_t most_vectors = 32;

/// Whether sums begin with something that differs from row to row.
template <class Dot>
inline constexpr bool has_start = Dot::path == panel_path::bytes && !std::is_same_v<Dot, signed_byte_dot>;

/// Whether every segment of a tile begins and ends in it and is short.
template <class Dot>
inline bool are_short(panel_tile const& t) noexcept {
    return std::all_of(t.segments, t.segments + t.segment_count, [](panel_segment const& s) {
        return s.opens && s.closes && s.end - s.begin <= most_vectors * columns_of(Dot::path);
    });
}

/// What belongs to a row and a segment, next to each other for all rows. A sum of bytes i plus its start plus the bits of 1.5 * 2^23
/// units is as a float (1.5 * 2^23 + i) units, to the bit: a subtraction then makes it one, and leaves the port of multiplications
/// free, the only one that takes those of floats beside tiles.
struct row_numbers {
    alignas(line_bytes) float scale[most_rows][most_segments];
    alignas(line_bytes) std::int32_t start[most_rows][most_segments];

    template <class Dot>
    void read(panel_tile const& t, std::size_t rows, std::size_t group, std::size_t count, std::int32_t origin) noexcept {
        auto const some = static_cast<__mmask16>((1U << count) - 1U);
        for (std::size_t r = 0; r < rows; ++r) {
            std::size_t const at = r * t.scale_a_stride + group;
            _mm512_store_ps(scale[r], _mm512_maskz_loadu_ps(some, t.scale_a + at));
            if constexpr (has_start<Dot>) {
                __m512i const starts = _mm512_maskz_loadu_epi32(some, t.start_a + at);
                _mm512_store_si512(start[r], _mm512_add_epi32(starts, _mm512_set1_epi32(origin)));
            }
        }
    }
};

/// y = fma(sum, f(scale_a * scale_w), y) and what offsets add, as avx512::end_group has it, for 16 rows and a panel.
template <class Dot, bool Offsets, class Sums>
inline void scale_panel(panel_tile const& t, panel_segment const* segments, std::size_t count, row_numbers const& numbers, float origin,
                        std::size_t row, std::size_t p, Sums& stream) noexcept {
    float* const to = t.y + row * tile_width + p * panel_rows;
    __m512 const origins = _mm512_set1_ps(origin);
    __m512 y[register_rows];
    each_row([&](std::size_t r) __attribute__((always_inline)) { y[r] = _mm512_loadu_ps(to + r * tile_width); });
    each_segment(count, stream, [&](std::size_t g, std::int32_t const* sums) __attribute__((always_inline)) {
        std::size_t const at = (p * scale_window + segments[g].scale_w) * panel_rows;
        __m512 const scale_w = avx512::scale_of(t, p, segments[g].scale_w);
        float const* const scale_a = &numbers.scale[row][g];
        [[maybe_unused]] std::int32_t const* const start = &numbers.start[row][g];
        each_row([&](std::size_t r) __attribute__((always_inline)) {
            __m512i const bits = _mm512_load_si512(sums + r * panel_rows);
            __m512 const a = _mm512_set1_ps(scale_a[r * most_segments]);
            std::size_t const group = (row + r) * t.scale_a_stride + segments[g].number;
            if constexpr (Dot::path == panel_path::bytes) {
                __m512i const from = has_start<Dot> ? _mm512_set1_epi32(start[r * most_segments]) : _mm512_castps_si512(origins);
                __m512i const shifted = _mm512_add_epi32(bits, from);
                __m512 const sum = _mm512_sub_ps(_mm512_castsi512_ps(shifted), origins);
                if constexpr (Offsets) {
                    __m512 const total = _mm512_set1_ps(t.total_a[group]);
                    y[r] = _mm512_fmadd_ps(avx512::sum_with_offset(t, sum, total, scale_w, _mm512_load_ps(t.minimum_w + at)), a, y[r]);
                } else {
                    y[r] = _mm512_fmadd_ps(sum, _mm512_mul_ps(a, scale_w), y[r]);
                }
            } else {
                y[r] = _mm512_fmadd_ps(_mm512_castsi512_ps(bits), _mm512_mul_ps(a, scale_w), y[r]);
                if constexpr (Offsets) {
                    y[r] = _mm512_fmadd_ps(_mm512_set1_ps(t.total_a[group]), _mm512_load_ps(t.minimum_w + at), y[r]);
                }
            }
        });
    });
    each_row([&](std::size_t r) __attribute__((always_inline)) { _mm512_storeu_ps(to + r * tile_width, y[r]); });
}

/// Scales that are integers: sums by them over each super-block, and what its end makes of those.
template <class Dot>
inline void scale_integers(panel_tile const& t, panel_segment const* segments, std::size_t count, row_numbers const& numbers,
                           std::size_t row, std::size_t p, tile_stream<Dot>& stream) noexcept {
    std::int32_t* const to = t.products + row * tile_width + p * panel_rows;
    __m512i products[register_rows];
    each_row([&](std::size_t r) __attribute__((always_inline)) {
        products[r] = segments[0].begins_block ? _mm512_setzero_si512() : _mm512_load_si512(to + r * tile_width);
    });
    each_segment(count, stream, [&](std::size_t g, std::int32_t const* sums) __attribute__((always_inline)) {
        __m512i const scale_w = _mm512_load_si512(t.integer_scale_w + (p * scale_window + segments[g].scale_w) * panel_rows);
        [[maybe_unused]] std::int32_t const* const start = &numbers.start[row][g];
        each_row([&](std::size_t r) __attribute__((always_inline)) {
            __m512i sum = _mm512_load_si512(sums + r * panel_rows);
            if constexpr (has_start<Dot>) sum = _mm512_add_epi32(sum, _mm512_set1_epi32(start[r * most_segments]));
            products[r] = _mm512_add_epi32(products[r], _mm512_mullo_epi32(sum, scale_w));
        });
        if (!segments[g].ends_block && g + 1 < count) return;
        each_row([&](std::size_t r) __attribute__((always_inline)) {
            _mm512_store_si512(to + r * tile_width, products[r]);
            products[r] = _mm512_setzero_si512();
        });
        if (segments[g].ends_block) avx512::end_block(segments[g], t, row, register_rows, p, 1);
    });
}

/// panel_engine::multiply where are_short. Sums: tile_stream or tile_batch, of up to `most` segments at a time.
template <class Dot, class Sums>
void multiply_short(std::size_t rows, panel_tile const& t) noexcept {
    float const origin = 12582912.0F * t.unit;  // 1.5 * 2^23 units
    bool const integers = t.integer_scale_w != nullptr;
    row_numbers numbers;
    for (std::size_t first = 0; first < t.segment_count; first += Sums::most) {
        panel_segment const* const segments = t.segments + first;
        std::size_t const count = std::min(Sums::most, t.segment_count - first);
        numbers.read<Dot>(t, rows, segments[0].number, count, integers ? 0 : __builtin_bit_cast(std::int32_t, origin));
        Sums sums(t, segments, count, rows);
        for (std::size_t row = 0; row < rows; row += register_rows) {
            for (std::size_t p = 0; p < panels_at_once; ++p) {
                if constexpr (Dot::path == panel_path::bytes) {
                    if (integers) {
                        scale_integers(t, segments, count, numbers, row, p, sums);
                        continue;
                    }
                }
                if (t.minimum_w != nullptr) scale_panel<Dot, true>(t, segments, count, numbers, origin, row, p, sums);
                else scale_panel<Dot, false>(t, segments, count, numbers, origin, row, p, sums);
            }
        }
    }
}

}  // namespace amx
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
