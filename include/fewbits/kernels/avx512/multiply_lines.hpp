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
template <class Dot, int Width, int Step>
inline typename Dot::sum add_step(typename Dot::sum sum, element_tables const& tables, std::byte const* unit,
                                  std::uint32_t const* a, std::uint32_t const* rest) noexcept {
    auto const add = [&](__m512i w, std::size_t i) {
        sum = Dot::add(sum, w, a[i]);
        if constexpr (Dot::split) sum = Dot::add(sum, w, rest[i]);
    };
    if constexpr (Dot::path == panel_path::bytes) {
        add(byte_integers<Width>(tables, codes_of_step<Width, Step>(unit)), 0);
    } else if constexpr (Dot::path == panel_path::pairs) {
        two_vectors const pairs = pairs_of_step<Width, Step>(tables, unit);
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
template <class Dot, int Width, int Half>
inline void add_quad(typename Dot::sum* sums, element_tables const& tables, std::byte const* const* units, std::size_t at,
                     std::uint32_t const* a, std::uint32_t const* rest) noexcept {
    constexpr std::size_t vectors = line_columns / columns_of(Dot::path);
    [&]<int... Step>(std::integer_sequence<int, Step...>) {
        auto const step = [&]<int S>(std::integral_constant<int, S>) {
            for (std::size_t p = 0; p < tile_panels; ++p) {
                sums[p] = add_step<Dot, Width, 4 * Half + S>(sums[p], tables, units[p] + at, a + S * vectors, rest + S * vectors);
            }
        };
        (step(std::integral_constant<int, Step>{}), ...);
    }(std::make_integer_sequence<int, 4>{});
}

template <class Dot, int Width>
inline void multiply_units(element_tables const& tables, std::byte const* const* lines, panel_tile const& t) noexcept {
    constexpr std::size_t quad_words = quad_columns / columns_of(Dot::path);
    constexpr std::size_t unit_bytes = static_cast<std::size_t>(Width) * line_bytes;
    constexpr std::size_t ahead = 1024;
    for (std::size_t g = 0; g < t.segment_count; ++g) {
        panel_segment const segment = t.segments[g];
        typename Dot::sum sums[tile_panels];
        open_sums<Dot>(segment, t, 0, sums);
        std::size_t const end = (segment.end + quad_columns - 1) / quad_columns;
        for (std::size_t quad = segment.begin / quad_columns; quad < end; ++quad) {
            std::size_t const at = quad / 2 * unit_bytes;
            std::uint32_t const* const a = t.a[0] + quad * quad_words;
            std::uint32_t const* const rest = Dot::split ? t.a[1] + quad * quad_words : a;
            if (quad % 2 == 0) {
                for (std::size_t p = 0; p < tile_panels; ++p) {
                    for (std::size_t i = 0; i < unit_bytes; i += line_bytes) {
                        _mm_prefetch(reinterpret_cast<char const*>(lines[p] + at + ahead + i), _MM_HINT_T0);
                    }
                }
                add_quad<Dot, Width, 0>(sums, tables, lines, at, a, rest);
            } else {
                add_quad<Dot, Width, 1>(sums, tables, lines, at, a, rest);
            }
        }
        close_sums<Dot>(segment, t, 0, sums);
    }
}

/// panel_engine::multiply_lines
template <class Dot>
void multiply_lines(int width, element_tables const& tables, std::byte const* const* lines, panel_tile const& tile) {
    switch (width) {
        case 1: return multiply_units<Dot, 1>(tables, lines, tile);
        case 2: return multiply_units<Dot, 2>(tables, lines, tile);
        case 3: return multiply_units<Dot, 3>(tables, lines, tile);
        case 4: return multiply_units<Dot, 4>(tables, lines, tile);
        case 5: return multiply_units<Dot, 5>(tables, lines, tile);
        case 6: return multiply_units<Dot, 6>(tables, lines, tile);
        case 7: return multiply_units<Dot, 7>(tables, lines, tile);
        default: return multiply_units<Dot, 8>(tables, lines, tile);
    }
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
