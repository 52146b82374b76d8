// What kernels read activations from: a matrix_view of numbers in device memory, or a quantized matrix there.
#pragma once

#include <cstddef>
#include <type_traits>

#include "../matrix/matrix_view.hpp"
#include "../matrix/quantized_view.hpp"

namespace fewbits {

/// A matrix in format F in device memory, its streams as on the host. (A type whose name says F: nvcc cannot name a kernel of its view.)
template <block_format F>
struct quantized_operand {
    using format = F;
    quantized_view<F> view;
    std::size_t rows = 0;
    std::size_t cols = 0;
};

inline namespace FEWBITS_BASELINE {

template <class T>
FEWBITS_HOST_DEVICE float number_at(matrix_view<T const> const& a, std::size_t row, std::size_t col) noexcept {
    return static_cast<float>(a(row, col));
}
template <block_format F>
FEWBITS_HOST_DEVICE float number_at(quantized_operand<F> const& a, std::size_t row, std::size_t col) noexcept {
    return a.view.value(row, col);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
