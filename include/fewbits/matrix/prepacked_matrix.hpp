// A weight matrix with its codes in the order a tiled product reads them; scales and offsets as they were.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "quantized_matrix.hpp"

namespace fewbits {

/// How the codes of a prepacked matrix are ordered.
enum class panel_layout : unsigned char {
    rows32_k_major  ///< panels of 32 rows; inside a panel column after column, 32 codes each (ternary digits: 5 columns a byte)
};

/// The matrix it was made from, element for element: the same accessors give the same values. Made by prepack.
template <block_format F>
class prepacked_matrix {
public:
    using format = F;
    using composition = typename F::composition;
    using source = block_storage<composition>;
    static constexpr std::size_t panel_rows = 32;

    prepacked_matrix() = default;

    /// Storage with the shape, scales, offsets and column order of `q`; codes all zero bits.
    explicit prepacked_matrix(quantized_matrix<F> const& q)
        : rows_(q.rows()), cols_(q.cols()),
          panel_bytes_(F::trits ? (cols_ + 4) / 5 * panel_rows : cols_ * (panel_rows / 8) * F::element::width),
          codes_((rows_ + panel_rows - 1) / panel_rows * panel_bytes_), scales_(q.storage().scales()),
          offsets_(q.storage().offsets()), permutation_(q.permutation().begin(), q.permutation().end()) {}

    std::size_t rows() const noexcept { return rows_; }
    std::size_t cols() const noexcept { return cols_; }
    panel_layout layout() const noexcept { return panel_layout::rows32_k_major; }
    std::size_t panel_bytes() const noexcept { return panel_bytes_; }

    unsigned code(std::size_t row, std::size_t col) const noexcept {
        if constexpr (F::trits) {
            unsigned const byte = static_cast<unsigned>(codes_[trit_byte(row, col)]);
            int const digit = static_cast<int>(byte / power_of_3(col % 5) % 3) - 1;
            return static_cast<unsigned>(F::element::codec::from_integer(digit));
        } else {
            return load_code(codes_.data() + column_byte(row, col), row % panel_rows * F::element::width, F::element::width);
        }
    }

    /// Stores a code; codes that share a byte must not be stored by two threads at once: one panel, one thread.
    void set_code(std::size_t row, std::size_t col, unsigned code) noexcept {
        if constexpr (F::trits) {
            std::byte& byte = codes_[trit_byte(row, col)];
            unsigned const power = power_of_3(col % 5);
            unsigned const old = static_cast<unsigned>(byte) / power % 3;
            unsigned const digit = static_cast<unsigned>(F::element::codec::to_integer(code) + 1);
            byte = static_cast<std::byte>(static_cast<unsigned>(byte) - old * power + digit * power);
        } else {
            std::size_t const bit = row % panel_rows * F::element::width;
            store_code(codes_.data() + column_byte(row, col), bit, F::element::width, code);
        }
    }

    float scale(std::size_t row, std::size_t col) const noexcept {
        block_position const at = block_of(F::block, row, col, cols_);
        return scales_.value(at.row, at.col);
    }
    /// As quantized_matrix::offset.
    float offset(std::size_t row, std::size_t col) const noexcept {
        if constexpr (std::is_same_v<offsets_type, no_storage>) {
            return 0.0F;
        } else {
            block_position const at = block_of(offset_extent<composition>, row, col, cols_);
            float const stored = offsets_.value(at.row, at.col);
            return offset_facts<typename F::offset_type>::sign < 0 ? -stored : stored;
        }
    }
    float value(std::size_t row, std::size_t col) const noexcept {
        float const element = static_cast<float>(F::element::from_bits(code(row, col)));
        return source::value_of(element, scale(row, col), offset(row, col));
    }

    /// Bytes of codes (the last panel's padding with them), scales and offsets together.
    std::size_t storage_bytes() const {
        return codes_.size() + level_bytes(scales_) + level_bytes(offsets_);
    }

    /// All panels, panel_bytes() each.
    std::span<const std::byte> codes() const noexcept { return codes_; }
    /// Stored column j is logical column permutation()[j]; empty stands for the identity.
    std::span<const std::uint32_t> permutation() const noexcept { return permutation_; }

    auto const& scales() const noexcept { return scales_; }
    auto const& offsets() const noexcept { return offsets_; }

private:
    using scales_type = typename source::scales_type;
    using offsets_type = typename source::offsets_type;

    std::size_t column_byte(std::size_t row, std::size_t col) const noexcept {
        return row / panel_rows * panel_bytes_ + col * (panel_rows / 8) * F::element::width;
    }
    std::size_t trit_byte(std::size_t row, std::size_t col) const noexcept {
        return row / panel_rows * panel_bytes_ + col / 5 * panel_rows + row % panel_rows;
    }

    template <class Level>
    static std::size_t level_bytes(Level const& level) {
        if constexpr (std::is_same_v<Level, no_storage>) {
            return 0;
        } else if constexpr (requires { level.bytes(); level.scales(); }) {
            return level.bytes().size() + level_bytes(level.scales()) + level_bytes(level.offsets());
        } else {
            return level.bytes().size();
        }
    }

    std::size_t rows_ = 0;
    std::size_t cols_ = 0;
    std::size_t panel_bytes_ = 0;
    std::vector<std::byte> codes_;
    scales_type scales_;
    [[no_unique_address]] offsets_type offsets_;
    std::vector<std::uint32_t> permutation_;
};

}  // namespace fewbits
