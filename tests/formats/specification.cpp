// Values of the published specifications, typed by hand: code, value, and what they say of limits and special codes.
#include <fewbits/formats/all_formats.hpp>

#include <catch2/catch.hpp>

#include <cstdint>
#include <initializer_list>
#include <limits>

namespace fb = fewbits;

namespace {

struct entry {
    unsigned code;
    double value;
};

template <class T> void check_values(std::initializer_list<entry> entries) {
    for (entry const& e : entries) {
        INFO(T::name << " code " << e.code);
        CHECK(static_cast<double>(T::from_bits(e.code)) == e.value);
        CHECK(fb::round_to<T>(e.value).bits() == e.code);
    }
}

/// By bits, so that -ffast-math cannot assume it away.
template <class T> bool decodes_to_nan(unsigned code) {
    return (fb::bit_cast<std::uint32_t>(static_cast<float>(T::from_bits(code))) & 0x7fff'ffffU) > 0x7f80'0000U;
}
template <class T> std::uint32_t float_bits(unsigned code) {
    return fb::bit_cast<std::uint32_t>(static_cast<float>(T::from_bits(code)));
}

} // namespace

TEST_CASE("OCP 8-bit floating point 1.0, table 1: E4M3", "[formats][specification]") {
    check_values<fb::e4m3>({{0x7e, 448.0}, {0xfe, -448.0}, {0x08, 0x1p-6}, {0x07, 0.875 * 0x1p-6}, {0x01, 0x1p-9},
        {0x38, 1.0}, {0xb8, -1.0}});
    CHECK(decodes_to_nan<fb::e4m3>(0x7f));
    CHECK(decodes_to_nan<fb::e4m3>(0xff));
    CHECK(float_bits<fb::e4m3>(0x80) == 0x8000'0000U);
    CHECK_FALSE(std::numeric_limits<fb::e4m3>::has_infinity);
}

TEST_CASE("OCP 8-bit floating point 1.0, table 1: E5M2", "[formats][specification]") {
    check_values<fb::e5m2>(
        {{0x7b, 57344.0}, {0xfb, -57344.0}, {0x04, 0x1p-14}, {0x03, 0.75 * 0x1p-14}, {0x01, 0x1p-16}, {0x3c, 1.0}});
    CHECK(float_bits<fb::e5m2>(0x7c) == 0x7f80'0000U);
    CHECK(float_bits<fb::e5m2>(0xfc) == 0xff80'0000U);
    for (unsigned code : {0x7dU, 0x7eU, 0x7fU, 0xfdU, 0xfeU, 0xffU}) CHECK(decodes_to_nan<fb::e5m2>(code));
    CHECK(std::numeric_limits<fb::e5m2>::quiet_NaN().bits() == 0x7eU);
}

TEST_CASE("OCP Microscaling 1.0, table 5: FP6", "[formats][specification]") {
    check_values<fb::e3m2>({{0x1f, 28.0}, {0x3f, -28.0}, {0x04, 0.25}, {0x03, 0.1875}, {0x01, 0.0625}, {0x0c, 1.0}});
    check_values<fb::e2m3>({{0x1f, 7.5}, {0x3f, -7.5}, {0x08, 1.0}, {0x07, 0.875}, {0x01, 0.125}});
}

TEST_CASE("OCP Microscaling 1.0, table 6: FP4, all of it", "[formats][specification]") {
    check_values<fb::e2m1>({{0, 0.0}, {1, 0.5}, {2, 1.0}, {3, 1.5}, {4, 2.0}, {5, 3.0}, {6, 4.0}, {7, 6.0}, {9, -0.5},
        {10, -1.0}, {11, -1.5}, {12, -2.0}, {13, -3.0}, {14, -4.0}, {15, -6.0}});
    CHECK(float_bits<fb::e2m1>(8) == 0x8000'0000U);
}

TEST_CASE("OCP Microscaling 1.0, section 5.3.4: INT8 with an implicit scale of 2^-6", "[formats][specification]") {
    check_values<fb::mx_int8>(
        {{0x7f, 127.0 / 64}, {0x80, -2.0}, {0x81, -127.0 / 64}, {0x40, 1.0}, {0x01, 0x1p-6}, {0x00, 0.0}});
}

TEST_CASE("OCP Microscaling 1.0, section 5.4.1: E8M0", "[formats][specification]") {
    check_values<fb::e8m0>({{0x00, 0x1p-127}, {0x7f, 1.0}, {0x80, 2.0}, {0xfe, 0x1p127}, {0x01, 0x1p-126}});
    CHECK(decodes_to_nan<fb::e8m0>(0xff));
    using fb::round_to;
    CHECK(round_to<fb::e8m0>(0.0F).bits() == 0U);
    CHECK(round_to<fb::e8m0>(-0.0F).bits() == 0U);
    CHECK(round_to<fb::e8m0>(0x1p-140F, fb::upward).bits() == 0U);
    CHECK(round_to<fb::e8m0>(-1.0F).bits() == 0xffU);
    CHECK(round_to<fb::e8m0>(-1.0F, fb::toward_zero, fb::to_special).bits() == 0xffU);
    CHECK(round_to<fb::e8m0>(1.5F).bits() == 0x80U); // a tie: the even code
    CHECK(round_to<fb::e8m0>(3.0F).bits() == 0x80U);
    CHECK(round_to<fb::e8m0>(0x1.8p127F).bits() == 0xfeU);
    CHECK(round_to<fb::e8m0>(0x1.9p127F).bits() == 0xfeU);
    CHECK(round_to<fb::e8m0>(0x1.9p127F, fb::nearest_even, fb::to_special).bits() == 0xffU);
    CHECK(std::numeric_limits<fb::e8m0>::is_signed == false);
}

TEST_CASE("IEEE-style 8-bit formats", "[formats][specification]") {
    check_values<fb::e4m3_ieee>({{0x77, 240.0}, {0x08, 0x1p-6}, {0x01, 0x1p-9}, {0x38, 1.0}});
    CHECK(float_bits<fb::e4m3_ieee>(0x78) == 0x7f80'0000U);
    CHECK(decodes_to_nan<fb::e4m3_ieee>(0x79));
    check_values<fb::e3m4>({{0x6f, 15.5}, {0x10, 0.25}, {0x01, 0x1p-6}, {0x30, 1.0}});
    CHECK(float_bits<fb::e3m4>(0xf0) == 0xff80'0000U);
    CHECK(decodes_to_nan<fb::e3m4>(0x7f));
}

TEST_CASE("fnuz: one zero, one NaN where -0 would be", "[formats][specification]") {
    check_values<fb::e4m3_fnuz>({{0x7f, 240.0}, {0xff, -240.0}, {0x08, 0x1p-7}, {0x01, 0x1p-10}, {0x40, 1.0}});
    check_values<fb::e5m2_fnuz>({{0x7f, 57344.0}, {0x04, 0x1p-15}, {0x01, 0x1p-17}, {0x40, 1.0}});
    check_values<fb::e4m3b11_fnuz>({{0x7f, 30.0}, {0x08, 0x1p-10}, {0x01, 0x1p-13}, {0x58, 1.0}});
    auto check = []<class T>(T) {
        CHECK(decodes_to_nan<T>(0x80));
        CHECK(T(-0.0F).bits() == 0U);
        CHECK(T(-0x1p-60F).bits() == 0U);
        CHECK(T(fb::bit_cast<float>(0xffc0'0000U)).bits() == 0x80U);
        CHECK(fb::round_to<T>(1e9F, fb::nearest_even, fb::to_special).bits() == 0x80U);
        CHECK(fb::round_to<T>(-1e9F).bits() == 0xffU);
    };
    check(fb::e4m3_fnuz{});
    check(fb::e5m2_fnuz{});
    check(fb::e4m3b11_fnuz{});
}

TEST_CASE("bfloat16 and binary16", "[formats][specification]") {
    check_values<fb::bf16>(
        {{0x7f7f, 0x1.fep127}, {0x0080, 0x1p-126}, {0x0001, 0x1p-133}, {0x3f80, 1.0}, {0x4049, 3.140625}});
    check_values<fb::fp16>({{0x7bff, 65504.0}, {0x0400, 0x1p-14}, {0x0001, 0x1p-24}, {0x3c00, 1.0},
        {0x3555, 0.333251953125}, {0xc000, -2.0}});
    CHECK(fb::fp16(65519.99F).bits() == 0x7bffU);
    CHECK(fb::fp16(65520.0F).bits() == 0x7c00U);
    CHECK(fb::bf16(std::numeric_limits<float>::max()).bits() == 0x7f80U);
    CHECK(fb::round_to<fb::fp16>(1e6F, fb::nearest_even, fb::saturate).bits() == 0x7bffU);
}

TEST_CASE("NaN into a format that has none", "[formats][specification]") {
    float const nan = fb::bit_cast<float>(0xffc0'0000U);
    CHECK(fb::e2m1(nan).bits() == 7U);
    CHECK(fb::e3m2(nan).bits() == 0x1fU);
    CHECK(fb::e2m3(nan).bits() == 0x1fU);
    CHECK(fb::int_n<8>(nan).bits() == 0U);
    CHECK(fb::ternary(nan).bits() == 0U);
    CHECK(fb::nf4(nan).bits() == 15U);
    CHECK(fb::binary(nan).bits() == 1U);
}

TEST_CASE("integers: two's complement", "[formats][specification]") {
    check_values<fb::int_n<4>>({{0x8, -8.0}, {0xf, -1.0}, {0x0, 0.0}, {0x7, 7.0}});
    check_values<fb::int_n<1>>({{0, 0.0}, {1, -1.0}});
    check_values<fb::uint_n<4>>({{0xf, 15.0}, {0, 0.0}});
    check_values<fb::ternary>({{0, 0.0}, {1, 1.0}, {3, -1.0}});
    CHECK(double(fb::ternary::from_bits(2)) == -1.0);
    check_values<fb::binary>({{0, -1.0}, {1, 1.0}});
    CHECK(fb::binary(0.0F).bits() == 0U); // a tie takes the lower code
    CHECK(double(fb::int_n<8>(2.5F)) == 2.0);
    CHECK(double(fb::round_to<fb::int_n<8>>(2.5F, fb::nearest_away)) == 3.0);
    CHECK(double(fb::int_n<8>(-1e9F)) == -128.0);
}

TEST_CASE("the spellings of PyTorch and ml_dtypes", "[formats][specification]") {
    STATIC_REQUIRE(std::is_same_v<fb::float8_e4m3fn, fb::e4m3>);
    STATIC_REQUIRE(std::is_same_v<fb::float8_e5m2, fb::e5m2>);
    STATIC_REQUIRE(std::is_same_v<fb::float8_e4m3, fb::e4m3_ieee>);
    STATIC_REQUIRE(std::is_same_v<fb::float8_e3m4, fb::e3m4>);
    STATIC_REQUIRE(std::is_same_v<fb::float8_e4m3fnuz, fb::e4m3_fnuz>);
    STATIC_REQUIRE(std::is_same_v<fb::float8_e5m2fnuz, fb::e5m2_fnuz>);
    STATIC_REQUIRE(std::is_same_v<fb::float8_e4m3b11fnuz, fb::e4m3b11_fnuz>);
    STATIC_REQUIRE(std::is_same_v<fb::float8_e8m0fnu, fb::e8m0>);
    STATIC_REQUIRE(std::is_same_v<fb::float6_e3m2fn, fb::e3m2>);
    STATIC_REQUIRE(std::is_same_v<fb::float6_e2m3fn, fb::e2m3>);
    STATIC_REQUIRE(std::is_same_v<fb::float4_e2m1fn, fb::e2m1>);
    STATIC_REQUIRE(std::is_same_v<fb::bfloat16, fb::bf16>);
}
