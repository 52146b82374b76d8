// What holds for every block format, whatever it is made of.
#include "catalogue.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include <algorithm>
#include <stdexcept>

using namespace exact;

namespace {

std::string where(block_format_under_test const& f, outcome const& o, std::size_t i) {
    return f.name + " " + std::to_string(i / o.cols) + "," + std::to_string(i % o.cols);
}

bool same_streams(outcome const& a, outcome const& b) { return a.streams == b.streams; }

/// value = f(f(element - zero point) * scale), f(f(element * scale) + minimum) or f(element * scale).
float value_of(block_format_under_test const& f, float element, float scale, float offset) {
    if (f.has_zero_point) return mul(element - offset, scale);
    float const product = mul(element, scale);
    return f.has_minimum ? add(product, offset) : product;
}

/// Half of the widest step between two neighbouring elements.
double half_step(block_format_under_test const& f) {
    std::vector<float> e;
    for (float v : f.elements) {
        if (!is_nan(v)) e.push_back(v);
    }
    std::sort(e.begin(), e.end());
    double widest = 0;
    for (std::size_t i = 0; i + 1 < e.size(); ++i) widest = std::max(widest, wide(e[i + 1]) - wide(e[i]));
    return widest / 2;
}

/// A shape and data from RapidCheck: ragged blocks, strides, magnitudes that vary between blocks.
matrix arbitrary_matrix() {
    auto const rows = *rc::gen::inRange<std::size_t>(1, 5);
    auto const cols = *rc::gen::inRange<std::size_t>(1, 400);
    return rough_matrix(rows, cols, *rc::gen::arbitrary<std::uint64_t>(), 3);
}

} // namespace

TEST_CASE("all block formats are under test", "[quantize][properties]") {
    REQUIRE(block_formats().size() == static_cast<std::size_t>(fb::all_block_formats::size));
}

TEST_CASE("value, dequantize and the definition from code, scale and offset agree", "[quantize][properties]") {
    rc::prop("every format", [] {
        matrix const x = arbitrary_matrix();
        for (auto const& f : block_formats()) {
            outcome const o = f.quantize(x.view(), {});
            for (std::size_t i = 0; i < o.values.size(); ++i) {
                float const element = f.elements[o.codes[i]];
                if (is_nan(element)) RC_FAIL(where(f, o, i) + ": a code that no default gives");
                if (f.is_symmetric && o.offsets[i] != 0) RC_FAIL(where(f, o, i) + ": an offset");
                float const value = value_of(f, element, o.scales[i], o.offsets[i]);
                if (bits(o.values[i]) != bits(value) || bits(o.dequantized[i]) != bits(value)) {
                    RC_FAIL(where(f, o, i) + ": " + std::to_string(o.values[i]) + " and " +
                            std::to_string(o.dequantized[i]) + " want " + std::to_string(value));
                }
            }
        }
    });
}

TEST_CASE("every element is the nearest one under its block's scale", "[quantize][properties]") {
    rc::prop("every format", [] {
        matrix const x = arbitrary_matrix();
        for (auto const& f : block_formats()) {
            outcome const o = f.quantize(x.view(), {});
            double const largest = wide(*std::max_element(o.scales.begin(), o.scales.end()));
            for (std::size_t i = 0; i < o.values.size(); ++i) {
                double const original = wide(x(i / o.cols, i % o.cols));
                double const error = std::fabs(original - wide(o.values[i]));
                double const scale = std::fabs(wide(o.scales[i]));
                // Rounding of quotient, product and sum: a few units in the last place of the terms.
                double const offset = std::fabs(wide(o.offsets[i])) * (f.has_zero_point ? scale : 1);
                // Where codes come from a scale before its own quantization, that is off by a step of the 8-bit map.
                double const slack =
                    (std::fabs(original) + offset) * 0x1p-20 + (f.uses_absmax_as_found ? largest * 0.02 : 0);
                for (float e : f.elements) {
                    if (is_nan(e)) continue;
                    double const other = std::fabs(original - wide(value_of(f, e, o.scales[i], o.offsets[i])));
                    if (error > other + slack) RC_FAIL(where(f, o, i) + ": " + std::to_string(original));
                }
            }
        }
    });
}

TEST_CASE("where scales come from the largest magnitude or the range, no error exceeds half a step",
    "[quantize][properties]") {
    rc::prop("every format with fp32 scales", [] {
        matrix const x = arbitrary_matrix();
        for (auto const& f : block_formats()) {
            bool const fits = f.method == fb::scale_method::absmax || f.method == fb::scale_method::range;
            if (!fits || !f.fp32_scale) continue;
            outcome const o = f.quantize(x.view(), {});
            double const bound = half_step(f);
            for (std::size_t i = 0; i < o.values.size(); ++i) {
                double const original = wide(x(i / o.cols, i % o.cols));
                // A rounded zero point moves the range by up to half a step, which the ends may lose once more.
                double const steps = f.has_zero_point ? 2 * bound : bound;
                double const error = std::fabs(original - wide(o.values[i]));
                if (error > steps * wide(o.scales[i]) * (1 + 0x1p-15) + std::fabs(original) * 0x1p-20)
                    RC_FAIL(where(f, o, i));
            }
        }
    });
}

TEST_CASE("quantize is deterministic", "[quantize][properties]") {
    matrix const x = rough_matrix(4, 300, 5, 3);
    for (auto const& f : block_formats()) {
        CAPTURE(f.name);
        CHECK(same_streams(f.quantize(x.view(), {}), f.quantize(x.view(), {})));
        fb::quantize_options const random{.mode = fb::stochastic{}, .seed = 3};
        CHECK(same_streams(f.quantize(x.view(), random), f.quantize(x.view(), random)));
    }
}

TEST_CASE("a power of two in front changes scales, not codes", "[quantize][properties]") {
    // Data whose fp16 scales are normal numbers before and after; nested levels scale with their outermost one.
    for (int k : {-3, -1, 1, 4}) {
        matrix x = normal_matrix(4, 512, 6);
        for (float& v : x.data) v *= 8.0F;
        matrix y = x;
        for (float& v : y.data) v = std::ldexp(v, k);
        for (auto const& f : block_formats()) {
            outcome const a = f.quantize(x.view(), {});
            outcome const b = f.quantize(y.view(), {});
            tally t;
            for (std::size_t i = 0; i < a.codes.size(); ++i) {
                bool const right = a.codes[i] == b.codes[i] && bits(std::ldexp(a.values[i], k)) == bits(b.values[i]);
                t.expect(right, [&](auto& out) {
                    out << where(f, a, i) << " 2^" << k << ' ' << a.values[i] << ' ' << b.values[i];
                });
            }
            REQUIRE_TALLY(t);
        }
    }
}

TEST_CASE("a sign in front changes the sign of values where the format is symmetric", "[quantize][properties]") {
    matrix const x = normal_matrix(4, 300, 7);
    matrix y = x;
    for (float& v : y.data) v = -v;
    for (auto const& f : block_formats()) {
        // Codebooks and excess codes are not symmetric themselves.
        std::vector<float> plain;
        for (float v : f.elements) {
            if (!is_nan(v)) plain.push_back(v);
        }
        bool const symmetric = std::all_of(plain.begin(), plain.end(),
            [&](float v) { return std::find(plain.begin(), plain.end(), -v) != plain.end(); });
        if (!f.is_symmetric || !symmetric) continue;
        outcome const a = f.quantize(x.view(), {});
        outcome const b = f.quantize(y.view(), {});
        tally t;
        for (std::size_t i = 0; i < a.values.size(); ++i) {
            t.expect(a.values[i] == -b.values[i] || x(i / a.cols, i % a.cols) == 0.0F,
                [&](auto& out) { out << where(f, a, i) << ' ' << a.values[i] << ' ' << b.values[i]; });
        }
        REQUIRE_TALLY(t);
    }
}
