// One row of activations times four panels straight from their lines: codes become vectors in registers, nothing is stored.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <utility>

#include "../operand.hpp"
#include "expand_panel.hpp"
#include "multiply_panel.hpp"

FEWBITS_TARGET_BEGIN("avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx2 {

/// Adds the products of four steps, 16 columns, to the sums of half a panel, in the order multiply_rows has. Half: of a unit.
template <class Dot, code_form Form, int Width, int Half>
inline typename Dot::sum add_quad(typename Dot::sum sum, element_tables const& tables, std::byte const* unit,
                                  std::uint32_t const* a) noexcept {
    constexpr std::size_t vectors = vector_count<Form>();
    [&]<int... Step>(std::integer_sequence<int, Step...>) {
        auto const step = [&]<int S>(std::integral_constant<int, S>) {
            __m256i w[vectors];
            vectors_of_codes<Form, Width>(tables, codes_of_step<Width, 4 * Half + S>(unit), w);
            for (std::size_t i = 0; i < vectors; ++i) sum = Dot::add(sum, w[i], Dot::broadcast(a[S * vectors + i]));
        };
        (step(std::integral_constant<int, Step>{}), ...);
    }(std::make_integer_sequence<int, 4>{});
    return sum;
}

/// The row's sums with all four panels.
template <class Dot>
struct row_of_panels {
    element_tables const& tables;
    std::byte const* const* lines;
    panel_tile const& tile;

    template <code_form Form, int Width>
    void run() const noexcept {
        constexpr std::size_t unit_bytes = static_cast<std::size_t>(Width) * line_bytes;
        for (std::size_t g = 0; g < tile.segment_count; ++g) {
            panel_segment const segment = tile.segments[g];
            std::size_t const end = (segment.end + quad_columns - 1) / quad_columns;
            typename Dot::sum sums[tile_panels][line_vectors];
            for (std::size_t p = 0; p < tile_panels; ++p) open_sums<Dot>(segment, tile, 0, p, sums[p]);
            for (std::size_t quad = segment.begin / quad_columns; quad < end; ++quad) {
                std::size_t const at = quad / 2 * unit_bytes;
                if (quad % 2 == 0) {
                    fetch(at, unit_bytes);
                    add_quads<Form, Width, 0>(sums, quad, at);
                } else {
                    add_quads<Form, Width, 1>(sums, quad, at);
                }
            }
            for (std::size_t p = 0; p < tile_panels; ++p) close_sums<Dot>(segment, tile, 0, p, sums[p]);
        }
    }

private:
    template <code_form Form, int Width, int Half>
    void add_quads(typename Dot::sum (&sums)[tile_panels][line_vectors], std::size_t quad, std::size_t at) const noexcept {
        std::uint32_t const* const a = tile.a[0] + quad * (quad_columns / columns_of(Dot::path));
        for (std::size_t p = 0; p < tile_panels; ++p) {
            for (std::size_t v = 0; v < line_vectors; ++v) {
                sums[p][v] = add_quad<Dot, Form, Width, Half>(sums[p][v], tables, lines[p] + at + v * half_bytes, a);
            }
        }
    }

    void fetch(std::size_t at, std::size_t bytes) const noexcept {
        constexpr std::size_t ahead = 1024;
        for (std::size_t p = 0; p < tile_panels; ++p) {
            for (std::size_t i = 0; i < bytes; i += line_bytes) {
                _mm_prefetch(reinterpret_cast<char const*>(lines[p] + at + ahead + i), _MM_HINT_T0);
            }
        }
    }
};

/// panel_engine::multiply_lines for the widths that Dot takes
template <class Dot>
void multiply_lines(int width, element_tables const& tables, std::byte const* const* lines, panel_tile const& tile) {
    row_of_panels<Dot> const task{tables, lines, tile};
    if constexpr (Dot::path == panel_path::bytes) run_for_width<code_form::bytes, Dot::least_width, Dot::most_width>(width, task);
    else run_for_form<Dot::path>(width, tables, task);
}

}  // namespace avx2
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
