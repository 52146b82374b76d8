// Shapes, strides, bias, output types, options and errors of gemm.

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include <functional>
#include <stdexcept>
#include <vector>

#include <fewbits/parallel/threads.hpp>

#include "exact_dot.hpp"
#include "targets.hpp"

using namespace gemm_test;

TEST_CASE("random shapes: one result for every layout and thread count") {
    rc::prop("plain, prepacked, 1, 2 and 3 threads and a caller's loop give the same bits", [] {
        auto const m = *rc::gen::inRange<std::size_t>(0, 70);
        auto const n = *rc::gen::inRange<std::size_t>(0, 140);
        auto const k = *rc::gen::inRange<std::size_t>(0, 400);
        auto const seed = *rc::gen::inRange<std::uint32_t>(0, 1000000);
        auto const a = subject_of(*rc::gen::inRange<std::size_t>(0, subject_count()), m, k, seed);
        auto const w = subject_of(*rc::gen::inRange<std::size_t>(0, subject_count()), n, k, seed + 77);
        auto const target = *rc::gen::elementOf(targets_here());
        RC_LOG() << a.name << " x " << w.name << " by " << name_of(target);
        auto const y = multiply(a.plain, w.plain, {.target = target});
        auto const backwards = [](std::size_t count, auto const& f) {
            while (count > 0) f(--count);
        };
        RC_ASSERT(same_bits(y, multiply(a.plain, w.packed, {.target = target})));
        RC_ASSERT(same_bits(y, multiply(a.plain, w.packed, {.executor = fb::threads(2), .target = target})));
        RC_ASSERT(same_bits(y, multiply(a.plain, w.plain, {.executor = fb::threads(3), .target = target})));
        RC_ASSERT(same_bits(y, multiply(a.plain, w.plain, {.executor = backwards, .target = target})));
        if (m > 0 && n > 0) {
            auto const exact = exact_dot(a.plain, m - 1, w.plain, n - 1);
            RC_ASSERT(within_bound(y.back(), exact));
        }
        // Rows do not know of each other: a product of the last ones is those rows of the product.
        if (m > 0) {
            dense<float> const x(m, k, seed);
            std::size_t const rows = rows_alone(fb::make_operand(x.view()), w.packed, m, target);
            fb::operand const last = fb::make_operand(fb::matrix_view<float const>(x.view().row(m - rows), rows, k, x.stride));
            auto const all = multiply(fb::make_operand(x.view()), w.packed, {.target = target});
            auto const some = multiply(last, w.packed, {.target = target});
            RC_ASSERT(same_bits(some, std::vector<float>(all.end() - static_cast<std::ptrdiff_t>(rows * n), all.end())));
        }
    });
}

TEST_CASE("bias comes last and is rounded once") {
    auto const a = all_subjects(9, 150, 1);
    auto const w = all_subjects(41, 150, 2);
    source from(8);
    std::vector<float> bias(41);
    for (float& b : bias) b = from.between(-1000.0F, 1000.0F);
    for (std::size_t i = 0; i < a.size(); ++i) {
        INFO(a[i].name << " x " << w[i].name);
        auto const without = multiply(a[i].plain, w[i].plain, {.target = fb::target_choice::reference});
        auto const with = multiply(a[i].plain, w[i].plain, {.bias = bias, .target = fb::target_choice::reference});
        auto const target = targets_here()[i % targets_here().size()];
        auto const fast = multiply(a[i].plain, w[i].plain, {.bias = bias, .target = target});
        bool const exact = fb::is_exact_pair(a[i].plain.facts(), w[i].plain.facts());
        std::size_t wrong = 0;
        for (std::size_t j = 0; j < with.size(); ++j) {
            if (exact) wrong += with[j] != fb::add_rn(without[j], bias[j % 41]) || with[j] != fast[j];
            auto sum = exact_dot(a[i].plain, j / 41, w[i].plain, j % 41);
            sum.sum += as_fixed(bias[j % 41]);
            sum.magnitude += as_fixed(bias[j % 41] < 0 ? -bias[j % 41] : bias[j % 41]);
            wrong += !within_bound(fast[j], sum) || !within_bound(with[j], sum);
        }
        CHECK(wrong == 0);
    }
}

TEST_CASE("no columns give the bias") {
    dense<float> const a(3, 0, 1);
    auto const w = random_matrix<fb::int4_g32>(5, 0, 1);
    std::vector<float> const bias{1, 2, 3, 4, 5};
    std::vector<float> y(15, -1.0F);
    for (auto const target : targets_here()) {
        fb::gemm(a.view(), w, fb::matrix_view<float>(y.data(), 3, 5), {.bias = bias, .target = target});
        CHECK(y == std::vector<float>{1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5});
        fb::gemm(a.view(), w, fb::matrix_view<float>(y.data(), 3, 5), {.target = target});
        CHECK(y == std::vector<float>(15, 0.0F));
    }
    fb::gemm(dense<float>(0, 7, 1).view(), random_matrix<fb::mxfp4>(5, 7, 1), fb::matrix_view<float>(nullptr, 0, 5));
    fb::gemm(dense<float>(4, 7, 1).view(), random_matrix<fb::mxfp4>(0, 7, 1), fb::matrix_view<float>(nullptr, 4, 0));
}

TEST_CASE("strided results: nothing beside the result is touched") {
    auto const w = random_matrix<fb::int4_g32>(37, 90, 1);
    dense<fb::bf16> const a(7, 90, 2, 5);
    std::vector<float> y(7 * 50, 123.0F);
    std::vector<float> tight(7 * 37);
    fb::gemm(a.view(), w, fb::matrix_view<float>(y.data() + 4, 7, 37, 50));
    fb::gemm(a.view(), w, fb::matrix_view<float>(tight.data(), 7, 37));
    for (std::size_t r = 0; r < 7; ++r) {
        for (std::size_t c = 0; c < 50; ++c) {
            bool const inside = c >= 4 && c < 41;
            CHECK(y[r * 50 + c] == (inside ? tight[r * 37 + c - 4] : 123.0F));
        }
    }
}

TEMPLATE_TEST_CASE("16-bit results are rounded once", "", fb::bf16, fb::fp16) {
    std::vector<float> const bias(21, 0.37F);
    auto const a = random_matrix<fb::int8_row>(6, 200, 1);
    auto const w = random_matrix<fb::int4_g32>(21, 200, 2);
    std::vector<float> sums(6 * 21);
    std::vector<TestType> y(6 * 21);
    fb::gemm(a, w, fb::matrix_view<float>(sums.data(), 6, 21));
    fb::gemm(a, w, fb::matrix_view<TestType>(y.data(), 6, 21));
    for (std::size_t i = 0; i < y.size(); ++i) CHECK(y[i].bits() == fb::round_to<TestType>(sums[i]).bits());
    fb::gemm(a, w, fb::matrix_view<TestType>(y.data(), 6, 21), {.bias = bias});
    for (std::size_t i = 0; i < y.size(); ++i) {
        double const sum = static_cast<double>(sums[i]) + static_cast<double>(0.37F);  // exact for sums of this size
        CHECK(y[i].bits() == fb::round_to<TestType>(sum).bits());
    }
}

TEST_CASE("a 16-bit result is not rounded through float") {
    // 1 + 2^-8 + 2^-40 lies above the middle of two bf16 numbers; as a float it would stand on it and go to the even one.
    std::vector<float> const k2{1.0F, 0x1p-8F};
    std::vector<float> const ones{1.0F, 1.0F};
    std::vector<float> const tiny{0x1p-40F};
    fb::bf16 result{};
    fb::gemm(fb::matrix_view<float const>(k2.data(), 1, 2), fb::matrix_view<float const>(ones.data(), 1, 2),
             fb::matrix_view<fb::bf16>(&result, 1, 1), {.bias = tiny});
    CHECK(static_cast<float>(result) == 1.0F + 0x1p-7F);
}

TEST_CASE("shapes that do not fit are errors with the numbers in them") {
    auto const w = random_matrix<fb::mxfp4>(5, 64, 1);
    dense<float> const a(3, 63, 1);
    dense<float> const b(3, 64, 1);
    std::vector<float> y(100);
    std::vector<float> const bias(4);
    using Catch::Contains;
    CHECK_THROWS_AS(fb::gemm(a.view(), w, fb::matrix_view<float>(y.data(), 3, 5)), std::invalid_argument);
    CHECK_THROWS_WITH(fb::gemm(a.view(), w, fb::matrix_view<float>(y.data(), 3, 5)),
                      Contains("3 x 63") && Contains("5 x 64"));
    CHECK_THROWS_WITH(fb::gemm(b.view(), w, fb::matrix_view<float>(y.data(), 5, 3)), Contains("5 x 3") && Contains("3 x 5"));
    CHECK_THROWS_WITH(fb::gemm(b.view(), w, fb::matrix_view<float>(y.data(), 3, 5), {.bias = bias}),
                      Contains("4") && Contains("5"));
    CHECK_THROWS_WITH(fb::gemm(b.view(), w, fb::matrix_view<float>(y.data(), 3, 5, 4)), Contains("stride"));
}

TEST_CASE("kernel_name says what runs and why") {
    using Catch::Contains;
    constexpr auto portable = fb::target_choice::portable;
    CHECK_THAT((fb::kernel_name<fb::int8_row, fb::int4_g32>()), Contains("integer_product") && Contains("bit"));
    CHECK_THAT((fb::kernel_name<float, fb::nf4_b64>(portable)), Contains("codebook_product") && Contains("look-up"));
    CHECK_THAT((fb::kernel_name<fb::bf16, fb::mxfp8_e4m3>(portable)), Contains("widened_product"));
    CHECK_THAT((fb::kernel_name<fb::int8_row, fb::uint4_g128>(portable)), Contains("widened_product"));
    CHECK_THAT((fb::kernel_name<fb::int8_row, fb::int8_row>(fb::target_choice::reference)), Contains("reference"));
}
