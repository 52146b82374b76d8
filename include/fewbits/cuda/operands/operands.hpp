// A matrix in device memory as a product gets it.
#pragma once

#include <cstddef>

#include "../../matrix/quantized_view.hpp"

namespace fewbits {

/// A row-major matrix of numbers X, or one in a block format. (Named by the format: nvcc cannot name a kernel of its view.)
template <class X>
struct product_side {
    X const* data;
    std::size_t stride;  ///< of rows, in elements
    std::size_t rows;

    FEWBITS_HOST_DEVICE float value(std::size_t row, std::size_t col) const noexcept {
        return static_cast<float>(data[row * stride + col]);
    }
};
template <block_format F>
struct product_side<F> {
    quantized_view<F> view;
    std::size_t rows;

    FEWBITS_HOST_DEVICE float value(std::size_t row, std::size_t col) const noexcept { return view.value(row, col); }
};

}  // namespace fewbits
