// Instantiates the conversions of every scalar format once for all tests.
#include "under_test.hpp"

namespace oracle {
namespace {

template <fb::scalar T, class V> unsigned convert(V value, fb::rounding_rule r, fb::overflow_policy policy) {
    if constexpr (T::kind == fb::format_kind::codebook) { // round_to refuses other modes when compiling
        fb::stochastic const bits{.bits = r.bits, .count = r.count};
        if (r.mode == fb::random_bits) return fb::round_to<T>(value, bits, policy).bits();
        return fb::round_to<T>(value, fb::nearest_even, policy).bits();
    } else {
        return fb::round_to<T>(value, r, policy).bits();
    }
}

template <fb::scalar T> format_under_test make() {
    format_under_test f{
        format_oracle(facts_of<T>()),
        T::default_overflow == fb::saturate ? overflow::saturate : overflow::to_special,
        &convert<T, float>,
        &convert<T, double>,
        &convert<T, std::int32_t>,
        &convert<T, std::int64_t>,
        &convert<T, std::uint64_t>,
        [](unsigned code) { return T::codec::unpack(code); },
        [](fb::unpacked value, fb::rounding_rule r, fb::overflow_policy policy) {
            return static_cast<unsigned>(T::codec::encode(value, r, policy));
        },
        [](unsigned code) { return static_cast<float>(T::from_bits(code)); },
        [](unsigned code) { return static_cast<double>(T::from_bits(code)); },
    };
    return f;
}

} // namespace

fb::rounding_rule as_rule(rule r) {
    switch (r.how) {
    case mode::nearest_even:
        return fb::nearest_even;
    case mode::nearest_away:
        return fb::nearest_away;
    case mode::toward_zero:
        return fb::toward_zero;
    case mode::upward:
        return fb::upward;
    case mode::downward:
        return fb::downward;
    case mode::to_odd:
        return fb::to_odd;
    case mode::stochastic:
        break;
    }
    return fb::stochastic{.bits = r.bits, .count = r.count};
}

fb::overflow_policy as_policy(overflow policy) { return policy == overflow::saturate ? fb::saturate : fb::to_special; }

std::vector<format_under_test> const& formats_under_test() {
    static std::vector<format_under_test> const all = [] {
        std::vector<format_under_test> list;
        for_each_tested([&]<class T>() { list.push_back(make<T>()); });
        return list;
    }();
    return all;
}

std::vector<std::pair<rule, overflow>> deterministic_rules(format_oracle const& format) {
    std::vector<std::pair<rule, overflow>> out;
    for (mode how :
        {mode::nearest_even, mode::nearest_away, mode::toward_zero, mode::upward, mode::downward, mode::to_odd}) {
        if (!format.supports(how)) continue;
        for (overflow policy : {overflow::saturate, overflow::to_special}) out.push_back({rule{how, 0, 32}, policy});
    }
    return out;
}

char const* name_of(mode how) {
    switch (how) {
    case mode::nearest_even:
        return "nearest_even";
    case mode::nearest_away:
        return "nearest_away";
    case mode::toward_zero:
        return "toward_zero";
    case mode::upward:
        return "upward";
    case mode::downward:
        return "downward";
    case mode::to_odd:
        return "to_odd";
    case mode::stochastic:
        break;
    }
    return "stochastic";
}

} // namespace oracle
