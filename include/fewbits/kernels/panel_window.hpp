// The scales, offsets and shifts of a block's panels over a window of groups: what the tiles of the block read next to the codes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "operand.hpp"
#include "panel_engine.hpp"
#include "panel_scales.hpp"
#include "portable/blocking.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace panel_detail {

/// What is multiplied, and with it what scales and offsets are for.
enum class weights_as : unsigned char {
    elements,         ///< sums of products are multiplied by scales
    scaled_elements,  ///< path floats: elements are, before they are multiplied with a's
    values,           ///< path floats: w is read as values
    rows              ///< path pairs: dense, as it lies in memory
};

/// How the elements of w, their scales and offsets are used.
struct window_form {
    weights_as as = weights_as::elements;
    bool symmetric = true;  ///< no offsets
    bool centred = false;   ///< offsets are taken as shifts of codes and a rest
    bool integers = false;  ///< scales are integers times a number for each super-block
    bool folds = false;     ///< scales go into elements where that is exact
    bool waits = false;     ///< scales of whole rows are left to the end
    bool lines = false;     ///< read by multiply_lines
    bool fetches = false;   ///< few rows: memory is asked for the next window with each
};

class panel_window {
public:
    panel_window(operand const& w, panel_engine const& engine, int centre, window_form form)
        : w_(w), engine_(engine), centre_(centre), form_(form), group_(w.facts().group == 0 ? w.cols() : w.facts().group),
          groups_((w.cols() + group_ - 1) / group_), scales_(size), offsets_(form.symmetric ? 0 : size), shifts_(form.centred ? size : 0),
          integers_(form.integers ? 2 * size : 0), ones_(form.as == weights_as::elements ? 0 : size) {
        bool const plain = form.as == weights_as::elements && form.symmetric && !form.folds && !form.waits;
        number_form const stands = plain && engine.scales.in_place ? w.panels().stored_scales(w, 0).form : number_form::none;
        stored_ = stands == number_form::floats || (stands != number_form::none && form.fetches);
        if (form.as != weights_as::elements) std::fill_n(ones_.get(), size, 1.0F);
    }

    /// Columns that share a scale.
    std::size_t group() const noexcept { return group_; }
    /// Columns of a window.
    std::size_t columns() const noexcept { return scale_window * group_; }

    /// What is read for panels that are not there: numbers that harm nothing.
    void clear() noexcept {
        std::fill_n(scales_.get(), size, 0.0F);
        if (!form_.symmetric) std::fill_n(offsets_.get(), size, 0.0F);
        if (form_.centred) std::fill_n(shifts_.get(), size, 0U);
        if (form_.integers) std::fill_n(integers_.get(), 2 * size, 0U);
    }

    /// The window that holds column `first`, for `panels` panels from first_panel on. Columns of a block are asked for in order.
    void read(std::size_t first_panel, std::size_t panels, std::size_t first) {
        std::size_t const window = first / columns();
        if (first != 0 && window == window_) return;
        window_ = window;
        first_panel_ = first_panel;
        in_place_ = stored_ && panels == tile_panels;
        for (std::size_t i = 0; i < panels && !in_place_; ++i) {
            read_panel(first_panel + i, i * scale_window * panel_rows);
        }
        if (form_.fetches && !(form_.lines && in_place_)) fetch_next(first_panel);
    }

    /// Elements of columns [first, first + depth) to values in place, in strips strip_stride bytes apart. Path floats.
    void apply(std::size_t first_panel, std::size_t panels, std::size_t first, std::size_t depth, std::byte* strips,
               std::size_t strip_stride) {
        for (std::size_t k = first; k < first + depth;) {
            read(first_panel, panels, k);
            std::size_t const end = std::min(first + depth, (k / columns() + 1) * columns());
            for (std::size_t i = 0; i < panels; ++i) {
                auto* const values = reinterpret_cast<float*>(strips + i * strip_stride + (k - first) * line_bytes);
                float const* offset = form_.symmetric ? nullptr : offsets_.get() + place(i, k);
                if (w_.facts().zero_point) engine_.scales.apply(k, end - k, group_, ones_.get(), std::exchange(offset, nullptr), values);
                engine_.scales.apply(k, end - k, group_, scale(i, k), offset, values);
            }
            k = end;
        }
    }

    /// Of the i-th panel's rows, from the group that column k is in on.
    float const* scale(std::size_t i, std::size_t k) const noexcept { return scales_.get() + place(i, k); }
    std::uint32_t const* shift(std::size_t i, std::size_t k) const noexcept { return shifts_.get() + place(i, k); }

    /// Where a tile that begins with panel i of the block finds all that.
    void point(panel_tile& tile, std::size_t i) const noexcept {
        bool const scaled = form_.as != weights_as::elements;
        std::size_t const at = i * scale_window * panel_rows;
        auto const* const read = reinterpret_cast<std::byte const*>((scaled ? ones_.get() : scales_.get()) + at);
        tile.scales = in_place_ ? w_.panels().stored_scales(w_, first_panel_ + i)
                                : panel_place{read, scale_window * panel_rows * sizeof(float), number_form::floats};
        tile.first_scale = in_place_ ? window_ * scale_window : 0;
        tile.minimum_w = scaled || form_.symmetric ? nullptr : offsets_.get() + at;
        tile.zero_points = w_.facts().zero_point;
        tile.shift_w = form_.centred ? shifts_.get() + at : nullptr;
        tile.integer_scale_w = form_.integers ? integers_.get() + at : nullptr;
        tile.integer_minimum_w = form_.integers ? integers_.get() + size + at : nullptr;
    }

private:
    static constexpr std::size_t size = tile_panels * scale_window * panel_rows;

    std::size_t place(std::size_t i, std::size_t k) const noexcept { return (i * scale_window + k / group_ % scale_window) * panel_rows; }

    /// Asks memory for the window after this one, of the next panels where these have no more.
    void fetch_next(std::size_t first_panel) const noexcept {
        bool const more = (window_ + 1) * scale_window < groups_;
        std::size_t const panel = more ? first_panel : first_panel + tile_panels;
        std::size_t const begin = more ? (window_ + 1) * scale_window : 0;
        std::size_t const end = std::min(panel + tile_panels, panels_of(w_.rows()));
        for (std::size_t i = panel; i < end; ++i) w_.panels().fetch_scales(w_, i, begin, std::min(scale_window, groups_ - begin));
    }

    void read_panel(std::size_t panel, std::size_t at) {
        std::size_t const begin = window_ * scale_window;
        std::size_t const count = std::min(scale_window, groups_ - begin);
        float* const scale = scales_.get() + at;
        float* const offset = form_.symmetric ? nullptr : offsets_.get() + at;
        if (form_.integers) {
            std::size_t const blocks = w_.facts().super_block / group_;  // groups of a super-block
            w_.panels().integers(w_, engine_.scales, panel, begin, count, integers_.get() + at, integers_.get() + at + size);
            w_.panels().factors(w_, engine_.scales, panel, begin / blocks, (count + blocks - 1) / blocks, scale, offset);
            return;
        }
        w_.panels().scales(w_, engine_.scales, panel, begin, count, scale, offset);
        std::size_t const rows = std::min(panel_rows, w_.rows() - panel * panel_rows);
        for (std::size_t k = 0; form_.folds && k < count; ++k) {  // what stands for rows beyond the last decides nothing
            std::fill(scale + k * panel_rows + rows, scale + (k + 1) * panel_rows, 1.0F);
        }
        for (std::size_t k = 0; form_.as == weights_as::scaled_elements && w_.facts().zero_point && k < count * panel_rows; ++k) {
            offset[k] = -offset[k];  // to be added
        }
        if (form_.centred) engine_.centre(w_.facts(), centre_, count * panel_rows, scale, offset, shifts_.get() + at);
    }

    operand const& w_;
    panel_engine const& engine_;
    int centre_;
    window_form form_;
    std::size_t group_, groups_;
    std::size_t window_ = 0, first_panel_ = 0;
    bool stored_ = false;    ///< scales of whole blocks are read where they are: what is no fp32 for few rows, each of which converts it
    bool in_place_ = false;  ///< and are
    scratch<float> scales_, offsets_;
    scratch<std::uint32_t> shifts_;
    scratch<std::uint32_t> integers_;  ///< of scales, and after them those of minimums
    scratch<float> ones_;
};

}  // namespace panel_detail
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
