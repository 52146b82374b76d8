// Philox 4x32-10 against the published known answers, and the element-to-word mapping of bulk rounding.
#include <fewbits/rounding/philox.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <set>

namespace fb = fewbits;

namespace {

struct known_answer {
    std::array<std::uint32_t, 4> counter;
    std::array<std::uint32_t, 2> key;
    std::array<std::uint32_t, 4> result;
};

// Random123's kat_vectors, "philox4x32 10"
constexpr known_answer published[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff},
        {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0},
        {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

constexpr bool matches(known_answer const& k) {
    auto const got = fb::philox4x32_10({{k.counter[0], k.counter[1], k.counter[2], k.counter[3]}}, k.key[0], k.key[1]);
    for (std::size_t i = 0; i < 4; ++i) {
        if (got.word[i] != k.result[i]) return false;
    }
    return true;
}

} // namespace

static_assert(matches(published[0]) && matches(published[1]) && matches(published[2]));

TEST_CASE("the published known answers", "[rounding][philox]") {
    for (known_answer const& k : published) REQUIRE(matches(k));
}

TEST_CASE("element i uses word i mod 4 of block i / 4 under the seed's two halves", "[rounding][philox]") {
    constexpr std::uint64_t indices[] = {0, 1, 2, 3, 4, 5, 1000003, (1ULL << 34) + 1, ~0ULL};
    for (std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{42}, std::uint64_t{0x0123'4567'89ab'cdef}}) {
        for (std::uint64_t i : indices) {
            auto const low = static_cast<std::uint32_t>(i / 4);
            auto const high = static_cast<std::uint32_t>(i / 4 >> 32);
            auto const block = fb::philox4x32_10(
                {{low, high, 0, 0}}, static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32));
            REQUIRE(fb::random_word(seed, i) == block.word[i % 4]);
        }
    }
    REQUIRE(fb::random_word(0, 0) == 0x6627e8d5U);
    REQUIRE(fb::random_word(0, 3) == 0x9b00dbd8U);
}

TEST_CASE("words look random: distinct, and each bit set half of the time", "[rounding][philox]") {
    constexpr int count = 4096;
    std::set<std::uint32_t> seen;
    std::array<int, 32> ones{};
    for (std::uint64_t i = 0; i < count; ++i) {
        std::uint32_t const word = fb::random_word(7, i);
        seen.insert(word);
        for (std::size_t b = 0; b < 32; ++b) ones[b] += static_cast<int>((word >> b) & 1U);
    }
    CHECK(seen.size() >= count - 8); // about 0.002 collisions are expected
    for (int n : ones) {
        CHECK(n > count / 2 - 200); // six standard deviations are 192
        CHECK(n < count / 2 + 200);
    }
}
