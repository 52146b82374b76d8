// The vector generators of random bits against the definition, word by word; ternary digits by vectors.
#include <fewbits/quantize/spans.hpp>

#include <catch2/catch.hpp>

#include <cstdint>
#include <vector>

namespace fb = fewbits;

TEST_CASE("vectors of random words are those of their elements, also where counters grow past 32 bits", "[quantize][philox]") {
#if defined(__x86_64__)
    constexpr std::uint64_t edge = std::uint64_t{1} << 34; // the first element of block 2^32
    for (std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{0x0123'4567'89ab'cdef}, ~std::uint64_t{0}}) {
        for (std::uint64_t first : {std::uint64_t{0}, std::uint64_t{4}, edge - 516, edge - 512, edge - 256, edge - 64, edge - 12, edge, 7 * edge + 60}) {
            for (std::size_t count : {std::size_t{1}, std::size_t{64}, std::size_t{128}, std::size_t{200}, std::size_t{512}}) {
                std::vector<std::uint32_t> words(count + fb::avx512::words_at_once);
                auto const check = [&](char const* isa) {
                    std::size_t wrong = 0;
                    for (std::size_t i = 0; i < count; ++i) wrong += words[i] == fb::random_word(seed, first + i) ? 0U : 1U;
                    CAPTURE(isa, seed, first, count);
                    CHECK(wrong == 0);
                };
                if (fb::runs(fb::this_processor(), fb::isa::avx512{})) {
                    fb::avx512::random_words(seed, first, count, words.data());
                    check("avx512");
                }
                if (fb::runs(fb::this_processor(), fb::isa::avx2{})) {
                    fb::avx2::random_words(seed, first, count, words.data());
                    check("avx2");
                }
            }
        }
    }
#endif
}

TEST_CASE("vectors of ternary digits are those of their bytes", "[quantize][trits]") {
    for (std::size_t count : {std::size_t{1}, std::size_t{5}, std::size_t{64}, std::size_t{65}, std::size_t{255}, std::size_t{256}, std::size_t{257}, std::size_t{1000}}) {
        std::vector<std::byte> bytes(fb::trit_bytes(count));
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 37 + count); // above 242 too
        std::vector<std::uint8_t> want(count + 1, 77);
        std::vector<std::uint8_t> got(count + 1, 77);
        fb::unpack_trits(bytes.data(), count, want.data());
        fb::unpack_trits(fb::this_processor(), bytes.data(), count, got.data());
        CHECK(got == want);
    }
}
