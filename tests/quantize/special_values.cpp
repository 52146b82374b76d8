// NaN and infinities in the input of formats whose scales can say so; who refuses them is in catalogue_facts.cpp.
#include "exact.hpp"

#include <catch2/catch.hpp>

using namespace exact;

namespace {

constexpr std::uint32_t specials[] = {0x7f80'0000U, 0xff80'0000U, 0x7fc0'0000U, 0xffc0'0001U, 0x7f80'0001U};

/// A special in one block: its scale is NaN with every value under it, and all other codes and scales are as if it were
/// `instead`.
template <class F> void check_marks(std::size_t block, fb::scale_rule rule = fb::scale_rule::of_format) {
    matrix const clean = rough_matrix(4, 100, 1, 3);
    for (std::uint32_t special : specials) {
        matrix x = clean;
        x(2, block + 5) = from_bits(special);
        matrix without = clean;
        without(2, block + 5) = 0.0F;
        fb::quantize_options const options{.scale_rule = rule};
        auto const q = fb::quantize<F>(x.view(), options);
        auto const reference = fb::quantize<F>(without.view(), options);
        auto const y = dequantized(q);
        tally t;
        for (std::size_t r = 0; r < x.rows; ++r) {
            for (std::size_t c = 0; c < x.cols; ++c) {
                bool const hit = r == 2 && c / F::block.cols == block / F::block.cols;
                bool const right = hit ? is_nan(q.scale(r, c)) && is_nan(q.value(r, c)) && is_nan(y(r, c))
                                       : q.code(r, c) == reference.code(r, c) &&
                                             bits(q.scale(r, c)) == bits(reference.scale(r, c)) &&
                                             bits(y(r, c)) == bits(reference.value(r, c));
                t.expect(right, [&](auto& out) { out << F::name << ' ' << r << ',' << c << ' ' << q.scale(r, c); });
            }
        }
        REQUIRE_TALLY(t);
        CHECK(q.streams()[1][(2 * ((100 + F::block.cols - 1) / F::block.cols)) + block / F::block.cols] ==
              static_cast<std::byte>(std::is_same_v<F, fb::nvfp4> ? 0x7f : 0xff));
    }
}

} // namespace

TEST_CASE("a block with a NaN or infinity gets the NaN scale, others keep their bits", "[quantize][special]") {
    check_marks<fb::mxfp8_e4m3>(32);
    check_marks<fb::mxfp4>(0);
    check_marks<fb::mxint8>(32);
    check_marks<fb::int4_g32_e8m0>(32);
    check_marks<fb::mxfp4>(64, fb::scale_rule::mse_search);
    check_marks<fb::mxfp4>(64, fb::scale_rule::ceil);
}

TEST_CASE("nvfp4's tensor scale counts finite values only", "[quantize][special]") {
    check_marks<fb::nvfp4>(16);
    check_marks<fb::nvfp4>(80);
    // Also where the marked block holds the largest finite value of the tensor.
    matrix x = normal_matrix(2, 64, 3);
    x(1, 3) = 100.0F;
    auto const clean = fb::quantize<fb::nvfp4>(x.view());
    x(1, 4) = from_bits(0x7f80'0000U);
    auto const q = fb::quantize<fb::nvfp4>(x.view());
    CHECK(stream_float(q.streams()[2], 0) == div(100.0F, 2688.0F));
    CHECK(bits(q.value(0, 9)) == bits(clean.value(0, 9)));
    CHECK(is_nan(q.value(1, 3)));
    // And where nothing finite is left.
    matrix all(1, 20);
    for (float& v : all.data) v = from_bits(0xffc0'0000U);
    auto const n = fb::quantize<fb::nvfp4>(all.view());
    CHECK(is_nan(n.value(0, 0)));
    CHECK(is_nan(n.value(0, 19)));
}

TEST_CASE("values at the end of fp32's range are no special", "[quantize][special]") {
    matrix x(1, 256);
    for (std::size_t c = 0; c < 256; ++c) x(0, c) = (c % 2 == 0 ? 1.0F : -1.0F) * 3.4e38F;
    CHECK(std::fabs(fb::quantize<fb::int8_row>(x.view()).value(0, 1) + 3.4e38F) < 1e32F);
    CHECK(std::fabs(fb::quantize<fb::e4m3_row>(x.view()).value(0, 0) - 3.4e38F) < 1e32F);
    CHECK(std::fabs(fb::quantize<fb::nvfp4>(x.view()).value(0, 0) - 3.4e38F) < 1e32F);
    CHECK(fb::quantize<fb::mxfp8_e4m3>(x.view()).value(0, 0) > 2e38F);
    CHECK(fb::quantize<fb::q8_0>(x.view()).value(0, 0) == 127 * 65504.0F);
    CHECK(fb::quantize<fb::bitnet>(x.view()).code(0, 1) == 3U);
}
