// Where a prepacked matrix keeps the bits of a code: panels of 16 rows, bit planes, 64-byte lines of 16 rows by 4 columns.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../config.hpp"
#include "../packing/trits.hpp"

namespace fewbits {

/// Rows of w that lie side by side: the 32-bit lanes of a 64-byte vector.
inline constexpr std::size_t panel_rows = 16;
/// Columns of the 8-bit line that a vector of byte dot products takes: byte 4 * row + column % 4 belongs to that row.
inline constexpr std::size_t line_columns = 4;
inline constexpr std::size_t line_bytes = panel_rows * line_columns;
/// Columns after which every plane has filled whole lines: `width` lines in all.
inline constexpr std::size_t unit_columns = 32;
/// Columns of a line of ternary digits, five to the byte.
inline constexpr std::size_t trit_line_columns = 5 * line_columns;

/// A code of W bits is cut into planes of 8, 4, 2 and 1 bits, as W's own binary digits say, high bits first. In a unit of 32
/// columns the planes follow each other; a plane of p bits holds in each byte 8 / p steps of 4 columns, the first lowest.
struct plane {
    int bits;            ///< 8, 4, 2 or 1
    int low_bit;         ///< where its bits stand in the code
    std::size_t line;    ///< its first line in the unit
};

struct plane_list {
    plane at[4];
    int count;
};

inline namespace FEWBITS_BASELINE {

constexpr plane_list planes_of(int width) noexcept {
    plane_list list{};
    int rest = width;
    std::size_t line = 0;
    for (int bits = 8; bits >= 1; bits /= 2) {
        if ((width & bits) == 0) continue;
        rest -= bits;
        list.at[list.count++] = {bits, rest, line};
        line += static_cast<std::size_t>(bits);
    }
    return list;
}

constexpr std::size_t panels_of(std::size_t rows) noexcept { return (rows + panel_rows - 1) / panel_rows; }

/// Bytes of a panel of `cols` columns; the last unit or line is filled up with zeros.
constexpr std::size_t panel_bytes_of(int width, bool trits, std::size_t cols) noexcept {
    if (trits) return (cols + trit_line_columns - 1) / trit_line_columns * line_bytes;
    return (cols + unit_columns - 1) / unit_columns * static_cast<std::size_t>(width) * line_bytes;
}

/// Where the bits of a plane stand for (row, col): byte of the panel and shift in it.
struct bit_place {
    std::size_t byte;
    int shift;
};

constexpr bit_place place_in_panel(int width, plane const& p, std::size_t row, std::size_t col) noexcept {
    std::size_t const step = col % unit_columns / line_columns;
    auto const steps_per_line = static_cast<std::size_t>(8 / p.bits);
    std::size_t const line = col / unit_columns * static_cast<std::size_t>(width) + p.line + step / steps_per_line;
    return {line * line_bytes + row % panel_rows * line_columns + col % line_columns,
            static_cast<int>(step % steps_per_line) * p.bits};
}

constexpr std::size_t trit_byte_in_panel(std::size_t row, std::size_t col) noexcept {
    return col / trit_line_columns * line_bytes + row % panel_rows * line_columns + col % line_columns;
}
/// Which of the byte's five digits.
constexpr std::size_t trit_digit(std::size_t col) noexcept { return col % trit_line_columns / line_columns; }

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
