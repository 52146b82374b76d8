// Matrices of random codes and reasonable scales: what quantizing gives, without its compile time.
#pragma once

#include <cstddef>
#include <fewbits/matrix/quantized_matrix.hpp>
#include <random>
#include <type_traits>

namespace random_matrices {

/// Whether a code is one that a number gives: in range, and neither NaN nor infinity.
template <fewbits::scalar E>
bool finite(unsigned code) {
    if constexpr (E::kind == fewbits::format_kind::codebook) return code < static_cast<unsigned>(E::codec::count);
    if constexpr (E::kind == fewbits::format_kind::integer) {
        return E::codec::to_integer(code) >= E::codec::lowest && E::codec::to_integer(code) <= E::codec::highest;
    }
    auto const value = static_cast<float>(E::from_bits(code));
    return value - value == 0.0F;
}

template <fewbits::scale_number S>
void fill(fewbits::number_storage<S>& level, fewbits::block_position size, std::mt19937& random) {
    std::uniform_real_distribution<float> number(0.25F, 1.75F);
    for (std::size_t r = 0; r < size.row; ++r) {
        for (std::size_t c = 0; c < size.col; ++c) level.set(r, c, S(number(random)));
    }
}
inline void fill(fewbits::no_storage&, fewbits::block_position, std::mt19937&) {}

/// Codes are any but NaN and infinity.
template <fewbits::block_composition B>
void fill(fewbits::block_storage<B>& level, fewbits::block_position size, std::mt19937& random) {
    using element = typename B::element;
    for (std::size_t r = 0; r < size.row; ++r) {
        for (std::size_t c = 0; c < size.col; ++c) {
            unsigned code = 0;
            if constexpr (B::trits) {
                fewbits::store_trit(level.row_codes(r), c, static_cast<int>(random() % 3) - 1);
            } else {
                do code = static_cast<unsigned>(random()) & ((1U << element::width) - 1U);
                while (!finite<element>(code));
                fewbits::store_code(level.row_codes(r), c * element::width, element::width, code);
            }
        }
    }
    fill(level.scales(), fewbits::block_grid(B::block, size.row, size.col), random);
    fill(level.offsets(), fewbits::block_grid(fewbits::offset_extent<B>, size.row, size.col), random);
}

template <fewbits::block_format F>
fewbits::quantized_matrix<F> random_matrix(std::size_t rows, std::size_t cols, unsigned seed) {
    std::mt19937 random(seed);
    fewbits::quantized_matrix<F> q(rows, cols);
    fill(q.storage(), {rows, cols}, random);
    return q;
}

}  // namespace random_matrices
