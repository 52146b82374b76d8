// A matrix in a block format as pointers to its streams: how any element is read, on the host and in kernels.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

#include "../bits/rounded.hpp"
#include "../codec/scalar_types.hpp"
#include "../packing/bit_stream.hpp"
#include "../packing/trits.hpp"
#include "../scaling/block_scaled.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

template <class S>
struct level_view;

/// No level.
template <>
struct level_view<void> {
    static constexpr std::size_t streams = 0;
    constexpr level_view() = default;
    level_view(std::span<std::span<const std::byte> const>, std::size_t, std::size_t) {}
};

/// The scales and offsets of a composition B for a matrix of `cols` columns, whatever the order of its codes.
template <block_composition B>
struct block_levels_view {
    using scales_type = level_view<typename B::scale_type>;
    using offsets_type = level_view<typename offset_facts<typename B::offset_type>::type>;

    scales_type scales{};
    offsets_type offsets{};
    std::size_t cols = 0;

    /// The whole factor of an element: nested scales multiplied out, each product rounded to fp32.
    FEWBITS_HOST_DEVICE float scale(std::size_t row, std::size_t col) const noexcept {
        block_position const at = block_of(B::block, row, col, cols);
        return scales.value(at.row, at.col);
    }
    /// Symmetric: 0. Zero point: the zero point, in units of codes. Minimum: the signed addend.
    FEWBITS_HOST_DEVICE float offset(std::size_t row, std::size_t col) const noexcept {
        if constexpr (offsets_type::streams == 0) {
            return 0.0F;
        } else {
            block_position const at = block_of(offset_extent<B>, row, col, cols);
            float const stored = offsets.value(at.row, at.col);
            return offset_facts<typename B::offset_type>::sign < 0 ? -stored : stored;
        }
    }
    /// The dequantized value of an element whose own value is `number`; each operation rounds once.
    FEWBITS_HOST_DEVICE static float scaled(float number, float scale, float offset) noexcept {
        if constexpr (is_zero_point<typename B::offset_type>) return mul_rn(number - offset, scale);  // that difference is exact
        else if constexpr (offsets_type::streams == 0) return mul_rn(number, scale);
        else return add_rn(mul_rn(number, scale), offset);
    }
};

/// Plain numbers, row after row, each row on a byte: fp32 or packed codes.
template <scale_number S>
struct level_view<S> {
    static constexpr std::size_t streams = 1;
    static constexpr int width = [] {
        if constexpr (std::is_same_v<S, float>) return 32;
        else return S::width;
    }();

    std::byte const* bytes = nullptr;
    std::size_t row_bytes = 0;

    constexpr level_view() = default;
    level_view(std::byte const* numbers, std::size_t bytes_of_row) : bytes(numbers), row_bytes(bytes_of_row) {}
    /// The first of `all`, a matrix of rows x cols numbers.
    level_view(std::span<std::span<const std::byte> const> all, std::size_t, std::size_t cols)
        : bytes(all[0].data()), row_bytes(stream_bytes(cols, width)) {}

    FEWBITS_HOST_DEVICE unsigned code(std::size_t row, std::size_t col) const noexcept {
        return load_code(bytes + row * row_bytes, col * width, width);
    }
    FEWBITS_HOST_DEVICE float value(std::size_t row, std::size_t col) const noexcept {
        if constexpr (std::is_same_v<S, float>) {
            float number = 0.0F;
            __builtin_memcpy(&number, bytes + row * row_bytes + col * 4, 4);
            return number;
        } else {
            return static_cast<float>(S::from_bits(code(row, col)));
        }
    }
};

/// Codes, their scales and offsets, in the order of quantized_matrix::streams().
template <block_composition B>
struct level_view<B> : block_levels_view<B> {
    using element = typename B::element;
    using levels = block_levels_view<B>;
    static constexpr std::size_t streams = 1 + levels::scales_type::streams + levels::offsets_type::streams;

    std::byte const* codes = nullptr;
    std::size_t row_bytes = 0;

    constexpr level_view() = default;
    level_view(std::byte const* bytes, std::size_t bytes_of_row, levels const& those_of_blocks)
        : levels(those_of_blocks), codes(bytes), row_bytes(bytes_of_row) {}
    level_view(std::span<std::span<const std::byte> const> all, std::size_t rows, std::size_t columns)
        : levels{levels_of(all.subspan(1), rows, columns)}, codes(all[0].data()), row_bytes(bytes_of_row(columns)) {}

    /// Bytes that the codes of a row take.
    static std::size_t bytes_of_row(std::size_t columns) noexcept {
        return B::trits ? trit_bytes(columns) : stream_bytes(columns, element::width);
    }

    FEWBITS_HOST_DEVICE unsigned code(std::size_t row, std::size_t col) const noexcept {
        std::byte const* const line = codes + row * row_bytes;
        if constexpr (B::trits) return static_cast<unsigned>(element::codec::from_integer(load_trit(line, col)));
        else return load_code(line, col * element::width, element::width);
    }
    FEWBITS_HOST_DEVICE static float value_of(unsigned code, float scale, float offset) noexcept {
        return levels::scaled(static_cast<float>(element::from_bits(code)), scale, offset);
    }
    FEWBITS_HOST_DEVICE float value(std::size_t row, std::size_t col) const noexcept {
        return value_of(code(row, col), this->scale(row, col), this->offset(row, col));
    }

private:
    static levels levels_of(std::span<std::span<const std::byte> const> all, std::size_t rows, std::size_t columns) {
        using scales_type = typename levels::scales_type;
        using offsets_type = typename levels::offsets_type;
        block_position const grid = block_grid(B::block, rows, columns);
        block_position const offset_grid = block_grid(offset_extent<B>, rows, columns);
        return {scales_type(all, grid.row, grid.col),
                offsets_type(all.subspan(scales_type::streams), offset_grid.row, offset_grid.col), columns};
    }
};

/// A quantized_matrix<F> of given streams.
template <block_format F>
using quantized_view = level_view<typename F::composition>;

}  // namespace fewbits

FEWBITS_PRECISE_END
