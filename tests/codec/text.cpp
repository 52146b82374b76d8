// Text: a stream shows value and code; std::format, where the library has it, formats the value.
#include "../oracle/under_test.hpp"

#include <catch2/catch.hpp>

#include <sstream>

using namespace oracle;

namespace {

template <class T> std::string shown(T value) {
    std::ostringstream out;
    out << value;
    return out.str();
}

} // namespace

TEST_CASE("a stream shows value, format and code", "[codec][text]") {
    CHECK(shown(fb::e4m3(0.3125F)) == "0.3125 (e4m3 0x2a)");
    CHECK(shown(fb::e2m1(-6)) == "-6 (e2m1 0xf)");
    CHECK(shown(fb::bf16(1.0F)) == "1 (bf16 0x3f80)");
    CHECK(shown(fb::int_n<4>(-8)) == "-8 (int4 0x8)");
    CHECK(shown(fb::e5m2::from_bits(0x7c)) == "inf (e5m2 0x7c)");
    CHECK(shown(fb::ternary(-1)) == "-1 (ternary 0x3)");
}

TEST_CASE("every format prints its own name and its code in as few nibbles as it needs", "[codec][text]") {
    for_each_tested([]<class T>() {
        unsigned const code = (1U << T::width) - 1U;
        std::ostringstream end;
        end << '(' << T::name << " 0x" << std::hex << code << ')';
        std::string const text = shown(T::from_bits(code));
        INFO(text);
        CHECK(text.size() > end.str().size());
        CHECK(text.compare(text.size() - end.str().size(), std::string::npos, end.str()) == 0);
        CHECK(shown(T::from_bits(0)).back() == ')');
    });
}

TEST_CASE("a wide stream works too", "[codec][text]") {
    std::wostringstream out;
    out << fb::e4m3(1.5F);
    CHECK(out.str() == L"1.5 (e4m3 0x3c)");
}

#if defined(__cpp_lib_format)
TEST_CASE("std::format takes a double's specification", "[codec][text]") {
    CHECK(std::format("{}", fb::e4m3(0.3125F)) == "0.3125");
    CHECK(std::format("{:8.3f}|", fb::bf16(1.5F)) == "   1.500|");
    fb::for_each(fb::all_scalars{}, []<class T>() {
        auto const x = T::from_bits(1);
        CHECK(std::format("{}", x) == std::format("{}", static_cast<double>(x)));
    });
}
#endif
