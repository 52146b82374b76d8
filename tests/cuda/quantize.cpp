// Quantizing as the device does it: the host's bits, for formats of every composition, in every mode.
#include <catch2/catch.hpp>

#include "quantize_on_model.hpp"

namespace fb = fewbits;
using on_model::compared;
using on_model::values;

TEST_CASE("blocks that are short runs of a row") {
    CHECK(compared<fb::mxfp8_e4m3>(values<float>(5, 320)) == "");
    CHECK(compared<fb::mxfp4>(values<float>(7, 300, 5)) == "");
    CHECK(compared<fb::mxfp4>(values<fb::bf16>(7, 333, 3)) == "");
    CHECK(compared<fb::mxfp6_e2m3>(values<fb::fp16>(3, 200)) == "");
    CHECK(compared<fb::mxint8>(values<float>(4, 97)) == "");
    CHECK(compared<fb::nvfp4>(values<float>(6, 330)) == "");
    CHECK(compared<fb::nvfp4>(values<fb::bf16>(6, 336)) == "");
    CHECK(compared<fb::int4_g128>(values<float>(5, 700)) == "");
    CHECK(compared<fb::int4_g128_fp16>(values<fb::fp16>(5, 300)) == "");
    CHECK(compared<fb::int3_g64>(values<float>(4, 211)) == "");
    CHECK(compared<fb::uint4_g128>(values<float>(5, 650)) == "");
    CHECK(compared<fb::nf4_b64>(values<float>(4, 330)) == "");
    CHECK(compared<fb::nf4_b64_dq>(values<float>(9, 2080)) == "");
    CHECK(compared<fb::e4m3_tile_1x128>(values<fb::bf16>(5, 520)) == "");
    CHECK(compared<fb::q4_1>(values<float>(5, 320)) == "");
    CHECK(compared<fb::q8_0>(values<fb::bf16>(5, 320)) == "");
}

TEST_CASE("blocks of many elements") {
    CHECK(compared<fb::int8_row>(values<float>(3, 3000)) == "");
    CHECK(compared<fb::e4m3_row>(values<fb::bf16>(4, 1001, 3)) == "");
    CHECK(compared<fb::uint8_row>(values<float>(3, 777)) == "");
    CHECK(compared<fb::e4m3_tile_128x128>(values<float>(130, 300)) == "");
    CHECK(compared<fb::tq1_0>(values<float>(2, 600)) == "");
}

TEST_CASE("blocks through all rows") {
    CHECK(compared<fb::int8_tensor>(values<float>(20, 133)) == "");
    CHECK(compared<fb::e5m2_tensor>(values<fb::bf16>(9, 256)) == "");
    CHECK(compared<fb::int8_column>(values<float>(33, 61, 3)) == "");
    CHECK(compared<fb::uint8_tensor>(values<fb::fp16>(8, 100)) == "");
    CHECK(compared<fb::bitnet>(values<float>(40, 97)) == "");
    CHECK(compared<fb::binary_tensor>(values<fb::bf16>(7, 300, 1)) == "");
}

TEST_CASE("every mode, policy and rule that the device has") {
    auto const x = values<float>(4, 168, 0, 2);
    for (fb::rounding_rule mode : {fb::rounding_rule(fb::nearest_even), fb::rounding_rule(fb::nearest_away), fb::rounding_rule(fb::toward_zero),
                                   fb::rounding_rule(fb::upward), fb::rounding_rule(fb::downward), fb::rounding_rule(fb::to_odd),
                                   fb::rounding_rule(fb::stochastic{})}) {
        for (fb::overflow_policy policy : {fb::saturate, fb::to_special}) {
            fb::quantize_options const o{.mode = mode, .overflow = policy, .full_range = policy == fb::to_special, .seed = 5};
            INFO(static_cast<int>(mode.mode) << " " << static_cast<int>(policy));
            CHECK(compared<fb::mxfp8_e4m3>(x, o) == "");
            CHECK(compared<fb::int4_g32>(x, o) == "");
            CHECK(compared<fb::int8_column>(x, o) == "");
            CHECK(compared<fb::uint4_g128>(x, o) == "");
        }
    }
    CHECK(compared<fb::nf4_b64>(x, {.mode = fb::stochastic{}, .seed = 9}) == "");
    for (fb::scale_rule rule : {fb::scale_rule::absmax, fb::scale_rule::floor, fb::scale_rule::ceil}) {
        CHECK(compared<fb::mxfp4>(x, {.scale_rule = rule}) == "");
        CHECK(compared<fb::mxint8>(x, {.scale_rule = rule}) == "");
    }
    CHECK(compared<fb::int4_g32>(x, {.scale_rule = fb::scale_rule::signed_absmax, .full_range = true}) == "");
    CHECK(compared<fb::nvfp4>(x, {.scale_rule = fb::scale_rule::signed_absmax}) == "");
    CHECK(compared<fb::int8_tensor>(x, {.scale_rule = fb::scale_rule::signed_absmax}) == "");
}
