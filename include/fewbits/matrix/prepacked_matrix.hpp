// A weight matrix with its codes in the order a tiled product reads them; scales and offsets as they were.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "huge_pages.hpp"
#include "panel_order.hpp"
#include "quantized_matrix.hpp"

namespace fewbits {

/// How the codes of a prepacked matrix are ordered.
enum class panel_layout : unsigned char {
    rows16_planes  ///< panels of 16 rows, bit planes in 64-byte lines (panel_order.hpp)
};

/// The matrix it was made from, element for element: the same accessors give the same values. Made by prepack.
template <block_format F>
class prepacked_matrix {
public:
    using format = F;
    using composition = typename F::composition;

    prepacked_matrix() = default;

    /// Storage with the shape, scales, offsets and column order of `q`; codes all zero bits.
    explicit prepacked_matrix(quantized_matrix<F> const& q)
        : rows_(q.rows()), cols_(q.cols()), panel_bytes_(panel_bytes_of(F::element::width, F::trits, cols_)),
          codes_(checked_bytes((rows_ + panel_rows - 1) / panel_rows, panel_bytes_)), levels_(q.storage()),
          permutation_(q.permutation().begin(), q.permutation().end()) {}

    std::size_t rows() const noexcept { return rows_; }
    std::size_t cols() const noexcept { return cols_; }
    panel_layout layout() const noexcept { return panel_layout::rows16_planes; }
    std::size_t panel_bytes() const noexcept { return panel_bytes_; }

    unsigned code(std::size_t row, std::size_t col) const noexcept {
        std::byte const* const panel = codes_.data() + row / panel_rows * panel_bytes_;
        if constexpr (F::trits) {
            unsigned const byte = static_cast<unsigned>(panel[trit_byte_in_panel(row, col)]);
            int const digit = static_cast<int>(byte / power_of_3(trit_digit(col)) % 3) - 1;
            return static_cast<unsigned>(F::element::codec::from_integer(digit));
        } else {
            unsigned code = 0;
            for (int i = 0; i < planes.count; ++i) {
                bit_place const at = place_in_panel(F::element::width, planes.at[i], row, col);
                unsigned const bits = static_cast<unsigned>(panel[at.byte]) >> at.shift & ((1U << planes.at[i].bits) - 1);
                code |= bits << planes.at[i].low_bit;
            }
            return code;
        }
    }

    /// Stores a code; codes that share a byte must not be stored by two threads at once: one panel, one thread.
    void set_code(std::size_t row, std::size_t col, unsigned code) noexcept {
        std::byte* const panel = codes_.data() + row / panel_rows * panel_bytes_;
        if constexpr (F::trits) {
            std::byte& byte = panel[trit_byte_in_panel(row, col)];
            unsigned const power = power_of_3(trit_digit(col));
            unsigned const old = static_cast<unsigned>(byte) / power % 3;
            unsigned const digit = static_cast<unsigned>(F::element::codec::to_integer(code) + 1);
            byte = static_cast<std::byte>(static_cast<unsigned>(byte) - old * power + digit * power);
        } else {
            for (int i = 0; i < planes.count; ++i) {
                bit_place const at = place_in_panel(F::element::width, planes.at[i], row, col);
                unsigned const mask = ((1U << planes.at[i].bits) - 1) << at.shift;
                unsigned const bits = code >> planes.at[i].low_bit << at.shift & mask;
                panel[at.byte] = static_cast<std::byte>((static_cast<unsigned>(panel[at.byte]) & ~mask) | bits);
            }
        }
    }

    float scale(std::size_t row, std::size_t col) const noexcept { return levels_.scale(row, col); }
    float offset(std::size_t row, std::size_t col) const noexcept { return levels_.offset(row, col); }
    float value(std::size_t row, std::size_t col) const noexcept { return levels_.value(row, col, code(row, col)); }

    /// Bytes of codes (the last panel's padding with them), scales and offsets together.
    std::size_t storage_bytes() const {
        std::size_t total = codes_.size();
        levels_.for_each_level([&](std::span<const std::byte> stream) { total += stream.size(); });
        return total;
    }

    /// All panels, panel_bytes() each.
    std::span<const std::byte> codes() const noexcept { return codes_; }
    /// Stored column j is logical column permutation()[j]; empty stands for the identity.
    std::span<const std::uint32_t> permutation() const noexcept { return permutation_; }

    auto const& scales() const noexcept { return levels_.scales(); }
    auto const& offsets() const noexcept { return levels_.offsets(); }

private:
    static constexpr plane_list planes = planes_of(F::element::width);

    std::size_t rows_ = 0;
    std::size_t cols_ = 0;
    std::size_t panel_bytes_ = 0;
    page_bytes codes_;
    block_levels<composition> levels_;
    std::vector<std::uint32_t> permutation_;
};

}  // namespace fewbits
