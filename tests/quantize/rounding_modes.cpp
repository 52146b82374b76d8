// Every rounding mode of the elements, the overflow policies, and stochastic rounding from Philox.
#include "exact.hpp"

#include <catch2/catch.hpp>

using namespace exact;

namespace {

constexpr fb::rounding modes[] = {
    fb::nearest_even, fb::nearest_away, fb::toward_zero, fb::upward, fb::downward, fb::to_odd};

fb::rounding_rule at(fb::rounding_rule rule, std::uint64_t seed, std::size_t index) {
    return rule.mode == fb::random_bits ? fb::stochastic{fb::random_word(seed, index), 32} : rule;
}

/// An integer near `value`, independent of the library's codecs.
double rounded_integer(double value, fb::rounding_rule rule) {
    double const whole = std::floor(std::fabs(value));
    double const rest = std::fabs(value) - whole;
    bool const odd = std::fmod(whole, 2.0) > 0.5;
    bool away = false;
    switch (rule.mode) {
    case fb::nearest_even:
        away = rest > 0.5 || (rest >= 0.5 && odd);
        break;
    case fb::nearest_away:
        away = rest >= 0.5;
        break;
    case fb::toward_zero:
        break;
    case fb::upward:
        away = rest > 0 && value > 0;
        break;
    case fb::downward:
        away = rest > 0 && value < 0;
        break;
    case fb::to_odd:
        away = rest > 0 && !odd;
        break;
    case fb::random_bits:
        away = rest * 0x1p32 >= 0x1p32 - static_cast<double>(rule.bits);
        break;
    }
    return std::copysign(whole + (away ? 1.0 : 0.0), value);
}

/// The codes under the stored scales, one by one through the scalar codec.
template <class F> void check_mode(matrix const& x, fb::rounding_rule rule, std::uint64_t seed = 0) {
    using element = typename F::element;
    auto const q = fb::quantize<F>(x.view(), {.mode = rule, .seed = seed});
    auto const plain = fb::quantize<F>(x.view());
    tally t;
    for (std::size_t r = 0; r < x.rows; ++r) {
        for (std::size_t c = 0; c < x.cols; ++c) {
            float const scale = q.scale(r, c);
            bool const exact_division = std::is_same_v<typename F::scale_type, fb::e8m0>;
            double quotient = scale > 0 ? wide(div(x(r, c), scale)) : wide(x(r, c)) * 0;
            if (exact_division) quotient = wide(x(r, c)) / wide(scale);
            if (element::kind == fb::format_kind::codebook && scale > 0)
                quotient = wide(mul(x(r, c), div(1.0F, scale)));
            unsigned code = 0;
            if constexpr (F::has_zero_point) {
                double const steps = rounded_integer(quotient, at(rule, seed, r * x.cols + c));
                code = static_cast<unsigned>(clamp(steps + wide(q.offset(r, c)), 0, 255));
            } else if constexpr (std::is_same_v<element, fb::int_n<8>>) {
                code =
                    static_cast<unsigned>(clamp(rounded_integer(quotient, at(rule, seed, r * x.cols + c)), -127, 127)) &
                    255U;
            } else {
                code = static_cast<unsigned>(
                    element::codec::encode(fb::unpack(quotient), at(rule, seed, r * x.cols + c), fb::saturate));
                if (element::kind == fb::format_kind::integer && code == 1U << (element::width - 1))
                    ++code; // restricted
            }
            t.expect(q.code(r, c) == code && bits(q.scale(r, c)) == bits(plain.scale(r, c)), [&](auto& out) {
                out << F::name << " mode " << static_cast<int>(rule.mode) << ' ' << r << ',' << c << " x " << x(r, c)
                    << " code " << q.code(r, c) << " want " << code;
            });
        }
    }
    REQUIRE_TALLY(t);
}

template <class F> void check_modes(matrix const& x) {
    for (fb::rounding mode : modes) {
        if (F::element::kind == fb::format_kind::codebook && mode != fb::nearest_even && mode != fb::nearest_away)
            continue;
        check_mode<F>(x, mode);
    }
    check_mode<F>(x, fb::stochastic{}, 12345);
    check_mode<F>(x, fb::stochastic{.bits = 77, .count = 3}, 0xfedc'ba98'7654'3210U); // its own bits are not used
}

/// Mean of the dequantized values over many seeds.
template <class F> double mean_value(matrix const& x, std::size_t r, std::size_t c, int trials) {
    double sum = 0;
    for (int i = 0; i < trials; ++i) {
        auto const seed = static_cast<std::uint64_t>(i) * 0x9e37'79b9U;
        sum += wide(fb::quantize<F>(x.view(), {.mode = fb::stochastic{}, .seed = seed}).value(r, c));
    }
    return sum / trials;
}

} // namespace

TEST_CASE("elements round by every mode, scales as ever", "[quantize][modes]") {
    matrix const x = rough_matrix(5, 150, 1, 4);
    check_modes<fb::int8_g32>(x);
    check_modes<fb::int4_row>(x);
    check_modes<fb::mxfp4>(x);
    check_modes<fb::mxfp8_e5m2>(x);
    check_modes<fb::nvfp4>(x);
    check_modes<fb::e4m3_row>(x);
    check_modes<fb::nf4_b64>(x);
}

TEST_CASE("zero points are added to the rounded quotient in every mode", "[quantize][modes]") {
    matrix const x = normal_matrix(4, 100, 2);
    for (fb::rounding mode : modes) check_mode<fb::uint8_row>(x, mode);
    check_mode<fb::uint8_row>(x, fb::stochastic{}, 99);
}

TEST_CASE("stochastic rounding is reproducible, seeded and unbiased", "[quantize][modes]") {
    matrix const x = normal_matrix(3, 64, 3);
    fb::quantize_options const options{.mode = fb::stochastic{}, .seed = 5};
    CHECK(same_bytes(fb::quantize<fb::int4_g32>(x.view(), options), fb::quantize<fb::int4_g32>(x.view(), options)));
    CHECK_FALSE(same_bytes(fb::quantize<fb::int4_g32>(x.view(), options),
        fb::quantize<fb::int4_g32>(x.view(), {.mode = fb::stochastic{}, .seed = 6})));
    auto const near = [&]<class F>(int trials) {
        auto const q = fb::quantize<F>(x.view());
        for (std::size_t c : {3U, 20U, 40U}) {
            double const step =
                wide(q.scale(1, c)); // no element step here is wider than one scale, e2m1's top two apart
            double const error = std::fabs(mean_value<F>(x, 1, c, trials) - wide(x(1, c)));
            CAPTURE(F::name, c);
            CHECK(error < 5 * step / std::sqrt(static_cast<double>(trials)));
        }
    };
    near.operator()<fb::int4_g32>(2000);
    near.operator()<fb::mxint8>(500);
    near.operator()<fb::nvfp4>(2000);
    near.operator()<fb::uint4_g128>(2000);
    near.operator()<fb::nf4_b64>(2000);
}

TEST_CASE("overflow goes where the policy says", "[quantize][modes]") {
    matrix x(1, 32);
    for (std::size_t c = 0; c < 32; ++c) x(0, c) = 511.0F; // exponent 8 - 8 = 0, beyond 464
    x(0, 1) = -511.0F;
    auto const s = fb::quantize<fb::mxfp8_e4m3>(x.view());
    CHECK(s.value(0, 0) == 448.0F);
    CHECK(s.value(0, 1) == -448.0F);
    auto const n = fb::quantize<fb::mxfp8_e4m3>(x.view(), {.overflow = fb::to_special});
    CHECK(n.code(0, 0) == 0x7fU);
    CHECK(n.code(0, 1) == 0xffU);
    auto const z = fb::quantize<fb::mxfp8_e4m3>(x.view(), {.mode = fb::toward_zero, .overflow = fb::to_special});
    CHECK(z.value(0, 1) == -448.0F);
}
