// Every member of numeric_limits, each against the enumeration of the format's values.
#include "../oracle/under_test.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

using namespace oracle;

namespace {

struct enumeration {
    double largest = 0;
    double lowest = 0;
    double smallest_positive = 0;
    double after_one = 0; // the value following 1, or 0 where 1 is no value or the last
};

enumeration enumerate(format_oracle const& f) {
    enumeration e;
    auto const& values = f.ascending();
    e.largest = values.back().value;
    e.lowest = values.front().value;
    for (std::size_t i = values.size(); i-- > 0;) {
        if (values[i].value > 0) e.smallest_positive = values[i].value;
        if (values[i].value == 1 && i + 1 < values.size()) e.after_one = values[i + 1].value;
    }
    return e;
}

/// numeric_limits<T> as plain data, so that the checks are compiled once.
struct limit_values {
    bool is_specialized, is_signed, is_integer, is_exact, has_infinity, has_quiet_nan, has_signaling_nan,
        has_denorm_loss;
    bool is_iec559, is_bounded, is_modulo, traps, tinyness_before;
    std::float_denorm_style has_denorm;
    std::float_round_style round_style;
    int digits, digits10, max_digits10, radix, min_exponent, min_exponent10, max_exponent, max_exponent10;
    double min, max, lowest, epsilon, round_error, denorm_min;
    unsigned infinity, quiet_nan;
};

template <class T> limit_values values_of() {
    using l = std::numeric_limits<T>;
    return {l::is_specialized && std::numeric_limits<T const>::is_specialized, l::is_signed, l::is_integer, l::is_exact,
        l::has_infinity, l::has_quiet_NaN, l::has_signaling_NaN, l::has_denorm_loss, l::is_iec559, l::is_bounded,
        l::is_modulo, l::traps, l::tinyness_before, l::has_denorm, l::round_style, l::digits, l::digits10,
        l::max_digits10, l::radix, l::min_exponent, l::min_exponent10, l::max_exponent, l::max_exponent10,
        double((l::min)()), double((l::max)()), double(l::lowest()), double(l::epsilon()), double(l::round_error()),
        double(l::denorm_min()), l::infinity().bits(), l::quiet_NaN().bits()};
}

void check_common(limit_values const& limits, format_oracle const& f) {
    enumeration const e = enumerate(f);
    CHECK(limits.is_specialized);
    CHECK(limits.max == e.largest);
    CHECK(limits.lowest == e.lowest);
    CHECK(limits.is_signed == (e.lowest < 0));
    CHECK(limits.has_infinity == f.has_infinity());
    CHECK(limits.has_quiet_nan == f.has_nan());
    CHECK_FALSE(limits.has_signaling_nan);
    CHECK(limits.is_bounded);
    CHECK_FALSE(limits.is_modulo);
    CHECK_FALSE(limits.traps);
    CHECK_FALSE(limits.tinyness_before);
    CHECK_FALSE(limits.has_denorm_loss);
    CHECK(limits.radix == 2);
    if (f.has_infinity()) CHECK(limits.infinity == f.overflow_code(false, overflow::to_special));
    if (f.has_nan()) CHECK(limits.quiet_nan == f.nan_code(false));
}

void check_minifloat(limit_values const& limits, format_oracle const& f) {
    facts const& about = f.about();
    enumeration const e = enumerate(f);
    CHECK_FALSE(limits.is_integer);
    CHECK_FALSE(limits.is_exact);
    CHECK(limits.round_style == std::round_to_nearest);
    CHECK(limits.digits == about.mantissa_bits + 1);
    // the smallest normal value is 2^(min_exponent - 1); max() < 2^max_exponent <= 2 max()
    double const smallest_normal = std::ldexp(1.0, (about.has_zero ? 1 : 0) - about.bias);
    CHECK(limits.min == smallest_normal);
    CHECK(std::ldexp(0.5, limits.min_exponent) == smallest_normal);
    CHECK(e.largest < std::ldexp(1.0, limits.max_exponent));
    CHECK(e.largest >= std::ldexp(0.5, limits.max_exponent));
    CHECK(limits.denorm_min == e.smallest_positive);
    CHECK((limits.has_denorm == std::denorm_present) == (e.smallest_positive < smallest_normal));
    // the largest and the smallest power of ten among the normal values
    CHECK(std::pow(10.0, limits.max_exponent10) <= e.largest);
    CHECK(std::pow(10.0, limits.max_exponent10 + 1) > e.largest);
    CHECK(std::pow(10.0, limits.min_exponent10) >= smallest_normal);
    CHECK(std::pow(10.0, limits.min_exponent10 - 1) < smallest_normal);
    // digits10 decimal digits survive: 10^digits10 <= 2^(digits - 1); max_digits10 tell values apart
    CHECK(std::pow(10.0, limits.digits10) <= std::ldexp(1.0, limits.digits - 1));
    CHECK(std::pow(10.0, limits.digits10 + 1) > std::ldexp(1.0, limits.digits - 1));
    CHECK(std::pow(10.0, limits.max_digits10 - 1) > std::ldexp(1.0, limits.digits));
    CHECK(std::pow(10.0, limits.max_digits10 - 2) <= std::ldexp(1.0, limits.digits));
    if (e.after_one != 0 && e.after_one - 1 >= e.smallest_positive) CHECK(limits.epsilon == e.after_one - 1);
    CHECK(limits.epsilon >= e.smallest_positive);
    if (e.smallest_positive <= 0.5 && e.largest >= 0.5) CHECK(limits.round_error == 0.5);
    bool const ieee = about.specials == special_codes::ieee && about.has_sign && f.has_nan() &&
                      about.bias == (1 << (about.exponent_bits - 1)) - 1;
    CHECK(limits.is_iec559 == ieee);
}

void check_integer(limit_values const& limits, format_oracle const& f) {
    bool const whole = f.about().exponent == 0;
    CHECK(limits.is_integer == whole);
    CHECK(limits.is_exact == whole);
    CHECK(limits.min == f.ascending().front().value);
    CHECK(f.about().highest < 1 << limits.digits); // non-sign bits of the largest
    CHECK(2 * f.about().highest >= 1 << limits.digits >> (limits.digits == 0 ? 1 : 0));
    CHECK(std::pow(10.0, limits.digits10) <= std::ldexp(1.0, limits.digits));
    CHECK(std::pow(10.0, limits.digits10 + 1) > std::ldexp(1.0, limits.digits));
    CHECK(limits.has_denorm == std::denorm_absent);
    CHECK_FALSE(limits.is_iec559);
    if (!whole) return;
    // as for int: these mean nothing and are zero
    CHECK(limits.max_digits10 == 0);
    CHECK(limits.min_exponent == 0);
    CHECK(limits.max_exponent == 0);
    CHECK(limits.min_exponent10 == 0);
    CHECK(limits.max_exponent10 == 0);
    CHECK(limits.epsilon == 0);
    CHECK(limits.round_error == 0);
    CHECK(limits.denorm_min == 0);
    CHECK(limits.round_style == std::round_toward_zero);
}

void check(limit_values const& limits, format_oracle const& f) {
    INFO(f.about().name);
    check_common(limits, f);
    if (f.about().kind == shape::minifloat) check_minifloat(limits, f);
    if (f.about().kind == shape::integer) check_integer(limits, f);
    if (f.about().kind == shape::codebook) {
        CHECK_FALSE(limits.is_integer);
        CHECK_FALSE(limits.is_iec559);
        CHECK(limits.min == enumerate(f).smallest_positive);
    }
}

} // namespace

TEST_CASE("numeric_limits agrees with the enumerated values", "[codec][limits]") {
    for_each_tested([]<class T>() { check(values_of<T>(), format_oracle(facts_of<T>())); });
}
