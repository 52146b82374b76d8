// The product of any two operands as fp32 panels of dequantised values: fp32 sums over 128 of K, their sums in double.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "blocking.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace portable {

inline void add_tile(float const* sums, double* totals) noexcept {
    for (std::size_t i = 0; i < tile_size; ++i) totals[i] += static_cast<double>(sums[i]);
}

inline void multiply_widened_block(product const& p, block const& b) {
    scratch<float> const rows(b.padded_rows() * chunk_depth);
    scratch<float> const strip(strip_size);
    std::size_t const count = b.strips() * (strip_columns / tile_columns) * b.row_tiles() * tile_size;
    scratch<double> const totals(count);
    std::fill_n(totals.get(), count, 0.0);
    alignas(64) float sums[tile_size];
    for (std::size_t first = 0; first < p.k(); first += chunk_depth) {
        std::size_t const depth = std::min(chunk_depth, p.k() - first);
        read_activations(p, reading::values, b, first, depth, rows.get());
        double* tile = totals.get();
        for (std::size_t n = 0; n < b.cols; n += strip_columns) {
            std::size_t const cols = std::min(strip_columns, b.cols - n);
            p.w.read_strip(reading::values, {b.n + n, cols, first, depth}, strip.get());
            for (std::size_t t = 0; t * tile_columns < cols; ++t) {
                for (std::size_t r = 0; r < b.row_tiles(); ++r, tile += tile_size) {
                    multiply_tile(depth, rows.get() + r * tile_rows * chunk_depth, strip.get() + t * tile_stride, sums);
                    add_tile(sums, tile);
                }
            }
        }
    }
    finish_block(p, b, totals.get());
}

/// |error| <= 1e-5 * sum |a||w| of the dequantised operands wherever the products stay within the normal range of fp32.
struct widened_product {
    using isa = fewbits::isa::portable;
    static constexpr std::string_view name = "portable/widened_product";
    static constexpr std::string_view reason = "both sides decoded to fp32, sums of 128 products in fp32, then in double";
    static constexpr bool available(processor const&) noexcept { return true; }
    static constexpr bool supports(operand_facts const&, operand_facts const&) noexcept { return true; }
    template <class = void>
    static void run(product const& p) {
        for_each_block(p, [&](block const& b) { multiply_widened_block(p, b); });
    }
};

}  // namespace portable
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
