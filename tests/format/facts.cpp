// Constants derived from a layout, against literal values of a few published formats, and printable names.
#include <fewbits/format/concepts.hpp>
#include <fewbits/format/facts.hpp>
#include <fewbits/formats/all_formats.hpp>

#include <catch2/catch.hpp>

#include <set>
#include <string>

namespace fb = fewbits;

namespace {
using single = fb::float_facts<fb::binary32>;
using twice = fb::float_facts<fb::binary64>;
using ofp8 = fb::float_facts<fb::e4m3::layout>;
using scale8 = fb::float_facts<fb::e8m0::layout>;
using fnuz = fb::float_facts<fb::e5m2_fnuz::layout>;
} // namespace

static_assert(
    single::width == 32 && single::bias == 127 && single::min_exponent == -126 && single::max_exponent == 127);
static_assert(twice::width == 64 && twice::bias == 1023 && twice::max_exponent == 1023);
static_assert(ofp8::bias == 7 && ofp8::max_magnitude == 0x7e && ofp8::nan_magnitude == 0x7f && !ofp8::has_infinity);
static_assert(ofp8::max_exponent == 8 && ofp8::min_exponent == -6);
static_assert(
    scale8::width == 8 && scale8::min_exponent == -127 && scale8::max_exponent == 127 && !scale8::has_negative_zero);
static_assert(fnuz::bias == 16 && fnuz::max_magnitude == 0x7f && !fnuz::has_negative_zero && fnuz::has_nan);
static_assert(fb::scalar<fb::e4m3> && fb::scalar<fb::int_n<3>> && fb::scalar<fb::nf4>);
static_assert(!fb::scalar<float> && !fb::scalar<int> && !fb::scalar<fb::nvfp4>);

TEST_CASE("names are the types' own, short and distinct", "[format]") {
    std::set<std::string> names;
    fb::for_each(fb::all_formats{}, [&]<class F>() {
        std::string const name(F::name);
        INFO(name);
        CHECK(name.size() <= 24);
        CHECK(name.find_first_of(": ;]") == std::string::npos);
        CHECK(names.insert(name).second);
    });
    CHECK(fb::e4m3_fnuz::name == "e4m3_fnuz");
    CHECK(fb::int_n<4>::name == "int4");
    CHECK(fb::uint_n<8>::name == "uint8");
    CHECK(fb::nf4::name == "nf4");
}
