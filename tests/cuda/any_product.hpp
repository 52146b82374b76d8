// Products of any two matrices over the emulator, against the definition: the same bits where they are defined, else the bound.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <fewbits/cuda/kernels/portable_product.hpp>
#include <simt/machine.hpp>
#include <vector>

#include "any_matrix.hpp"

namespace cuda_test {

inline std::vector<float> bias_of(std::size_t n) {
    std::vector<float> bias(n);
    for (std::size_t i = 0; i < n; ++i) bias[i] = static_cast<float>(i) * 0.37F - 3;
    return bias;
}

inline constexpr std::size_t y_gap = 3;  ///< columns of y beside the product's, which nobody may write

/// y as the kernel leaves it, rows of n + y_gap.
template <class Y = float, class Machine = simt::machine, template <class, class, class> class Kernel = fb::portable_product, class A, class W>
std::vector<Y> multiply(any_matrix<A> const& a, any_matrix<W> const& w, std::size_t k, float const* bias) {
    using kernel = Kernel<A, W, Y>;
    std::size_t const n = w.rows();
    std::vector<Y> y(a.rows() * (n + y_gap), static_cast<Y>(-4096.0F));
    typename kernel::arguments const arguments{a.side(), w.side(), y.data(), bias, n + y_gap, k};
    simt::launch<kernel, Machine>(static_cast<unsigned>(kernel::blocks_for(a.rows(), n)), kernel::shared_bytes, arguments, 5);
    bool untouched = true;
    for (std::size_t r = 0; r < a.rows(); ++r) {
        for (std::size_t c = n; c < n + y_gap; ++c) untouched = untouched && static_cast<float>(y[r * (n + y_gap) + c]) == -4096.0F;
    }
    REQUIRE(untouched);
    return y;
}

template <class M>
std::vector<double> values_of(M const& matrix, std::size_t k) {
    std::vector<double> all(matrix.rows() * k);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = matrix.value(i / k, i % k);
    return all;
}

/// The largest error over sum |a||w| + |bias|; 1e30 for a NaN.
template <class A, class W, class Machine = simt::machine, template <class, class, class> class Kernel = fb::portable_product>
double worst_error(any_matrix<A> const& a, any_matrix<W> const& w, std::size_t k) {
    std::size_t const n = w.rows();
    auto const bias = bias_of(n);
    auto const y = multiply<float, Machine, Kernel>(a, w, k, bias.data());
    auto const left = values_of(a, k);
    auto const right = values_of(w, k);
    double worst = 0;
    for (std::size_t i = 0; i < a.rows(); ++i) {
        for (std::size_t j = 0; j < n; ++j) {
            double sum = static_cast<double>(bias[j]);
            double size = std::abs(sum);
            for (std::size_t c = 0; c < k; ++c) {
                sum += left[i * k + c] * right[j * k + c];
                size += std::abs(left[i * k + c] * right[j * k + c]);
            }
            double const error = std::abs(sum - static_cast<double>(y[i * (n + y_gap) + j])) / size;
            worst = std::max(worst, error <= 1e30 ? error : 1e30);
        }
    }
    return worst;
}
template <class A, class W, class Machine = simt::machine>
double worst_error(std::size_t m, std::size_t n, std::size_t k) {
    return worst_error<A, W, Machine>(any_matrix<A>(m, k, 1), any_matrix<W>(n, k, 2), k);
}

/// One result of an exact product by its definition, without the bias.
template <class A, class W>
float exact_sum(any_matrix<A> const& a, std::size_t i, any_matrix<W> const& w, std::size_t j, std::size_t k) {
    float y = 0.0F;
    for (std::size_t c = 0; c < k;) {
        std::size_t const first = c;
        double p = 0;
        do {
            p += static_cast<double>(A::element::from_bits(a.q.code(i, c))) * static_cast<double>(W::element::from_bits(w.q.code(j, c)));
            ++c;
        } while (c < k && (A::block.cols == 0 || c % A::block.cols != 0) && (W::block.cols == 0 || c % W::block.cols != 0));
        y = fb::fma_rn(static_cast<float>(p), fb::mul_rn(a.q.scale(i, first), w.q.scale(j, first)), y);
    }
    return y;
}

template <class A, class W, class Y = float, template <class, class, class> class Kernel = fb::portable_product>
bool same_bits(any_matrix<A> const& a, any_matrix<W> const& w, std::size_t k) {
    static_assert(fb::is_exact_product<A, W>);
    std::size_t const n = w.rows();
    auto const bias = bias_of(n);
    auto const y = multiply<Y, simt::machine, Kernel>(a, w, k, bias.data());
    bool same = true;
    for (std::size_t i = 0; i < a.rows(); ++i) {
        for (std::size_t j = 0; j < n; ++j) {
            double const sum = fb::add_to_odd(static_cast<double>(exact_sum(a, i, w, j, k)), static_cast<double>(bias[j]));
            Y expected{};
            if constexpr (std::is_same_v<Y, float>) expected = static_cast<float>(sum);
            else expected = fb::round_to<Y>(sum, fb::nearest_even, fb::to_special);
            same = same && std::memcmp(&expected, &y[i * (n + y_gap) + j], sizeof(Y)) == 0;
        }
    }
    return same;
}
template <class A, class W, class Y = float>
bool same_bits(std::size_t m, std::size_t n, std::size_t k) {
    return same_bits<A, W, Y>(any_matrix<A>(m, k, 1), any_matrix<W>(n, k, 2), k);
}

/// Products of A with every format number Slice, Slice + Slices, ... of the catalogue, over rows that are copied 16 bytes at a time; and of
/// these with W, over rows that are not, and end within a step.
template <class A, class W, int Slice, int Slices>
void check_formats() {
    auto const check = []<class Left, class Right>(std::size_t k) {
        INFO(fb::type_name<Left>() << " * " << fb::type_name<Right>());
        if constexpr (fb::is_exact_product<Left, Right>) CHECK((same_bits<Left, Right>(3, 5, k)));
        else CHECK((worst_error<Left, Right>(3, 5, k) < 1e-5));
    };
    [&]<class... F>(fb::type_list<F...>) {
        auto const one = [&]<class X, int Index>() {
            if constexpr (Index % Slices == Slice) {
                check.template operator()<A, X>(256);
                check.template operator()<X, W>(150);
            }
        };
        [&]<int... I>(std::integer_sequence<int, I...>) {
            (one.template operator()<F, I>(), ...);
        }(std::make_integer_sequence<int, static_cast<int>(sizeof...(F))>{});
    }(fb::all_block_formats{});
}

}  // namespace cuda_test
