// The product over panels of w: activations prepared once, then chunk by chunk codes expanded and tiles multiplied by an engine.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "panel_activations.hpp"
#include "panel_engine.hpp"
#include "panel_scales.hpp"
#include "portable/blocking.hpp"
#include "product.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace panel_detail {

/// Chunks of K whose fp32 sums are added up in fp32 before they move on to double: with at most 16 groups of a chunk, 64 sums.
inline constexpr std::size_t chunks_in_float = 4;

/// The forms of an operand's elements that vectors look up.
inline element_tables tables_of(operand const& w) noexcept {
    element_tables tables;
    unsigned const codes = 1U << w.panels().width;
    float const* const value = w.panels().values();
    for (unsigned i = 0; i < 256; ++i) {
        std::uint32_t const bits = bit_cast<std::uint32_t>(value[i % codes]);
        tables.low[i] = static_cast<std::uint8_t>(bits >> 16);
        tables.high[i] = static_cast<std::uint8_t>(bits >> 24);
        if (i < 32) tables.word[i] = static_cast<std::uint16_t>(bits >> 16);
        if (i < 16) tables.value[i] = value[i % codes];
    }
    if (!w.facts().exact_integers) return tables;
    float const unit = bit_cast<float>(static_cast<std::uint32_t>(127 + w.facts().fraction) << 23);
    auto const integer = [&](unsigned code) { return static_cast<int>(value[code % codes] / unit); };
    int lowest = 0;
    for (unsigned i = 0; i < codes; ++i) lowest = std::min(lowest, integer(i));
    tables.bias = -lowest;
    tables.flip = static_cast<std::uint8_t>(integer(0) + tables.bias);
    for (unsigned i = 0; i < 64; ++i) tables.byte[i] = static_cast<std::uint8_t>(integer(i) + tables.bias);
    return tables;
}

/// Everything the blocks of one product share.
struct shared_state {
    product const& p;
    panel_engine const& engine;
    panel_activations const& a;
    element_tables tables;
    std::size_t first_row, rows;  ///< of a
};

/// 64 columns of y for a slab of rows.
class panel_block {
public:
    explicit panel_block(shared_state const& s)
        : s_(s), exact_(s.engine.path == panel_path::bytes), padded_rows_(s.rows), strips_(tile_panels * strip_bytes()),
          scales_(tile_panels * most_groups * panel_rows), sums_(padded_rows_ * tile_width),
          carried_(exact_ ? padded_rows_ * tile_width : 0), totals_(padded_rows_ * tile_width) {}

    void run(std::size_t first_panel) {
        operand const& w = s_.p.w;
        std::size_t const all = (w.rows() + panel_rows - 1) / panel_rows;
        panels_ = std::min(tile_panels, all - first_panel);
        if (panels_ < tile_panels) std::fill_n(strips_.get(), tile_panels * strip_bytes(), std::byte{0});
        std::fill_n(scales_.get(), tile_panels * most_groups * panel_rows, 0.0F);
        std::fill_n(sums_.get(), padded_rows_ * tile_width, 0.0F);
        std::fill_n(totals_.get(), padded_rows_ * tile_width, 0.0);
        std::size_t const cols = s_.p.k();
        for (std::size_t first = 0; first < cols; first += chunk_depth) {
            std::size_t const depth = std::min(chunk_depth, cols - first);
            for (std::size_t i = 0; i < panels_; ++i) expand(first_panel + i, first, depth, i);
            multiply(first / chunk_depth);
            if (!exact_ && first / chunk_depth % chunks_in_float == chunks_in_float - 1) move_to_double();
        }
        move_to_double();
        std::size_t const column = first_panel * panel_rows;
        std::size_t const count = std::min(panels_ * panel_rows, w.rows() - column);
        for (std::size_t r = 0; r < s_.rows; ++r) {
            s_.p.finish(s_.p, s_.first_row + r, column, count, totals_.get() + r * tile_width);
        }
    }

private:
    std::size_t strip_bytes() const noexcept { return chunk_depth / columns_of(s_.engine.path) * line_bytes; }

    void expand(std::size_t panel, std::size_t first, std::size_t depth, std::size_t i) {
        operand const& w = s_.p.w;
        int const width = w.panels().width;
        std::byte* const strip = strips_.get() + i * strip_bytes();
        if (std::byte const* const lines = w.panels().lines(w, panel); lines != nullptr) {
            std::size_t const at = first / unit_columns * static_cast<std::size_t>(width) * line_bytes;
            s_.engine.expand(width, s_.tables, lines + at, depth, strip);
        } else {
            gather(panel, first, depth);
            s_.engine.expand_bytes(width, s_.tables, lines_, depth, strip);
        }
        std::size_t const group = w.facts().group;
        if (first == 0 || (group != 0 && (first % group == 0 || first / group != (first + depth - 1) / group))) {
            w.panels().scales(w, panel, first, depth, scales_.get() + i * most_groups * panel_rows, nullptr);
        }
    }

    /// Codes of a matrix stored row by row, four columns of 16 rows a line.
    void gather(std::size_t panel, std::size_t first, std::size_t depth) {
        operand const& w = s_.p.w;
        std::uint8_t row_codes[chunk_depth];
        for (std::size_t r = 0; r < panel_rows; ++r) {
            std::size_t const row = panel * panel_rows + r;
            if (row < w.rows()) w.panels().codes(w, row, first, depth, row_codes);
            std::size_t const known = row < w.rows() ? depth : 0;
            std::fill(row_codes + known, row_codes + chunk_depth, std::uint8_t{0});
            for (std::size_t k = 0; k < depth; k += line_columns) {
                std::memcpy(lines_ + k / line_columns * line_bytes + r * line_columns, row_codes + k, line_columns);
            }
        }
    }

    void multiply(std::size_t chunk) {
        panel_activations const& a = s_.a;
        panel_tile tile{};
        tile.strips = strips_.get();
        tile.segments = a.segments.data() + a.chunk_begin[chunk];
        tile.segment_count = a.chunk_begin[chunk + 1] - a.chunk_begin[chunk];
        tile.a_stride = a.words;
        tile.scale_a_stride = a.groups;
        tile.scale_w = scales_.get();
        tile.unit = a.unit;
        tile.bias = s_.tables.bias;
        for (std::size_t r = 0; r < s_.rows; r += s_.engine.rows) {
            std::size_t const rows = std::min(s_.engine.rows, s_.rows - r);
            std::size_t const word = r * a.words + chunk * (chunk_depth / columns_of(s_.engine.path));
            tile.a[0] = a.part[0].data() + word;
            tile.a[1] = a.part[1].empty() ? nullptr : a.part[1].data() + word;
            tile.scale_a = a.scale.data() + r * a.groups;
            tile.sum_a = exact_ ? a.sum.data() + r * a.groups : nullptr;
            tile.y = sums_.get() + r * tile_width;
            tile.carried = exact_ ? carried_.get() + r * tile_width : nullptr;
            s_.engine.multiply(rows, tile);
        }
    }

    void move_to_double() noexcept {
        for (std::size_t i = 0; i < s_.rows * tile_width; ++i) {
            totals_.get()[i] += static_cast<double>(sums_.get()[i]);
            sums_.get()[i] = 0.0F;
        }
    }

    shared_state const& s_;
    bool exact_;
    std::size_t padded_rows_;
    std::size_t panels_ = 0;
    scratch<std::byte> strips_;
    scratch<float> scales_;
    scratch<float> sums_;
    scratch<std::int32_t> carried_;
    scratch<double> totals_;
    alignas(64) std::byte lines_[chunk_depth / line_columns * line_bytes];
};

}  // namespace panel_detail

/// The whole product by an engine. Rows of a are taken in slabs, so that their prepared form stays within a few MiB; a row's
/// result depends on no other row.
inline void run_panels(product const& p, panel_engine const& engine, activation_form form) {
    constexpr std::size_t most_bytes = std::size_t{1} << 22;
    std::size_t const row_bytes = panel_activations::bytes_of_row(p.k());
    std::size_t const slab = std::clamp<std::size_t>(most_bytes / row_bytes, engine.rows, 384);
    std::size_t const blocks = (p.n() + tile_width - 1) / tile_width;
    std::size_t const workers = p.run_on.concurrency();
    std::size_t const tasks = workers == 1 ? 1 : std::min(blocks, 8 * workers);
    element_tables const tables = panel_detail::tables_of(p.w);
    for (std::size_t first = 0; first < p.m(); first += slab) {
        std::size_t const rows = std::min(slab, p.m() - first);
        panel_activations const a = prepare_activations(p, engine.path, form, first, rows);
        panel_detail::shared_state const state{p, engine, a, tables, first, rows};
        p.run_on.run(tasks, [&](std::size_t task) {
            panel_detail::panel_block block(state);
            std::size_t const end = (task + 1) * blocks / tasks;
            for (std::size_t i = task * blocks / tasks; i < end; ++i) block.run(i * tile_panels);
        });
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
