// Bulk encode and decode: equal to the scalar conversions for every format, rule and length.
#include "../oracle/tally.hpp"
#include "../oracle/under_test.hpp"
#include "model.hpp"

#include <fewbits/quantize/spans.hpp>

#include <catch2/catch.hpp>

#include <limits>

#if defined(__SSE2__)
    #include <xmmintrin.h>
#endif

using namespace oracle;
using packing_model::bytes;
using packing_model::read_bits;

namespace {

/// Floats at and around every threshold of round-to-nearest, a stride, NaNs, infinities and zeros.
std::vector<float> inputs(format_oracle const& f) {
    std::vector<float> out;
    auto const steps = f.float_steps({mode::nearest_even, 0, 32}, overflow::to_special);
    std::size_t const stride = f.about().width > 8 ? 7 : 1;
    for (std::size_t i = 0; i < steps.steps.size(); i += stride) {
        std::uint32_t const first = steps.steps[i].first;
        for (std::uint32_t key : {first - 1, first, first + 1}) {
            if (key >= lowest_float_key && key <= highest_float_key) out.push_back(float_of_key(key));
        }
    }
    for (std::uint64_t bits = 0; bits <= 0xffff'ffffU; bits += 1'048'573) {
        out.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    }
    for (std::uint32_t bits :
        {0U, 0x8000'0000U, 1U, 0x8000'0001U, 0x7f80'0000U, 0xff80'0000U, 0x7fc0'0000U, 0xffc0'0000U, 0x7f80'0001U}) {
        out.push_back(std::bit_cast<float>(bits));
    }
    return out;
}

/// encode<T> and decode<T> with the type erased; a codebook refuses modes that it does not have when compiling.
struct bulk {
    void (*encode)(
        std::span<float const>, std::span<std::byte>, fb::rounding_rule, fb::overflow_policy, std::uint64_t seed);
    void (*decode)(std::span<std::byte const>, std::span<float>);
    std::size_t (*size)(std::size_t count);
};

template <class T> bulk bulk_of() {
    auto const encode = [](std::span<float const> in, std::span<std::byte> out, fb::rounding_rule r,
                            fb::overflow_policy policy, std::uint64_t seed) {
        if constexpr (T::kind == fb::format_kind::codebook) {
            if (r.mode == fb::random_bits)
                fb::encode<T>(in, out, fb::stochastic{}, policy, seed);
            else
                fb::encode<T>(in, out, fb::nearest_even, policy, seed);
        } else {
            fb::encode<T>(in, out, r, policy, seed);
        }
    };
    return {encode, &fb::decode<T>, &fb::packed_size<T>};
}

void check_encode(format_under_test const& f, bulk const& b, std::span<float const> in, fb::rounding_rule rule,
    fb::overflow_policy policy, std::uint64_t seed, tally& t) {
    std::string const& name = f.expected.about().name;
    int const width = f.expected.about().width;
    std::size_t const size = b.size(in.size());
    bytes packed(size + 2, std::byte{0xff});
    b.encode(in, packed, rule, policy, seed);
    bool const random = rule.mode == fb::random_bits;
    std::size_t first = 0;
    for (std::size_t i = 0; i < in.size(); ++i, first += static_cast<std::size_t>(width)) {
        if (random) rule = fb::stochastic{.bits = fb::random_word(seed, i)};
        unsigned const want = f.from_float(in[i], rule, policy);
        unsigned const got = read_bits(packed, first, width);
        t.expect(got == want, [&](auto& out) {
            out << name << " rule " << static_cast<int>(rule.mode) << ' ' << std::bit_cast<std::uint32_t>(in[i]) << " ("
                << in[i] << ") -> " << got << ", not " << want;
        });
    }
    bool padded = packed[size] == std::byte{0xff} && packed[size + 1] == std::byte{0xff};
    for (std::size_t i = first; i < 8 * size; ++i) padded = padded && !packing_model::bit(packed, i);
    t.expect(padded, [&](auto& out) { out << name << ": padding not zero, or bytes beyond the end touched"; });
}

/// decode gives every code's value, at every length modulo 8.
void check_decode(format_under_test const& f, bulk const& b, tally& t) {
    int const width = f.expected.about().width;
    std::size_t const codes = std::size_t{1} << width;
    for (std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{8}, std::size_t{13}, codes}) {
        bytes packed(b.size(count), std::byte{0});
        for (std::size_t i = 0; i < count; ++i) {
            packing_model::write_bits(
                packed, i * static_cast<std::size_t>(width), width, static_cast<unsigned>(i % codes));
        }
        std::vector<float> out(count);
        b.decode(packed, out);
        for (std::size_t i = 0; i < count; ++i) {
            float const want = f.to_float(static_cast<unsigned>(i % codes));
            t.expect(std::bit_cast<std::uint32_t>(out[i]) == std::bit_cast<std::uint32_t>(want),
                [&](auto& o) { o << f.expected.about().name << " decode " << i; });
        }
    }
}

void check_format(format_under_test const& f, bulk const& b) {
    tally t;
    auto const in = inputs(f.expected);
    auto rules = deterministic_rules(f.expected);
    rules.push_back({{mode::stochastic, 0, 32}, overflow::saturate});
    rules.push_back({{mode::stochastic, 0, 32}, overflow::to_special});
    for (auto const& [r, policy] : rules)
        check_encode(f, b, in, as_rule(r), as_policy(policy), 0x0123'4567'89ab'cdefU, t);
    for (std::size_t length = 0; length <= 70; ++length) {
        check_encode(f, b, std::span(in).first(length), fb::nearest_even, as_policy(f.default_policy), 0, t);
    }
    check_decode(f, b, t);
    REQUIRE_TALLY(t);
}

} // namespace

TEST_CASE("bulk encode and decode equal the scalar conversions", "[packing][spans]") {
    std::size_t next = 0;
    for_each_tested([&]<class T>() { check_format(formats_under_test()[next++], bulk_of<T>()); });
}

#if defined(__SSE2__)
TEST_CASE("bulk encode of subnormals, whether the processor flushes them or not", "[packing][spans]") {
    std::vector<float> in;
    for (std::uint32_t bits = 1; bits < 0x0080'0000U; bits = bits * 2 + 1) {
        in.push_back(std::bit_cast<float>(bits));
        in.push_back(std::bit_cast<float>(bits | 0x8000'0000U));
    }
    std::size_t next = 0;
    for_each_tested([&]<class T>() {
        tally t;
        unsigned const kept = _mm_getcsr();
        _mm_setcsr(kept ^ 0x8040U); // flush to zero, denormals are zero: on, or off where -ffast-math has set them
        check_encode(formats_under_test()[next++], bulk_of<T>(), in, fb::nearest_even, T::default_overflow, 0, t);
        _mm_setcsr(kept);
        REQUIRE_TALLY(t);
    });
}
#endif

TEST_CASE("a destination that is too small is refused", "[packing][spans]") {
    std::vector<float> values(9, 1.0F);
    bytes packed(4);
    CHECK_THROWS_AS(fb::encode<fb::e2m1>(std::span<float const>(values), packed), std::invalid_argument);
    CHECK_THROWS_AS(
        fb::decode<fb::e2m1>(std::span<std::byte const>(packed), std::span<float>(values)), std::invalid_argument);
    values.resize(8);
    CHECK_NOTHROW(fb::encode<fb::e2m1>(std::span<float const>(values), packed));
    CHECK_NOTHROW(fb::encode<fb::e2m1>({}, {}));
}
