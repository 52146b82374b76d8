// The caller's choice of scale: floor, ceil, nearest, search, percentile, and scales known beforehand.
#include "exact.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace exact;

namespace {

using fb::scale_rule;

template <class F> double mse(matrix const& x, scale_rule rule) {
    return fb::error_statistics(x.view(), fb::quantize<F>(x.view(), {.scale_rule = rule})).mse;
}

/// Quantizes under `scales` (one per block) given by the caller and under a rule: the same bytes.
template <class F> void check_same_as_given(matrix const& x, scale_rule rule) {
    auto const by_rule = fb::quantize<F>(x.view(), {.scale_rule = rule});
    fb::block_position const grid = fb::block_grid(F::block, x.rows, x.cols);
    matrix scales(grid.row, grid.col, grid.col + 5);
    for (std::size_t r = 0; r < x.rows; ++r) {
        for (std::size_t c = 0; c < x.cols; ++c) {
            fb::block_position const at = fb::block_of(F::block, r, c, x.cols);
            scales(at.row, at.col) = by_rule.scale(r, c);
        }
    }
    auto const given = fb::quantize<F>(x.view(), {.scales = scales.view()});
    CHECK(same_bytes(by_rule, given));
}

template <class F> void check_search_never_worse(std::uint64_t seed) {
    matrix x = normal_matrix(6, 256, seed);
    words next(seed);
    for (int i = 0; i < 40; ++i) {
        unsigned const row = next.below(6); // the order of two calls in one expression is the compiler's
        x(row, next.below(256)) *= 6.0F;
    }
    CAPTURE(F::name, seed);
    double const searched = mse<F>(x, scale_rule::mse_search);
    CHECK(searched <= mse<F>(x, scale_rule::of_format));
    CHECK(searched <= mse<F>(x, scale_rule::absmax));
    if constexpr (F::method == fb::scale_method::microscaling) {
        CHECK(searched <= mse<F>(x, scale_rule::floor));
        CHECK(searched <= mse<F>(x, scale_rule::ceil) * (1 + 1e-12));
    }
    // With outliers there is something to gain, but not among powers of two.
    if (F::method == fb::scale_method::absmax) CHECK(searched < 0.99 * mse<F>(x, scale_rule::of_format));
}

float largest_in(matrix const& x, std::size_t r, std::size_t first, std::size_t count) {
    float m = 0;
    for (std::size_t c = first; c < std::min(x.cols, first + count); ++c) m = std::max(m, magnitude(x(r, c)));
    return m;
}

} // namespace

TEST_CASE("ceil takes the smallest power of two under which nothing saturates", "[quantize][rule]") {
    matrix const x = rough_matrix(8, 200, 1);
    auto const check = [&]<class F>(double top) {
        auto const q = fb::quantize<F>(x.view(), {.scale_rule = scale_rule::ceil});
        for (std::size_t r = 0; r < x.rows; ++r) {
            for (std::size_t c = 0; c < x.cols; c += 32) {
                double const m = wide(largest_in(x, r, c, 32));
                double const scale = wide(q.scale(r, c));
                if (!(m > 0)) {
                    CHECK(q.scale(r, c) == std::ldexp(1.0F, -127));
                    continue;
                }
                CHECK(top * scale >= m);
                CHECK(top * scale / 2 < m);
            }
        }
        CHECK(fb::error_statistics(x.view(), q).overflows == 0);
    };
    check.operator()<fb::mxfp8_e4m3>(448);
    check.operator()<fb::mxfp4>(6);
    check.operator()<fb::mxint8>(127.0 / 64);
}

TEST_CASE("floor is the specification's rule, absmax the nearest power of two", "[quantize][rule]") {
    matrix const x = rough_matrix(8, 200, 2);
    CHECK(same_bytes(
        fb::quantize<fb::mxfp4>(x.view()), fb::quantize<fb::mxfp4>(x.view(), {.scale_rule = scale_rule::floor})));
    auto const q = fb::quantize<fb::mxfp4>(x.view(), {.scale_rule = scale_rule::absmax});
    for (std::size_t r = 0; r < x.rows; ++r) {
        for (std::size_t c = 0; c < x.cols; c += 32) {
            double const ratio = wide(largest_in(x, r, c, 32)) / 6;
            if (!(ratio > 0)) continue;
            double const distance = std::fabs(ratio - wide(q.scale(r, c)));
            CHECK(distance <= std::fabs(ratio - 2 * wide(q.scale(r, c))));
            CHECK(distance <= std::fabs(ratio - wide(q.scale(r, c)) / 2));
        }
    }
    CHECK(same_bytes(fb::quantize<fb::int4_g32>(x.view()),
        fb::quantize<fb::int4_g32>(x.view(), {.scale_rule = scale_rule::absmax})));
}

TEST_CASE("mse_search is never worse than absmax or the floor rule", "[quantize][rule]") {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        check_search_never_worse<fb::int4_g32>(seed);
        check_search_never_worse<fb::int4_g128_fp16>(seed);
        check_search_never_worse<fb::mxfp4>(seed);
        check_search_never_worse<fb::mxint8>(seed);
        check_search_never_worse<fb::nvfp4>(seed);
    }
}

TEST_CASE("percentile leaves out the largest magnitudes by rank", "[quantize][rule]") {
    matrix x(2, 1000);
    words next(3);
    for (std::size_t c = 0; c < 1000; ++c) {
        x(0, c) = (c % 2 == 0 ? 1.0F : -1.0F) * static_cast<float>(c + 1); // magnitudes 1 .. 1000
        x(1, c) = next.normal();
    }
    for (auto [percent, rank] :
        {std::pair{99.9, 999.0F}, {100.0, 1000.0F}, {50.0, 500.0F}, {99.95, 1000.0F}, {0.01, 1.0F}}) {
        auto const q =
            fb::quantize<fb::int8_row>(x.view(), {.scale_rule = scale_rule::percentile, .percentile = percent});
        CAPTURE(percent);
        CHECK(q.scale(0, 0) == div(rank, 127.0F));
        std::vector<float> all;
        for (std::size_t c = 0; c < 1000; ++c) all.push_back(magnitude(x(1, c)));
        std::sort(all.begin(), all.end());
        CHECK(q.scale(1, 0) == div(all[static_cast<std::size_t>(rank) - 1], 127.0F));
    }
    auto const q = fb::quantize<fb::int8_row>(x.view(), {.scale_rule = scale_rule::percentile, .percentile = 50.0});
    CHECK(q.code(0, 998) == 127U);
    CHECK(q.code(0, 999) == 0x81U);
    CHECK(fb::error_statistics(x.view(), q).overflows > 490);
    auto const m = fb::quantize<fb::mxfp4>(x.view(), {.scale_rule = scale_rule::percentile, .percentile = 90.0});
    CHECK(m.scale(0, 0) == 4.0F); // the 29th of 1 .. 32: exponent 4 - 2
}

TEST_CASE("signed_absmax meets the longer end of the range with the value of largest magnitude", "[quantize][rule]") {
    matrix x = rough_matrix(6, 256, 6);
    x(0, 3) = 2.0F * largest_in(x, 0, 0, 32);
    x(0, 7) = -x(0, 3); // a tie: the negative one
    x(1, 3) = 2.0F * largest_in(x, 1, 0, 32);
    auto const check = [&]<class F>(float end, auto stored) {
        auto const q = fb::quantize<F>(x.view(), {.scale_rule = scale_rule::signed_absmax});
        CAPTURE(F::name);
        for (std::size_t r = 0; r < x.rows; ++r) {
            for (std::size_t c = 0; c < x.cols; c += 32) {
                float const largest = largest_in(x, r, c, 32);
                float farthest = largest;
                for (std::size_t i = c; i < c + 32; ++i) {
                    if (bits(x(r, i)) == bits(-largest)) farthest = -largest;
                }
                CHECK(bits(q.scale(r, c)) == bits(stored(div(farthest, end))));
            }
        }
    };
    auto const in_fp16 = [](float scale) { return element_value<fb::fp16>(nearest_code<fb::fp16>(wide(scale))); };
    check.operator()<fb::q4_0>(-8, in_fp16);
    check.operator()<fb::q5_0>(-16, in_fp16);
    check.operator()<fb::iq4_nl>(-127, in_fp16);
    check.operator()<fb::q8_0>(127, in_fp16);
    check.operator()<fb::e2m1_g32>(6, [](float scale) { return scale; });
    auto const full = fb::quantize<fb::int4_g32>(x.view(), {.scale_rule = scale_rule::signed_absmax, .full_range = true});
    CHECK(full.scale(1, 3) == div(x(1, 3), -8.0F));
    CHECK(full.code(1, 3) == 8U); // -8
    CHECK(fb::quantize<fb::q4_0>(x.view(), {.scale_rule = scale_rule::absmax}).scale(1, 3) == in_fp16(div(x(1, 3), 7.0F)));
}

TEST_CASE("scales given by the caller are rounded to the format's type and used", "[quantize][rule]") {
    matrix const x = rough_matrix(3, 100, 4, 2);
    check_same_as_given<fb::int8_row>(x, scale_rule::of_format);
    check_same_as_given<fb::int4_g32>(x, scale_rule::mse_search);
    check_same_as_given<fb::mxfp4>(x, scale_rule::ceil);
    check_same_as_given<fb::e4m3_tile_128x128>(x, scale_rule::of_format);
    check_same_as_given<fb::bitnet>(x, scale_rule::of_format);
    check_same_as_given<fb::nf4_b64>(x, scale_rule::of_format);

    matrix scales(3, 4);
    for (float& s : scales.data) s = 0.3F;
    auto const m = fb::quantize<fb::mxfp4>(x.view(), {.scales = scales.view()});
    CHECK(m.scale(1, 50) == 0.25F);
    auto const f = fb::quantize<fb::q8_0>(x.view(), {.scales = scales.view()});
    CHECK(f.scale(1, 50) == element_value<fb::fp16>(nearest_code<fb::fp16>(wide(0.3F))));

    // Values that are not finite are no reason to look at the others: the scale over all scales is that of the given ones.
    matrix y = x;
    for (std::size_t c = 32; c < 48; ++c) y(1, c) = 1e20F;
    y(1, 40) = std::numeric_limits<float>::infinity();
    matrix fine(3, 7);
    for (float& s : fine.data) s = 0.3F;
    auto const marked = fb::quantize<fb::nvfp4>(y.view(), {.scales = fine.view()});
    auto const whole = fb::quantize<fb::nvfp4>(x.view(), {.scales = fine.view()});
    CHECK(is_nan(marked.scale(1, 40)));
    CHECK(marked.scale(1, 50) == whole.scale(1, 50));
    CHECK(marked.value(1, 50) == whole.value(1, 50));
}
