// 64 columns of y for a slab of rows: chunk by chunk codes of w expanded to strips, and tiles multiplied by an engine.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "panel_activations.hpp"
#include "panel_engine.hpp"
#include "panel_window.hpp"
#include "portable/blocking.hpp"
#include "product.hpp"
#include "weight_tables.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace panel_detail {

/// Sums of groups that are added up in fp32 before they move on to double, fewer where two bf16 that stand for a number have used up
/// part of the bound.
constexpr std::size_t float_sums(bool rounded_to_two) noexcept { return rounded_to_two ? 16 : 64; }

/// Rows of a up to which a product waits for memory more than it multiplies.
inline constexpr std::size_t few_rows = 8;

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
          window_(s.p.w, s.engine, s.tables.centre, form_), span_(span_of()), sums_(s.a.rows * tile_width),
          carried_(exact_ ? s.a.rows * tile_width : 0) {}

    /// Begins with the block whose first panel that is.
    void begin(std::size_t first_panel) noexcept {
        first_panel_ = first_panel;
        panels_ = std::min(tile_panels, panels_of(s_.p.n()) - first_panel);
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
        std::byte* const strips = shared_.strips.get();
        for (std::size_t t = 0; t < s_.engine.terms; ++t) {
            std::fill(strips + t * term_bytes() + panels_ * strip_bytes(), strips + (t + 1) * term_bytes(), std::byte{0});
        }
        if (form_.as == weights_as::values) read_values(s_.p.w, first_panel_, panels_, first, depth, strips, strip_bytes());
        else if (form_.as == weights_as::rows) turn_rows(first, depth);
        else if (!in_place()) expand_all(first, depth);
        if (form_.as == weights_as::scaled_elements) window_.apply(first_panel_, panels_, first, depth, strips, strip_bytes());
        bool const folded = form_.waits || (form_.folds && (form_.as == weights_as::rows || fold(first, depth)));
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
    static std::size_t padded(std::size_t count, std::size_t multiple) noexcept { return (count + multiple - 1) / multiple * multiple; }
    static std::size_t depth_in_units(std::size_t depth) noexcept { return padded(depth, unit_columns); }

    static unsigned line_widths(shared_state const& s) noexcept {
        if (!s.a.sum.empty()) return s.engine.scaled_line_widths;
        return s.engine.line_widths | (s.tables.plain_integers ? s.engine.plain_line_widths : 0U);
    }
    bool in_place() const noexcept { return may_serve_ && panels_ == tile_panels; }
    std::size_t line_width() const noexcept { return static_cast<std::size_t>(s_.p.w.panels().width); }
    std::size_t strip_bytes() const noexcept { return s_.a.vectors * line_bytes; }
    std::size_t term_bytes() const noexcept { return tile_panels * strip_bytes(); }
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
    /// Of a panel of the block or after it, the last of all at most; null where w is not packed.
    std::byte const* lines(std::size_t i) const noexcept {
        operand const& w = s_.p.w;
        return packed_ ? w.panels().lines(w, std::min(first_panel_ + i, panels_of(w.rows()) - 1)) : nullptr;
    }

    void expand(std::size_t first, std::size_t depth, std::size_t i) {
        operand const& w = s_.p.w;
        int const width = w.panels().width;
        std::byte* const strip = shared_.strips.get() + i * strip_bytes();
        std::byte const* codes = lines(i);
        if (packed_) {
            codes += first / unit_columns * static_cast<std::size_t>(width) * line_bytes;
        } else {
            gather(first_panel_ + i, first, depth);
            codes = shared_.gathered.get();
        }
        depth = depth_in_units(depth);
        if (!form_.centred) {
            auto const to_vectors = packed_ ? s_.engine.expand : s_.engine.expand_bytes;
            to_vectors(width, s_.tables, codes, depth, strip);
            for (std::size_t t = 1; t < s_.engine.terms; ++t) to_vectors(width, s_.rests[t - 1], codes, depth, strip + t * term_bytes());
            return;
        }
        std::size_t const group = window_.group();
        auto const expand_shifted = packed_ ? s_.engine.expand_shifted : s_.engine.expand_bytes_shifted;
        for (std::size_t k = first; k < first + depth;) {  // beyond the last column the shift is whatever stands there: a is 0
            std::size_t const end = std::min(first + depth, (k / group + 1) * group);
            expand_shifted(width, s_.tables, codes, k - first, end - k, window_.shift(i, k), strip);
            k = end;
        }
    }

    void expand_all(std::size_t first, std::size_t depth) {
        for (std::size_t i = 0; i < panels_; ++i) {
            expand(first, depth, i);
            if (s_.engine.keep_awake != nullptr) s_.engine.keep_awake();
        }
    }

    void turn_rows(std::size_t first, std::size_t depth) {
        operand const& w = s_.p.w;
        constexpr std::size_t bytes = sizeof(std::uint16_t);
        std::uintptr_t const ahead = (first + s_.a.depth < w.cols() ? s_.a.depth : tile_width * w.stride() - first) * bytes;
        for (std::size_t i = 0; i < panels_; ++i) {
            std::size_t const row = (first_panel_ + i) * panel_rows;
            auto const* const from = static_cast<std::byte const*>(w.object()) + (row * w.stride() + first) * bytes;
            std::size_t const rows = std::min(panel_rows, w.rows() - row);
            s_.engine.turn_rows(from, w.stride() * bytes, rows, depth, ahead, shared_.strips.get() + i * strip_bytes());
            if (s_.engine.keep_awake != nullptr) s_.engine.keep_awake();
        }
    }

    /// Multiplies the strips by their scales; leaves them as they were and says false where that is not exact.
    bool fold(std::size_t first, std::size_t depth) {
        bool exact = true;
        for (std::size_t i = 0; i < panels_; ++i) {
            std::byte* const strip = shared_.strips.get() + i * strip_bytes();
            exact = s_.engine.fold(first, padded(depth, line_columns), window_.group(), window_.scale(i, first), strip) && exact;
        }
        if (!exact) expand_all(first, depth);
        return exact;
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
        for (std::size_t i = 0; i < tile_panels; ++i) all[i] = lines(i);
        panel_tile const tile = tile_of(s_.a.tiles[0], begin, end, 0);
        if (s_.sums != nullptr) s_.engine.add_lines(w.panels().width, all, tile);
        else s_.engine.multiply_lines(w.panels().width, s_.tables, all, tile);
    }

    /// Codes of a matrix stored row by row, four columns of 16 rows a line.
    void gather(std::size_t panel, std::size_t first, std::size_t depth) {
        operand const& w = s_.p.w;
        std::uint8_t row_codes[most_depth];
        for (std::size_t r = 0; r < panel_rows; ++r) {
            std::size_t const row = panel * panel_rows + r;
            if (row < w.rows()) w.panels().codes(w, row, first, depth, row_codes);
            std::size_t const known = row < w.rows() ? depth : 0;
            std::fill(row_codes + known, row_codes + depth_in_units(depth), std::uint8_t{0});
            for (std::size_t k = 0; k < depth_in_units(depth); k += line_columns) {
                std::memcpy(shared_.gathered.get() + k / line_columns * line_bytes + r * line_columns, row_codes + k, line_columns);
            }
        }
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
        return lines((ends ? s_.engine.blocks * tile_panels : 0) + i) + (ends ? 0 : next / unit_columns * line_width() * line_bytes);
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
            tile.strips = lines(panel) + begin * a.depth / unit_columns * line_width() * line_bytes;
            tile.strip_stride = static_cast<std::size_t>(lines(1) - lines(0));
            tile.flip = s_.tables.flip;
        } else {
            tile.strips = shared_.strips.get() + panel * strip_bytes();
            tile.strip_stride = strip_bytes();
        }
        tile.terms = s_.engine.terms;
        tile.term_stride = term_bytes();
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
    std::size_t span_;
    scratch<float> sums_;
    scratch<std::int32_t> carried_;
    scratch<double> totals_;
    bool moved_ = false;  ///< sums to totals, where one span is not all of K
};

}  // namespace panel_detail
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
