// Scales and offsets of a prepacked matrix: where they lie along rows, in panels like the codes, 16 rows' scales side by side.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

#include "block_storage.hpp"
#include "panel_codes.hpp"

namespace fewbits {

/// Numbers of type S, rows x cols, of 16 or 32 bits: column after column, 16 rows each. Bytes hold anything until they are stored.
template <scale_number S, bool Narrow = (number_storage<S>::width <= 8)>
class panel_numbers {
public:
    static constexpr int width = number_storage<S>::width;
    static constexpr std::size_t number_bytes = width / 8;
    static_assert(width % 8 == 0);

    panel_numbers() = default;
    panel_numbers(std::size_t rows, std::size_t cols) : panel_bytes_(cols * panel_rows * number_bytes), bytes_(size(rows, cols)) {}

    /// Bytes of all panels of rows x cols numbers.
    static std::size_t size(std::size_t rows, std::size_t cols) {
        return checked_bytes(panels_of(rows), cols * panel_rows * number_bytes);
    }

    float value(std::size_t row, std::size_t col) const noexcept {
        std::byte const* const at = lines(row / panel_rows) + (col * panel_rows + row % panel_rows) * number_bytes;
        if constexpr (std::is_same_v<S, float>) {
            float number;
            std::memcpy(&number, at, sizeof number);
            return number;
        } else {
            return static_cast<float>(S::from_bits(load_code(at, 0, width)));
        }
    }

    std::byte const* lines(std::size_t panel) const noexcept { return bytes_.data() + panel * panel_bytes_; }
    std::byte* lines(std::size_t panel) noexcept { return bytes_.data() + panel * panel_bytes_; }
    std::span<const std::byte> bytes() const noexcept { return bytes_; }
    std::span<std::byte> bytes() noexcept { return bytes_; }

private:
    std::size_t panel_bytes_ = 0;
    page_bytes bytes_;
};

/// Numbers of a scalar format of at most 8 bits: as codes.
template <scalar S>
class panel_numbers<S, true> : public panel_codes<S::width> {
public:
    static constexpr int width = S::width;
    using panel_codes<S::width>::panel_codes;
    float value(std::size_t row, std::size_t col) const noexcept { return static_cast<float>(S::from_bits(this->code(row, col))); }
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
    using block_levels<B>::block_levels;
    using block_levels<B>::operator=;
};

template <block_composition B>
class panel_levels<B, true> {
public:
    using scales_type = typename panel_level<typename B::scale_type>::type;
    using offsets_type = typename panel_level<typename offset_facts<typename B::offset_type>::type>::type;

    panel_levels() = default;
    panel_levels(std::size_t rows, std::size_t cols) : scales_(rows, groups(cols)) {
        if constexpr (has_offsets) offsets_ = offsets_type(rows, groups(cols));
    }

    /// Numbers of a row: groups of its `cols` columns.
    static std::size_t groups(std::size_t cols) noexcept { return (cols + B::block.cols - 1) / B::block.cols; }

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
        return level_view<B>::value_of(code, scale(row, col), offset(row, col));
    }

    scales_type const& scales() const noexcept { return scales_; }
    scales_type& scales() noexcept { return scales_; }
    offsets_type const& offsets() const noexcept { return offsets_; }
    offsets_type& offsets() noexcept { return offsets_; }

    /// Calls visit(stream) for every stream of the scales, then of the offsets.
    template <class Visit>
    void for_each_level(Visit&& visit) const {
        visit_level(scales_, visit);
        visit_level(offsets_, visit);
    }
    template <class Visit>
    void for_each_level(Visit&& visit) {
        visit_level(scales_, visit);
        visit_level(offsets_, visit);
    }

    /// Calls visit(bytes) for the same streams of a rows x cols matrix.
    template <class Visit>
    static void for_each_size(std::size_t rows, std::size_t cols, Visit&& visit) {
        visit_size<scales_type>(rows, groups(cols), visit);
        visit_size<offsets_type>(rows, groups(cols), visit);
    }

private:
    static constexpr bool has_offsets = !std::is_same_v<offsets_type, no_storage>;

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
    panel_blocks(std::size_t rows, std::size_t cols) : panel_levels<B>(rows, cols), cols_(cols), codes_(rows, cols) {}

    static std::size_t size(std::size_t rows, std::size_t cols) { return panel_codes<element::width>::size(rows, cols); }
    std::size_t cols() const noexcept { return cols_; }
    float value(std::size_t row, std::size_t col) const noexcept { return panel_levels<B>::value(row, col, codes_.code(row, col)); }
    std::byte const* lines(std::size_t panel) const noexcept { return codes_.lines(panel); }
    std::byte* lines(std::size_t panel) noexcept { return codes_.lines(panel); }
    std::span<const std::byte> bytes() const noexcept { return codes_.bytes(); }
    std::span<std::byte> bytes() noexcept { return codes_.bytes(); }

private:
    std::size_t cols_ = 0;
    panel_codes<element::width> codes_;
};

}  // namespace fewbits
