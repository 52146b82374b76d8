// Scales and offsets of a prepacked matrix: where they lie along rows, in panels like the codes, 16 rows' scales side by side.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

#include "block_storage.hpp"
#include "panel_codes.hpp"

namespace fewbits {

/// Numbers of type S, rows x cols: narrow ones as codes; fp32 and 16 bits column after column, 16 rows each.
template <scale_number S>
class panel_numbers {
public:
    static constexpr int width = number_storage<S>::width;
    static_assert(width <= 8 || width % 8 == 0);

    panel_numbers() = default;
    panel_numbers(number_storage<S> const& from, std::size_t rows, std::size_t cols) : panel_bytes_(cols * panel_rows * number_bytes) {
        if constexpr (width <= 8) codes_ = panel_codes<width>(rows, cols);
        else bytes_.resize(checked_bytes((rows + panel_rows - 1) / panel_rows, panel_bytes_));
        for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t c = 0; c < cols; ++c) {
                if constexpr (width <= 8) codes_.set_code(r, c, from.code(r, c));
                else std::memcpy(bytes_.data() + place(r, c), from.row_bytes(r) + c * number_bytes, number_bytes);
            }
        }
    }

    float value(std::size_t row, std::size_t col) const noexcept {
        if constexpr (width <= 8) {
            return static_cast<float>(S::from_bits(codes_.code(row, col)));
        } else if constexpr (std::is_same_v<S, float>) {
            float number;
            std::memcpy(&number, bytes_.data() + place(row, col), sizeof number);
            return number;
        } else {
            return static_cast<float>(S::from_bits(load_code(bytes_.data() + place(row, col), 0, width)));
        }
    }

    /// A panel's lines of codes (width <= 8), or its numbers.
    std::byte const* lines(std::size_t panel) const noexcept {
        if constexpr (width <= 8) return codes_.lines(panel);
        else return bytes_.data() + panel * panel_bytes_;
    }
    std::span<const std::byte> bytes() const noexcept {
        if constexpr (width <= 8) return codes_.bytes();
        else return bytes_;
    }

private:
    static constexpr std::size_t number_bytes = width / 8;
    std::size_t place(std::size_t row, std::size_t col) const noexcept {
        return row / panel_rows * panel_bytes_ + (col * panel_rows + row % panel_rows) * number_bytes;
    }

    std::size_t panel_bytes_ = 0;
    panel_codes<width <= 8 ? width : 8> codes_;
    page_bytes bytes_;
};

/// Whether blocks of B are runs of a row, so that their scales can stand in panels.
template <class B>
inline constexpr bool scales_along_rows =
    B::block.rows == 1 && B::block.cols != 0 && !B::block.linear &&
    (std::is_same_v<typename B::offset_type, symmetric> || offset_extent<B> == B::block);

template <block_composition B>
class panel_blocks;

/// How a level of scales of type S stands in panels, and how it stands otherwise.
template <class S>
struct panel_level {
    using type = panel_numbers<S>;
};
template <>
struct panel_level<void> {
    using type = no_storage;
};
template <block_composition B>
struct panel_level<B> {
    using type = panel_blocks<B>;
};

/// The scales and offsets of composition B in panels; B's own where they do not lie along rows.
template <block_composition B, bool AlongRows = scales_along_rows<B>>
class panel_levels : public block_levels<B> {
public:
    panel_levels() = default;
    panel_levels(block_levels<B> const& from, std::size_t, std::size_t) : block_levels<B>(from) {}
};

template <block_composition B>
class panel_levels<B, true> {
public:
    using scales_type = typename panel_level<typename B::scale_type>::type;
    using offsets_type = typename panel_level<typename offset_facts<typename B::offset_type>::type>::type;

    panel_levels() = default;
    panel_levels(block_levels<B> const& from, std::size_t rows, std::size_t cols)
        : scales_(from.scales(), rows, groups(cols)) {
        if constexpr (has_offsets) offsets_ = offsets_type(from.offsets(), rows, groups(cols));
    }

    float scale(std::size_t row, std::size_t col) const noexcept { return scales_.value(row, col / B::block.cols); }
    float offset(std::size_t row, std::size_t col) const noexcept {
        if constexpr (!has_offsets) {
            return 0;
        } else {
            float const stored = offsets_.value(row, col / B::block.cols);
            return offset_facts<typename B::offset_type>::sign < 0 ? -stored : stored;
        }
    }
    float value(std::size_t row, std::size_t col, unsigned code) const noexcept {
        return block_levels<B>::value_of(static_cast<float>(B::element::from_bits(code)), scale(row, col), offset(row, col));
    }

    scales_type const& scales() const noexcept { return scales_; }
    offsets_type const& offsets() const noexcept { return offsets_; }

    template <class Visit>
    void for_each_level(Visit&& visit) const {
        visit_level(scales_, visit);
        visit_level(offsets_, visit);
    }

private:
    static constexpr bool has_offsets = !std::is_same_v<offsets_type, no_storage>;
    static std::size_t groups(std::size_t cols) noexcept { return (cols + B::block.cols - 1) / B::block.cols; }

    template <class Level, class Visit>
    static void visit_level(Level const& level, Visit& visit) {
        if constexpr (!std::is_same_v<Level, no_storage>) visit(level.bytes());
        if constexpr (requires { level.for_each_level(visit); }) level.for_each_level(visit);
    }

    scales_type scales_;
    [[no_unique_address]] offsets_type offsets_;
};

/// A level of scales that is itself blocks: its codes in panels, and the levels below it.
template <block_composition B>
class panel_blocks : public panel_levels<B> {
public:
    using composition = B;
    using element = typename B::element;
    static_assert(!B::trits);

    panel_blocks() = default;
    panel_blocks(block_storage<B> const& from, std::size_t rows, std::size_t cols)
        : panel_levels<B>(from, rows, cols), cols_(cols), codes_(rows, cols) {
        for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t c = 0; c < cols; ++c) codes_.set_code(r, c, from.code(r, c));
        }
    }

    std::size_t cols() const noexcept { return cols_; }
    float value(std::size_t row, std::size_t col) const noexcept { return panel_levels<B>::value(row, col, codes_.code(row, col)); }
    std::byte const* lines(std::size_t panel) const noexcept { return codes_.lines(panel); }
    std::span<const std::byte> bytes() const noexcept { return codes_.bytes(); }

private:
    std::size_t cols_ = 0;
    panel_codes<element::width> codes_;
};

}  // namespace fewbits
