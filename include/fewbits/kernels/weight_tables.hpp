// The elements of weights as an engine looks them up, and which of them need no multiplication.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "../bits/integer.hpp"
#include "bf16_parts.hpp"
#include "operand.hpp"
#include "panel_engine.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace panel_detail {

/// The bf16 nearest what those before leave of each element.
inline element_tables make_term_tables(int width, float const* values, std::size_t term) noexcept {
    float terms[256];
    for (unsigned i = 0; i < (1U << width); ++i) terms[i] = bit_cast<float>(bf16_sum<3>(values[i]).at[term] << 16);
    element_tables tables = make_tables(width, terms);
    tables.values = nullptr;
    return tables;
}

/// The forms of an operand's elements that vectors look them up in; on path pairs of one term of those that are no bf16.
inline element_tables tables_of(operand const& w, panel_path path, std::size_t term = 0) noexcept {
    float const* const value = w.panels().values();
    if (w.facts().near_bf16_sums && !w.facts().exact_in_bf16 && path == panel_path::pairs) {
        return make_term_tables(w.panels().width, value, term);
    }
    if (!w.facts().symmetric && path == panel_path::pairs) return make_centred_tables(w.panels().width);
    element_tables tables = make_tables(w.panels().width, value);
    if (!w.facts().byte_elements) return tables;
    unsigned const codes = 1U << w.panels().width;
    float const unit = bit_cast<float>(static_cast<std::uint32_t>(127 + w.facts().fraction) << 23);
    auto const integer = [&](unsigned code) { return static_cast<int>(value[code % codes] / unit); };
    int lowest = 0;
    for (unsigned i = 0; i < codes; ++i) lowest = std::min(lowest, integer(i));
    tables.bias = -lowest;
    tables.flip = static_cast<std::uint8_t>(integer(0) + tables.bias);
    tables.unit = unit;
    tables.plain_integers = true;
    for (unsigned i = 0; i < codes; ++i) {
        tables.plain_integers = tables.plain_integers && static_cast<int>(i ^ tables.flip) == integer(i) + tables.bias;
    }
    for (unsigned i = 0; i < 64; ++i) tables.byte[i] = static_cast<std::uint8_t>(integer(i) + tables.bias);
    return tables;
}

/// Takes the bias from the bytes of integers, where those are signed bytes and found in `byte` or the codes themselves.
inline bool make_signed(element_tables& tables, int width) noexcept {
    auto const is_signed = [&](std::uint8_t byte) { return byte - tables.bias >= -128 && byte - tables.bias <= 127; };
    bool const as_stored = width == 8 && tables.plain_integers && tables.flip == 0x80;
    bool const looked_up = width <= 6 && std::all_of(std::begin(tables.byte), std::end(tables.byte), is_signed);
    if (!as_stored && !looked_up) return false;
    for (std::uint8_t& byte : tables.byte) byte = static_cast<std::uint8_t>(byte - tables.bias);
    tables.flip = 0;
    tables.bias = 0;
    return true;
}

/// Whether every element of an integer format becomes a byte by `byte` or `flip`; formats of 7 and 8 bits that leave codes out
/// do not.
inline bool fits_bytes(operand const& w) noexcept { return w.facts().width <= 6 || tables_of(w, panel_path::bytes).plain_integers; }

/// Whether one row times w is a matter of additions: codes of 1 or 2 bits in panels, enough of them to a scale.
inline bool adds_only(panel_engine const& engine, operand const& w, element_tables const& tables, std::size_t rows) noexcept {
    constexpr std::size_t enough = 128;
    int const width = w.panels().width;
    bool const suits = engine.add_lines != nullptr && rows == 1 && width <= 2 && w.facts().symmetric && w.panels().lines(w, 0) != nullptr;
    if (!suits || (width == 2 && w.facts().group != 0 && w.facts().group < enough)) return false;
    for (unsigned code = 0; code < 4; ++code) {
        int const integer = tables.byte[code] - tables.bias;
        if (integer < -3 || integer > 3) return false;
    }
    return true;
}

}  // namespace panel_detail
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
