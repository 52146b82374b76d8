// The product over panels of w: activations prepared once, then chunk by chunk codes expanded and tiles multiplied by an engine.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "panel_activations.hpp"
#include "panel_engine.hpp"
#include "panel_window.hpp"
#include "portable/blocking.hpp"
#include "product.hpp"
#include "weight_tables.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace panel_detail {

/// Columns whose fp32 sums are added up in fp32 before they move on to double: with groups of at least 8 of them, 64 sums.
inline constexpr std::size_t float_span = 512;

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

/// 64 columns of y for a slab of rows.
class panel_block {
public:
    explicit panel_block(shared_state const& s)
        : s_(s), exact_(s.engine.path == panel_path::bytes),
          to_the_bit_(exact_ && is_exact_pair(s.p.a.facts(), s.p.w.facts())), padded_rows_(s.a.rows),
          depth_(strip_depth(s.engine.path)), strips_(s.engine.terms * term_bytes()), form_(form_of(s)),
          window_(s.p.w, s.engine, s.tables.centre, form_), products_(form_.integers ? s.engine.rows * tile_width : 0),
          sums_(padded_rows_ * tile_width), carried_(exact_ ? padded_rows_ * tile_width : 0), totals_(padded_rows_ * tile_width) {}

    void run(std::size_t first_panel) {
        operand const& w = s_.p.w;
        std::size_t const all = (w.rows() + panel_rows - 1) / panel_rows;
        panels_ = std::min(tile_panels, all - first_panel);
        if (panels_ < tile_panels) {
            std::fill_n(strips_.get(), s_.engine.terms * term_bytes(), std::byte{0});
            window_.clear();
        }
        std::fill_n(sums_.get(), padded_rows_ * tile_width, 0.0F);
        std::size_t const cols = s_.p.k();
        if (s_.engine.enter != nullptr) s_.engine.enter(s_.a.granule);
        bool const packed = lines(first_panel) != nullptr;
        in_place_ = packed && panels_ == tile_panels && s_.engine.flips && w.panels().width == 8;
        bool const from_lines = s_.rows == 1 && packed && form_.as == weights_as::elements && (line_widths() >> w.panels().width & 1) != 0;
        std::size_t const span = (from_lines && to_the_bit_) || form_.integers ? window_.columns() : float_span;
        bool const sums_are_all = to_the_bit_ || cols <= span;
        if (!sums_are_all) std::fill_n(totals_.get(), padded_rows_ * tile_width, 0.0);
        for (std::size_t first = 0; first < cols; first += span) {
            std::size_t const end = std::min(cols, first + span);
            if (first != 0 && !sums_are_all) move_to_double();
            if (form_.as == weights_as::elements) window_.read(first_panel, panels_, first);
            if (packed && s_.rows <= few_rows) window_.fetch_next(first_panel);
            if (from_lines) multiply_lines(first_panel, first / depth_, (end + depth_ - 1) / depth_);
            for (std::size_t k = first; k < end && !from_lines; k += depth_) {
                std::size_t const depth = std::min(depth_, cols - k);
                if (form_.as == weights_as::values) read_values(w, first_panel, panels_, k, depth, strips_.get(), strip_bytes());
                else if (form_.as == weights_as::rows) turn_rows(first_panel, k, depth);
                else if (!in_place_) expand_all(first_panel, k, depth);
                if (form_.as == weights_as::scaled_elements) window_.apply(first_panel, panels_, k, depth, strips_.get(), strip_bytes());
                multiply(first_panel, k, form_.folds && (form_.as == weights_as::rows || fold(first_panel, k, depth)));
            }
        }
        if (s_.engine.leave != nullptr) s_.engine.leave();
        std::size_t const column = first_panel * panel_rows;
        std::size_t const count = std::min(panels_ * panel_rows, w.rows() - column);
        for (std::size_t r = 0; r < s_.rows; ++r) {
            double const* const totals = sums_are_all ? nullptr : totals_.get() + r * tile_width;
            s_.p.finish(s_.p, s_.first_row + r, column, count, {totals, sums_.get() + r * tile_width});
        }
    }

private:
    static window_form form_of(shared_state const& s) noexcept {
        operand_facts const& w = s.p.w.facts();
        return {.as = way_of(s.engine.path, w),
                .symmetric = w.symmetric,
                .centred = !w.symmetric && s.engine.centre != nullptr,
                .integers = !s.a.sum.empty(),
                .folds = s.engine.fold != nullptr && w.symmetric && !s.a.scaled && (w.power_scales || w.dense != dense_form::none)};
    }
    static std::size_t padded(std::size_t count, std::size_t multiple) noexcept { return (count + multiple - 1) / multiple * multiple; }
    static std::size_t depth_in_units(std::size_t depth) noexcept { return padded(depth, unit_columns); }

    unsigned line_widths() const noexcept {
        if (form_.integers) return s_.engine.scaled_line_widths;
        return s_.engine.line_widths | (s_.tables.plain_integers ? s_.engine.plain_line_widths : 0U);
    }
    std::size_t strip_bytes() const noexcept { return strip_vectors(s_.engine.path) * line_bytes; }
    std::size_t term_bytes() const noexcept { return tile_panels * strip_bytes(); }
    /// Of a panel, the last one at most; null where w is not packed.
    std::byte const* lines(std::size_t panel) const noexcept {
        operand const& w = s_.p.w;
        return !has_codes(form_.as) ? nullptr : w.panels().lines(w, std::min(panel, panels_of(w.rows()) - 1));
    }

    void expand(std::size_t panel, std::size_t first, std::size_t depth, std::size_t i) {
        operand const& w = s_.p.w;
        int const width = w.panels().width;
        std::byte* const strip = strips_.get() + i * strip_bytes();
        std::byte const* codes = lines(panel);
        bool const packed = codes != nullptr;
        if (packed) {
            codes += first / unit_columns * static_cast<std::size_t>(width) * line_bytes;
        } else {
            gather(panel, first, depth);
            codes = gathered_;
        }
        depth = depth_in_units(depth);
        if (!form_.centred) {
            auto const to_vectors = packed ? s_.engine.expand : s_.engine.expand_bytes;
            to_vectors(width, s_.tables, codes, depth, strip);
            for (std::size_t t = 1; t < s_.engine.terms; ++t) to_vectors(width, s_.rests[t - 1], codes, depth, strip + t * term_bytes());
            return;
        }
        std::size_t const group = window_.group();
        auto const expand_shifted = packed ? s_.engine.expand_shifted : s_.engine.expand_bytes_shifted;
        for (std::size_t k = first; k < first + depth;) {  // beyond the last column the shift is whatever stands there: a is 0
            std::size_t const end = std::min(first + depth, (k / group + 1) * group);
            expand_shifted(width, s_.tables, codes, k - first, end - k, window_.shift(i, k), strip);
            k = end;
        }
    }

    void expand_all(std::size_t first_panel, std::size_t first, std::size_t depth) {
        for (std::size_t i = 0; i < panels_; ++i) expand(first_panel + i, first, depth, i);
    }

    void turn_rows(std::size_t first_panel, std::size_t first, std::size_t depth) {
        operand const& w = s_.p.w;
        constexpr std::size_t bytes = sizeof(std::uint16_t);
        std::uintptr_t const ahead = (first + depth_ < w.cols() ? depth_ : tile_width * w.stride() - first) * bytes;
        for (std::size_t i = 0; i < panels_; ++i) {
            std::size_t const row = (first_panel + i) * panel_rows;
            auto const* const from = static_cast<std::byte const*>(w.object()) + (row * w.stride() + first) * bytes;
            std::size_t const rows = std::min(panel_rows, w.rows() - row);
            s_.engine.turn_rows(from, w.stride() * bytes, rows, depth, ahead, strips_.get() + i * strip_bytes());
        }
    }

    /// Multiplies the strips by their scales; leaves them as they were and says false where that is not exact.
    bool fold(std::size_t first_panel, std::size_t first, std::size_t depth) {
        bool exact = true;
        for (std::size_t i = 0; i < panels_; ++i) {
            std::byte* const strip = strips_.get() + i * strip_bytes();
            exact = s_.engine.fold(first, padded(depth, line_columns), window_.group(), window_.scale(i, first), strip) && exact;
        }
        if (!exact) expand_all(first_panel, first, depth);
        return exact;
    }

    void multiply_lines(std::size_t first_panel, std::size_t begin, std::size_t end) {
        operand const& w = s_.p.w;
        std::byte const* all[tile_panels];
        for (std::size_t i = 0; i < tile_panels; ++i) all[i] = lines(first_panel + i);
        panel_tile const tile = tile_of(s_.a.tiles[0], begin, end);
        if (s_.sums != nullptr) s_.engine.add_lines(w.panels().width, all, tile);
        else s_.engine.multiply_lines(w.panels().width, s_.tables, all, tile);
    }

    /// Codes of a matrix stored row by row, four columns of 16 rows a line.
    void gather(std::size_t panel, std::size_t first, std::size_t depth) {
        operand const& w = s_.p.w;
        std::uint8_t row_codes[2 * chunk_depth];
        for (std::size_t r = 0; r < panel_rows; ++r) {
            std::size_t const row = panel * panel_rows + r;
            if (row < w.rows()) w.panels().codes(w, row, first, depth, row_codes);
            std::size_t const known = row < w.rows() ? depth : 0;
            std::fill(row_codes + known, row_codes + depth_, std::uint8_t{0});
            for (std::size_t k = 0; k < depth_in_units(depth); k += line_columns) {
                std::memcpy(gathered_ + k / line_columns * line_bytes + r * line_columns, row_codes + k, line_columns);
            }
        }
    }

    void multiply(std::size_t first_panel, std::size_t first, bool folded) {
        std::size_t const width = static_cast<std::size_t>(s_.p.w.panels().width);
        std::size_t const chunk = first / depth_;
        bool const ends = first + depth_ >= s_.p.k();
        std::byte const* ahead[tile_panels];
        for (std::size_t i = 0; i < tile_panels; ++i) ahead[i] = lines(first_panel + (ends ? tile_panels : 0) + i);
        for (std::size_t t = 0; t < s_.a.tiles.size(); ++t) {
            panel_tile tile = tile_of(s_.a.tiles[t], chunk, chunk + 1);
            if (in_place_) {
                tile.strips = lines(first_panel) + first / unit_columns * width * line_bytes;
                tile.strip_stride = static_cast<std::size_t>(lines(first_panel + 1) - lines(first_panel));
                tile.flip = s_.tables.flip;
            }
            for (std::size_t i = 0; i < ahead_streams && ahead[0] != nullptr; ++i) {
                std::byte const* const next = ahead[(t * ahead_streams + i) % tile_panels];
                std::size_t const at = ends ? 0 : (first + depth_) / unit_columns * width * line_bytes;
                tile.ahead[i] = reinterpret_cast<std::uintptr_t>(next) + at - reinterpret_cast<std::uintptr_t>(tile.strips);
            }
            (folded ? s_.engine.multiply_folded : s_.engine.multiply)(s_.a.tiles[t].rows, tile);
        }
    }

    /// Some rows over chunks [begin, end).
    panel_tile tile_of(row_tile rows, std::size_t begin, std::size_t end) const noexcept {
        panel_activations const& a = s_.a;
        panel_tile tile{};
        std::size_t const row = rows.first;
        std::size_t const vectors = strip_vectors(s_.engine.path);
        std::size_t const words = (begin * a.rows + row - begin) * vectors;
        tile.a[0] = a.part(0) + words;
        tile.a[1] = a.split ? a.part(1) + words : nullptr;
        tile.sums = s_.sums;
        tile.strips = strips_.get();
        tile.strip_stride = strip_bytes();
        tile.terms = s_.engine.terms;
        tile.term_stride = term_bytes();
        tile.first = begin * depth_;
        tile.granule = a.granule;
        tile.segments = a.segments.data() + a.chunk_begin[begin];
        tile.segment_count = a.chunk_begin[end] - a.chunk_begin[begin];
        tile.scale_a = a.scale.data() + row * a.groups;
        tile.start_a = exact_ ? a.start.data() + row * a.groups : nullptr;
        tile.scale_a_stride = a.groups;
        window_.point(tile);
        if (form_.integers) {
            tile.sum_a_stride = a.sum_stride;
            tile.sum_a = a.sum.data() + row * tile.sum_a_stride;
            tile.block_pairs = s_.p.w.facts().super_block / s_.p.w.facts().group / 2;
            tile.products = products_.get();
        }
        tile.total_a = a.total.empty() ? nullptr : a.total.data() + row * a.groups;
        tile.unit = a.unit;
        tile.y = sums_.get() + row * tile_width;
        tile.carried = exact_ ? carried_.get() + row * tile_width : nullptr;
        return tile;
    }

    void move_to_double() noexcept {
        if (s_.engine.add_up != nullptr) return s_.engine.add_up(sums_.get(), s_.rows * tile_width, totals_.get());
        for (std::size_t i = 0; i < s_.rows * tile_width; ++i) {
            totals_.get()[i] += static_cast<double>(sums_.get()[i]);
            sums_.get()[i] = 0.0F;
        }
    }

    shared_state const& s_;
    bool exact_;       ///< sums of integers
    bool to_the_bit_;  ///< what is added to y in which order is part of the definition
    std::size_t padded_rows_;
    std::size_t depth_;
    bool in_place_ = false;  ///< lines serve as strips
    std::size_t panels_ = 0;
    scratch<std::byte> strips_;
    window_form form_;
    panel_window window_;
    scratch<std::int32_t> products_;         ///< of a tile, by those
    scratch<float> sums_;
    scratch<std::int32_t> carried_;
    scratch<double> totals_;
    alignas(64) std::byte gathered_[2 * chunk_depth / line_columns * line_bytes];
};

}  // namespace panel_detail

/// The whole product by an engine. Rows of a are taken in slabs, so that their prepared form stays within a few MiB; a row's
/// result depends on no other row.
inline void run_panels(product const& p, panel_engine const& engine, activation_form form) {
    constexpr std::size_t most_bytes = std::size_t{1} << 24;
    constexpr std::size_t most_rows = 528;  // a multiple of every engine's rows but AMX's, which pads: sums stay in the cache
    std::size_t const most = std::clamp(most_bytes / bytes_of_row(engine.path, form.split, p.k()), engine.rows, most_rows);
    std::size_t const slabs = (p.m() + most - 1) / most;
    std::size_t const slab = (p.m() + slabs * engine.rows - 1) / (slabs * engine.rows) * engine.rows;
    std::size_t const blocks = (p.n() + tile_width - 1) / tile_width;
    std::size_t const workers = p.run_on.concurrency();
    std::size_t const tasks = workers == 1 ? 1 : std::min(blocks, 8 * workers);
    panel_detail::weights_as const way = panel_detail::way_of(engine.path, p.w.facts());
    element_tables const tables = panel_detail::has_codes(way) ? panel_detail::tables_of(p.w, engine.path) : element_tables{};
    std::vector<element_tables> rests;
    for (std::size_t t = 1; t < engine.terms; ++t) rests.push_back(panel_detail::tables_of(p.w, engine.path, t));
    operand_facts const values{};
    product unscaled = p;  // as a's preparation sees it where no scale of w is left for sums
    if (way != panel_detail::weights_as::elements) unscaled.w = p.w.with_facts(values);
    std::size_t const block = engine.scales.integers != nullptr ? p.w.facts().super_block : 0;
    form.blocks = engine.path == panel_path::bytes && block != 0 && p.a.facts().group % block == 0;
    for (std::size_t first = 0; first < p.m(); first += slab) {
        std::size_t const rows = std::min(slab, p.m() - first);
        panel_activations const a = prepare_activations(unscaled, engine, form, tables.bias, first, rows);
        bool const adds = panel_detail::adds_only(engine, p.w, tables, rows);
        std::size_t const quads = adds ? a.part_words * line_columns / quad_columns : 0;
        scratch<std::byte> const sums(quads * 2 * static_cast<std::size_t>(p.w.panels().width) * line_bytes);
        if (adds) engine.make_sums(p.w.panels().width, tables, a.part(0), quads, sums.get());
        panel_detail::shared_state const state{p, engine, a, tables, rests.data(), adds ? sums.get() : nullptr, first, rows};
        p.run_on.run(tasks, [&](std::size_t task) {
            panel_detail::panel_block panels(state);
            std::size_t const end = (task + 1) * blocks / tasks;
            for (std::size_t i = task * blocks / tasks; i < end; ++i) panels.run(i * tile_panels);
        });
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
