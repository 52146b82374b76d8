// The scales and offsets of a panel of 16 rows, one vector of 16 for each group of columns: what a product multiplies sums by.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>

#include "../matrix/panel_levels.hpp"
#include "../scaling/scale_rule.hpp"
#include "panel_engine.hpp"
#include "portable/expand_codes.hpp"
#include "portable/read_scale.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// The look-up forms of the codes of a scalar format of at most 8 bits; made once.
template <scalar T>
element_tables const& tables_for() noexcept {
    static element_tables const tables = make_tables(T::width, value_table<T>());
    return tables;
}

/// out[i] = number (row, first + i) of a level of scales stored row by row, i < count <= scale_window.
template <scale_number S>
void read_row(number_storage<S> const& level, std::size_t row, std::size_t first, std::size_t count, float* out) noexcept {
    if constexpr (number_storage<S>::width <= 8) {
        packed_run const run{level.row_bytes(row), level.readable(row)};
        expand_codes(S::width, run, first, count, value_table<S>(), out, in_a_row{});
    } else {
        for (std::size_t i = 0; i < count; ++i) out[i] = read_number(level, row, first + i);
    }
}
template <block_composition B>
void read_row(block_storage<B> const& level, std::size_t row, std::size_t first, std::size_t count, float* out) noexcept {
    for (std::size_t i = 0; i < count; ++i) out[i] = read_number(level, row, first + i);
}

/// Numbers [first, first + count) of the 16 rows of a panel: out[16 * i + r], count <= scale_window, first a multiple of 4.
/// Whole units are read where codes are expanded, so `out` has room for scale_window vectors.
template <scale_number S>
void read_panel(panel_numbers<S> const& level, std::size_t, std::size_t panel, std::size_t first, std::size_t count,
                scale_reader const& reader, float* out) noexcept {
    std::byte const* const lines = level.lines(panel);
    if constexpr (panel_numbers<S>::width <= 8) {
        constexpr std::size_t unit_bytes = static_cast<std::size_t>(S::width) * line_bytes;
        std::size_t const skipped = first % unit_columns;
        if (skipped == 0) return reader.codes(S::width, tables_for<S>(), lines + first / unit_columns * unit_bytes, count, out);
        alignas(64) float units[2 * scale_window * panel_rows];
        reader.codes(S::width, tables_for<S>(), lines + first / unit_columns * unit_bytes, skipped + count, units);
        std::copy_n(units + skipped * panel_rows, count * panel_rows, out);
    } else if constexpr (std::is_same_v<S, float>) {
        __builtin_memcpy(out, lines + first * panel_rows * sizeof(float), count * panel_rows * sizeof(float));
    } else if constexpr (half_float<S>) {
        reader.halves(S::layout.exponent_bits, lines + first * panel_rows * 2, count * panel_rows, out);
    } else {
        for (std::size_t i = 0; i < count * panel_rows; ++i) {
            out[i] = level.value(panel * panel_rows + i % panel_rows, first + i / panel_rows);
        }
    }
}

/// Multiplies `count` vectors by one number.
inline void scale_all(float by, std::size_t count, scale_reader const& reader, float* values) noexcept {
    float all[panel_rows];
    std::fill_n(all, panel_rows, by);
    reader.apply(0, count, count, all, nullptr, values);
}

template <block_composition B>
void read_panel(panel_blocks<B> const& level, std::size_t rows, std::size_t panel, std::size_t first, std::size_t count,
                scale_reader const& reader, float* out) noexcept;

/// Scales of composition B at columns [first, first + count) of its own matrix, one vector a column.
template <block_composition B>
void apply_levels(panel_levels<B> const& levels, std::size_t cols, std::size_t rows, std::size_t panel, std::size_t first,
                  std::size_t count, scale_reader const& reader, float* values) noexcept {
    constexpr bool has_offsets = !std::is_same_v<typename B::offset_type, symmetric>;
    static_assert(!is_zero_point<typename B::offset_type>, "nested levels have minimums only");
    if constexpr (scales_along_rows<B>) {
        alignas(64) float scale[scale_window * panel_rows];
        alignas(64) float offset[scale_window * panel_rows];
        std::size_t const begin = first / B::block.cols;
        std::size_t const groups = (first + count - 1) / B::block.cols - begin + 1;
        read_panel(levels.scales(), rows, panel, begin, groups, reader, scale);
        if constexpr (has_offsets) read_panel(levels.offsets(), rows, panel, begin, groups, reader, offset);
        if constexpr (has_offsets && offset_facts<typename B::offset_type>::sign < 0) {
            for (float& x : offset) x = -x;
        }
        reader.apply(first, count, B::block.cols, scale, has_offsets ? offset : nullptr, values);
    } else if constexpr (B::block == per_tensor && (!has_offsets || offset_extent<B> == per_tensor)) {
        float const scale = read_scale<B>(levels.scales(), 0, 0, cols);
        float const offset = read_offset<B>(levels.offsets(), 0, 0, cols);
        scale_all(scale, count, reader, values);
        for (std::size_t i = 0; has_offsets && i < count * panel_rows; ++i) values[i] = add_rn(values[i], offset);
    } else {
        for (std::size_t r = 0; r < panel_rows; ++r) {
            std::size_t const row = std::min(panel * panel_rows + r, rows - 1);
            float scale = 0.0F;
            float offset = 0.0F;
            block_position last{static_cast<std::size_t>(-1), 0};
            for (std::size_t i = 0; i < count; ++i) {
                block_position const at = block_of(B::block, row, first + i, cols);
                if (at.row != last.row || at.col != last.col) scale = read_scale<B>(levels.scales(), row, first + i, cols);
                if (i == 0 || offset_extent<B>.cols != 0) offset = read_offset<B>(levels.offsets(), row, first + i, cols);
                last = at;
                values[i * panel_rows + r] = block_levels_view<B>::scaled(values[i * panel_rows + r], scale, offset);
            }
        }
    }
}

template <block_composition B>
void read_panel(panel_blocks<B> const& level, std::size_t rows, std::size_t panel, std::size_t first, std::size_t count,
                scale_reader const& reader, float* out) noexcept {
    using element = typename B::element;
    constexpr std::size_t unit_bytes = static_cast<std::size_t>(element::width) * line_bytes;
    std::size_t const skipped = first % unit_columns;
    std::byte const* const lines = level.lines(panel) + first / unit_columns * unit_bytes;
    if constexpr (std::is_same_v<typename B::offset_type, symmetric> && (B::block == per_tensor || scales_along_rows<B>)) {
        constexpr std::size_t group = B::block == per_tensor ? std::size_t{1} << 32 : B::block.cols;
        if (skipped == 0 && reader.scaled_codes != nullptr && group % line_columns == 0) {
            alignas(64) float scale[scale_window * panel_rows];
            if constexpr (B::block == per_tensor) {
                std::fill_n(scale, panel_rows, read_scale<B>(level.scales(), 0, 0, level.cols()));
            } else {
                read_panel(level.scales(), rows, panel, first / group, (first + count - 1) / group - first / group + 1, reader, scale);
            }
            return reader.scaled_codes(element::width, tables_for<element>(), lines, first, count, group, scale, out);
        }
    }
    if (skipped == 0) {
        reader.codes(element::width, tables_for<element>(), lines, count, out);
    } else {
        alignas(64) float units[2 * scale_window * panel_rows];
        reader.codes(element::width, tables_for<element>(), lines, skipped + count, units);
        std::copy_n(units + skipped * panel_rows, count * panel_rows, out);
    }
    apply_levels<B>(level, level.cols(), rows, panel, first, count, reader, out);
}

/// Scales of groups [first, first + count) of format F's columns for one panel, from levels stored row by row: scale[16 * i + r],
/// offsets likewise where F has them. count <= scale_window. Rows beyond `rows` get numbers that mean nothing.
template <block_format F, class Scales, class Offsets>
void read_row_scales(Scales const& scales, Offsets const& offsets, std::size_t rows, std::size_t panel, std::size_t first,
                     std::size_t count, float* scale, float* offset) noexcept {
    auto const band_of = [&](std::size_t r) {
        std::size_t const row = std::min(panel * panel_rows + r, rows - 1);
        return F::block.rows == 0 ? 0 : row / (F::block.rows == 0 ? 1 : F::block.rows);
    };
    float line[2][scale_window] = {};
    for (std::size_t r = 0, end = 0; r < panel_rows; r = end) {
        std::size_t const band = band_of(r);
        for (end = r + 1; end < panel_rows && band_of(end) == band;) ++end;
        read_row(scales, band, first, count, line[0]);
        for (std::size_t i = 0; i < count; ++i) std::fill_n(scale + i * panel_rows + r, end - r, line[0][i]);
        if constexpr (!F::is_symmetric) {
            read_row(offsets, band, first, count, line[1]);
            constexpr bool taken_off = offset_facts<typename F::offset_type>::sign < 0;
            for (std::size_t i = 0; i < count; ++i) {
                std::fill_n(offset + i * panel_rows + r, end - r, taken_off ? -line[1][i] : line[1][i]);
            }
        }
    }
}

/// The same of a prepacked matrix's levels.
template <block_format F>
void read_panel_scales(panel_levels<typename F::composition> const& levels, std::size_t rows, std::size_t panel, std::size_t first,
                       std::size_t count, scale_reader const& reader, float* scale, float* offset) noexcept {
    if constexpr (scales_along_rows<typename F::composition>) {
        read_panel(levels.scales(), rows, panel, first, count, reader, scale);
        if constexpr (!F::is_symmetric) {
            read_panel(levels.offsets(), rows, panel, first, count, reader, offset);
            if constexpr (offset_facts<typename F::offset_type>::sign < 0) scale_all(-1.0F, count, reader, offset);
        }
    } else {
        read_row_scales<F>(levels.scales(), levels.offsets(), rows, panel, first, count, scale, offset);
    }
}

/// How numbers of type S stand in panels.
template <class S>
constexpr number_form form_of_numbers() noexcept {
    if constexpr (std::is_same_v<S, float>) return number_form::floats;
    else if constexpr (half_float<S>) return S::layout.exponent_bits == 5 ? number_form::halves : number_form::none;
    else if constexpr (is_power_of_two_scale<S>) return S::layout.exponent_bits == 8 ? number_form::powers : number_form::none;
    else return number_form::none;
}

/// panel_functions::stored_scales
template <block_format F>
panel_place stored_panel_scales(panel_levels<typename F::composition> const& levels, std::size_t panel) noexcept {
    if constexpr (F::is_symmetric && scales_along_rows<typename F::composition>) {
        constexpr number_form form = form_of_numbers<typename F::scale_type>();
        if constexpr (form != number_form::none) {
            auto const& scales = levels.scales();
            return {scales.lines(panel), static_cast<std::size_t>(scales.lines(1) - scales.lines(0)), form};
        }
    }
    return {};
}

/// Asks memory for what read_panel_scales will read of a rows x cols matrix: the same part of the panel in every stream. Always
/// inlined: g++ drops calls to functions that do nothing else.
template <block_format F>
[[gnu::always_inline]] inline void fetch_panel_scales(panel_levels<typename F::composition> const& levels, std::size_t rows,
                                                      std::size_t cols, std::size_t panel, std::size_t first,
                                                      std::size_t count) noexcept {
    if constexpr (scales_along_rows<typename F::composition>) {
        auto const groups = static_cast<double>(levels.groups(cols));
        auto const panels = static_cast<double>(panels_of(rows));
        double const begin = (static_cast<double>(panel) + static_cast<double>(first) / groups) / panels;
        double const end = (static_cast<double>(panel) + static_cast<double>(first + count) / groups) / panels;
        std::span<const std::byte> streams[8];
        std::size_t used = 0;
        levels.for_each_level([&](auto const& stream) {
            if (used < 8) streams[used++] = stream;
        });
        for (std::size_t i = 0; i < used; ++i) {
            auto const size = static_cast<double>(streams[i].size());
            auto const last = static_cast<std::size_t>(size * end);
            for (auto k = static_cast<std::size_t>(size * begin); k < last; k += line_bytes) {
                __builtin_prefetch(streams[i].data() + k, 0, 2);
            }
        }
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
