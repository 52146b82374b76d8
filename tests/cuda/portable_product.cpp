// The product of any pair as the device does it, over the emulator, against the host's: the same bits where they are defined, else the bound.
#include "any_matrix.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <fewbits/cuda/kernels/portable_product.hpp>
#include <limits>
#include <simt/machine.hpp>

namespace fb = fewbits;

namespace {

using cuda_test::any_matrix;

std::vector<float> bias_of(std::size_t n) {
    std::vector<float> bias(n);
    for (std::size_t i = 0; i < n; ++i) bias[i] = static_cast<float>(i) * 0.37F - 3;
    return bias;
}

/// y of the kernel, rows of n + 3; what is outside of y is left alone.
template <class Y = float, class Machine = simt::machine, class A, class W>
std::vector<Y> multiply(any_matrix<A> const& a, any_matrix<W> const& w, std::size_t k, float const* bias) {
    using kernel = fb::portable_product<A, W, Y>;
    std::size_t const n = w.rows();
    std::vector<Y> y(a.rows() * (n + 3), Y(-4096.0F));
    typename kernel::arguments const arguments{a.side(), w.side(), y.data(), bias, n + 3, k};
    simt::launch<kernel, Machine>(static_cast<unsigned>(kernel::blocks_for(a.rows(), n)), kernel::shared_bytes, arguments, 5);
    for (std::size_t r = 0; r < a.rows(); ++r) {
        for (std::size_t c = n; c < n + 3; ++c) REQUIRE(static_cast<float>(y[r * (n + 3) + c]) == -4096.0F);
    }
    return y;
}

/// The largest error over sum |a||w| + |bias|.
template <class A, class W, class Machine = simt::machine>
double worst_error(any_matrix<A> const& a, any_matrix<W> const& w, std::size_t k) {
    std::size_t const n = w.rows();
    auto const bias = bias_of(n);
    auto const y = multiply<float, Machine>(a, w, k, bias.data());
    auto const values = [k](auto const& of) {
        std::vector<double> all(of.rows() * k);
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = of.value(i / k, i % k);
        return all;
    };
    auto const left = values(a);
    auto const right = values(w);
    double worst = 0;
    for (std::size_t i = 0; i < a.rows(); ++i) {
        for (std::size_t j = 0; j < n; ++j) {
            double sum = static_cast<double>(bias[j]);
            double size = std::abs(sum);
            for (std::size_t c = 0; c < k; ++c) {
                sum += left[i * k + c] * right[j * k + c];
                size += std::abs(left[i * k + c] * right[j * k + c]);
            }
            double const error = std::abs(sum - static_cast<double>(y[i * (n + 3) + j])) / size;
            worst = std::max(worst, error <= 1e30 ? error : 1e30);  // a NaN is large
        }
    }
    return worst;
}
template <class A, class W, class Machine = simt::machine>
double worst_error(std::size_t m, std::size_t n, std::size_t k) {
    return worst_error<A, W, Machine>(any_matrix<A>(m, k, 1), any_matrix<W>(n, k, 2), k);
}

template <class Y = float, class A, class W>
bool same_bits(any_matrix<A> const& a, any_matrix<W> const& w, std::size_t k) {
    static_assert(fb::is_exact_product<A, W>);
    std::size_t const n = w.rows();
    auto const bias = bias_of(n);
    auto const y = multiply<Y>(a, w, k, bias.data());
    std::vector<Y> expected(y.size(), Y(-4096.0F));
    fb::gemm(a.operand(), w.operand(), fb::matrix_view<Y>(expected.data(), a.rows(), n, n + 3),
             {.bias = bias, .target = fb::target_choice::reference});
    return std::memcmp(y.data(), expected.data(), y.size() * sizeof(Y)) == 0;
}
template <class A, class W, class Y = float>
bool same_bits(std::size_t m, std::size_t n, std::size_t k) {
    return same_bits<Y>(any_matrix<A>(m, k, 1), any_matrix<W>(n, k, 2), k);
}

}  // namespace

TEST_CASE("integer products have the host's bits") {
    CHECK(same_bits<fb::int8_row, fb::int8_row>(1, 3, 1));
    CHECK(same_bits<fb::int8_row, fb::int8_row>(130, 37, 272));
    CHECK(same_bits<fb::int8_row, fb::int4_g128>(20, 130, 448));
    CHECK(same_bits<fb::q8_0, fb::q4_0>(5, 9, 320));
    CHECK(same_bits<fb::mxint8, fb::int3_g32>(4, 16, 100));
    CHECK(same_bits<fb::q8_k, fb::q6_k>(3, 10, 512));
    CHECK(same_bits<fb::int8_row, fb::bitnet>(6, 20, 333));
    CHECK(same_bits<fb::int6_g64, fb::tq1_0>(4, 7, 300));
    CHECK(same_bits<fb::q3_k, fb::q3_k>(2, 5, 256));
}

TEST_CASE("other products keep the bound") {
    double const bound = 1e-5;
    CHECK(worst_error<fb::bf16, fb::int4_g128>(70, 130, 256) < bound);
    CHECK(worst_error<fb::bf16, fb::int4_g128>(3, 5, 77) < bound);
    CHECK(worst_error<float, fb::int4_g128>(3, 5, 288) < bound);
    CHECK(worst_error<fb::fp16, fb::mxfp4>(3, 5, 160) < bound);
    CHECK(worst_error<fb::bf16, fb::int8_row>(3, 5, 100) < bound);
    CHECK(worst_error<float, float>(66, 130, 100) < bound);
    CHECK(worst_error<fb::bf16, fb::bf16>(5, 6, 129) < bound);
    CHECK(worst_error<fb::bf16, fb::nvfp4>(5, 6, 128) < bound);
    CHECK(worst_error<fb::mxfp8_e4m3, fb::mxfp6_e2m3>(5, 6, 96) < bound);
    CHECK(worst_error<fb::e4m3_tile_1x128, fb::e4m3_tile_128x128>(5, 140, 300) < bound);
    CHECK(worst_error<fb::bf16, fb::nf4_b64_dq>(5, 6, 200) < bound);
    CHECK(worst_error<fb::bf16, fb::q4_k>(5, 6, 512) < bound);
    CHECK(worst_error<float, fb::q2_k>(5, 6, 256) < bound);
    CHECK(worst_error<fb::int8_column, fb::uint4_g128>(5, 6, 200) < bound);
}
