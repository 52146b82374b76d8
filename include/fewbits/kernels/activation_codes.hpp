// Activations from their codes straight to pairs of bf16, with scales that are powers of two put into them.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "../bits/integer.hpp"
#include "panel_engine.hpp"
#include "portable/blocking.hpp"
#include "product.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace activation_detail {

/// Columns of a row in a vector of pairs, and what panel_engine::fold takes a vector for: columns of 16 rows side by side.
inline constexpr std::size_t row_columns = 2 * panel_rows, side_by_side = columns_of(panel_path::pairs);

/// Whether a's elements, their scales apart or put into them, can be had so.
inline bool looks_up_codes(operand const& a, panel_engine const& engine, bool apart) noexcept {
    operand_facts const& facts = a.facts();
    if (engine.pairs_of_codes == nullptr || !facts.grouped || !facts.symmetric || !facts.exact_in_bf16) return false;
    if (a.panels().lines(a, 0) != nullptr) return false;
    return apart || (engine.fold != nullptr && facts.group != 0 && facts.group % row_columns == 0);
}

/// Columns that share a scale.
inline std::size_t group_of(operand const& a) noexcept { return a.facts().group == 0 ? a.cols() : a.facts().group; }

/// The scales of rows [first, first + rows) of p.a, 16 rows side by side, group after group; none unless each is 2^e with |e| <=
/// most_folded or belongs to zeros.
inline scratch<float> folded_scales(product const& p, panel_engine const& engine, std::size_t first, std::size_t rows) {
    if (!p.a.facts().power_scales) return {};
    std::size_t const group = group_of(p.a);
    std::size_t const groups = (p.k() + group - 1) / group;
    std::size_t const panels = (rows + panel_rows - 1) / panel_rows;
    scratch<float> scales(panels * groups * panel_rows);
    std::atomic<bool> fit{true};
    p.run_on.run(panels, [&](std::size_t panel) {
        float* const of_panel = scales.get() + panel * groups * panel_rows;
        for (std::size_t g = 0; g < groups; g += scale_window) {
            std::size_t const count = std::min(scale_window, groups - g);
            alignas(64) float window[scale_window * panel_rows];  // of which all may be written
            p.a.panels().scales(p.a, engine.scales, first / panel_rows + panel, g, count, window, nullptr);
            std::copy_n(window, count * panel_rows, of_panel + g * panel_rows);
        }
        for (std::size_t i = 0; i < groups * panel_rows && fit.load(std::memory_order_relaxed); ++i) {
            int const exponent = static_cast<int>(bit_cast<std::uint32_t>(of_panel[i]) >> 23) - 127;
            std::size_t const row = panel * panel_rows + i % panel_rows;
            if ((exponent >= -most_folded && exponent <= most_folded) || row >= rows) continue;
            float elements[chunk_depth];
            for (std::size_t k = i / panel_rows * group, end = std::min(k + group, p.k()); k < end; k += chunk_depth) {
                std::size_t const count = std::min(chunk_depth, end - k);
                p.a.read_rows(reading::elements, {first + row, 1, k, count}, elements, 0);
                if (std::any_of(elements, elements + count, [](float x) { return x != 0.0F; })) fit = false;
            }
        }
    });
    return fit ? std::move(scales) : scratch<float>{};
}

/// chunk_depth columns of a row to words. `folded`: scales to be put into the elements, of rows the `row`th of which this one is, or
/// null. False, and nothing worth having, for fewer columns or where scales could not be put into the elements.
inline bool look_up_codes(operand const& a, element_tables const& tables, panel_engine const& engine, float const* folded,
                          std::size_t row, rectangle part, std::uint32_t* words) {
    if (part.depth < chunk_depth) return false;
    std::uint8_t codes[chunk_depth];
    a.panels().codes(a, part.row, part.first, chunk_depth, codes);
    engine.pairs_of_codes(tables, codes, words);
    if (folded == nullptr) return true;
    constexpr std::size_t vectors = chunk_depth / row_columns;
    std::size_t const group = a.facts().group;
    std::size_t const groups = (a.cols() + group - 1) / group;
    float const* const of_row = folded + row / panel_rows * groups * panel_rows + row % panel_rows;
    float scale[vectors * panel_rows];
    float* to = scale;
    for (std::size_t g = part.first / group; g * group < part.first + chunk_depth; ++g, to += panel_rows) {
        std::fill_n(to, panel_rows, of_row[g * panel_rows]);
    }
    return engine.fold(part.first / row_columns * side_by_side, vectors * side_by_side, group / row_columns * side_by_side, scale,
                       reinterpret_cast<std::byte*>(words));
}

}  // namespace activation_detail
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
