// What the catalogue's entries cost and accept: bits per element as published, storage, empty matrices, specials,
// threads.
#include "catalogue.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <stdexcept>

using namespace exact;

namespace {

// OCP MX 1.0, NVIDIA's NVFP4, QLoRA, ggml's block sizes (bytes * 8 / elements), and plain width + scale / group.
std::map<std::string, double> const published{{"mxfp8_e4m3", 8.25}, {"mxfp8_e5m2", 8.25}, {"mxfp6_e3m2", 6.25},
    {"mxfp6_e2m3", 6.25}, {"mxfp4", 4.25}, {"mxint8", 8.25}, {"nvfp4", 4.5}, {"nf4_b64", 4.5},
    {"nf4_b64_dq", 4 + 8.0 / 64 + 32.0 / (64 * 256)}, {"int8_tensor", 8}, {"int8_row", 8}, {"int8_column", 8},
    {"int8_g128", 8.25}, {"int6_g64", 6.5}, {"int5_g64", 5.5}, {"int4_g32", 5}, {"int4_g64", 4.5}, {"int4_g128", 4.25},
    {"int4_g128_fp16", 4.125}, {"int4_g128_bf16", 4.125}, {"int4_g32_e8m0", 4.25}, {"int3_g64", 3.5}, {"int2_g32", 3},
    {"uint8_tensor", 8}, {"uint4_g128", 4 + 36.0 / 128}, {"e4m3_tile_1x128", 8.25},
    {"e4m3_tile_128x128", 8 + 32.0 / 16384}, {"e2m1_g32", 5}, {"bitnet", 2}, {"binary_tensor", 1}, {"q4_0", 4.5},
    {"q4_1", 5}, {"q5_0", 5.5}, {"q5_1", 6}, {"q8_0", 8.5}, {"q2_k", 2.625}, {"q3_k", 3.4375}, {"q4_k", 4.5},
    {"q5_k", 5.5}, {"q6_k", 6.5625}, {"q8_k", 8.125}, {"iq4_nl", 4.5}, {"iq4_xs", 4.25}, {"tq1_0", 1.6875},
    {"tq2_0", 2.0625}};

std::string refusal(block_format_under_test const& f, matrix const& x) {
    try {
        static_cast<void>(f.quantize(x.view(), {}));
    } catch (std::invalid_argument const& e) {
        return e.what();
    }
    return "";
}

} // namespace

TEST_CASE("bits per element are the published figures", "[quantize][catalogue]") {
    for (auto const& [name, figure] : published) {
        CAPTURE(name);
        CHECK(block_format_named(name).bits_per_element == figure);
    }
}

TEST_CASE("storage is bits per element where blocks divide the shape", "[quantize][catalogue]") {
    std::size_t const rows = 128, cols = 512;
    matrix const x(rows, cols);
    for (auto const& f : block_formats()) {
        outcome const o = f.quantize(x.view(), {});
        std::size_t bytes = 0;
        for (auto const& s : o.streams) bytes += s.size();
        CAPTURE(f.name);
        CHECK(o.storage_bytes == bytes);
        // One fp32 (and perhaps a zero point) per row, column or tensor is not counted in bits_per_element.
        double const rest = static_cast<double>(bytes) - f.bits_per_element * static_cast<double>(rows * cols) / 8;
        std::size_t const shared = f.block == fb::per_column ? cols : f.block == fb::per_row ? rows : 1;
        bool const counted = f.block.count() != 0 && f.name != "nvfp4" && f.name != "nf4_b64_dq";
        CHECK(rest == (counted ? 0.0 : static_cast<double>(shared) * (f.has_zero_point ? 5 : 4)));
    }
}

TEST_CASE("ragged last blocks store no padding but the last byte of a row", "[quantize][catalogue]") {
    matrix const x = normal_matrix(3, 301, 1);
    for (auto const& f : block_formats()) {
        outcome const o = f.quantize(x.view(), {});
        CAPTURE(f.name);
        double const width = f.name == "tq1_0" ? 1.625 : static_cast<double>(o.streams[0].size()) * 8 / (3 * 304);
        CHECK(width <= f.bits_per_element);
        for (auto const& s : o.streams) CHECK_FALSE(s.empty());
    }
}

TEST_CASE("every format takes empty matrices", "[quantize][catalogue]") {
    for (auto [r, c] : {std::pair<std::size_t, std::size_t>{0, 0}, {0, 40}, {40, 0}}) {
        for (auto const& f : block_formats()) {
            fb::matrix_view<const float> const nothing(nullptr, r, c);
            CAPTURE(f.name, r, c);
            outcome const o = f.quantize(nothing, {});
            CHECK(o.rows == r);
            CHECK(o.cols == c);
            CHECK(o.storage_bytes == 0);
            auto const e = f.statistics(nothing, {});
            CHECK(e.mse == 0);
            CHECK(e.distinct_codes == 0);
        }
    }
}

TEST_CASE("formats without a NaN scale refuse NaN and infinity and name row and column", "[quantize][catalogue]") {
    for (auto const& f : block_formats()) {
        for (std::uint32_t special : {0x7f80'0000U, 0xff80'0000U, 0x7fc0'0000U, 0xffc0'0001U, 0x7f80'0001U}) {
            matrix x = rough_matrix(5, 300, 2, 3);
            x(3, 217) = from_bits(special);
            x(4, 1) = from_bits(special); // a later one, in row-major order
            std::string const text = refusal(f, x);
            CAPTURE(f.name, special, text);
            CHECK(text.empty() == f.marks_invalid);
            if (f.marks_invalid) continue;
            CHECK(text.find("row 3") != std::string::npos);
            CHECK(text.find("column 217") != std::string::npos);
        }
    }
}

TEST_CASE("the executor never shows in the bytes of any format", "[quantize][catalogue]") {
    matrix const x = rough_matrix(67, 700, 3, 3);
    for (auto const& f : block_formats()) {
        for (fb::rounding_rule mode : {fb::rounding_rule(fb::nearest_even), fb::rounding_rule(fb::stochastic{})}) {
            outcome const one = f.quantize(x.view(), {.mode = mode, .seed = 9});
            CAPTURE(f.name);
            for (unsigned n : {2U, 3U}) {
                outcome const many = f.quantize(x.view(), {.mode = mode, .seed = 9, .executor = fb::threads(n)});
                CHECK(one.streams == many.streams);
                CHECK(std::equal(one.dequantized.begin(), one.dequantized.end(), many.dequantized.begin(),
                    [](float a, float b) { return bits(a) == bits(b); }));
            }
        }
    }
}

TEST_CASE("zeros stay zero in every format that has one", "[quantize][catalogue]") {
    matrix const x(3, 300);
    for (auto const& f : block_formats()) {
        outcome const o = f.quantize(x.view(), {});
        CAPTURE(f.name);
        CHECK(std::all_of(o.values.begin(), o.values.end(), [](float v) { return v == 0.0F; }));
        CHECK(std::all_of(o.dequantized.begin(), o.dequantized.end(), [](float v) { return v == 0.0F; }));
    }
}
