// Integers with a zero point, and blocks with an additive minimum.
#include "exact.hpp"

#include <catch2/catch.hpp>

using namespace exact;

namespace {

template <class F> void check_zero_point(std::size_t block_rows, std::size_t block_cols, int highest, matrix const& x) {
    auto const q = fb::quantize<F>(x.view());
    auto const y = dequantized(q);
    tally t;
    for (std::size_t r = 0; r < x.rows; ++r) {
        for (std::size_t c = 0; c < x.cols; ++c) {
            std::size_t const h = block_rows == 0 ? x.rows : block_rows, w = block_cols == 0 ? x.cols : block_cols;
            float low = 0, high = 0;
            for (std::size_t i = r / h * h; i < std::min(x.rows, r / h * h + h); ++i) {
                for (std::size_t j = c / w * w; j < std::min(x.cols, c / w * w + w); ++j) {
                    low = std::min(low, x(i, j));
                    high = std::max(high, x(i, j));
                }
            }
            float const scale = div(sub(high, low), static_cast<float>(highest));
            int zero = 0, code = 0;
            if (scale > 0) {
                zero = clamp(nearest_integer(wide(div(-low, scale))), 0, highest);
                code = clamp(nearest_integer(wide(div(x(r, c), scale))) + zero, 0, highest);
            }
            float const value = mul(static_cast<float>(code - zero), scale);
            bool const right = bits(q.scale(r, c)) == bits(scale) && q.offset(r, c) == static_cast<float>(zero) &&
                               q.code(r, c) == static_cast<unsigned>(code) && bits(q.value(r, c)) == bits(value) &&
                               bits(y(r, c)) == bits(value);
            t.expect(right, [&](auto& out) {
                out << F::name << ' ' << r << ',' << c << " x " << x(r, c) << " code " << q.code(r, c) << " want "
                    << code << " zero " << q.offset(r, c) << " want " << zero;
            });
        }
    }
    REQUIRE_TALLY(t);
}

matrix shifted(std::size_t rows, std::size_t cols, float by) {
    matrix x = normal_matrix(rows, cols, cols + 17);
    for (float& value : x.data) value += by;
    return x;
}

/// f(code * scale) + minimum, with scale = (max - min) / highest and the minimum in fp16, codes by both as stored.
template <class F> void check_minimum(int highest, matrix const& x) {
    auto const q = fb::quantize<F>(x.view());
    auto const y = dequantized(q);
    tally t;
    auto const half = [](float v) { return element_value<fb::fp16>(nearest_code<fb::fp16>(wide(v))); };
    for (std::size_t r = 0; r < x.rows; ++r) {
        for (std::size_t c = 0; c < x.cols; ++c) {
            std::size_t const first = c / 32 * 32;
            float low = x(r, first), high = low;
            for (std::size_t j = first; j < std::min(x.cols, first + 32); ++j) {
                low = std::min(low, x(r, j));
                high = std::max(high, x(r, j));
            }
            float const scale = half(div(sub(high, low), static_cast<float>(highest)));
            float const minimum = half(low);
            float const above = sub(x(r, c), minimum);
            int const code = scale > 0 ? clamp(nearest_integer(wide(div(above, scale))), 0, highest) : 0;
            float const value = add(mul(static_cast<float>(code), scale), minimum);
            bool const right = bits(q.scale(r, c)) == bits(scale) && bits(q.offset(r, c)) == bits(minimum) &&
                               q.code(r, c) == static_cast<unsigned>(code) && bits(q.value(r, c)) == bits(value) &&
                               bits(y(r, c)) == bits(value);
            t.expect(right, [&](auto& out) {
                out << F::name << ' ' << r << ',' << c << " x " << x(r, c) << " code " << q.code(r, c) << " want "
                    << code;
            });
        }
    }
    REQUIRE_TALLY(t);
}

} // namespace

TEST_CASE("zero points follow the definition to the bit", "[quantize][asymmetric]") {
    for (std::size_t cols : {1U, 100U, 128U, 300U}) {
        for (float by : {0.0F, 0.7F, 2.5F, -2.5F, 40.0F}) {
            matrix const x = shifted(4, cols, by);
            check_zero_point<fb::uint8_tensor>(0, 0, 255, x);
            check_zero_point<fb::uint8_row>(1, 0, 255, x);
            check_zero_point<fb::uint4_g128>(1, 128, 15, x);
        }
        check_zero_point<fb::uint4_g128>(1, 128, 15, rough_matrix(4, cols, cols, 4));
        check_zero_point<fb::uint8_row>(1, 0, 255, rough_matrix(4, cols, cols, 4));
    }
}

TEST_CASE("zero is exact under a zero point, and an empty range has scale, zero point and codes zero",
    "[quantize][asymmetric]") {
    matrix x = shifted(3, 200, 0.4F);
    x(1, 7) = 0.0F;
    auto const q = fb::quantize<fb::uint8_row>(x.view());
    CHECK(bits(q.value(1, 7)) == 0U);
    auto const z = fb::quantize<fb::uint8_row>(matrix(2, 9).view());
    CHECK(z.scale(1, 8) == 0.0F);
    CHECK(z.offset(1, 8) == 0.0F);
    CHECK(z.code(1, 8) == 0U);
    CHECK(z.value(1, 8) == 0.0F);
}

TEST_CASE("on non-negative data the asymmetric step is 255/127 finer and the error about a quarter",
    "[quantize][asymmetric]") {
    matrix x = normal_matrix(64, 256, 5);
    for (float& value : x.data) value = magnitude(value);
    auto const symmetric = fb::quantize<fb::int8_tensor>(x.view());
    auto const asymmetric = fb::quantize<fb::uint8_tensor>(x.view());
    CHECK(wide(symmetric.scale(0, 0)) / wide(asymmetric.scale(0, 0)) == Approx(255.0 / 127).epsilon(1e-6));
    double const ratio = fb::error_statistics(x.view(), symmetric).mse / fb::error_statistics(x.view(), asymmetric).mse;
    CHECK(ratio > 3.5);
    CHECK(ratio < 4.6);
}

TEST_CASE("blocks with a minimum use scale and minimum as stored", "[quantize][asymmetric]") {
    for (std::size_t cols : {1U, 32U, 33U, 250U}) {
        for (float by : {0.0F, 3.0F, -3.0F}) {
            check_minimum<fb::q4_1>(15, shifted(4, cols, by));
            check_minimum<fb::q5_1>(31, shifted(4, cols, by));
        }
        check_minimum<fb::q4_1>(15, rough_matrix(4, cols, cols, 3));
    }
}
