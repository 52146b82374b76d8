// Formats against each other and against themselves: idempotence, finer scales, searches, and the error statistics.
#include "catalogue.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

using namespace exact;

namespace {

double mse(std::string_view name, matrix const& x) { return block_format_named(name).statistics(x.view(), {}).mse; }

/// Rows and columns of different size, a few outliers: what finer scales are for.
matrix uneven_matrix(std::uint64_t seed) {
    matrix x = normal_matrix(64, 512, seed);
    words next(seed);
    for (std::size_t r = 0; r < 64; ++r) {
        float const size = std::ldexp(1.0F, static_cast<int>(r % 4));
        for (std::size_t c = 0; c < 512; ++c) x(r, c) *= size * (next.below(200) == 0 ? 5.0F : 1.0F);
    }
    return x;
}

/// The errors from the accessors' values, by the definitions.
void check_statistics(block_format_under_test const& f, matrix const& x, fb::quantize_options const& options) {
    outcome const o = f.quantize(x.view(), options);
    double largest = 0, squares = 0, back = 0, products = 0, errors = 0;
    std::size_t overflows = 0, underflows = 0;
    for (std::size_t i = 0; i < o.values.size(); ++i) {
        double const a = wide(x(i / o.cols, i % o.cols)), b = wide(o.values[i]);
        largest = std::max(largest, std::fabs(a - b));
        squares += a * a;
        back += b * b;
        products += a * b;
        errors += (a - b) * (a - b);
        underflows += std::fabs(a) > 0 && !(std::fabs(b) > 0) ? 1U : 0U;
        std::vector<double> values;
        for (float e : f.elements) {
            if (is_nan(e)) continue;
            double const scale = wide(o.scales[i]), offset = wide(o.offsets[i]);
            values.push_back(f.has_zero_point ? (wide(e) - offset) * scale : wide(e) * scale + offset);
        }
        std::sort(values.begin(), values.end());
        values.erase(std::unique(values.begin(), values.end()), values.end()); // -0 and 0
        std::size_t const n = values.size();
        if (n < 2) continue;
        bool const above = a > values[n - 1] + (values[n - 1] - values[n - 2]) / 2;
        bool const below = a < values[0] - (values[1] - values[0]) / 2;
        overflows += above || below ? 1U : 0U;
    }
    auto const e = f.statistics(x.view(), options);
    CAPTURE(f.name);
    CHECK(e.max_error == largest);
    CHECK(e.mse == Approx(errors / static_cast<double>(o.values.size())).epsilon(1e-12));
    if (errors > 0) CHECK(e.sqnr_db == Approx(10 * std::log10(squares / errors)).epsilon(1e-10));
    if (back > 0) CHECK(e.cosine == Approx(products / std::sqrt(squares * back)).epsilon(1e-12));
    CHECK(e.distinct_codes == std::set<unsigned>(o.codes.begin(), o.codes.end()).size());
    CHECK(e.overflows == overflows);
    CHECK(e.underflows == underflows);
}

} // namespace

// Why it holds: the largest magnitude maps to the largest element again, or stays in its binade (microscaling). It does
// not hold for means and searches (another mean, another optimum), for ranges (rounding moves the ends), and for double
// quantization.
TEST_CASE(
    "quantizing again gives the same codes where the scale follows the largest magnitude", "[quantize][comparisons]") {
    matrix const x = rough_matrix(4, 300, 1, 3);
    std::size_t tried = 0;
    for (auto const& f : block_formats()) {
        bool const follows = f.method == fb::scale_method::absmax || f.method == fb::scale_method::microscaling;
        if (!follows || f.uses_absmax_as_found) continue;
        ++tried;
        outcome const once = f.quantize(x.view(), {});
        matrix y(4, 300);
        std::copy(once.values.begin(), once.values.end(), y.data.begin());
        outcome const twice = f.quantize(y.view(), {});
        CAPTURE(f.name);
        CHECK(once.codes == twice.codes);
        // f(f(127 s) / 127) may differ from an fp32 scale s in its last bit; powers of two and codebooks give it back
        // exactly.
        bool const exact_scale = f.power_of_two_scale || (f.codebook && f.fp32_scale);
        for (std::size_t i = 0; i < once.values.size(); ++i) {
            float const a = once.values[i], b = twice.values[i];
            if (exact_scale ? bits(a) != bits(b) : std::fabs(a - b) > std::fabs(a) * 0x1p-21F) {
                FAIL_CHECK(i << ": " << a << " became " << b);
                break;
            }
        }
    }
    CHECK(tried > 25);
}

TEST_CASE("the error falls from tensor to row to groups of 128, 64 and 32", "[quantize][comparisons]") {
    for (std::uint64_t seed : {1U, 2U, 3U}) {
        matrix const x = uneven_matrix(seed);
        double last = mse("int8_tensor", x);
        for (auto name : {"int8_row", "int8_g128", "int8_g64", "int8_g32"}) {
            CAPTURE(name, seed);
            double const finer = mse(name, x);
            CHECK(finer < 0.97 * last);
            last = finer;
        }
        CHECK(mse("int4_g64", x) < mse("int4_g128", x));
        CHECK(mse("int4_g32", x) < mse("int4_g64", x));
        CHECK(mse("e2m1_row", x) < mse("e2m1_tensor", x));
        CHECK(mse("int8_g32", x) < mse("int6_g32", x) / 8);
        CHECK(mse("int6_g32", x) < mse("int4_g32", x) / 8);
    }
}

TEST_CASE("searched scales beat rounding to the largest magnitude at the same width", "[quantize][comparisons]") {
    for (std::uint64_t seed : {4U, 5U}) {
        matrix const x = normal_matrix(32, 512, seed);
        for (auto [searched, plain] : {std::pair{"q4_0", "int4_g32"}, {"q5_0", "int5_g32"}, {"q2_k", "int2_g32"},
                 {"q3_k", "int3_g32"}, {"q4_k", "int4_g32"}, {"q4_k", "q4_1"}, {"q5_k", "int5_g32"},
                 {"q6_k", "int6_g32"}, {"iq4_nl", "int4_g32"}, {"iq4_xs", "int4_g32"}}) {
            CAPTURE(searched, plain, seed);
            CHECK(mse(searched, x) < 0.95 * mse(plain, x));
        }
    }
}

TEST_CASE("excess codes use their whole range", "[quantize][comparisons]") {
    matrix const x = normal_matrix(16, 512, 6);
    for (auto [name, codes] : {std::pair{"q4_0", 16U}, {"q5_0", 32U}, {"q3_k", 8U}, {"q6_k", 64U}}) {
        auto const e = block_format_named(name).statistics(x.view(), {});
        CAPTURE(name);
        CHECK(e.distinct_codes == codes);
    }
}

TEST_CASE("error statistics are what their definitions say", "[quantize][comparisons]") {
    matrix const x = rough_matrix(6, 256, 7, 6);
    for (auto const& f : block_formats()) check_statistics(f, x, {});
    matrix scales(6, 8);
    for (float& s : scales.data) s = 0.05F;
    for (auto name : {"int8_g32", "mxfp4", "q4_0", "e2m1_g32", "iq4_nl"}) {
        check_statistics(block_format_named(name), x, {.scales = scales.view()}); // many overflows and underflows
    }
    check_statistics(block_format_named("int4_row"), x, {.scale_rule = fb::scale_rule::percentile, .percentile = 90});
}

TEST_CASE("exact matrices have no error, the largest SQNR and cosine 1", "[quantize][comparisons]") {
    matrix x(2, 64);
    for (std::size_t i = 0; i < 128; ++i) x.data[i] = static_cast<float>(i % 5) - 2.0F;
    auto const e = block_format_named("mxint8").statistics(x.view(), {});
    CHECK(e.mse == 0);
    CHECK(e.max_error == 0);
    CHECK(e.sqnr_db == std::numeric_limits<double>::max());
    CHECK(e.cosine == Approx(1));
    CHECK(e.distinct_codes == 5);
    auto const z = block_format_named("int8_row").statistics(matrix(2, 8).view(), {});
    CHECK(z.cosine == 1);
    CHECK(z.sqnr_db == std::numeric_limits<double>::max());
}
