// NF4 as QLoRA computes it, double quantization with bitsandbytes' dynamic map, and the other codebooks.
#include "exact.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>

using namespace exact;

namespace {

constexpr std::array<float, 16> published{-1.0F, -0.6961928009986877F, -0.5250730514526367F, -0.39491748809814453F,
    -0.28444138169288635F, -0.18477343022823334F, -0.09105003625154495F, 0.0F, 0.07958029955625534F,
    0.16093020141124725F, 0.24611230194568634F, 0.33791524171829224F, 0.44070982933044434F, 0.5626170039176941F,
    0.7229568362236023F, 1.0F};

template <std::size_t N> unsigned midpoints_below(std::array<float, N> const& book, float y) {
    unsigned code = 0;
    for (std::size_t i = 0; i + 1 < N; ++i) code += mul(add(book[i], book[i + 1]), 0.5F) < y ? 1U : 0U;
    return code;
}

template <std::size_t N> unsigned encode_absmax(std::array<float, N> const& book, float x, float absmax) {
    // 1e-38 is subnormal: a flushing processor would divide by zero, which a zero absmax need not.
    float const y = absmax > 0 ? mul(x, div(1.0F, std::max(absmax, 1e-38F))) : 0.0F;
    return midpoints_below(book, std::min(std::max(y, -1.0F), 1.0F));
}

std::vector<float> absmax_of(matrix const& x) {
    std::vector<float> all;
    for (std::size_t r = 0; r < x.rows; ++r) {
        for (std::size_t first = 0; first < x.cols; first += 64) {
            float m = 0;
            for (std::size_t c = first; c < std::min(x.cols, first + 64); ++c) m = std::max(m, magnitude(x(r, c)));
            all.push_back(m);
        }
    }
    return all;
}

/// bitsandbytes' create_dynamic_map(signed=True, max_exponent_bits=7, total_bits=8) as PyTorch computes it on
/// processors with fused multiply-add: linspace and means in fp32, the power of ten rounded to fp32.
std::array<float, 256> dynamic_map() {
    std::vector<float> all{0.0F, 1.0F};
    for (int i = 0; i < 7; ++i) {
        int const bounds = (1 << i) + 1;
        float const step = div(sub(1.0F, 0.1F), static_cast<float>(bounds - 1));
        std::vector<float> linspace;
        for (int k = 0; k < bounds; ++k) {
            double const from_start = wide(0.1F) + wide(step) * k;
            double const from_end = 1.0 - wide(step) * (bounds - 1 - k);
            linspace.push_back(static_cast<float>(k < bounds / 2 ? from_start : from_end));
        }
        auto const decade =
            static_cast<float>(std::array{1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0}[static_cast<std::size_t>(i)]);
        for (std::size_t k = 0; k + 1 < linspace.size(); ++k) {
            float const mean = mul(add(linspace[k], linspace[k + 1]), 0.5F);
            all.push_back(mul(decade, mean));
            all.push_back(-mul(decade, mean));
        }
    }
    std::sort(all.begin(), all.end());
    std::array<float, 256> map{};
    std::copy(all.begin(), all.end(), map.begin());
    return map;
}

/// Mean in double over runs of 1024, then over the runs.
float mean_of(std::vector<float> const& all) {
    double volatile total = 0;
    for (std::size_t first = 0; first < all.size(); first += 1024) {
        double volatile run = 0;
        for (std::size_t i = first; i < std::min(all.size(), first + 1024); ++i) run = run + wide(all[i]);
        total = total + run;
    }
    return static_cast<float>(total / static_cast<double>(all.size()));
}

void check_nf4(matrix const& x) {
    auto const q = fb::quantize<fb::nf4_b64>(x.view());
    auto const y = dequantized(q);
    auto const absmax = absmax_of(x);
    std::size_t const blocks = (x.cols + 63) / 64;
    tally t;
    for (std::size_t r = 0; r < x.rows; ++r) {
        for (std::size_t c = 0; c < x.cols; ++c) {
            float const scale = absmax[r * blocks + c / 64];
            unsigned const code = encode_absmax(published, x(r, c), scale);
            float const value = mul(published[code], scale);
            t.expect(q.code(r, c) == code && bits(q.scale(r, c)) == bits(scale) && bits(q.value(r, c)) == bits(value) &&
                         bits(y(r, c)) == bits(value),
                [&](auto& out) {
                    out << r << ',' << c << ' ' << x(r, c) << " code " << q.code(r, c) << " want " << code;
                });
        }
    }
    REQUIRE_TALLY(t);
}

void check_double_quantization(matrix const& x) {
    static auto const map = dynamic_map();
    auto const q = fb::quantize<fb::nf4_b64_dq>(x.view());
    auto const y = dequantized(q);
    auto const absmax = absmax_of(x);
    float const mean = mean_of(absmax);
    auto const streams = q.streams(); // codes, 8-bit absmax, their fp32 absmax by runs of 256, the mean
    REQUIRE(streams.size() == 4);
    REQUIRE(streams[1].size() == absmax.size());
    REQUIRE(streams[2].size() == 4 * ((absmax.size() + 255) / 256));
    REQUIRE(streams[3].size() == 4);
    REQUIRE(bits(stream_float(streams[3], 0)) == bits(mean));
    std::size_t const blocks = (x.cols + 63) / 64;
    tally t;
    for (std::size_t i = 0; i < absmax.size(); ++i) {
        float outer = 0;
        for (std::size_t j = i / 256 * 256; j < std::min(absmax.size(), i / 256 * 256 + 256); ++j) {
            outer = std::max(outer, magnitude(sub(absmax[j], mean)));
        }
        unsigned const code = encode_absmax(map, sub(absmax[i], mean), outer);
        float const again = add(mul(map[code], outer), mean);
        std::size_t const r = i / blocks, first = i % blocks * 64;
        t.expect(static_cast<unsigned>(streams[1][i]) == code &&
                     bits(stream_float(streams[2], i / 256)) == bits(outer) && bits(q.scale(r, first)) == bits(again),
            [&](auto& out) { out << "absmax " << i << " scale " << q.scale(r, first) << " want " << again; });
        for (std::size_t c = first; c < std::min(x.cols, first + 64); ++c) {
            unsigned const element = encode_absmax(published, x(r, c), absmax[i]); // by absmax, before it is quantized
            float const value = mul(published[element], again);
            t.expect(q.code(r, c) == element && bits(q.value(r, c)) == bits(value) && bits(y(r, c)) == bits(value),
                [&](auto& out) { out << r << ',' << c << ' ' << q.value(r, c) << " want " << value; });
        }
    }
    REQUIRE_TALLY(t);
}

} // namespace

TEST_CASE("the dynamic map is create_dynamic_map's, float for float", "[quantize][nf4]") {
    auto const map = dynamic_map();
    for (unsigned code = 0; code < 256; ++code) {
        CAPTURE(code);
        CHECK(bits(element_value<fb::dynamic8>(code)) == bits(map[code]));
    }
    // Read off PyTorch 2.2 with AVX2 and with AVX-512.
    CHECK(bits(map[0]) == 0xbf7e'3333U);
    CHECK(bits(map[1]) == 0xbf7a'999aU);
    CHECK(bits(map[128]) == bits(5.500000384017767e-07F));
}

TEST_CASE("nf4 follows QLoRA to the bit", "[quantize][nf4]") {
    for (std::size_t cols : {1U, 63U, 64U, 65U, 130U, 512U}) check_nf4(rough_matrix(5, cols, cols));
    for (unsigned code = 0; code < 16; ++code) CHECK(bits(element_value<fb::nf4>(code)) == bits(published[code]));
}

TEST_CASE("a tie between two nf4 entries takes the lower code", "[quantize][nf4]") {
    matrix x(1, 64);
    x(0, 0) = 1.0F;
    for (std::size_t i = 0; i + 1 < 16; ++i) x(0, i + 1) = mul(add(published[i], published[i + 1]), 0.5F);
    for (std::size_t i = 0; i + 1 < 16; ++i) x(0, i + 17) = from_bits(bits(x(0, i + 1)) + (x(0, i + 1) > 0 ? 1U : ~0U));
    auto const q = fb::quantize<fb::nf4_b64>(x.view());
    for (unsigned i = 0; i + 1 < 16; ++i) {
        CHECK(q.code(0, i + 1) == i);
        CHECK(q.code(0, i + 17) == i + 1);
    }
    check_nf4(x);
}

TEST_CASE("zero blocks of nf4 take the code of 0", "[quantize][nf4]") {
    matrix x(2, 64);
    x(1, 0) = negative_zero();
    auto const q = fb::quantize<fb::nf4_b64>(x.view());
    CHECK(q.scale(0, 0) == 0.0F);
    CHECK(q.code(0, 5) == 7U);
    CHECK(bits(q.value(0, 5)) == 0U);
    auto const dq = fb::quantize<fb::nf4_b64_dq>(x.view());
    CHECK(dq.code(1, 0) == 7U);
    CHECK(dq.value(1, 0) == 0.0F);
}

TEST_CASE("double quantization runs over the row-major absmax, across row ends", "[quantize][nf4]") {
    check_double_quantization(rough_matrix(3, 64, 1));
    check_double_quantization(rough_matrix(7, 130, 2)); // 21 absmax
    check_double_quantization(
        rough_matrix(90, 400, 3, 3)); // 630: two whole runs of 256 that end within rows, and a rest
    check_double_quantization(normal_matrix(40, 64 * 61, 4)); // 2440: the mean takes three runs of 1024
}
