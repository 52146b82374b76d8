// Composition: what follows from an element, an extent, scales and offsets.
#include <fewbits/formats/all_formats.hpp>

#include <catch2/catch.hpp>

namespace fb = fewbits;

namespace {

struct plain final : fb::block_scaled<plain, fb::int_n<5>, fb::along_k(40), fb::bf16> {};
constexpr fb::block_traits by_range{.method = fb::scale_method::range};
struct shifted final
    : fb::block_scaled<shifted, fb::uint_n<3>, fb::tile(2, 8), float, fb::zero_point<fb::uint_n<6>>, by_range> {};
struct lifted final : fb::block_scaled<lifted, fb::e3m2, fb::along_k(8), fb::blocks<fb::e4m3, fb::along_k(4), fb::fp16>,
                          fb::minimum<fb::fp16, -1, fb::along_k(32)>, by_range> {};
struct five_trits final : fb::block_scaled<five_trits, fb::ternary, fb::along_k(80), fb::e8m0, fb::symmetric,
                              fb::block_traits{.trits = true}> {};

} // namespace

TEST_CASE("bits per element add up over the levels", "[scaling]") {
    STATIC_REQUIRE(plain::bits_per_element == 5 + 16.0 / 40);
    STATIC_REQUIRE(shifted::bits_per_element == 3 + (32.0 + 6) / 16);
    STATIC_REQUIRE(lifted::bits_per_element == 6 + (8 + 16.0 / 4) / 8 + 16.0 / 32);
    STATIC_REQUIRE(five_trits::bits_per_element == 1.625 + 8.0 / 80);
    STATIC_REQUIRE(fb::int8_row::bits_per_element == 8);
    STATIC_REQUIRE(fb::nvfp4::bits_per_element == 4.5);
}

TEST_CASE("what kind of offset a format has", "[scaling]") {
    STATIC_REQUIRE(plain::is_symmetric);
    STATIC_REQUIRE_FALSE(plain::has_zero_point);
    STATIC_REQUIRE_FALSE(plain::has_minimum);
    STATIC_REQUIRE(shifted::has_zero_point);
    STATIC_REQUIRE_FALSE(shifted::is_symmetric);
    STATIC_REQUIRE(lifted::has_minimum);
    STATIC_REQUIRE(fb::offset_extent<shifted> == fb::tile(2, 8));
    STATIC_REQUIRE(fb::offset_extent<lifted> == fb::along_k(32));
    STATIC_REQUIRE(fb::offset_facts<lifted::offset_type>::sign == -1);
}

TEST_CASE("formats are named after their types", "[scaling]") {
    CHECK(plain::name == "plain");
    CHECK(fb::mxfp8_e4m3::name == "mxfp8_e4m3");
    CHECK(fb::q4_k::name == "q4_k");
}

TEST_CASE("the concepts tell scalars, compositions and catalogued formats apart", "[scaling]") {
    STATIC_REQUIRE(fb::block_format<plain>);
    STATIC_REQUIRE(fb::block_composition<fb::blocks<fb::e4m3, fb::per_tensor, float>>);
    STATIC_REQUIRE_FALSE(fb::block_format<fb::blocks<fb::e4m3, fb::per_tensor, float>>);
    STATIC_REQUIRE_FALSE(fb::block_format<fb::e4m3>);
    STATIC_REQUIRE_FALSE(fb::block_format<float>);
    STATIC_REQUIRE(fb::scale_number<float>);
    STATIC_REQUIRE(fb::scale_number<fb::e8m0>);
    STATIC_REQUIRE_FALSE(fb::scale_number<double>);
    STATIC_REQUIRE_FALSE(fb::scale_number<fb::mxfp4>);
}
