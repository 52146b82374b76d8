// The published codebooks value by value, and what the computed ones must be.
#include <fewbits/formats/all_formats.hpp>

#include <catch2/catch.hpp>

#include <cmath>

namespace fb = fewbits;

namespace {
constexpr float nf4_published[16] = {-1.0F, -0.6961928009986877F, -0.5250730514526367F, -0.39491748809814453F,
    -0.28444138169288635F, -0.18477343022823334F, -0.09105003625154495F, 0.0F, 0.07958029955625534F,
    0.16093020141124725F, 0.24611230194568634F, 0.33791524171829224F, 0.44070982933044434F, 0.5626170039176941F,
    0.7229568362236023F, 1.0F};
} // namespace

TEST_CASE("NF4: the 16 values of the QLoRA paper's appendix E", "[formats][codebooks]") {
    for (unsigned code = 0; code < 16; ++code) {
        CHECK(float(fb::nf4::from_bits(code)) == nf4_published[code]);
        CHECK(fb::nf4(nf4_published[code]).bits() == code);
    }
    for (unsigned code = 0; code < 15; ++code) {
        float const midpoint = (nf4_published[code] + nf4_published[code + 1]) / 2;
        CHECK(fb::nf4(midpoint).bits() == code); // a tie takes the lower code
        CHECK(fb::nf4(std::nextafter(midpoint, 2.0F)).bits() == code + 1);
    }
    CHECK(fb::nf4(1e30F).bits() == 15U);
    CHECK(fb::nf4(-1e30F).bits() == 0U);
}

TEST_CASE("IQ4_NL: ggml's 16 values", "[formats][codebooks]") {
    constexpr int published[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    for (unsigned code = 0; code < 16; ++code) CHECK(int(fb::iq4_values::from_bits(code)) == published[code]);
}

TEST_CASE("the dynamic 8-bit map: ascending, symmetric but for 1, seven decades", "[formats][codebooks]") {
    auto const value = [](unsigned code) { return float(fb::dynamic8::from_bits(code)); };
    CHECK(value(127) == 0.0F);
    CHECK(value(255) == 1.0F);
    CHECK(value(254) == Approx(0.99296875).epsilon(2e-7)); // the mean of 1 and 1 - 0.9/64
    // the one value of the lowest decade is 10^-6 times the mean of 0.1 and 1, in fp32 as the original computes it
    CHECK(value(128) == Approx(5.5e-7).epsilon(2e-7));
    for (unsigned code = 0; code < 255; ++code) CHECK(value(code) < value(code + 1));
    for (unsigned k = 1; k < 128; ++k) CHECK(value(127 + k) == -value(127 - k));
}
