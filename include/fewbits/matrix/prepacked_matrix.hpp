// A weight matrix with its codes, and the scales along its rows, in the order that SIMD products read them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "panel_codes.hpp"
#include "panel_levels.hpp"
#include "quantized_matrix.hpp"

namespace fewbits {

/// How the codes of a prepacked matrix are ordered; files hold these numbers.
enum class panel_layout : unsigned char {
    rows16_planes = 1  ///< panels of 16 rows, bit planes in 64-byte lines (panel_order.hpp)
};

/// The matrix it was made from, element for element: the same accessors give the same values. Made by prepack, or loaded.
template <block_format F>
class prepacked_matrix {
public:
    using format = F;
    using composition = typename F::composition;
    using codes_type = panel_codes<F::element::width, F::trits>;
    using levels_type = panel_levels<composition>;

    prepacked_matrix() = default;

    /// Storage for rows x cols elements, its bytes still to be stored, all of them: padding is zeros.
    prepacked_matrix(std::size_t rows, std::size_t cols) : rows_(rows), cols_(cols), codes_(rows, cols), levels_(rows, cols) {}

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

    /// Whether the codes that fill up the last unit of columns are zeros.
    bool padding_is_zero() const noexcept { return codes_.zero_beyond(cols_); }

    /// Bytes of codes (the padding of the last panel and line with them), scales and offsets together.
    std::size_t storage_bytes() const {
        std::size_t total = 0;
        for (auto stream : streams()) total += stream.size();
        return total;
    }

    /// The stored bytes, one stream per level: codes, then scales from the inside out, then offsets likewise.
    std::vector<std::span<const std::byte>> streams() const {
        std::vector<std::span<const std::byte>> all{codes_.bytes()};
        levels_.for_each_level([&](std::span<const std::byte> stream) { all.push_back(stream); });
        return all;
    }
    std::vector<std::span<std::byte>> streams() {
        std::vector<std::span<std::byte>> all{codes_.bytes()};
        levels_.for_each_level([&](std::span<std::byte> stream) { all.push_back(stream); });
        return all;
    }

    /// Bytes of the streams of a rows x cols matrix; throws std::invalid_argument where they do not fit the address space.
    static std::vector<std::size_t> stream_sizes(std::size_t rows, std::size_t cols) {
        std::vector<std::size_t> all{codes_type::size(rows, cols)};
        levels_type::for_each_size(rows, cols, [&](std::size_t bytes) { all.push_back(bytes); });
        return all;
    }

    /// All panels, panel_bytes() each.
    std::span<const std::byte> codes() const noexcept { return codes_.bytes(); }
    std::size_t panel_bytes() const noexcept { return codes_.panel_bytes(); }
    std::byte const* lines(std::size_t panel) const noexcept { return codes_.lines(panel); }
    std::byte* lines(std::size_t panel) noexcept { return codes_.lines(panel); }
    /// Stored column j is logical column permutation()[j]; empty stands for the identity.
    std::span<const std::uint32_t> permutation() const noexcept { return permutation_; }

    /// Throws std::invalid_argument unless `order` is a permutation of the columns (or empty).
    void set_permutation(std::vector<std::uint32_t> order) {
        check_permutation(order, cols_);
        permutation_ = std::move(order);
    }

    levels_type const& levels() const noexcept { return levels_; }
    levels_type& levels() noexcept { return levels_; }

private:
    std::size_t rows_ = 0;
    std::size_t cols_ = 0;
    codes_type codes_;
    levels_type levels_;
    std::vector<std::uint32_t> permutation_;
};

}  // namespace fewbits
