// What the blocks of one product share: what is multiplied, how, and memory that they use in turn.
#pragma once

#include <cstddef>
#include <cstdint>

#include "operand.hpp"
#include "panel_activations.hpp"
#include "panel_engine.hpp"
#include "panel_window.hpp"
#include "portable/blocking.hpp"
#include "product.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace panel_detail {

/// What becomes of weights.
constexpr weights_as way_of(panel_path path, operand_facts const& w) noexcept {
    if (path == panel_path::pairs && w.dense != dense_form::none) return weights_as::rows;
    if (path != panel_path::floats || (w.grouped && w.looked_up && w.symmetric)) return weights_as::elements;
    return w.looked_up ? weights_as::scaled_elements : weights_as::values;
}

constexpr bool has_codes(weights_as way) noexcept { return way == weights_as::elements || way == weights_as::scaled_elements; }

/// Everything the blocks of one product share.
struct shared_state {
    product const& p;
    panel_engine const& engine;
    panel_activations const& a;
    element_tables tables;
    element_tables const* rests;  ///< of the second of engine.terms on
    std::byte const* sums;        ///< panel_engine::make_sums, or null
    std::size_t first_row, rows;  ///< of a
};

/// Memory that blocks use in turn.
struct panel_scratch {
    scratch<std::byte> strips;
    scratch<std::byte> gathered;
    scratch<std::int32_t> products;  ///< of a tile, by integer scales

    panel_scratch(panel_activations const& a, panel_engine const& engine)
        : strips(engine.terms * tile_panels * a.vectors * line_bytes), gathered((a.depth + unit_columns) / line_columns * line_bytes),
          products(engine.rows * tile_width) {}
};

}  // namespace panel_detail
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
