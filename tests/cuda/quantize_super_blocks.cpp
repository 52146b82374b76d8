// Quantizing as the device does it where scales lie in super-blocks: the host's bits.
#include <catch2/catch.hpp>

#include "quantize_on_model.hpp"

namespace fb = fewbits;
using on_model::compared;
using on_model::values;

namespace {

/// Where the host throws: NaN for all values of the super-block that value (1, 3) is in, all others as if it were 0.
template <class F>
bool super_block_is_nan(float bad, std::size_t rows, std::size_t cols) {
    auto x = values<float>(rows, cols);
    x.at(1, 3) = bad;
    std::uint32_t status = 0;
    auto const device = on_model::on_device<F>(x, {}, &status);
    std::vector<std::span<std::byte const>> spans(device.begin(), device.end());
    fb::quantized_view<F> const view(spans, rows, cols);
    x.at(1, 3) = 0;
    auto const host = fb::quantize<F>({x.data.data(), rows, cols});
    bool same = status == 1;
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < cols; ++c) {
            float const value = view.value(r, c);
            same = same && (r == 1 && c < 256 ? !fb::is_finite(value) : value == host.value(r, c));
        }
    }
    return same;
}

}  // namespace

TEST_CASE("super-blocks of narrow scales") {
    CHECK(compared<fb::q2_k>(values<float>(3, 512)) == "");
    CHECK(compared<fb::q2_k>(values<float>(2, 75, 2), {.mode = fb::stochastic{}, .seed = 3}) == "");
    CHECK(compared<fb::q4_k>(values<float>(3, 513)) == "");
    CHECK(compared<fb::q6_k>(values<float>(3, 300)) == "");
    CHECK(compared<fb::iq4_xs>(values<fb::bf16>(2, 280)) == "");
    for (fb::scale_rule rule : {fb::scale_rule::absmax, fb::scale_rule::signed_absmax, fb::scale_rule::percentile}) {
        CHECK(compared<fb::q6_k>(values<float>(3, 300), {.scale_rule = rule, .percentile = 80}) == "");
        CHECK(compared<fb::iq4_xs>(values<fb::bf16>(2, 280), {.scale_rule = rule, .percentile = 100}) == "");
    }
}

TEST_CASE("a value that is not finite takes its super-block along") {
    CHECK(super_block_is_nan<fb::q2_k>(std::numeric_limits<float>::quiet_NaN(), 2, 300));
    CHECK(super_block_is_nan<fb::q4_k>(-std::numeric_limits<float>::infinity(), 2, 300));
    CHECK(super_block_is_nan<fb::q6_k>(std::numeric_limits<float>::infinity(), 3, 300));
}
