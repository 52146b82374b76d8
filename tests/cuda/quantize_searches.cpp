// Quantizing as the device does it where scales are searched for: the host's bits.
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

/// Values among which some are not finite.
on_model::matrix<float> with_invalid(std::size_t rows, std::size_t cols) {
    auto x = values<float>(rows, cols);
    x.at(0, cols / 2) = std::numeric_limits<float>::infinity();
    x.at(rows - 1, cols - 1) = -std::numeric_limits<float>::quiet_NaN();
    return x;
}

}  // namespace

TEST_CASE("least squares that are a format's own rule") {
    CHECK(compared<fb::q4_0>(values<float>(3, 320)) == "");
    CHECK(compared<fb::q4_0>(values<float>(2, 75, 3), {.mode = fb::stochastic{}, .seed = 3}) == "");
}

TEST_CASE("searches over a whole tensor") {
    for (fb::scale_rule rule : {fb::scale_rule::mse_search, fb::scale_rule::percentile}) {
        fb::quantize_options const o{.mode = fb::upward, .scale_rule = rule, .percentile = 99.0};
        CHECK(compared<fb::int8_tensor>(values<float>(40, 133, 3), o) == "");  // errors are summed over runs of 1024
        CHECK(compared<fb::int8_tensor>(on_model::matrix<float>(2, 9, 0), o) == "");
        std::uint32_t status = 0;
        auto const device = on_model::on_device<fb::int8_tensor>(with_invalid(2, 9), o, &status);
        float scale = 0;
        std::memcpy(&scale, device[1].data(), sizeof scale);
        CHECK((!fb::is_finite(scale) && status == 1));
    }
}

TEST_CASE("a search without its barriers shows") {
    std::vector<float> const x = values<float>(2, 320).data;
    using kernel = fb::search_scales<fb::scale_fit<fb::int_n<3>>, float>;
    std::vector<float> numbers(20, 4.0F);
    auto without = numbers;
    kernel::arguments a{fb::numbered_blocks<float>({x.data(), 2, 320, 320}, fb::along_k(32)), numbers.data(), false};
    simt::launch<kernel>(2, kernel::shared_bytes, a);
    a.numbers = without.data();
    bool wrong = false;
    try {
        simt::launch<kernel, no_barrier>(2, kernel::shared_bytes, a);
        wrong = std::memcmp(numbers.data(), without.data(), 80) != 0;
    } catch (simt::kernel_error const&) {
        wrong = true;
    }
    CHECK(wrong);
}

TEST_CASE("squared errors and percentiles") {
    for (fb::quantize_options const& o : {fb::quantize_options{.scale_rule = fb::scale_rule::mse_search},
                                          fb::quantize_options{.mode = fb::toward_zero, .scale_rule = fb::scale_rule::percentile, .percentile = 93.5}}) {
        INFO(static_cast<int>(o.scale_rule));
        CHECK(compared<fb::mxfp4>(values<float>(3, 300), o) == "");
        CHECK(compared<fb::nvfp4>(values<float>(3, 100), o) == "");
        CHECK(compared<fb::int8_column>(values<fb::fp16>(70, 9, 3), o) == "");
        CHECK(compared<fb::mxfp4>(with_invalid(3, 200), o) == "status");
        CHECK(compared<fb::nvfp4>(with_invalid(3, 100), o) == "status");
    }
    fb::quantize_options o{.scale_rule = fb::scale_rule::mse_search, .full_range = true};
    CHECK(compared<fb::int8_column>(values<fb::fp16>(1100, 3), o) == "");  // errors are summed over runs of 1024
    CHECK(compared<fb::nf4_b64_dq>(values<float>(9, 200), o) == "");
    o.scale_rule = fb::scale_rule::percentile;
    CHECK(compared<fb::nf4_b64_dq>(values<float>(9, 200), o) == "");
}
