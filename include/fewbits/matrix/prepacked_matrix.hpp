// A weight matrix with its codes, and the scales along its rows, in the order that SIMD products read them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "panel_codes.hpp"
#include "panel_levels.hpp"
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
    using levels_type = panel_levels<composition>;

    prepacked_matrix() = default;

    /// Storage with the shape, scales, offsets and column order of `q`; codes all zero bits.
    explicit prepacked_matrix(quantized_matrix<F> const& q)
        : rows_(q.rows()), cols_(q.cols()), codes_(rows_, cols_), levels_(q.storage(), rows_, cols_),
          permutation_(q.permutation().begin(), q.permutation().end()) {}

    std::size_t rows() const noexcept { return rows_; }
    std::size_t cols() const noexcept { return cols_; }
    panel_layout layout() const noexcept { return panel_layout::rows16_planes; }

    unsigned code(std::size_t row, std::size_t col) const noexcept {
        unsigned const stored = codes_.code(row, col);
        if constexpr (F::trits) return static_cast<unsigned>(F::element::codec::from_integer(static_cast<int>(stored) - 1));
        else return stored;
    }

    /// Stores a code; codes that share a byte must not be stored by two threads at once: one panel, one thread.
    void set_code(std::size_t row, std::size_t col, unsigned code) noexcept {
        if constexpr (F::trits) {
            codes_.set_code(row, col, static_cast<unsigned>(F::element::codec::to_integer(code) + 1));
        } else {
            codes_.set_code(row, col, code);
        }
    }

    float scale(std::size_t row, std::size_t col) const noexcept { return levels_.scale(row, col); }
    float offset(std::size_t row, std::size_t col) const noexcept { return levels_.offset(row, col); }
    float value(std::size_t row, std::size_t col) const noexcept { return levels_.value(row, col, code(row, col)); }

    /// Bytes of codes (the padding of the last panel and line with them), scales and offsets together.
    std::size_t storage_bytes() const {
        std::size_t total = codes_.bytes().size();
        levels_.for_each_level([&](std::span<const std::byte> stream) { total += stream.size(); });
        return total;
    }

    /// All panels, panel_bytes() each.
    std::span<const std::byte> codes() const noexcept { return codes_.bytes(); }
    std::size_t panel_bytes() const noexcept { return codes_.panel_bytes(); }
    std::byte const* lines(std::size_t panel) const noexcept { return codes_.lines(panel); }
    /// Stored column j is logical column permutation()[j]; empty stands for the identity.
    std::span<const std::uint32_t> permutation() const noexcept { return permutation_; }

    levels_type const& levels() const noexcept { return levels_; }

private:
    std::size_t rows_ = 0;
    std::size_t cols_ = 0;
    panel_codes<F::element::width, F::trits> codes_;
    levels_type levels_;
    std::vector<std::uint32_t> permutation_;
};

}  // namespace fewbits
