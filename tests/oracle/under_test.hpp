// Every scalar format under test with its conversions as plain functions, so that most tests need no templates.
#pragma once

#include "oracle.hpp"

#include <fewbits/formats/all_formats.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace oracle {

namespace fb = fewbits;

// Layouts the catalogue does not hold, as a user would add them.
struct user_e6m9 final : fb::minifloat<user_e6m9, fb::float_layout{.exponent_bits = 6, .mantissa_bits = 9}> {
    using minifloat::minifloat;
};
struct user_e2m5_nan final
    : fb::minifloat<user_e2m5_nan,
          fb::float_layout{
              .exponent_bits = 2, .mantissa_bits = 5, .special = fb::specials::nan_only, .exponent_bias = -3}> {
    using minifloat::minifloat;
};
struct user_e5m0 final : fb::minifloat<user_e5m0, fb::float_layout{.exponent_bits = 5, .mantissa_bits = 0}> {
    using minifloat::minifloat;
};
struct user_e1m2 final : fb::minifloat<user_e1m2,
                             fb::float_layout{.exponent_bits = 1, .mantissa_bits = 2, .special = fb::specials::none}> {
    using minifloat::minifloat;
};
struct user_unsigned_e5m3 final
    : fb::minifloat<user_unsigned_e5m3,
          fb::float_layout{
              .exponent_bits = 5, .mantissa_bits = 3, .special = fb::specials::nan_only, .is_signed = false}> {
    using minifloat::minifloat;
};
struct user_unsigned_e4m2_zeroless final
    : fb::minifloat<user_unsigned_e4m2_zeroless, fb::float_layout{.exponent_bits = 4,
                                                     .mantissa_bits = 2,
                                                     .special = fb::specials::nan_only,
                                                     .is_signed = false,
                                                     .has_zero = false}> {
    using minifloat::minifloat;
};
struct user_e8m1_fnuz final
    : fb::minifloat<user_e8m1_fnuz,
          fb::float_layout{
              .exponent_bits = 8, .mantissa_bits = 1, .special = fb::specials::fnuz, .exponent_bias = 130}> {
    using minifloat::minifloat;
};
struct user_int5_scaled final
    : fb::integer<user_int5_scaled, fb::integer_layout{.width = 5, .lowest = -15, .highest = 14, .exponent = 3}> {
    using integer::integer;
};
struct user_int6_excess final
    : fb::integer<user_int6_excess,
          fb::integer_layout{.width = 6, .lowest = -32, .highest = 30, .excess = 32, .exponent = -4}> {
    using integer::integer;
};
struct user_codebook final : fb::codebook<user_codebook, fb::codebook_layout<5>{{-3.0F, -0.7F, 0.1F, 0.3F, 8.0F}}> {
    using codebook::codebook;
};

/// Calls f.template operator()<T>() for every scalar of the catalogue and every layout above.
template <class F> void for_each_tested(F&& f) {
    fb::for_each(fb::all_scalars{}, f);
    f.template operator()<user_e6m9>();
    f.template operator()<user_e2m5_nan>();
    f.template operator()<user_e5m0>();
    f.template operator()<user_e1m2>();
    f.template operator()<user_unsigned_e5m3>();
    f.template operator()<user_unsigned_e4m2_zeroless>();
    f.template operator()<user_e8m1_fnuz>();
    f.template operator()<user_int5_scaled>();
    f.template operator()<user_int6_excess>();
    f.template operator()<user_codebook>();
}

/// What the oracle is told: the layout's literal fields, nothing that the code under test derives from them.
template <fb::scalar T> facts facts_of() {
    facts f;
    f.name = std::string(T::name);
    constexpr auto layout = T::layout;
    if constexpr (T::kind == fb::format_kind::minifloat) {
        f.kind = shape::minifloat;
        f.exponent_bits = layout.exponent_bits;
        f.mantissa_bits = layout.mantissa_bits;
        f.bias = layout.exponent_bias == fb::derived ? (1 << (layout.exponent_bits - 1)) - 1 : layout.exponent_bias;
        f.has_sign = layout.is_signed;
        f.has_zero = layout.has_zero;
        f.width = layout.exponent_bits + layout.mantissa_bits + (layout.is_signed ? 1 : 0);
        switch (layout.special) {
        case fb::specials::ieee:
            f.specials = special_codes::ieee;
            break;
        case fb::specials::nan_only:
            f.specials = special_codes::nan_only;
            break;
        case fb::specials::fnuz:
            f.specials = special_codes::fnuz;
            break;
        case fb::specials::none:
            f.specials = special_codes::none;
            break;
        }
    } else if constexpr (T::kind == fb::format_kind::integer) {
        f.kind = shape::integer;
        f.width = layout.width;
        int const codes = 1 << layout.width;
        f.lowest = layout.lowest != fb::derived ? layout.lowest : layout.is_signed ? -codes / 2 : 0;
        f.highest = layout.highest != fb::derived ? layout.highest : layout.is_signed ? codes / 2 - 1 : codes - 1;
        f.excess = layout.excess;
        f.exponent = layout.exponent;
    } else {
        f.kind = shape::codebook;
        f.entries.assign(std::begin(layout.value), std::end(layout.value));
        f.width = 1;
        while ((std::size_t{1} << f.width) < f.entries.size()) ++f.width;
    }
    return f;
}

fb::rounding_rule as_rule(rule r);
fb::overflow_policy as_policy(overflow policy);

/// A format without its type.
struct format_under_test {
    format_oracle expected;
    overflow default_policy;
    unsigned (*from_float)(float, fb::rounding_rule, fb::overflow_policy);
    unsigned (*from_double)(double, fb::rounding_rule, fb::overflow_policy);
    unsigned (*from_int32)(std::int32_t, fb::rounding_rule, fb::overflow_policy);
    unsigned (*from_int64)(std::int64_t, fb::rounding_rule, fb::overflow_policy);
    unsigned (*from_uint64)(std::uint64_t, fb::rounding_rule, fb::overflow_policy);
    fb::unpacked (*unpack)(unsigned code);
    unsigned (*encode)(fb::unpacked, fb::rounding_rule, fb::overflow_policy);
    float (*to_float)(unsigned code);
    double (*to_double)(unsigned code);
};

/// All of them; built once.
std::vector<format_under_test> const& formats_under_test();

/// The modes a format has, under both policies; stochastic with a few fixed bits of its own test.
std::vector<std::pair<rule, overflow>> deterministic_rules(format_oracle const& format);

char const* name_of(mode how);

} // namespace oracle
