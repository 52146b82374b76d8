// Lines of a panel to codes and numbers, one at a time: what SIMD readers do, for every machine.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../../bits/rounded.hpp"
#include "../panel_engine.hpp"
#include "widen.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace portable {

/// Codes of one step of four columns of a panel: code of row r, column c at 4 * r + c. `column` is a multiple of 4.
inline void read_step(int width, std::byte const* panel, std::size_t column, std::uint8_t* codes) noexcept {
    plane_list const planes = planes_of(width);
    std::fill_n(codes, line_bytes, std::uint8_t{0});
    for (int i = 0; i < planes.count; ++i) {
        plane const p = planes.at[i];
        bit_place const at = place_in_panel(width, p, 0, column);
        auto const* const line = reinterpret_cast<unsigned char const*>(panel + at.byte);
        unsigned const mask = (1U << p.bits) - 1;
        for (std::size_t j = 0; j < line_bytes; ++j) {
            codes[j] = static_cast<std::uint8_t>(codes[j] | (line[j] >> at.shift & mask) << p.low_bit);
        }
    }
}

/// scale_reader::codes
inline void read_codes(int width, element_tables const& tables, std::byte const* lines, std::size_t count, float* out) {
    for (std::size_t k = 0; k < count; k += line_columns) {
        std::uint8_t codes[line_bytes];
        read_step(width, lines, k, codes);
        for (std::size_t j = 0; j < line_bytes; ++j) {
            out[(k + j % line_columns) * panel_rows + j / line_columns] = tables.values[codes[j]];
        }
    }
}

/// scale_reader::halves; other exponent widths than 5 and 8 do not occur
inline void read_halves(int exponent_bits, std::byte const* numbers, std::size_t count, float* out) {
    for (std::size_t i = 0; i < count; ++i) {
        std::uint16_t code;
        __builtin_memcpy(&code, numbers + 2 * i, 2);
        out[i] = exponent_bits == 8 ? widen_half_bits<8>(code) : widen_half_bits<5>(code);
    }
}

/// scale_reader::apply
inline void apply_groups(std::size_t first, std::size_t count, std::size_t group, float const* scale, float const* offset,
                         float* values) {
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t const g = ((first + i) / group - first / group) * panel_rows;
        for (std::size_t r = 0; r < panel_rows; ++r) {
            float const scaled = mul_rn(values[i * panel_rows + r], scale[g + r]);
            values[i * panel_rows + r] = offset == nullptr ? scaled : add_rn(scaled, offset[g + r]);
        }
    }
}

inline constexpr scale_reader scalar_reader{&read_codes, &read_halves, &apply_groups};

}  // namespace portable
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
