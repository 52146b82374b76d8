// Where a block composition keeps its numbers: packed codes, then one stream per level of scales and offsets.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "../bits/rounded.hpp"
#include "../codec/scalar_types.hpp"
#include "../packing/bit_stream.hpp"
#include "../packing/trits.hpp"
#include "../scaling/block_scaled.hpp"
#include "huge_pages.hpp"
#include "quantized_view.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

inline namespace FEWBITS_BASELINE {

/// rows * row_bytes; throws std::invalid_argument where that overflows, before anything is allocated.
inline std::size_t checked_bytes(std::size_t rows, std::size_t row_bytes) {
    if (row_bytes != 0 && rows > static_cast<std::size_t>(-1) / 2 / row_bytes) {
        throw std::invalid_argument("a matrix of " + std::to_string(rows) + " rows of " + std::to_string(row_bytes) +
                                    " bytes does not fit the address space");
    }
    return rows * row_bytes;
}

}  // namespace FEWBITS_BASELINE

/// A rows x cols matrix of plain numbers: fp32, or packed codes of a scalar format whose rows start on a byte. Like all storage here,
/// its bytes hold anything until they are stored.
template <scale_number S>
class number_storage {
public:
    number_storage() = default;
    number_storage(std::size_t rows, std::size_t cols)
        : cols_(cols), row_bytes_(stream_bytes(cols, width)), bytes_(size(rows, cols)) {}

    /// Bytes of rows x cols numbers.
    static std::size_t size(std::size_t rows, std::size_t cols) { return checked_bytes(rows, stream_bytes(cols, width)); }

    static constexpr int width = level_view<S>::width;

    level_view<S> view() const noexcept { return {bytes_.data(), row_bytes_}; }
    float value(std::size_t row, std::size_t col) const noexcept { return view().value(row, col); }
    unsigned code(std::size_t row, std::size_t col) const noexcept
        requires scalar<S>
    {
        return view().code(row, col);
    }

    /// Stores a number that is already a value of S.
    void set(std::size_t row, std::size_t col, S number) noexcept {
        if constexpr (std::is_same_v<S, float>) {
            __builtin_memcpy(bytes_.data() + row * row_bytes_ + col * 4, &number, 4);
        } else {
            store_code(bytes_.data() + row * row_bytes_, col * width, width, number.bits());
        }
    }

    std::span<const std::byte> bytes() const noexcept { return bytes_; }
    std::span<std::byte> bytes() noexcept { return bytes_; }
    std::byte const* row_bytes(std::size_t row) const noexcept { return bytes_.data() + row * row_bytes_; }
    /// Bytes from the beginning of a row to the end of the storage.
    std::size_t readable(std::size_t row) const noexcept { return bytes_.size() - row * row_bytes_; }

private:
    std::size_t cols_ = 0;
    std::size_t row_bytes_ = 0;
    page_bytes bytes_;
};

struct no_storage {
    static level_view<void> view() noexcept { return {}; }
};

inline namespace FEWBITS_BASELINE {

/// Calls visit(stream) for the stream of a level, if it has one, and for those of the levels below.
template <class Level, class Visit>
void visit_level(Level& level, Visit& visit) {
    if constexpr (!std::is_same_v<std::remove_const_t<Level>, no_storage>) visit(level.bytes());
    if constexpr (requires { level.for_each_level(visit); }) level.for_each_level(visit);
}

/// Calls visit(bytes) for the same streams of a level of rows x cols numbers, before there is one.
template <class Level, class Visit>
void visit_size(std::size_t rows, std::size_t cols, Visit& visit) {
    if constexpr (!std::is_same_v<Level, no_storage>) visit(Level::size(rows, cols));
    if constexpr (requires { Level::for_each_size(rows, cols, visit); }) Level::for_each_size(rows, cols, visit);
}

}  // namespace FEWBITS_BASELINE

template <class S>
struct storage_of;

/// The scales and offsets of a composition B for a rows x cols matrix, whatever the order of its codes.
template <block_composition B>
class block_levels {
public:
    using scales_type = typename storage_of<typename B::scale_type>::type;
    using offsets_type = typename storage_of<typename offset_facts<typename B::offset_type>::type>::type;

    block_levels() = default;
    block_levels(std::size_t rows, std::size_t cols) : cols_(cols) {
        block_position const grid = block_grid(B::block, rows, cols);
        scales_ = scales_type(grid.row, grid.col);
        if constexpr (!std::is_same_v<offsets_type, no_storage>) {
            block_position const offsets = block_grid(offset_extent<B>, rows, cols);
            offsets_ = offsets_type(offsets.row, offsets.col);
        }
    }

    std::size_t cols() const noexcept { return cols_; }
    scales_type const& scales() const noexcept { return scales_; }
    scales_type& scales() noexcept { return scales_; }
    offsets_type const& offsets() const noexcept { return offsets_; }
    offsets_type& offsets() noexcept { return offsets_; }

    block_levels_view<B> view_of_levels() const noexcept { return {scales_.view(), offsets_.view(), cols_}; }
    float scale(std::size_t row, std::size_t col) const noexcept { return view_of_levels().scale(row, col); }
    float offset(std::size_t row, std::size_t col) const noexcept { return view_of_levels().offset(row, col); }
    /// The dequantized value of an element with this code.
    float value(std::size_t row, std::size_t col, unsigned code) const noexcept {
        return level_view<B>::value_of(code, scale(row, col), offset(row, col));
    }

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
        block_position const grid = block_grid(B::block, rows, cols);
        visit_size<scales_type>(grid.row, grid.col, visit);
        block_position const offsets = block_grid(offset_extent<B>, rows, cols);
        visit_size<offsets_type>(offsets.row, offsets.col, visit);
    }

private:
    std::size_t cols_ = 0;
    scales_type scales_;
    [[no_unique_address]] offsets_type offsets_;
};

/// Storage of a composition B for a rows x cols matrix: element codes row after row, scales, offsets.
template <block_composition B>
class block_storage : public block_levels<B> {
public:
    using element = typename B::element;

    block_storage() = default;
    block_storage(std::size_t rows, std::size_t cols)
        : block_storage(rows, cols, checked_bytes(rows, level_view<B>::bytes_of_row(cols))) {}

    std::size_t rows() const noexcept { return rows_; }
    std::size_t row_bytes() const noexcept { return row_bytes_; }
    std::byte const* row_codes(std::size_t row) const noexcept { return codes_.data() + row * row_bytes_; }
    std::byte* row_codes(std::size_t row) noexcept { return codes_.data() + row * row_bytes_; }
    /// Bytes from the beginning of a row's codes to the end of all codes.
    std::size_t readable(std::size_t row) const noexcept { return codes_.size() - row * row_bytes_; }
    std::span<const std::byte> bytes() const noexcept { return codes_; }
    std::span<std::byte> bytes() noexcept { return codes_; }

    /// Bytes of rows x cols codes.
    static std::size_t size(std::size_t rows, std::size_t cols) { return checked_bytes(rows, level_view<B>::bytes_of_row(cols)); }

    level_view<B> view() const noexcept { return {codes_.data(), row_bytes_, this->view_of_levels()}; }
    unsigned code(std::size_t row, std::size_t col) const noexcept { return view().code(row, col); }
    float value(std::size_t row, std::size_t col) const noexcept { return view().value(row, col); }

    /// All bytes zero, those of the levels too.
    void clear() noexcept {
        auto const clear_stream = [](std::span<std::byte> stream) { std::fill(stream.begin(), stream.end(), std::byte{0}); };
        clear_stream(codes_);
        this->for_each_level(clear_stream);
    }

private:
    block_storage(std::size_t rows, std::size_t cols, std::size_t bytes)
        : block_levels<B>(rows, cols), rows_(rows), row_bytes_(level_view<B>::bytes_of_row(cols)), codes_(bytes) {}

    std::size_t rows_ = 0;
    std::size_t row_bytes_ = 0;
    page_bytes codes_;
};

template <>
struct storage_of<void> {
    using type = no_storage;
};
template <scale_number S>
struct storage_of<S> {
    using type = number_storage<S>;
};
template <block_composition B>
struct storage_of<B> {
    using type = block_storage<B>;
};

}  // namespace fewbits

FEWBITS_PRECISE_END
