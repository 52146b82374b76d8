// 64 columns of y for a slab of rows: chunk by chunk codes of w expanded to strips, and tiles multiplied by an engine.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "panel_activations.hpp"
#include "panel_engine.hpp"
#include "panel_state.hpp"
#include "panel_strips.hpp"
#include "panel_window.hpp"
#include "portable/blocking.hpp"
#include "product.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace panel_detail {

/// Sums of groups that are added up in fp32 before they move on to double, fewer where two bf16 that stand for a number have used up
/// part of the bound.
constexpr std::size_t float_sums(bool rounded_to_two) noexcept { return rounded_to_two ? 16 : 64; }

/// Rows of a up to which a product waits for memory more than it multiplies.
inline constexpr std::size_t few_rows = 8;

/// 64 columns of y for a slab of rows, one block after another: what they need is allocated once.
class panel_block {
public:
    panel_block(shared_state const& s, panel_scratch const& shared)
        : s_(s), shared_(shared), exact_(s.engine.path == panel_path::bytes),
          to_the_bit_(exact_ && is_exact_pair(s.p.a.facts(), s.p.w.facts())),
          packed_(has_codes(way_of(s.engine.path, s.p.w.facts())) && s.p.w.panels().lines(s.p.w, 0) != nullptr),
          from_lines_(s.rows == 1 && !s.a.tiled && packed_ && way_of(s.engine.path, s.p.w.facts()) == weights_as::elements &&
                      (line_widths(s) >> s.p.w.panels().width & 1) != 0),
          form_(form_of(s, packed_, from_lines_)),
          may_serve_(packed_ && s.p.w.panels().width == 8 && (s.engine.flips || serves_as_it_is(s))),
          window_(s.p.w, s.engine, s.tables.centre, form_), strips_(s, shared, form_, packed_), span_(span_of()),
          sums_(s.a.rows * tile_width), carried_(exact_ ? s.a.rows * tile_width : 0) {}

    /// Begins with the block whose first panel that is.
    void begin(std::size_t first_panel) noexcept {
        first_panel_ = first_panel;
        panels_ = std::min(tile_panels, panels_of(s_.p.n()) - first_panel);
        strips_.begin(first_panel, panels_);
        if (panels_ < tile_panels) window_.clear();
        std::fill_n(sums_.get(), s_.a.rows * tile_width, 0.0F);
        moved_ = false;
    }

    /// Columns of K that a step takes.
    std::size_t step_columns() const noexcept { return from_lines_ ? std::min(span_, window_.columns()) : s_.a.depth; }

    /// Adds the products of columns [first, first + step_columns()); steps come in order.
    void step(std::size_t first) {
        std::size_t const depth = std::min(step_columns(), s_.p.k() - first);
        if (first != 0 && first % span_ == 0) move_to_double();
        if (form_.as == weights_as::elements) window_.read(first_panel_, panels_, first);
        if (from_lines_) return multiply_lines(first / s_.a.depth, (first + depth + s_.a.depth - 1) / s_.a.depth);
        if (!in_place()) strips_.make(window_, first, depth);
        bool const folded = form_.waits || (form_.folds && (form_.as == weights_as::rows || strips_.fold(window_, first, depth)));
        if (form_.folds && !folded) move_to_double();  // every group is a sum to be added
        multiply(first, folded);
    }

    /// Writes what all steps have added up to in row r.
    void finish(std::size_t r) const {
        if (form_.waits) scale_row(r);
        std::size_t const column = first_panel_ * panel_rows;
        std::size_t const count = std::min(panels_ * panel_rows, s_.p.n() - column);
        double const* const totals = moved_ ? totals_.get() + r * tile_width : nullptr;
        s_.p.finish(s_.p, s_.first_row + r, column, count, {totals, sums_.get() + r * tile_width});
    }

private:
    static window_form form_of(shared_state const& s, bool packed, bool from_lines) noexcept {
        operand_facts const& w = s.p.w.facts();
        bool const rows_scaled = w.group == 0 && w.dense == dense_form::none && (!s.a.scaled || s.p.a.facts().group == 0);
        bool const waits = s.engine.multiply_folded != nullptr && s.a.tiled && w.symmetric && rows_scaled;  // lines have no such form
        bool const may_fold = s.engine.fold != nullptr && w.symmetric && !s.a.scaled;
        return {.as = way_of(s.engine.path, w),
                .symmetric = w.symmetric,
                .centred = !w.symmetric && s.engine.centre != nullptr,
                .integers = !s.a.sum.empty(),
                .folds = !waits && may_fold && (w.power_scales || w.dense != dense_form::none),
                .waits = waits,
                .lines = from_lines,
                .fetches = packed && s.rows <= few_rows};
    }
    static bool serves_as_it_is(shared_state const& s) noexcept {
        bool const whole = s.p.k() % most_granule == 0;  // nothing is read beyond a panel
        return s.engine.path == panel_path::bytes && s.tables.plain_integers && s.tables.flip == 0 && whole;
    }

    static unsigned line_widths(shared_state const& s) noexcept {
        if (!s.a.sum.empty()) return s.engine.scaled_line_widths;
        return s.engine.line_widths | (s.tables.plain_integers ? s.engine.plain_line_widths : 0U);
    }
    bool in_place() const noexcept { return may_serve_ && panels_ == tile_panels; }
    std::size_t line_width() const noexcept { return static_cast<std::size_t>(s_.p.w.panels().width); }
    /// Columns whose sums stay in fp32, the same from lines and strips: windows of scales or part of one.
    std::size_t span_of() const noexcept {
        constexpr std::size_t least = scale_window * quad_columns;  // of which windows are multiples, and that is one of chunks
        if (to_the_bit_) return ~std::size_t{0};
        if (form_.integers) return window_.columns();
        std::size_t const group = s_.p.a.facts().group;
        std::size_t shortest = group != 0 && s_.a.scaled ? std::min(window_.group(), group) : window_.group();
        if (!exact_) shortest = form_.folds || form_.waits ? s_.engine.longest : std::min(shortest, s_.engine.longest);
        std::size_t const most = shortest * float_sums(s_.a.split || s_.engine.terms > 1);
        std::size_t const window = window_.columns() < s_.p.k() ? window_.columns() : least;
        if (window <= most) return most / window * window;
        std::size_t span = least;
        while (2 * span <= most && window % (2 * span) == 0) span *= 2;
        return span;
    }
    void scale_row(std::size_t r) const noexcept {
        float const scale_a = s_.a.scale[r * s_.a.groups];
        for (std::size_t i = 0; i < panels_; ++i) {
            float const* const scale_w = window_.scale(i, 0);
            std::size_t const at = r * tile_width + i * panel_rows;
            for (std::size_t j = 0; j < panel_rows; ++j) sums_.get()[at + j] *= scale_a * scale_w[j];
            for (std::size_t j = 0; moved_ && j < panel_rows; ++j) totals_.get()[at + j] *= static_cast<double>(scale_a * scale_w[j]);
        }
    }

    void multiply_lines(std::size_t begin, std::size_t end) {
        operand const& w = s_.p.w;
        std::byte const* all[tile_panels];
        for (std::size_t i = 0; i < tile_panels; ++i) all[i] = strips_.lines(i);
        panel_tile const tile = tile_of(s_.a.tiles[0], begin, end, 0);
        if (s_.sums != nullptr) s_.engine.add_lines(w.panels().width, all, tile);
        else s_.engine.multiply_lines(w.panels().width, s_.tables, all, tile);
    }

    void multiply(std::size_t first, bool folded) {
        auto const multiply = folded ? s_.engine.multiply_folded : s_.engine.multiply;
        std::size_t const count = s_.a.tiles.size();
        std::size_t const parts = (panels_ + s_.engine.panels - 1) / s_.engine.panels;
        for (std::size_t part = 0; part < parts; ++part) {  // strips of a part stay in the nearest cache for all rows
            for (std::size_t t = 0; t < count; ++t) {
                panel_tile tile = tile_of(s_.a.tiles[t], first / s_.a.depth, first / s_.a.depth + 1, part * s_.engine.panels);
                if (s_.engine.shares_ahead) share_ahead(tile, first, part * s_.engine.panels, t, count);
                else ask_ahead(tile, first, t);
                multiply(s_.a.tiles[t].rows, tile);
            }
        }
    }

    /// Where panel i of the block, or of the one that follows in its place, has what comes after the chunk that begins at `first`.
    std::byte const* next_chunk(std::size_t first, std::size_t i) const noexcept {
        std::size_t const next = first + s_.a.depth;
        bool const ends = next >= s_.p.k();
        std::size_t const line = ends ? 0 : next / unit_columns * line_width();
        return strips_.lines((ends ? s_.engine.blocks * tile_panels : 0) + i) + line * line_bytes;
    }

    void ask_ahead(panel_tile& tile, std::size_t first, std::size_t t) const noexcept {
        for (std::size_t i = 0; i < ahead_streams && packed_; ++i) {
            std::byte const* const next = next_chunk(first, (t * ahead_streams + i) % tile_panels);
            tile.ahead[i] = reinterpret_cast<std::uintptr_t>(next) - reinterpret_cast<std::uintptr_t>(tile.strips);
        }
    }

    /// The t-th part of `count` of the next chunk of the tile's panels.
    void share_ahead(panel_tile& tile, std::size_t first, std::size_t panel, std::size_t t, std::size_t count) const noexcept {
        std::size_t const all = packed_ ? s_.a.depth / unit_columns * line_width() : 0;
        std::size_t const begin = t * all / count;
        tile.next_lines = (t + 1) * all / count - begin;
        for (std::size_t i = 0; i < ahead_streams && packed_; ++i) tile.next[i] = next_chunk(first, panel + i) + begin * line_bytes;
    }

    /// Some rows over chunks [begin, end), panels from `panel` of the block on.
    panel_tile tile_of(row_tile rows, std::size_t begin, std::size_t end, std::size_t panel) const noexcept {
        panel_activations const& a = s_.a;
        panel_tile tile{};
        std::size_t const row = rows.first;
        std::size_t const words = (begin * a.rows + row - begin) * a.vectors;
        tile.a[0] = a.part(0) + words;
        tile.a[1] = a.split ? a.part(1) + words : nullptr;
        tile.a_stride = a.vectors;
        tile.sums = s_.sums;
        if (in_place()) {
            tile.strips = strips_.lines(panel) + begin * a.depth / unit_columns * line_width() * line_bytes;
            tile.strip_stride = static_cast<std::size_t>(strips_.lines(1) - strips_.lines(0));
            tile.flip = s_.tables.flip;
        } else {
            tile.strips = strips_.strip(panel);
            tile.strip_stride = strips_.stride();
        }
        tile.terms = s_.engine.terms;
        tile.term_stride = strips_.term_stride();
        tile.first = begin * a.depth;
        tile.granule = a.granule;
        tile.segments = a.segments.data() + a.chunk_begin[begin];
        tile.segment_count = a.chunk_begin[end] - a.chunk_begin[begin];
        tile.scale_a = a.scale.data() + row * a.groups;
        tile.start_a = exact_ ? a.start.data() + row * a.groups : nullptr;
        tile.scale_a_stride = a.groups;
        window_.point(tile, panel);
        if (form_.integers) {
            tile.sum_a_stride = a.sum_stride;
            tile.sum_a = a.sum.data() + row * tile.sum_a_stride;
            tile.block_pairs = s_.p.w.facts().super_block / s_.p.w.facts().group / 2;
            tile.products = shared_.products.get() + panel * panel_rows;
        }
        tile.total_a = a.total.empty() ? nullptr : a.total.data() + row * a.groups;
        tile.unit = a.unit;
        tile.y = sums_.get() + row * tile_width + panel * panel_rows;
        tile.carried = exact_ ? carried_.get() + row * tile_width + panel * panel_rows : nullptr;
        return tile;
    }

    void move_to_double() {
        if (totals_.get() == nullptr) totals_ = scratch<double>(s_.rows * tile_width);
        if (!moved_) std::fill_n(totals_.get(), s_.rows * tile_width, 0.0);
        moved_ = true;
        if (s_.engine.add_up != nullptr) return s_.engine.add_up(sums_.get(), s_.rows * tile_width, totals_.get());
        for (std::size_t i = 0; i < s_.rows * tile_width; ++i) {
            totals_.get()[i] += static_cast<double>(sums_.get()[i]);
            sums_.get()[i] = 0.0F;
        }
    }

    shared_state const& s_;
    panel_scratch const& shared_;
    std::size_t first_panel_ = 0, panels_ = 0;
    bool exact_;       ///< sums of integers
    bool to_the_bit_;  ///< what is added to y in which order is part of the definition
    bool packed_;
    bool from_lines_;  ///< there are no strips
    window_form form_;
    bool may_serve_;   ///< lines of whole blocks serve as strips
    panel_window window_;
    panel_strips strips_;
    std::size_t span_;
    scratch<float> sums_;
    scratch<std::int32_t> carried_;
    scratch<double> totals_;
    bool moved_ = false;  ///< sums to totals, where one span is not all of K
};

}  // namespace panel_detail
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
