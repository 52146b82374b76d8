// Scales and minimums that are integers times a number for each super-block: those integers and numbers of a panel of 16 rows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "panel_scales.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Whether level S of scales is unsigned integers times a number of 16 bits, in runs of a row.
template <class S>
inline constexpr bool integers_times_numbers = false;
template <block_composition S>
    requires(S::element::kind == format_kind::integer && std::is_same_v<typename S::offset_type, symmetric> && scales_along_rows<S> &&
             half_float<typename S::scale_type>)
inline constexpr bool integers_times_numbers<S> = (S::element::width == 4 || S::element::width == 6) && S::element::layout.exponent == 0 &&
                                                  S::element::codec::lowest == 0 && S::element::codec::excess == 0;

/// operand_facts::super_block: both a scale and a minimum of the same kind, so that a super-block's products stay within int32.
template <block_format F>
consteval std::size_t super_block_of() {
    using scale = typename F::composition::scale_type;
    if constexpr (std::is_same_v<scale, typename offset_facts<typename F::offset_type>::type> && !F::has_zero_point) {
        if constexpr (integers_times_numbers<scale>) {
            constexpr std::size_t columns = F::block.cols * scale::block.cols;
            return 256 % columns == 0 && scale::block.cols % 4 == 0 && F::block.cols <= 128 ? columns : 0;
        }
    }
    return 0;
}

/// Integers [first, first + count) of a level for the 16 rows of a panel: out[16 * i + r], or two in a lane as panel_functions has
/// them, those that are missing 0. first is a multiple of unit_columns.
template <block_composition S>
void read_integers(panel_blocks<S> const& level, std::size_t, std::size_t panel, std::size_t first, std::size_t count,
                   scale_reader const& reader, bool paired, std::uint32_t* out) noexcept {
    constexpr std::size_t unit_bytes = static_cast<std::size_t>(S::element::width) * line_bytes;
    reader.integers(S::element::width, level.lines(panel) + first / unit_columns * unit_bytes, count, paired, out);
}
template <block_composition S>
void read_integers(block_storage<S> const& level, std::size_t rows, std::size_t panel, std::size_t first, std::size_t count,
                   scale_reader const&, bool paired, std::uint32_t* out) noexcept {
    if (paired) std::fill_n(out, scale_window / 2 * panel_rows, 0U);
    for (std::size_t r = 0; r < panel_rows; ++r) {
        std::size_t const row = std::min(panel * panel_rows + r, rows - 1);
        for (std::size_t i = 0; i < count; ++i) {
            std::uint32_t const code = level.code(row, first + i);
            if (paired) out[(i / 4 * 2 + i % 2) * panel_rows + r] |= code << (i % 4 / 2 * 16);
            else out[i * panel_rows + r] = code;
        }
    }
}

/// Numbers [first, first + count) of the level below.
template <block_composition S>
void read_factors(panel_blocks<S> const& level, std::size_t, std::size_t panel, std::size_t first, std::size_t count,
                  scale_reader const& reader, float* out) noexcept {
    auto const& numbers = level.scales();
    reader.halves(S::scale_type::layout.exponent_bits, numbers.lines(panel) + first * panel_rows * 2, count * panel_rows, out);
}
template <block_composition S>
void read_factors(block_storage<S> const& level, std::size_t rows, std::size_t panel, std::size_t first, std::size_t count,
                  scale_reader const&, float* out) noexcept {
    for (std::size_t r = 0; r < panel_rows; ++r) {
        std::size_t const row = std::min(panel * panel_rows + r, rows - 1);
        for (std::size_t i = 0; i < count; ++i) out[i * panel_rows + r] = read_number(level.scales(), row, first + i);
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
