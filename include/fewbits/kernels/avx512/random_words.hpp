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

/// The words of elements from the one numbered `first`, a multiple of 4, on; `count` is rounded up to a multiple of 64. Rounds wait for
/// their own multiplications: two groups of blocks at once fill the gaps.
inline void random_words(std::uint64_t seed, std::uint64_t first, std::size_t count, std::uint32_t* out) noexcept {
    long long key[10][2];
    for (std::uint32_t round = 0; round < 10; ++round) {
        key[round][0] = static_cast<std::uint32_t>(seed) + round * 0x9E3779B9;
        key[round][1] = static_cast<std::uint32_t>(seed >> 32) + round * 0xBB67AE85;
    }
    __m512i const order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);  // as unpacking leaves the blocks
    for (std::size_t i = 0; i < count; i += 64) {
        __m512i const number = _mm512_add_epi64(_mm512_set1_epi64(static_cast<long long>((first + i) / 4)), order);
        __m512i const next = _mm512_add_epi64(number, _mm512_set1_epi64(8));
        random_blocks a{{number, _mm512_srli_epi64(number, 32), _mm512_setzero_si512(), _mm512_setzero_si512()}};
        random_blocks b{{next, _mm512_srli_epi64(next, 32), _mm512_setzero_si512(), _mm512_setzero_si512()}};
        for (int round = 0; round < 10; ++round) {
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
