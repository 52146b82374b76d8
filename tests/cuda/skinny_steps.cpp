// Products with packed weights from end to end over the emulator: weights and activations are packed, slabs of rows multiplied.
#include <catch2/catch.hpp>
#include <cmath>
#include <fewbits/cuda/steps/skinny_steps.hpp>
#include <fewbits/formats/all_formats.hpp>
#include <simt/machine.hpp>

#include "packed_weights.hpp"
#include "random_matrix.hpp"

namespace fb = fewbits;

namespace {

/// Activations in a format, or as numbers.
template <class A>
struct activations {
    fb::quantized_matrix<A> q;
    activations(std::size_t rows, std::size_t cols) : q(random_matrices::random_matrix<A>(rows, cols, 3)) {}
    fb::product_side<A> side() const { return {fb::quantized_view<A>(q.streams(), q.rows(), q.cols()), q.rows()}; }
};
template <class A>
    requires(std::is_same_v<A, float> || fb::scalar<A>)
struct activations<A> {
    std::size_t rows, cols;
    std::vector<A> numbers;
    activations(std::size_t r, std::size_t c) : rows(r), cols(c) {
        std::mt19937 random(4);
        std::normal_distribution<float> normal;
        for (std::size_t i = 0; i < rows * (cols + 1); ++i) numbers.push_back(A(normal(random)));
    }
    fb::product_side<A> side() const { return {numbers.data(), cols + 1, rows}; }
};

/// The largest error of a product against the sum of magnitudes; beyond 1e30 where something outside of y was written.
template <class A, class W, class Y = float>
double worst_error(std::size_t m, std::size_t n, std::size_t k) {
    activations<A> const a(m, k);
    auto const w = random_matrices::random_matrix<W>(n, k, 1);
    packed_weights<W> const packed(w);
    using steps = fb::skinny_steps<A, W, Y, simt::launcher<>>;
    std::vector<fb::word4> scratch(steps::scratch_bytes(m, k) / 16 + 1, fb::word4{{~0U, ~0U, ~0U, ~0U}});
    std::vector<Y> y(m * (n + 2), Y(-4096.0F));
    simt::launcher<> launch;
    steps::run(launch, a.side(), packed.view(n, k), {y.data(), m, n, n + 2}, nullptr, reinterpret_cast<std::byte*>(scratch.data()));
    if (scratch.back().at[3] != ~0U) return 1e31;
    double worst = 0;
    for (std::size_t i = 0; i < m; ++i) {
        for (std::size_t j = 0; j < n + 2; ++j) {
            double const got = static_cast<double>(static_cast<float>(y[i * (n + 2) + j]));
            double sum = 0;
            double size = 0;
            for (std::size_t c = 0; c < k && j < n; ++c) {
                double const product = static_cast<double>(a.side().value(i, c)) * static_cast<double>(w.value(j, c));
                sum += product;
                size += std::abs(product);
            }
            double const error = j >= n ? (got == -4096.0 ? 0.0 : 1e31) : std::abs(sum - got) / size;
            worst = std::max(worst, error <= 1e30 ? error : 1e31);
        }
    }
    return worst;
}

}  // namespace

TEST_CASE("packed weights and any number of rows") {
    double const bound = 1e-5;
    CHECK(worst_error<float, fb::int4_g128>(19, 20, 300) < bound);
    CHECK(worst_error<fb::bf16, fb::mxfp4>(9, 17, 70) < bound);
    CHECK(worst_error<fb::fp16, fb::nvfp4>(33, 16, 64) < bound);
    CHECK(worst_error<float, fb::nf4_b64>(2, 16, 128) < bound);
    CHECK(worst_error<fb::mxfp8_e4m3, fb::e4m3_row>(17, 18, 129) < bound);
    CHECK(worst_error<fb::int8_row, fb::int4_g128>(40, 35, 256) < bound);
    CHECK(worst_error<fb::q8_0, fb::q8_0>(3, 16, 64) < bound);
    CHECK(worst_error<fb::bf16, fb::int8_row, fb::bf16>(3, 16, 64) < 0x1p-8);
    static_assert(fb::skinny_way_of<fb::int8_g32, fb::int8_row> == fb::skinny_way::none);
    static_assert(fb::skinny_way_of<float, fb::int8_column> == fb::skinny_way::none);
}

TEST_CASE("packed weights with zero points and minimums") {
    double const bound = 1e-5;
    CHECK(worst_error<fb::bf16, fb::uint4_g128>(3, 20, 300) < bound);
    CHECK(worst_error<float, fb::uint4_g128>(10, 17, 64) < bound);
    CHECK(worst_error<float, fb::q4_1>(2, 16, 96) < bound);
    CHECK(worst_error<fb::fp16, fb::q5_1>(9, 16, 160) < bound);
    CHECK(worst_error<float, fb::q4_k>(17, 18, 512) < bound);
    CHECK(worst_error<fb::bf16, fb::q5_k>(2, 16, 256) < bound);
    CHECK(worst_error<float, fb::q2_k>(3, 16, 256) < bound);
}

TEST_CASE("floats by a codebook keep the bound where every rounding goes the same way") {
    // 1 + 2^-9 + 2^-17 leaves 2^-17 to two bf16 numbers, three hold it.
    using W = fb::nf4_b64;
    activations<float> a(1, 64);
    for (float& x : a.numbers) x = 1 + 0x1p-9F + 0x1p-17F;
    auto w = random_matrices::random_matrix<W>(1, 64, 1);
    for (std::size_t c = 0; c < 64; ++c) fb::store_code(w.storage().row_codes(0), c * 4, 4, 9);
    packed_weights<W> const packed(w);
    using steps = fb::skinny_steps<float, W, float, simt::launcher<>>;
    std::vector<fb::word4> scratch(steps::scratch_bytes(1, 64) / 16);
    float y = 0;
    simt::launcher<> launch;
    steps::run(launch, a.side(), packed.view(1, 64), {&y, 1, 1}, nullptr, reinterpret_cast<std::byte*>(scratch.data()));
    double const exact = 64 * static_cast<double>(a.numbers[0]) * static_cast<double>(w.value(0, 0));
    CHECK(std::abs(static_cast<double>(y) - exact) < 1e-5 * exact);
}
