// Long sums: the error bound where rounding errors cannot cancel, and integers past 32 bits.

#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <vector>

#include "exact_dot.hpp"
#include "random_matrix.hpp"

using namespace gemm_test;

namespace {

float product_of(fb::operand const& a, fb::operand const& w, fb::target_choice target = fb::target_choice::best) {
    float y = -1.0F;
    fb::gemm(a, w, fb::matrix_view<float>(&y, 1, 1), {.target = target});
    return y;
}

fb::matrix_view<float const> row(std::vector<float> const& values) { return {values.data(), 1, values.size()}; }

}  // namespace

TEST_CASE("same-sign sums of 20000 and 100000 stay within the bound") {
    for (std::size_t const k : {std::size_t{20000}, std::size_t{100000}}) {
        std::vector<float> a(k);
        std::vector<float> w(k);
        source from(3);
        auto const check = [&] {
            auto const x = fb::make_operand(row(a));
            auto const y = fb::make_operand(row(w));
            CHECK(within_bound(product_of(x, y), exact_dot(x, 0, y, 0)));
        };
        for (std::size_t i = 0; i < k; ++i) a[i] = w[i] = 1.1F;
        check();
        for (std::size_t i = 0; i < k; ++i) a[i] = from.between(0.5F, 1.0F), w[i] = from.between(0.5F, 1.0F);
        check();
        // One large product and then many just above half a last place of it: every rounding goes the same way.
        for (std::size_t i = 0; i < k; ++i) a[i] = i % 128 == 0 ? 1.0F : 0x1.000002p-24F, w[i] = 1.0F;
        check();
        for (std::size_t i = 0; i < k; ++i) a[i] = i % 128 == 0 ? 1.0F : 0x1.fffffep-25F, w[i] = 1.0F;
        check();
        auto const q = random_matrix<fb::uint8_tensor>(1, k, 4);
        auto const p = random_matrix<fb::q4_1>(1, k, 5);
        auto const x = fb::make_operand(q);
        auto const y = fb::make_operand(p);
        CHECK(within_bound(product_of(x, y), exact_dot(x, 0, y, 0)));
    }
}

TEST_CASE("integer sums past 2^31 are exact") {
    std::size_t const k = 140001;
    fb::quantized_matrix<fb::int8_row> a(1, k);
    fb::quantized_matrix<fb::int8_tensor> w(1, k);
    for (std::size_t i = 0; i < k; ++i) {
        fb::store_code(a.storage().row_codes(0), i * 8, 8, 127);
        fb::store_code(w.storage().row_codes(0), i * 8, 8, 127);
    }
    a.storage().scales().set(0, 0, 0.3F);
    w.storage().scales().set(0, 0, 0.7F);
    std::int64_t const sum = 127LL * 127 * static_cast<std::int64_t>(k);
    REQUIRE(sum > (std::int64_t{1} << 31));
    float const expected = std::fma(static_cast<float>(sum), fb::mul_rn(0.3F, 0.7F), 0.0F);
    CHECK(product_of(fb::make_operand(a), fb::make_operand(w)) == expected);
    CHECK(product_of(fb::make_operand(a), fb::make_operand(w), fb::target_choice::reference) == expected);
    CHECK(product_of(fb::make_operand(a), fb::make_operand(fb::prepack(w))) == expected);
}

TEST_CASE("the combine step is one fma for scales and sums of every size") {
    source from(12);
    auto const wild = [&] {
        float const significand = static_cast<float>(from.below(1U << 24)) * (from.below(2) == 0 ? 1.0F : -1.0F);
        int const exponent = static_cast<int>(from.below(5)) * 40 - 149 + static_cast<int>(from.below(20));
        return from.below(9) == 0 ? 0.0F : std::ldexp(significand, exponent);
    };
    std::size_t wrong = 0;
    for (int round = 0; round < 20000; ++round) {
        float p[fb::tile_size];
        float scale_a[fb::tile_rows];
        float scale_w[fb::tile_columns];
        float y[fb::tile_size];
        bool const mild = round % 2 == 0;  // near one another, where sums fall between two floats
        for (float& x : p) {
            int const integer = mild ? static_cast<int>(from.below(17)) - 8 : static_cast<int>(from.below(1U << 22)) - (1 << 21);
            x = static_cast<float>(integer) * 0x1p-12F;
        }
        for (float& x : scale_a) x = mild ? from.between(-1.0F, 1.0F) : wild();
        for (float& x : scale_w) x = mild ? from.between(-1.0F, 1.0F) : wild();
        for (float& x : y) x = mild ? from.between(-1.0F, 1.0F) : wild();
        float expected[fb::tile_size];
        for (std::size_t i = 0; i < fb::tile_size; ++i) {
            float const scale = fb::mul_rn(scale_a[i / fb::tile_columns], scale_w[i % fb::tile_columns]);
            expected[i] = std::fma(p[i], scale, y[i]);
        }
        fb::portable::combine_tile(p, scale_a, scale_w, -12, y);
        for (std::size_t i = 0; i < fb::tile_size; ++i) {
            std::uint32_t got;
            std::uint32_t want;
            std::memcpy(&got, &y[i], 4);
            std::memcpy(&want, &expected[i], 4);
            bool const nan = (want & 0x7FFFFFFF) > 0x7F800000;
            wrong += (nan ? (got & 0x7FFFFFFF) <= 0x7F800000 : got != want) ? 1U : 0U;
        }
    }
    CHECK(wrong == 0);
}
