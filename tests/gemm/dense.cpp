// Dense weights: every shape, stride, target and kind of element keeps the bound, and a row's bits depend on nothing else.

#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <fewbits/parallel/threads.hpp>

#include "exact_dot.hpp"
#include "targets.hpp"

using namespace gemm_test;

namespace {

/// A matrix whose last row ends where its storage ends, so that a sanitizer sees every read past it.
template <class T>
struct tight {
    std::vector<T> data;
    fb::matrix_view<T const> view;

    tight(std::size_t rows, std::size_t cols, std::size_t stride, std::uint32_t seed) : data((rows - 1) * stride + cols) {
        source from(seed);
        for (T& x : data) x = T(from.between(-2.0F, 2.0F));
        view = {data.data(), rows, cols, stride};
    }
};

/// How many of some results are outside the bound: all of a small product, the corners and a few others of a large one.
std::size_t outside_bound(fb::operand const& a, fb::operand const& w, std::vector<float> const& y) {
    std::size_t wrong = 0;
    std::size_t const n = w.rows();
    std::size_t const apart = std::max<std::size_t>(1, y.size() * a.cols() / 100000);
    for (std::size_t i = 0; i < y.size(); i += apart) wrong += within_bound(y[i], exact_dot(a, i / n, w, i % n)) ? 0U : 1U;
    return wrong + (within_bound(y.back(), exact_dot(a, a.rows() - 1, w, n - 1)) ? 0U : 1U);
}

struct shape {
    std::size_t m, n, k;
};

template <class A, class W>
void check_pair() {
    for (shape const s : {shape{1, 1, 1}, {1, 9, 15}, {2, 3, 31}, {3, 8, 33}, {5, 17, 64}, {6, 7, 511}, {7, 5, 513}, {8, 16, 1024},
                          {13, 11, 1025}, {1, 130, 2049}, {200, 9, 70}, {97, 140, 1500}}) {
        tight<A> const left(s.m, s.k, s.k + 5, 1);
        tight<W> const right(s.n, s.k, s.k + 3, 2);
        auto const a = fb::make_operand(left.view);
        auto const w = fb::make_operand(right.view);
        for (fb::target_choice const target : targets_here()) {
            CAPTURE(a.facts().name, w.facts().name, s.m, s.n, s.k, static_cast<int>(target));
            auto const y = multiply(a, w, {.target = target});
            CHECK(outside_bound(a, w, y) == 0);
            CHECK(same_bits(y, multiply(a, w, {.executor = fb::threads(3), .target = target})));
            std::size_t const rows = rows_alone(a, w, s.m, target);
            for (std::size_t const row : {std::size_t{0}, s.m / 2, s.m - 1}) {
                std::size_t const m = std::min(row, s.m - rows);
                fb::matrix_view<A const> const some(left.view.row(m), rows, s.k, left.view.stride);
                auto const first = y.begin() + static_cast<std::ptrdiff_t>(m * s.n);
                CHECK(same_bits(multiply(fb::make_operand(some), w, {.target = target}),
                                std::vector<float>(first, first + static_cast<std::ptrdiff_t>(rows * s.n))));
            }
        }
    }
}

}  // namespace

TEST_CASE("dense weights: bound, threads and batches of any shape and stride") {
    check_pair<float, float>();
    check_pair<fb::bf16, fb::bf16>();
    check_pair<float, fb::bf16>();
    check_pair<fb::bf16, float>();
    check_pair<fb::fp16, fb::fp16>();
    check_pair<fb::e4m3, fb::bf16>();
    check_pair<fb::bf16, fb::e5m2>();
}

TEST_CASE("dense weights have a kernel of their own on vectors") {
    if (!fb::this_processor().avx2) return;
    std::string const target = fb::this_processor().avx512 ? "avx512" : "avx2";
    CHECK(fb::kernel_name<float, float>().starts_with(target + "/dense_product"));
    CHECK(fb::kernel_name<fb::int4_g32, fb::fp16>().starts_with(target + "/dense_product"));
    if (fb::this_processor().amx) CHECK(fb::kernel_name<float, fb::bf16>().starts_with("amx/dense_product"));
    CHECK(fb::kernel_name<float, fb::bf16>(fb::target_choice::avx2).starts_with("avx2/dense_product"));
    CHECK(fb::kernel_name<float, float>(fb::target_choice::portable).starts_with("portable/"));
}

TEST_CASE("quantized activations times dense weights") {
    tight<float> const floats(19, 1100, 1100, 3);
    tight<fb::bf16> const halves(19, 1100, 1107, 4);
    for (std::size_t i = 0; i < subject_count(); ++i) {
        auto const activations = subject_of(i, 7, 1100, 5);
        fb::operand const& a = activations.plain;
        for (auto const& w : {fb::make_operand(floats.view), fb::make_operand(halves.view)}) {
            for (fb::target_choice const target : targets_here()) {
                CAPTURE(a.facts().name, w.facts().name, static_cast<int>(target));
                CHECK(outside_bound(a, w, multiply(a, w, {.target = target})) == 0);
            }
        }
    }
}

TEST_CASE("dense sums whose roundings all go the same way") {
    std::size_t const k = 30000;
    tight<float> a(1, k, k, 1);
    tight<float> w(1, k, k, 1);
    auto const check = [&] {
        for (fb::target_choice const target : targets_here()) {
            auto const x = fb::make_operand(a.view);
            auto const y = fb::make_operand(w.view);
            CHECK(outside_bound(x, y, multiply(x, y, {.target = target})) == 0);
        }
    };
    for (std::size_t const lanes : {std::size_t{8}, std::size_t{16}, std::size_t{32}}) {
        for (float const tiny : {0x1.000002p-24F, 0x1.fffffep-25F}) {
            for (std::size_t i = 0; i < k; ++i) a.data[i] = i % 512 < lanes ? 1.0F : tiny, w.data[i] = 1.0F;
            check();
        }
    }
    for (std::size_t i = 0; i < k; ++i) a.data[i] = w.data[i] = 1.1F;
    check();
}

namespace {

// On bits: -ffast-math takes it that there are none.
std::uint32_t magnitude_bits(float x) { return fb::bit_cast<std::uint32_t>(x) & 0x7FFFFFFFU; }
bool is_nan(float x) { return magnitude_bits(x) > 0x7F800000U; }
bool is_finite(float x) { return magnitude_bits(x) < 0x7F800000U; }
bool same_number(float x, float y) { return fb::bit_cast<std::uint32_t>(x) == fb::bit_cast<std::uint32_t>(y); }

/// An infinity and a NaN in row 1 of a or w reach that row's results and no others; what cancels them is NaN.
template <class T>
void check_specials() {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    std::size_t const k = 77;
    for (fb::target_choice const target : targets_here()) {
        for (float const special : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN()}) {
            for (std::size_t const column : {std::size_t{0}, std::size_t{40}, k - 1}) {
                CAPTURE(static_cast<int>(target), special, column);
                tight<T> a(8, k, k, 1);
                tight<T> w(9, k, k, 2);
                for (std::size_t m = 0; m < 8; ++m) a.data[m * k + column] = T(2.0F);
                w.data[1 * k + column] = T(special);
                auto const y = multiply(fb::make_operand(a.view), fb::make_operand(w.view), {.target = target});
                for (std::size_t i = 0; i < y.size(); ++i) {
                    CHECK((i % 9 != 1 ? is_finite(y[i]) : is_nan(special) ? is_nan(y[i]) : same_number(y[i], special)));
                }
                a.data[3 * k + column] = T(0.0F);
                auto const z = multiply(fb::make_operand(a.view), fb::make_operand(w.view), {.target = target});
                CHECK(is_nan(z[3 * 9 + 1]));
                a.data[3 * k + column] = T(special);
                auto const both = multiply(fb::make_operand(a.view), fb::make_operand(w.view), {.target = target});
                CHECK((is_nan(special) ? is_nan(both[3 * 9 + 1]) : same_number(both[3 * 9 + 1], infinity)));
            }
        }
    }
}

}  // namespace

TEST_CASE("infinities and NaN of dense operands reach their results alone") {
    check_specials<float>();
    check_specials<fb::bf16>();
    check_specials<fb::fp16>();
}
