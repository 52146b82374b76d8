// The random bits of consecutive elements: 32 blocks of Philox 4x32-10 at a time.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../../rounding/philox.hpp"
#include "repeated.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// Rounds wait for their own multiplications: four groups of eight blocks fill the gaps.
inline constexpr std::size_t groups_of_blocks = 4;
inline constexpr std::size_t words_at_once = 32 * groups_of_blocks;

/// The words of eight blocks: word w of a block is the low half of its 64-bit lane of word[w].
struct random_blocks {
    __m512i word[4];
};

/// The high halves of 64-bit lanes, in their low ones.
[[gnu::always_inline]] inline __m512i high_halves(__m512i x) noexcept { return _mm512_shuffle_epi32(x, _MM_PERM_DDBB); }

/// One round of the blocks; what the high halves hold does not matter, the multiplications take the low ones.
[[gnu::always_inline]] inline void mix(random_blocks& c, __m512i key0, __m512i key1) noexcept {
    __m512i const p0 = _mm512_mul_epu32(c.word[0], _mm512_set1_epi64(0xD2511F53));
    __m512i const p1 = _mm512_mul_epu32(c.word[2], _mm512_set1_epi64(0xCD9E8D57));
    c.word[0] = _mm512_ternarylogic_epi64(high_halves(p1), c.word[1], key0, 0x96);  // exclusive or of three
    c.word[2] = _mm512_ternarylogic_epi64(high_halves(p0), c.word[3], key1, 0x96);
    c.word[1] = p1;
    c.word[3] = p0;
}

/// Stores 32 words in the order of their elements.
[[gnu::always_inline]] inline void store_words(random_blocks const& c, std::uint32_t* out) noexcept {
    __m512i const low = _mm512_mask_shuffle_epi32(c.word[0], 0xAAAA, c.word[1], _MM_PERM_CCAA);
    __m512i const high = _mm512_mask_shuffle_epi32(c.word[2], 0xAAAA, c.word[3], _MM_PERM_CCAA);
    _mm512_storeu_si512(out, _mm512_unpacklo_epi64(low, high));
    _mm512_storeu_si512(out + 16, _mm512_unpackhi_epi64(low, high));
}

/// The keys of the rounds.
struct round_keys {
    long long of[10][2];

    explicit round_keys(std::uint64_t seed) noexcept {
        for (std::uint32_t round = 0; round < 10; ++round) {
            of[round][0] = static_cast<std::uint32_t>(seed) + round * 0x9E3779B9;
            of[round][1] = static_cast<std::uint32_t>(seed >> 32) + round * 0xBB67AE85;
        }
    }
};

/// Eight blocks after two rounds; low: the low halves of their counters, whose high halves are all `high`. Two words of four begin as 0.
[[gnu::always_inline]] inline random_blocks after_two_rounds(__m512i low, std::uint32_t high, round_keys const& key) noexcept {
    std::uint64_t const first = std::uint64_t{high ^ static_cast<std::uint32_t>(key.of[0][0])} * 0xD2511F53;
    __m512i const p0 = _mm512_mul_epu32(low, _mm512_set1_epi64(0xD2511F53));
    __m512i const p1 = _mm512_mul_epu32(_mm512_xor_si512(high_halves(p0), _mm512_set1_epi64(key.of[0][1])), _mm512_set1_epi64(0xCD9E8D57));
    return {{_mm512_xor_si512(high_halves(p1), _mm512_set1_epi64(key.of[1][0])), p1,
             _mm512_xor_si512(p0, _mm512_set1_epi64(static_cast<long long>(first >> 32) ^ key.of[1][1])),
             _mm512_set1_epi64(static_cast<long long>(first))}};
}

/// The words of elements from the one numbered `first`, a multiple of 4, on; `count` is rounded up to a multiple of words_at_once.
inline void random_words(std::uint64_t seed, std::uint64_t first, std::size_t count, std::uint32_t* out) noexcept {
    round_keys const key(seed);
    __m512i const order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);  // as unpacking leaves the blocks
    for (std::size_t i = 0; i < count; i += words_at_once) {
        std::uint64_t const block = (first + i) / 4;
        if (block >> 32 != (block + words_at_once / 4 - 1) >> 32) {
            for (std::size_t j = i; j < i + words_at_once; ++j) out[j] = random_word(seed, first + j);
            continue;
        }
        __m512i const low = _mm512_add_epi64(_mm512_set1_epi64(static_cast<long long>(block)), order);
        random_blocks blocks[groups_of_blocks];
        repeated<groups_of_blocks>([&](std::size_t g) __attribute__((always_inline)) {
            __m512i const own = _mm512_add_epi64(low, _mm512_set1_epi64(static_cast<long long>(8 * g)));
            blocks[g] = after_two_rounds(own, static_cast<std::uint32_t>(block >> 32), key);
        });
        for (int round = 2; round < 10; ++round) {
            __m512i const key0 = _mm512_set1_epi64(key.of[round][0]);
            __m512i const key1 = _mm512_set1_epi64(key.of[round][1]);
            repeated<groups_of_blocks>([&](std::size_t g) __attribute__((always_inline)) { mix(blocks[g], key0, key1); });
        }
        repeated<groups_of_blocks>([&](std::size_t g) __attribute__((always_inline)) { store_words(blocks[g], out + i + 32 * g); });
    }
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
