// Quantizing as the device does it under scales that the caller gives: the host's bits, and what becomes of numbers that are not finite.
#include <catch2/catch.hpp>

#include "quantize_on_model.hpp"

namespace fb = fewbits;
using on_model::values;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float no_number = std::numeric_limits<float>::quiet_NaN();

/// Scales for the blocks of a rows x cols matrix in format F: near 0.01, and also none, tiny, huge and of the other sign. `only` other
/// than 0: each is that.
template <class F>
on_model::matrix<float> scales_for(std::size_t rows, std::size_t cols, float only = 0) {
    fb::block_position const grid = fb::block_grid(F::block, rows, cols);
    on_model::matrix<float> scales(grid.row, grid.col, 3);
    for (float& x : scales.data) x = no_number;  // between rows
    std::mt19937 random(static_cast<unsigned>(rows + cols));
    for (std::size_t i = 0; i < grid.row * grid.col; ++i) {
        float x = 0.01F * (1.0F + static_cast<float>(random() % 1000) / 1000.0F);
        switch (i % 9) {
        case 2: x = -x; break;
        case 4: x *= 0x1p-133F; break;
        case 5: x = 0; break;
        case 6: x *= 0x1p70F; break;
        case 8: x *= 0x1p-50F; break;
        }
        scales.at(i / grid.col, i % grid.col) = only != 0 ? only : x;
    }
    return scales;
}

/// Names the first byte that is not the host's; empty where all are.
template <class F, class T = float>
std::string compared(std::size_t rows, std::size_t cols, fb::quantize_options options = {}, float only = 0) {
    auto const scales = scales_for<F>(rows, cols, only);
    options.scales = scales.view();
    return on_model::compared<F>(values<T>(rows, cols, 5), options);
}

/// The same for each of several single scales.
template <class F>
std::string compared_alone(std::size_t rows, std::size_t cols) {
    for (float scale : {0.013F, -0.5F, 0x1p-140F, 0x1p-60F, 0x1p-30F, 0x1p90F, std::numeric_limits<float>::max()}) {
        std::string const found = compared<F>(rows, cols, {}, scale);
        if (!found.empty()) return std::to_string(scale) + ": " + found;
    }
    return "";
}

/// A launcher that counts kernels that read the matrix: those that know its type.
struct counted {
    simt::launcher<simt::machine> launcher;
    int large = 0;

    template <class Kernel>
    void run(unsigned blocks, typename Kernel::arguments const& arguments) {
        if constexpr (requires { arguments.from; }) ++large;
        launcher.run<Kernel>(blocks, arguments);
    }
    void clear(void* at, std::size_t bytes) { launcher.clear(at, bytes); }
};

/// Whether only the block of (1, 3) changes where its value or its scale is `bad`: it becomes NaN, and the status says so.
template <class F>
bool bad_number_stays(float bad, bool in_scales, std::size_t rows, std::size_t cols) {
    auto x = values<float>(rows, cols);
    auto scales = scales_for<F>(rows, cols, 0.25F);
    auto const of_bad = fb::block_of(F::block, 1, 3, cols);
    auto const host = fb::quantize<F>({x.data.data(), rows, cols}, {.scales = scales.view()});
    (in_scales ? scales.at(of_bad.row, of_bad.col) : x.at(1, 3)) = bad;
    std::uint32_t status = 0;
    auto const device = on_model::on_device<F>(x, {.scales = scales.view()}, &status);
    std::vector<std::span<std::byte const>> const spans(device.begin(), device.end());
    fb::quantized_view<F> const view(spans, rows, cols);
    bool right = status == 1;
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < cols; ++c) {
            auto const at = fb::block_of(F::block, r, c, cols);
            bool const same_block = at.row == of_bad.row && at.col == of_bad.col;
            right = right && (same_block ? view.value(r, c) != view.value(r, c) : view.value(r, c) == host.value(r, c));
        }
    }
    return right;
}

}  // namespace

TEST_CASE("given scales of tensors, rows, columns and tiles") {
    CHECK(compared_alone<fb::e4m3_tensor>(9, 133) == "");
    CHECK(compared_alone<fb::e5m2_tensor>(9, 133) == "");
    CHECK(compared_alone<fb::int8_tensor>(5, 70) == "");
    CHECK(compared_alone<fb::bitnet>(7, 165) == "");
    CHECK(compared<fb::e4m3_tensor, fb::bf16>(33, 256) == "");
    CHECK(compared<fb::e2m1_tensor, fb::fp16>(6, 101) == "");
    CHECK(compared<fb::int8_row>(11, 300) == "");
    CHECK(compared<fb::e4m3_row, fb::bf16>(10, 77) == "");
    CHECK(compared<fb::int8_column>(13, 61) == "");
    CHECK(compared<fb::e4m3_tile_128x128>(260, 300) == "");
    CHECK(compared<fb::tq1_0>(3, 600) == "");
}

TEST_CASE("given scales of groups, at one level and at two") {
    CHECK(compared<fb::e4m3_tile_1x128, fb::bf16>(4, 700) == "");
    CHECK(compared<fb::int4_g32>(5, 333) == "");
    CHECK(compared<fb::int4_g128_fp16, fb::fp16>(5, 700) == "");
    CHECK(compared<fb::mxfp8_e5m2>(4, 333) == "");
    CHECK(compared<fb::mxfp4, fb::bf16>(4, 320) == "");
    CHECK(compared<fb::mxint8>(4, 300) == "");
    CHECK(compared<fb::nf4_b64>(4, 700) == "");
    CHECK(compared<fb::nf4_b64_dq>(5, 2080) == "");
    CHECK(compared<fb::nvfp4>(6, 330) == "");
    CHECK(compared_alone<fb::nvfp4>(2, 100) == "");
    CHECK(compared<fb::q4_0>(3, 320) == "");
    CHECK(compared<fb::iq4_xs>(3, 512) == "");
    CHECK(compared<fb::q3_k>(3, 512) == "");
    CHECK(compared<fb::q6_k, fb::bf16>(3, 768) == "");
}

TEST_CASE("every mode, and rules that do not count, under given scales") {
    for (fb::rounding_rule mode : {fb::rounding_rule(fb::nearest_away), fb::rounding_rule(fb::toward_zero), fb::rounding_rule(fb::upward),
                                   fb::rounding_rule(fb::downward), fb::rounding_rule(fb::to_odd), fb::rounding_rule(fb::stochastic{})}) {
        for (fb::overflow_policy policy : {fb::saturate, fb::to_special}) {
            fb::quantize_options const o{.mode = mode, .overflow = policy, .full_range = policy == fb::to_special, .seed = 5};
            INFO(static_cast<int>(mode.mode) << " " << static_cast<int>(policy));
            CHECK(compared<fb::e4m3_tensor>(4, 50, o) == "");
            CHECK(compared<fb::int4_g32>(3, 80, o) == "");
            CHECK(compared<fb::mxfp4>(3, 80, o) == "");
        }
    }
    CHECK(compared<fb::int8_tensor>(4, 50, {.scale_rule = fb::scale_rule::mse_search}, 0.01F) == "");
    CHECK(compared<fb::int8_column>(4, 50, {.scale_rule = fb::scale_rule::signed_absmax}) == "");
    CHECK(compared<fb::int4_g32>(3, 80, {.scale_rule = fb::scale_rule::percentile}) == "");
    CHECK(compared<fb::q6_k>(2, 256, {.scale_rule = fb::scale_rule::percentile}) == "");
    CHECK(compared<fb::mxfp4>(3, 80, {.scale_rule = fb::scale_rule::ceil}) == "");
}

TEST_CASE("a given scale of the tensor takes one pass over the values") {
    auto const x = values<fb::bf16>(20, 300);
    float const scale = 0.02F;
    fb::quantize_options options;
    options.scales = {&scale, 1, 1};
    std::vector<std::byte> codes(20 * 300), stored(4);
    std::vector<std::span<std::byte>> const streams{codes, stored};
    CHECK(fb::scratch_of<fb::e4m3_tensor>(20, 300, options).bytes == 0);
    counted launch;
    fb::quantize_steps<fb::e4m3_tensor, fb::bf16, counted>(launch, x.view(), streams, options, nullptr, nullptr).run();
    CHECK(launch.large == 1);
    CHECK(on_model::difference<fb::e4m3_tensor>({codes, stored}, fb::quantize<fb::e4m3_tensor>({x.floats().data(), 20, 300}, options)) == "");
}

TEST_CASE("numbers that are not finite, under given scales") {
    CHECK(bad_number_stays<fb::mxfp4>(infinity, false, 3, 100));
    CHECK(bad_number_stays<fb::nvfp4>(no_number, false, 3, 100));
    CHECK(bad_number_stays<fb::nvfp4>(no_number, true, 3, 100));
    CHECK(bad_number_stays<fb::int4_g32>(-infinity, false, 3, 100));
    CHECK(bad_number_stays<fb::int4_g32>(-infinity, true, 3, 100));
    CHECK(bad_number_stays<fb::int8_row>(no_number, false, 3, 100));
    CHECK(bad_number_stays<fb::int8_column>(no_number, false, 3, 30));
    CHECK(bad_number_stays<fb::int8_column>(infinity, true, 3, 30));
    CHECK(bad_number_stays<fb::e4m3_tensor>(no_number, false, 3, 30));
    CHECK(bad_number_stays<fb::e4m3_tensor>(no_number, true, 3, 30));
    // Where a format has a NaN for its scale the host marks such blocks too, and given scales count for the tensor's all the same.
    auto x = values<float>(3, 100);
    x.at(1, 3) = infinity;
    auto const scales = scales_for<fb::nvfp4>(3, 100);
    std::uint32_t status = 0;
    auto const device = on_model::on_device<fb::nvfp4>(x, {.scales = scales.view()}, &status);
    CHECK(on_model::difference<fb::nvfp4>(device, fb::quantize<fb::nvfp4>({x.data.data(), 3, 100}, {.scales = scales.view()})) == "");
    CHECK(status == 1);
}
