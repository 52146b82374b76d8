// Matrices of random codes or numbers, in any format, for tests of products on the device.
#pragma once

#include <cmath>
#include <cstring>
#include <limits>
#include <cstddef>
#include <fewbits/cuda/product_operand.hpp>
#include <fewbits/fewbits.hpp>
#include <random>
#include <vector>

namespace cuda_test {

namespace fb = fewbits;

/// Random codes of numbers of moderate size, as far as whole bytes hold them: no NaN, nothing infinite.
template <class S>
void fill_numbers(std::span<std::byte> bytes, std::mt19937& random, double least, double most) {
    if constexpr (std::is_same_v<S, float>) {
        for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4) {
            float const number = std::ldexp(1.0F + static_cast<float>(random() % 4096) / 4096.0F, static_cast<int>(random() % 8) - 6);
            std::memcpy(bytes.data() + i, &number, 4);
        }
    } else {
        for (std::byte& b : bytes) b = static_cast<std::byte>(random());
        if constexpr (S::width % 8 == 0) {
            for (std::size_t i = 0; i < bytes.size() * 8 / S::width; ++i) {
                auto const at = i * S::width;
                auto const size = [&] { return std::abs(static_cast<double>(S::from_bits(fb::load_code(bytes.data(), at, S::width)))); };
                while (!(size() >= least && size() <= most)) {
                    fb::store_code(bytes.data(), at, S::width, static_cast<unsigned>(random()) & ((1U << S::width) - 1));
                }
            }
        }
    }
}

template <class S>
void fill_level(fb::number_storage<S>& level, std::mt19937& random) {
    fill_numbers<S>(level.bytes(), random, 1e-3, 1e3);
}
inline void fill_level(fb::no_storage&, std::mt19937&) {}
template <class B>
void fill_level(fb::block_storage<B>& level, std::mt19937& random) {
    fill_numbers<typename B::element>(level.bytes(), random, 0, 1e30);
    fill_level(level.scales(), random);
    fill_level(level.offsets(), random);
}

/// A matrix in a block format.
template <class X>
struct any_matrix {
    fb::quantized_matrix<X> q;

    any_matrix(std::size_t rows, std::size_t cols, unsigned seed) : q(rows, cols) {
        std::mt19937 random(seed);
        fill_level(q.storage(), random);
    }
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
