// The random bits of consecutive elements: four blocks of Philox 4x32-10 at a time.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../../rounding/philox.hpp"

FEWBITS_TARGET_BEGIN("avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx2 {

/// The 16 words of the four blocks from `block` on. A 64-bit lane works on one block: the multiplications take its low halves, and what
/// the high halves hold does not matter.
inline void random_words_of(std::uint64_t seed, std::uint64_t block, std::uint32_t* out) noexcept {
    __m256i const number = _mm256_add_epi64(_mm256_set1_epi64x(static_cast<long long>(block)), _mm256_setr_epi64x(0, 2, 1, 3));
    __m256i c0 = number;
    __m256i c1 = _mm256_srli_epi64(number, 32);
    __m256i c2 = _mm256_setzero_si256();
    __m256i c3 = _mm256_setzero_si256();
    auto key0 = static_cast<std::uint32_t>(seed);
    auto key1 = static_cast<std::uint32_t>(seed >> 32);
    for (int round = 0; round < 10; ++round, key0 += 0x9E3779B9, key1 += 0xBB67AE85) {
        __m256i const p0 = _mm256_mul_epu32(c0, _mm256_set1_epi64x(0xD2511F53));
        __m256i const p1 = _mm256_mul_epu32(c2, _mm256_set1_epi64x(0xCD9E8D57));
        c0 = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(p1, 32), c1), _mm256_set1_epi64x(key0));
        c2 = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(p0, 32), c3), _mm256_set1_epi64x(key1));
        c1 = p1;
        c3 = p0;
    }
    __m256i const low = _mm256_blend_epi32(c0, _mm256_slli_epi64(c1, 32), 0xAA);   // words 0 and 1 of a block
    __m256i const high = _mm256_blend_epi32(c2, _mm256_slli_epi64(c3, 32), 0xAA);  // words 2 and 3
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_unpacklo_epi64(low, high));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 8), _mm256_unpackhi_epi64(low, high));
}

/// The words of elements from the one numbered `first`, a multiple of 4, on; `count` is rounded up to a multiple of 16.
inline void random_words(std::uint64_t seed, std::uint64_t first, std::size_t count, std::uint32_t* out) noexcept {
    for (std::size_t i = 0; i < count; i += 16) random_words_of(seed, (first + i) / 4, out + i);
}

}  // namespace avx2
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
