// Quantizing as the device does it: every mode, values that are not finite, streams and rows that lie anywhere, a planted bug.
#include <catch2/catch.hpp>

#include "quantize_on_model.hpp"

namespace fb = fewbits;
using on_model::compared;
using on_model::values;

namespace {

/// A machine whose threads do not wait for one another.
struct no_barrier : simt::machine {
    using simt::machine::machine;
    void barrier() {}
};

/// Whether the device marks values that are not finite as the host does, and says so.
template <class F>
bool marked(std::size_t rows, std::size_t cols) {
    auto x = values<float>(rows, cols);
    x.at(1, cols / 2) = std::numeric_limits<float>::infinity();
    x.at(rows - 1, cols - 1) = -std::numeric_limits<float>::quiet_NaN();
    std::uint32_t status = 0;
    auto const device = on_model::on_device<F>(x, {}, &status);
    return on_model::difference<F>(device, fb::quantize<F>({x.data.data(), rows, cols})) == "" && status == 1;
}

/// Where the host throws: a NaN for the scale of value (1, 3), zeros for its codes.
template <class F>
bool scale_is_nan(float bad, std::size_t rows, std::size_t cols) {
    return on_model::bad_value_stays<F>(
        bad, rows, cols,
        [&](std::size_t r, std::size_t c) {
            auto const at = fb::block_of(F::block, r, c, cols);
            auto const of_bad = fb::block_of(F::block, 1, 3, cols);
            return at.row == of_bad.row && at.col == of_bad.col;
        },
        [](auto const& device, std::size_t r, std::size_t c) {
            float const scale = device.scale(r, c);
            return scale != scale && device.code(r, c) == 0;
        });
}

}  // namespace

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
    CHECK(compared<fb::q4_0>(values<float>(4, 160), {.scale_rule = fb::scale_rule::signed_absmax}) == "");
    CHECK(compared<fb::iq4_nl>(values<float>(4, 160), {.scale_rule = fb::scale_rule::absmax}) == "");
    CHECK(compared<fb::int8_tensor>(x, {.scale_rule = fb::scale_rule::signed_absmax}) == "");
}

TEST_CASE("values that are not finite") {
    CHECK(marked<fb::mxfp4>(4, 200));
    CHECK(marked<fb::nvfp4>(3, 100));
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    constexpr float infinity = std::numeric_limits<float>::infinity();
    CHECK(scale_is_nan<fb::int4_g32>(nan, 3, 100));
    CHECK(scale_is_nan<fb::int4_g128_fp16>(-infinity, 3, 300));
    CHECK(scale_is_nan<fb::uint4_g128>(infinity, 3, 300));
    CHECK(scale_is_nan<fb::int8_row>(-nan, 3, 300));
    CHECK(scale_is_nan<fb::int8_column>(infinity, 3, 30));
    CHECK(scale_is_nan<fb::bitnet>(nan, 3, 30));
}

TEST_CASE("empty matrices are nothing to do") {
    CHECK(compared<fb::mxfp4>(values<float>(0, 64)) == "");
    CHECK(compared<fb::int8_column>(values<float>(3, 0)) == "");
}

TEST_CASE("the device refuses what it does not do") {
    auto const x = values<float>(2, 64);
    CHECK_THROWS_AS(on_model::on_device<fb::int4_g32>(x, {.scale_rule = fb::scale_rule::floor}), std::invalid_argument);
    fb::quantize_options given;
    float const scales[4] = {1, 1, 1, 1};
    given.scales = {scales, 1, 2};
    CHECK_THROWS_AS(on_model::on_device<fb::int4_g32>(x, given), std::invalid_argument);
}

TEST_CASE("the device quantizes into every format that the library names") {
    fb::for_each(fb::all_block_formats{}, []<class F>() { static_assert(fb::quantized_on_device<F>); });
}

TEST_CASE("a tile without its barrier shows") {
    auto const x = values<float>(3, 2000);
    bool wrong = false;
    try {
        auto const device = on_model::on_device<fb::int8_row, float, no_barrier>(x);
        wrong = on_model::difference<fb::int8_row>(device, fb::quantize<fb::int8_row>({x.data.data(), x.rows, x.cols})) != "";
    } catch (simt::kernel_error const&) {
        wrong = true;
    }
    CHECK(wrong);
}
