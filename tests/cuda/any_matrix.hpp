// Matrices of random codes or numbers, in any format, for tests of products on the device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <fewbits/cuda/operands/product_operand.hpp>
#include <fewbits/fewbits.hpp>
#include <limits>
#include <random>
#include <vector>

#include "random_matrix.hpp"

namespace cuda_test {

namespace fb = fewbits;

/// A matrix in a block format.
template <class X>
struct any_matrix {
    fb::quantized_matrix<X> q;

    any_matrix(std::size_t rows, std::size_t cols, unsigned seed) : q(random_matrices::random_matrix<X>(rows, cols, seed)) {}
    std::size_t rows() const { return q.rows(); }
    double value(std::size_t r, std::size_t c) const { return static_cast<double>(q.value(r, c)); }
    fb::product_side<X> side() const { return {fb::quantized_view<X>(q.streams(), q.rows(), q.cols()), q.rows()}; }
};

/// A matrix of numbers, its rows apart; `gap` numbers that belong to nobody stand between them.
template <class X>
    requires fb::dense_element<X>
struct any_matrix<X> {
    std::size_t count, columns, stride;
    std::vector<X> numbers;

    any_matrix(std::size_t rows, std::size_t cols, unsigned seed, std::size_t gap = 0)
        : count(rows), columns(cols), stride(cols + gap), numbers(rows * stride + 16 / sizeof(X)) {
        std::mt19937 random(seed);
        std::normal_distribution<float> normal;
        for (X& x : numbers) x = static_cast<X>(std::numeric_limits<float>::quiet_NaN());
        for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t c = 0; c < cols; ++c) first()[r * stride + c] = static_cast<X>(normal(random));
        }
    }
    /// On 16 bytes, as device memory is.
    X* first() { return numbers.data() + (16 - reinterpret_cast<std::uintptr_t>(numbers.data()) % 16) % 16 / sizeof(X); }
    X const* first() const { return const_cast<any_matrix*>(this)->first(); }
    std::size_t rows() const { return count; }
    double value(std::size_t r, std::size_t c) const { return static_cast<double>(static_cast<float>(first()[r * stride + c])); }
    fb::product_side<X> side() const { return {first(), stride, count}; }
};

}  // namespace cuda_test
