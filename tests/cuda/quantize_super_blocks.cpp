// Quantizing as the device does it where scales lie in super-blocks: the host's bits.
#include <catch2/catch.hpp>

#include "quantize_on_model.hpp"

namespace fb = fewbits;
using on_model::compared;
using on_model::values;

namespace {

/// Where the host throws: NaN for all values of the super-block that value (1, 3) is in.
template <class F>
bool super_block_is_nan(float bad, std::size_t rows, std::size_t cols) {
    return on_model::bad_value_stays<F>(
        bad, rows, cols, [](std::size_t r, std::size_t c) { return r == 1 && c < 256; },
        [](auto const& device, std::size_t r, std::size_t c) { return !fb::is_finite(device.value(r, c)); });
}

/// A user's format, whose scales could be NaN each for itself.
struct e4m3_scales final : fb::block_scaled<e4m3_scales, fb::int_n<4>, fb::along_k(32), fb::blocks<fb::e4m3, fb::along_k(8), fb::fp16>> {};

}  // namespace

TEST_CASE("super-blocks of narrow scales") {
    CHECK(compared<fb::q2_k>(values<float>(3, 512)) == "");
    CHECK(compared<fb::q2_k>(values<float>(2, 75, 2), {.mode = fb::stochastic{}, .seed = 3}) == "");
    CHECK(compared<fb::q4_k>(values<float>(3, 513)) == "");
    CHECK(compared<fb::q6_k>(values<float>(3, 300)) == "");
    CHECK(compared<fb::iq4_xs>(values<fb::bf16>(2, 280)) == "");
    CHECK(compared<e4m3_scales>(values<float>(3, 300)) == "");
    for (fb::scale_rule rule : {fb::scale_rule::absmax, fb::scale_rule::signed_absmax, fb::scale_rule::percentile}) {
        CHECK(compared<fb::q6_k>(values<float>(3, 300), {.scale_rule = rule, .percentile = 80}) == "");
        CHECK(compared<fb::iq4_xs>(values<fb::bf16>(2, 280), {.scale_rule = rule, .percentile = 100}) == "");
    }
}

TEST_CASE("a value that is not finite takes its super-block along") {
    CHECK(super_block_is_nan<fb::q2_k>(std::numeric_limits<float>::quiet_NaN(), 2, 300));
    CHECK(super_block_is_nan<fb::q4_k>(-std::numeric_limits<float>::infinity(), 2, 300));
    CHECK(super_block_is_nan<fb::q6_k>(std::numeric_limits<float>::infinity(), 3, 300));
    CHECK(super_block_is_nan<e4m3_scales>(std::numeric_limits<float>::infinity(), 3, 300));
}
