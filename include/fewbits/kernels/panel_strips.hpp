// The strips of a block over a chunk of K: codes of w expanded to vectors, rows of w turned or its values read, scales put into them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "operand.hpp"
#include "panel_engine.hpp"
#include "panel_state.hpp"
#include "panel_window.hpp"
#include "portable/blocking.hpp"
#include "portable/strip.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace panel_detail {

/// w as values: columns [first, first + depth) of `panels` panels from first_panel on as vectors of path floats, strips
/// strip_stride bytes apart, zeros up to whole lines of columns. depth <= chunk_depth.
inline void read_values(operand const& w, std::size_t first_panel, std::size_t panels, std::size_t first, std::size_t depth,
                        std::byte* strips, std::size_t strip_stride) {
    constexpr std::size_t together = strip_columns / panel_rows;
    constexpr std::size_t run = std::min(panel_rows, tile_columns);
    alignas(64) float values[strip_size];
    for (std::size_t i = 0; i < panels; i += together) {
        std::size_t const row = (first_panel + i) * panel_rows;
        std::size_t const rows = std::min(strip_columns, w.rows() - row);
        w.read_strip(reading::values, {row, rows, first, depth}, values);
        for (std::size_t r = 0; r < strip_columns; r += run) {
            std::byte* const strip = strips + (i + r / panel_rows) * strip_stride + r % panel_rows * sizeof(float);
            float const* const from = values + r / tile_columns * tile_stride + r % tile_columns;
            std::size_t const known = r < rows ? depth : 0;
            for (std::size_t k = 0; k < known; ++k) __builtin_memcpy(strip + k * line_bytes, from + k * tile_columns, run * sizeof(float));
            for (std::size_t k = known; k < chunk_depth; ++k) __builtin_memset(strip + k * line_bytes, 0, run * sizeof(float));
        }
    }
}

/// Strips in memory that blocks use in turn: what a block does not multiply at once is lost to the next.
class panel_strips {
public:
    panel_strips(shared_state const& s, panel_scratch const& shared, window_form form, bool packed) noexcept
        : s_(s), shared_(shared), form_(form), packed_(packed) {}

    /// Begins with the block of `panels` panels from first_panel on.
    void begin(std::size_t first_panel, std::size_t panels) noexcept {
        first_panel_ = first_panel;
        panels_ = panels;
    }

    std::byte* strip(std::size_t i) const noexcept { return shared_.strips.get() + i * stride(); }
    /// Bytes between the strips of two panels, and between those of two terms.
    std::size_t stride() const noexcept { return s_.a.vectors * line_bytes; }
    std::size_t term_stride() const noexcept { return tile_panels * stride(); }

    /// Of a panel of the block or after it, the last of all at most; null where w is not packed.
    std::byte const* lines(std::size_t i) const noexcept {
        operand const& w = s_.p.w;
        return packed_ ? w.panels().lines(w, std::min(first_panel_ + i, panels_of(w.rows()) - 1)) : nullptr;
    }

    /// Columns [first, first + depth) of all panels; zeros for those that are not there.
    void make(panel_window& window, std::size_t first, std::size_t depth) {
        for (std::size_t t = 0; t < s_.engine.terms; ++t) {
            std::fill(strip(t * tile_panels + panels_), strip((t + 1) * tile_panels), std::byte{0});
        }
        if (form_.as == weights_as::values) read_values(s_.p.w, first_panel_, panels_, first, depth, strip(0), stride());
        else if (form_.as == weights_as::rows) turn_rows(first, depth);
        else expand_all(window, first, depth);
        if (form_.as == weights_as::scaled_elements) window.apply(first_panel_, panels_, first, depth, strip(0), stride());
    }

    /// Multiplies the strips by their scales; leaves them as they were and says false where that is not exact.
    bool fold(panel_window const& window, std::size_t first, std::size_t depth) {
        bool exact = true;
        for (std::size_t i = 0; i < panels_; ++i) {
            exact = s_.engine.fold(first, padded(depth, line_columns), window.group(), window.scale(i, first), strip(i)) && exact;
        }
        if (!exact) expand_all(window, first, depth);
        return exact;
    }

private:
    static std::size_t padded(std::size_t count, std::size_t multiple) noexcept { return (count + multiple - 1) / multiple * multiple; }
    static std::size_t depth_in_units(std::size_t depth) noexcept { return padded(depth, unit_columns); }

    void expand(panel_window const& window, std::size_t first, std::size_t depth, std::size_t i) {
        operand const& w = s_.p.w;
        int const width = w.panels().width;
        std::byte* const to = strip(i);
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
            to_vectors(width, s_.tables, codes, depth, to);
            for (std::size_t t = 1; t < s_.engine.terms; ++t) to_vectors(width, s_.rests[t - 1], codes, depth, to + t * term_stride());
            return;
        }
        std::size_t const group = window.group();
        auto const expand_shifted = packed_ ? s_.engine.expand_shifted : s_.engine.expand_bytes_shifted;
        for (std::size_t k = first; k < first + depth;) {  // beyond the last column the shift is whatever stands there: a is 0
            std::size_t const end = std::min(first + depth, (k / group + 1) * group);
            expand_shifted(width, s_.tables, codes, k - first, end - k, window.shift(i, k), to);
            k = end;
        }
    }

    void expand_all(panel_window const& window, std::size_t first, std::size_t depth) {
        for (std::size_t i = 0; i < panels_; ++i) {
            expand(window, first, depth, i);
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
            s_.engine.turn_rows(from, w.stride() * bytes, rows, depth, ahead, strip(i));
            if (s_.engine.keep_awake != nullptr) s_.engine.keep_awake();
        }
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

    shared_state const& s_;
    panel_scratch const& shared_;
    window_form form_;
    bool packed_;
    std::size_t first_panel_ = 0, panels_ = 0;
};

}  // namespace panel_detail
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
