// Bulk conversions from and to 16-bit values and objects of a format.
#include "../oracle/tally.hpp"

#include <fewbits/formats/all_formats.hpp>
#include <fewbits/quantize/spans.hpp>

#include <catch2/catch.hpp>

#include <bit>

namespace fb = fewbits;

namespace {

/// Every value of a 16-bit format: in bulk as one by one.
template <class T, class Half> void check_halves(oracle::tally& t) {
    std::vector<Half> in;
    for (unsigned bits = 0; bits < 0x10000; ++bits) in.push_back(Half::from_bits(bits));
    std::vector<std::byte> packed(fb::packed_size<T>(in.size()));
    std::vector<T> objects(in.size());
    fb::encode<T>(std::span(in), std::span(packed));
    fb::encode<T>(std::span<Half const>(in), std::span(objects), fb::nearest_even);
    std::vector<Half> back(in.size());
    fb::decode<T>(packed, std::span(back));
    std::vector<Half> again(in.size());
    fb::decode(std::span<T const>(objects), std::span(again));
    for (std::size_t i = 0; i < in.size(); ++i) {
        T const want = fb::round_to<T>(in[i]); // not T(in[i]): a copy would keep a NaN's payload
        Half const value = fb::round_to<Half>(want);
        bool const right = fb::load_code(packed.data(), i * T::width, T::width) == want.bits() &&
                           objects[i].bits() == want.bits() && back[i].bits() == value.bits() &&
                           again[i].bits() == value.bits();
        t.expect(right, [&](auto& out) { out << T::name << " from " << Half::name << ' ' << std::hex << in[i].bits(); });
    }
}

} // namespace

TEMPLATE_TEST_CASE("16-bit values convert in bulk as one by one", "[quantize][spans]", fb::e4m3, fb::e5m2_fnuz, fb::e2m1,
    fb::e8m0, fb::bf16, fb::fp16, fb::int_n<3>, fb::uint_n<8>, fb::nf4) {
    oracle::tally t;
    check_halves<TestType, fb::bf16>(t);
    check_halves<TestType, fb::fp16>(t);
    REQUIRE_TALLY(t);
}

TEST_CASE("16-bit values draw the random bits of their own index", "[quantize][spans]") {
    std::vector<fb::bf16> in;
    std::vector<float> same;
    for (int i = 0; i < 5000; ++i) {
        in.emplace_back(static_cast<float>(i) * 0.01F);
        same.push_back(static_cast<float>(in.back()));
    }
    std::vector<std::byte> a(fb::packed_size<fb::e2m3>(in.size()));
    std::vector<std::byte> b(a.size());
    fb::encode<fb::e2m3>(std::span(in), std::span(a), fb::stochastic{}, fb::saturate, 7);
    fb::encode<fb::e2m3>(same, b, fb::stochastic{}, fb::saturate, 7);
    CHECK(a == b);
}

TEST_CASE("room for too few objects is refused", "[quantize][spans]") {
    std::vector<float> values(9, 1.0F);
    std::vector<fb::e4m3> objects(8);
    CHECK_THROWS_AS(fb::encode<fb::e4m3>(std::span(values), std::span(objects)), std::invalid_argument);
    CHECK_THROWS_AS(fb::decode(std::span<fb::e4m3 const>(objects), std::span(values)), std::invalid_argument);
}
