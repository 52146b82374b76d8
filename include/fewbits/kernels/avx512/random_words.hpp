// The random bits of consecutive elements: sixteen blocks of Philox 4x32-10 at a time.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../../rounding/philox.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// The words of eight blocks: word w of a block is the low half of its 64-bit lane of word[w].
struct random_blocks {
    __m512i word[4];
};

/// One round of the blocks; what the high halves hold does not matter, the multiplications take the low ones.
inline void mix(random_blocks& c, __m512i key0, __m512i key1) noexcept {
    __m512i const p0 = _mm512_mul_epu32(c.word[0], _mm512_set1_epi64(0xD2511F53));
    __m512i const p1 = _mm512_mul_epu32(c.word[2], _mm512_set1_epi64(0xCD9E8D57));
    c.word[0] = _mm512_ternarylogic_epi64(_mm512_srli_epi64(p1, 32), c.word[1], key0, 0x96);  // exclusive or of three
    c.word[2] = _mm512_ternarylogic_epi64(_mm512_srli_epi64(p0, 32), c.word[3], key1, 0x96);
    c.word[1] = p1;
    c.word[3] = p0;
}

/// Stores 32 words in the order of their elements.
inline void store_words(random_blocks const& c, std::uint32_t* out) noexcept {
    __m512i const low = _mm512_mask_shuffle_epi32(c.word[0], 0xAAAA, c.word[1], _MM_PERM_CCAA);
    __m512i const high = _mm512_mask_shuffle_epi32(c.word[2], 0xAAAA, c.word[3], _MM_PERM_CCAA);
    _mm512_storeu_si512(out, _mm512_unpacklo_epi64(low, high));
    _mm512_storeu_si512(out + 16, _mm512_unpackhi_epi64(low, high));
}

/// What the first two rounds of all blocks have in common whose counters agree in their high halves `high`: two words of four begin as 0.
struct first_rounds {
    __m512i key1;          ///< of the first round
    __m512i second_key0;
    __m512i second_word2;  ///< what word 2 of the second round takes besides the product of the first
    __m512i second_word3;

    first_rounds(std::uint32_t high, long long const (&key)[10][2]) noexcept {
        std::uint64_t const product = std::uint64_t{high ^ static_cast<std::uint32_t>(key[0][0])} * 0xD2511F53;
        key1 = _mm512_set1_epi64(key[0][1]);
        second_key0 = _mm512_set1_epi64(key[1][0]);
        second_word2 = _mm512_set1_epi64(static_cast<long long>(product >> 32) ^ key[1][1]);
        second_word3 = _mm512_set1_epi64(static_cast<long long>(product));
    }
};

/// Eight blocks after two rounds; low: the low halves of their counters.
[[gnu::always_inline]] inline random_blocks after_two_rounds(__m512i low, first_rounds const& common) noexcept {
    __m512i const p0 = _mm512_mul_epu32(low, _mm512_set1_epi64(0xD2511F53));
    __m512i const word2 = _mm512_xor_si512(_mm512_srli_epi64(p0, 32), common.key1);
    __m512i const p1 = _mm512_mul_epu32(word2, _mm512_set1_epi64(0xCD9E8D57));
    return {{_mm512_xor_si512(_mm512_srli_epi64(p1, 32), common.second_key0), p1, _mm512_xor_si512(p0, common.second_word2),
             common.second_word3}};
}

/// The words of elements from the one numbered `first`, a multiple of 4, on; `count` is rounded up to a multiple of 64. Rounds wait for
/// their own multiplications: two groups of blocks at once fill the gaps.
inline void random_words(std::uint64_t seed, std::uint64_t first, std::size_t count, std::uint32_t* out) noexcept {
    long long key[10][2];
    for (std::uint32_t round = 0; round < 10; ++round) {
        key[round][0] = static_cast<std::uint32_t>(seed) + round * 0x9E3779B9;
        key[round][1] = static_cast<std::uint32_t>(seed >> 32) + round * 0xBB67AE85;
    }
    __m512i const order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);  // as unpacking leaves the blocks
    first_rounds const common(static_cast<std::uint32_t>(first / 4 >> 32), key);
    bool const alike = first / 4 >> 32 == (first + count + 63) / 4 >> 32;
    for (std::size_t i = 0; i < count; i += 64) {
        __m512i const number = _mm512_add_epi64(_mm512_set1_epi64(static_cast<long long>((first + i) / 4)), order);
        __m512i const next = _mm512_add_epi64(number, _mm512_set1_epi64(8));
        random_blocks a{{number, _mm512_srli_epi64(number, 32), _mm512_setzero_si512(), _mm512_setzero_si512()}};
        random_blocks b{{next, _mm512_srli_epi64(next, 32), _mm512_setzero_si512(), _mm512_setzero_si512()}};
        if (alike) {
            a = after_two_rounds(number, common);
            b = after_two_rounds(next, common);
        }
        for (int round = alike ? 2 : 0; round < 10; ++round) {
            __m512i const key0 = _mm512_set1_epi64(key[round][0]);
            __m512i const key1 = _mm512_set1_epi64(key[round][1]);
            mix(a, key0, key1);
            mix(b, key0, key1);
        }
        store_words(a, out + i);
        store_words(b, out + i + 32);
    }
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
