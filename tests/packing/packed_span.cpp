// packed_span over every width, length and offset against a bit-by-bit model; iterators, proxies and standard
// algorithms.
#include "model.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>
#include <ranges>

using namespace packing_model;

namespace {

template <class T> unsigned wrong_at_some_length() {
    unsigned wrong = 0;
    for (std::size_t count = 0; count <= 70; ++count) {
        bytes const original = random_bytes(fb::packed_size<T>(count) + 3, static_cast<unsigned>(count));
        std::size_t const usable = fb::packed_size<T>(count);
        wrong += (usable == (count * T::width + 7) / 8) ? 0U : 1U;
        // reading
        fb::packed_span<T const> const reading(std::span<std::byte const>(original.data(), usable), count);
        wrong += (reading.size() == count) ? 0U : 1U;
        for (std::size_t i = 0; i < count; ++i)
            wrong += (reading[i].bits() == read_bits(original, i * T::width, T::width)) ? 0U : 1U;
        // writing one element changes its bits and no others
        for (std::size_t i = 0; i < count; ++i) {
            bytes stored = original;
            bytes expected = original;
            unsigned const code = static_cast<unsigned>(i * 37 + count) & ((1U << T::width) - 1U);
            fb::packed_span<T>(std::span<std::byte>(stored.data(), usable), count)[i] = T::from_bits(code);
            write_bits(expected, i * T::width, T::width, code);
            wrong += (stored == expected) ? 0U : 1U;
        }
    }
    return wrong;
}

template <class T> unsigned wrong_at_some_offset() {
    unsigned wrong = 0;
    constexpr std::size_t count = 40;
    bytes const original = random_bytes(fb::packed_size<T>(count), 11);
    for (std::size_t offset = 0; offset <= count; ++offset) {
        for (std::size_t length = 0; length <= count - offset; length += length < 9 ? 1 : 7) {
            bytes stored = original;
            bytes expected = original;
            auto const part = fb::packed_span<T>(stored, count).subspan(offset, length);
            wrong += (part.size() == length) ? 0U : 1U;
            for (std::size_t i = 0; i < length; ++i) {
                wrong += (static_cast<T>(part[i]).bits() == read_bits(original, (offset + i) * T::width, T::width))
                             ? 0U
                             : 1U;
                unsigned const code = static_cast<unsigned>(~i * 5) & ((1U << T::width) - 1U);
                part[i] = T::from_bits(code);
                write_bits(expected, (offset + i) * T::width, T::width, code);
            }
            wrong += (stored == expected) ? 0U : 1U;
            // a slice of a slice, and a span that starts at an element
            if (length >= 2)
                wrong += (static_cast<T>(part.subspan(1)[0]).bits() == static_cast<T>(part[1]).bits()) ? 0U : 1U;
            fb::packed_span<T> const shifted(std::span<std::byte>(stored), length, offset);
            if (length >= 1)
                wrong +=
                    (static_cast<T>(shifted[length - 1]).bits() == static_cast<T>(part[length - 1]).bits()) ? 0U : 1U;
        }
    }
    return wrong;
}

} // namespace

TEMPLATE_TEST_CASE("every length: a dense little-endian bit stream", "[packing]", fb::uint_n<1>, fb::uint_n<2>,
    fb::uint_n<3>, fb::uint_n<4>, fb::uint_n<5>, fb::uint_n<6>, fb::uint_n<7>, fb::uint_n<8>, fb::fp16) {
    CHECK(wrong_at_some_length<TestType>() == 0U);
}

TEMPLATE_TEST_CASE("every offset: slices at any element", "[packing]", fb::uint_n<1>, fb::uint_n<2>, fb::uint_n<3>,
    fb::uint_n<4>, fb::uint_n<5>, fb::uint_n<6>, fb::uint_n<7>, fb::uint_n<8>, fb::fp16) {
    CHECK(wrong_at_some_offset<TestType>() == 0U);
}

TEST_CASE("4 bits: the low nibble first, 6 bits: four codes in a little-endian 24-bit integer", "[packing]") {
    bytes two(1);
    fb::packed_span<fb::e2m1> nibbles(two, 2);
    nibbles[0] = fb::e2m1::from_bits(0x3);
    nibbles[1] = fb::e2m1::from_bits(0xc);
    CHECK(two[0] == std::byte{0xc3});
    bytes four(3);
    fb::packed_span<fb::e3m2> sixes(four, 4);
    unsigned const codes[] = {0x15, 0x2a, 0x3f, 0x01};
    for (std::size_t i = 0; i < 4; ++i) sixes[i] = fb::e3m2::from_bits(codes[i]);
    unsigned const word = codes[0] | codes[1] << 6 | codes[2] << 12 | codes[3] << 18;
    CHECK(four == bytes{std::byte(word & 255U), std::byte(word >> 8 & 255U), std::byte(word >> 16)});
}

TEST_CASE("a span that does not fit is refused with the numbers", "[packing]") {
    bytes three(3);
    CHECK_NOTHROW(fb::packed_span<fb::e3m2>(three, 4));
    CHECK_THROWS_AS(fb::packed_span<fb::e3m2>(three, 5), std::invalid_argument);
    CHECK_THROWS_AS(fb::packed_span<fb::e3m2>(three, 1, 4), std::invalid_argument);
    CHECK_THROWS_AS(fb::packed_span<fb::e3m2>(three, ~std::size_t{0}), std::invalid_argument);
    CHECK_THROWS_AS(fb::packed_span<fb::e3m2>(three, 2, ~std::size_t{0}), std::invalid_argument);
    fb::packed_span<fb::e3m2> const all(three, 4);
    CHECK_THROWS_AS(all.subspan(5), std::invalid_argument);
    CHECK_THROWS_AS(all.subspan(2, 3), std::invalid_argument);
    CHECK_THROWS_AS(all.subspan(1, ~std::size_t{0} - 1), std::invalid_argument);
    CHECK(all.subspan(4).empty());
    CHECK(fb::packed_span<fb::e2m1>().empty());
    try {
        fb::packed_span<fb::e3m2> const refused(three, 5);
        FAIL();
    } catch (std::invalid_argument const& error) {
        std::string const text = error.what();
        CHECK(text.find('5') != std::string::npos);
        CHECK(text.find('3') != std::string::npos);
    }
}

static_assert(std::random_access_iterator<fb::packed_span<fb::e2m1>::iterator>);
static_assert(std::random_access_iterator<fb::packed_span<fb::e2m1 const>::iterator>);
static_assert(std::indirectly_writable<fb::packed_span<fb::e2m1>::iterator, fb::e2m1>);
static_assert(std::is_convertible_v<fb::packed_span<fb::e2m1>, fb::packed_span<fb::e2m1 const>>);
static_assert(!std::is_convertible_v<fb::packed_span<fb::e2m1 const>, fb::packed_span<fb::e2m1>>);

TEST_CASE("iterators are random access", "[packing]") {
    bytes const raw = random_bytes(15, 4);
    fb::packed_span<fb::int_n<3> const> const view(raw, 40);
    auto const first = view.begin();
    CHECK(view.end() - first == 40);
    auto it = first;
    CHECK(*it++ == view[0]);
    CHECK(*it == view[1]);
    CHECK(*++it == view[2]);
    CHECK(*--it == view[1]);
    CHECK(*it-- == view[1]);
    CHECK(it == first);
    CHECK(*(it + 7) == view[7]);
    CHECK(*(7 + it) == view[7]);
    CHECK(it[9] == view[9]);
    it += 12;
    it -= 2;
    CHECK(it - first == 10);
    CHECK(*(it - 3) == view[7]);
    CHECK((first < it && it > first && first <= it && it >= first && first != it));
}

TEST_CASE("standard algorithms over packed elements", "[packing]") {
    auto check = [](auto tag) {
        using T = decltype(tag);
        constexpr std::size_t count = 61;
        bytes raw = random_bytes(fb::packed_size<T>(count) + 1, 5);
        std::byte const beyond = raw.back();
        fb::packed_span<T> const packed(raw, count);
        std::vector<T> plain(packed.begin(), packed.end());
        std::sort(packed.begin(), packed.end());
        std::sort(plain.begin(), plain.end());
        CHECK(std::equal(packed.begin(), packed.end(), plain.begin()));
        CHECK(std::is_sorted(packed.begin(), packed.end()));
        std::reverse(packed.begin(), packed.end());
        std::reverse(plain.begin(), plain.end());
        CHECK(std::equal(packed.begin(), packed.end(), plain.begin()));
        std::rotate(packed.begin(), packed.begin() + 17, packed.end());
        std::rotate(plain.begin(), plain.begin() + 17, plain.end());
        CHECK(std::equal(packed.begin(), packed.end(), plain.begin()));
        bytes other(raw.size());
        fb::packed_span<T> const copy(other, count);
        std::copy(packed.begin(), packed.end(), copy.begin());
        CHECK(std::equal(copy.begin(), copy.end(), plain.begin()));
        std::fill(copy.begin() + 3, copy.begin() + 9, T(1));
        CHECK(std::count(copy.begin() + 3, copy.begin() + 9, T(1)) == 6);
        CHECK(static_cast<T>(copy[9]) == plain[9]);
        CHECK(raw.back() == beyond);
        std::ranges::sort(packed.begin(), packed.end());
        CHECK(std::ranges::is_sorted(packed.begin(), packed.end()));
    };
    check(fb::int_n<3>{});
    check(fb::uint_n<5>{});
    check(fb::e2m1{});
    check(fb::e3m2{});
    check(fb::int_n<8>{});
}

TEST_CASE("proxies: assignment copies the value, swap exchanges", "[packing]") {
    bytes raw = random_bytes(8, 6);
    fb::packed_span<fb::uint_n<5>> const s(raw, 12);
    fb::uint_n<5> const a = s[0];
    fb::uint_n<5> const b = s[7];
    swap(s[0], s[7]);
    CHECK(static_cast<fb::uint_n<5>>(s[0]).bits() == b.bits());
    CHECK(static_cast<fb::uint_n<5>>(s[7]).bits() == a.bits());
    s[3] = s[7];
    CHECK(static_cast<fb::uint_n<5>>(s[3]).bits() == a.bits());
    auto proxy = s[4];
    proxy = s[0]; // writes through, does not rebind
    CHECK(static_cast<fb::uint_n<5>>(s[4]).bits() == b.bits());
    s[1] = s[2] = fb::uint_n<5>::from_bits(9);
    CHECK(static_cast<fb::uint_n<5>>(s[1]).bits() == 9U);
    fb::uint_n<5> loose = fb::uint_n<5>::from_bits(21);
    swap(s[1], loose);
    CHECK(loose.bits() == 9U);
    CHECK(static_cast<fb::uint_n<5>>(s[1]).bits() == 21U);
    std::iter_swap(s.begin(), s.begin() + 1);
    CHECK(static_cast<fb::uint_n<5>>(s[0]).bits() == 21U);
}
