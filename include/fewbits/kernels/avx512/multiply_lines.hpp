// One row of activations times four panels straight from their lines: codes become vectors in registers, nothing is stored.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <utility>

#include "../operand.hpp"
#include "expand_panel.hpp"
#include "multiply_panel.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx512bf16,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// Adds the products of one step of four columns to the sums of a panel, in the order multiply_rows has.
template <class Dot, int Width, int Step, bool Shifted>
inline typename Dot::sum add_step(typename Dot::sum sum, element_tables const& tables, std::byte const* unit, __m512i shift,
                                  std::uint32_t const* a, std::uint32_t const* rest) noexcept {
    auto const add = [&](__m512i w, std::size_t i) {
        sum = Dot::add(sum, w, a[i]);
        if constexpr (Dot::split) sum = Dot::add(sum, w, rest[i]);
    };
    if constexpr (Dot::path == panel_path::bytes) {
        add(byte_integers<Width>(tables, codes_of_step<Width, Step>(unit)), 0);
    } else if constexpr (Dot::path == panel_path::pairs) {
        two_vectors pairs;
        if constexpr (Shifted) pairs = pairs_of_shifted<Width>(tables, codes_of_step<Width, Step>(unit), shift);
        else pairs = pairs_of_step<Width, Step>(tables, unit);
        add(pairs.first, 0);
        add(pairs.second, 1);
    } else {
        __m512i w[line_columns];
        floats_of_step<Width, Step>(tables, unit, w);
        for (std::size_t c = 0; c < line_columns; ++c) add(w[c], c);
    }
    return sum;
}

/// Four steps, 16 columns, of all four panels; Half: which half of a unit.
template <class Dot, int Width, int Half, bool Shifted>
inline void add_quad(typename Dot::sum* sums, element_tables const& tables, std::byte const* const* lines, std::size_t at,
                     __m512i const* shift, std::uint32_t const* a, std::uint32_t const* rest) noexcept {
    constexpr std::size_t vectors = line_columns / columns_of(Dot::path);
    [&]<int... Step>(std::integer_sequence<int, Step...>) {
        auto const step = [&]<int S>(std::integral_constant<int, S>) {
            unrolled<tile_panels>([&](std::size_t p) __attribute__((always_inline)) {
                sums[p] = add_step<Dot, Width, 4 * Half + S, Shifted>(sums[p], tables, lines[p] + at, shift[p], a + S * vectors,
                                                                      rest + S * vectors);
            });
        };
        (step(std::integral_constant<int, Step>{}), ...);
    }(std::make_integer_sequence<int, 4>{});
}

/// Asks for the lines of the unit `ahead` bytes on. Always inlined: g++ drops calls to functions that do nothing else.
template <int Lines>
[[gnu::always_inline]] inline void fetch_ahead(std::byte const* unit) noexcept {
    constexpr std::size_t ahead = 2048;
    for (std::size_t i = 0; i < Lines; ++i) {
        _mm_prefetch(reinterpret_cast<char const*>(unit + ahead + i * line_bytes), _MM_HINT_T1);
    }
}

/// The four panels side by side: four streams of lines, four independent chains of sums.
template <class Dot, int Width, bool Shifted = false>
inline void multiply_units(element_tables const& tables, std::byte const* const* lines, panel_tile const& t) noexcept {
    constexpr std::size_t quad_words = quad_columns / columns_of(Dot::path);
    constexpr int unit_lines = width_in_bits<Width>;
    for (std::size_t g = 0; g < t.segment_count; ++g) {
        panel_segment const segment = t.segments[g];
        std::size_t const end = (segment.end + quad_columns - 1) / quad_columns;
        typename Dot::sum sums[tile_panels];
        __m512i shift[tile_panels] = {};
        unrolled<tile_panels>([&](std::size_t p) __attribute__((always_inline)) {
            sums[p] = begin_segment<Dot>(segment, t, 0, p);
            if constexpr (Shifted) shift[p] = _mm512_load_si512(t.shift_w + (p * scale_window + segment.scale_w) * panel_rows);
        });
        for (std::size_t quad = segment.begin / quad_columns; quad < end; ++quad) {
            std::size_t const at = quad / 2 * (unit_lines * line_bytes);
            std::uint32_t const* const a = t.a[0] + quad * quad_words;
            std::uint32_t const* const rest = Dot::split ? t.a[1] + quad * quad_words : a;
            if (quad % 2 == 0) {
                unrolled<tile_panels>([&](std::size_t p) __attribute__((always_inline)) { fetch_ahead<unit_lines>(lines[p] + at); });
                add_quad<Dot, Width, 0, Shifted>(sums, tables, lines, at, shift, a, rest);
            } else {
                add_quad<Dot, Width, 1, Shifted>(sums, tables, lines, at, shift, a, rest);
            }
        }
        unrolled<tile_panels>([&](std::size_t p) __attribute__((always_inline)) { end_segment<Dot>(segment, t, 0, p, sums[p]); });
    }
}

/// The widths that are worth a program of their own, a bit each: those of formats in use, and for fp32 what it takes one look-up
/// to widen.
template <class Dot>
inline constexpr unsigned line_widths = Dot::path == panel_path::floats ? 0b1'1110U : 0b1'0111'1110U;

/// panel_engine::multiply_lines
template <class Dot>
void multiply_lines(int width, element_tables const& tables, std::byte const* const* lines, panel_tile const& tile) {
    if constexpr (Dot::path == panel_path::pairs) {
        if (tile.shift_w != nullptr) {
            switch (width) {
                case 1: return multiply_units<Dot, 1, true>(tables, lines, tile);
                case 2: return multiply_units<Dot, 2, true>(tables, lines, tile);
                case 3: return multiply_units<Dot, 3, true>(tables, lines, tile);
                case 4: return multiply_units<Dot, 4, true>(tables, lines, tile);
                default: return multiply_units<Dot, 5, true>(tables, lines, tile);
            }
        }
    }
    switch (width) {
        case 1: return multiply_units<Dot, 1>(tables, lines, tile);
        case 2: return multiply_units<Dot, 2>(tables, lines, tile);
        case 3: return multiply_units<Dot, 3>(tables, lines, tile);
        case 4: return multiply_units<Dot, 4>(tables, lines, tile);
        default: break;
    }
    if constexpr (Dot::path != panel_path::floats) {
        if (width == 5) return multiply_units<Dot, 5>(tables, lines, tile);
        if (width == 6) return multiply_units<Dot, 6>(tables, lines, tile);
        if constexpr (Dot::path == panel_path::pairs) {
            if (tables.mirrored) return multiply_units<Dot, mirrored_bytes>(tables, lines, tile);
        }
        multiply_units<Dot, 8>(tables, lines, tile);
    }
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
