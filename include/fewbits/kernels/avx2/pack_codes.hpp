// One code per byte into a dense bit stream and back, 32 codes at a time.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../../config.hpp"

FEWBITS_TARGET_BEGIN("avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx2 {

/// Packs `count` codes of `Width` < 8 bits into a little-endian bit stream; the last byte is padded with 0. Neighbours merge to 2, 4 and
/// 8 codes per lane, by multiplication as long as lanes are narrow.
template <int Width>
void pack_codes(std::uint8_t const* codes, std::size_t count, std::byte* out) noexcept {
    static_assert(Width >= 1 && Width <= 7);
    alignas(32) std::uint8_t order[16];  // the first Width bytes of either half
    for (int i = 0; i < 16; ++i) order[i] = static_cast<std::uint8_t>(i < 2 * Width ? i / Width * 8 + i % Width : 0x80);
    __m256i const gather = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<__m128i const*>(order)));
    __m256i const by_two = _mm256_set1_epi16(static_cast<short>(1 + (256 << Width)));
    __m256i const by_four = _mm256_set1_epi32(1 + (65536 << (2 * Width)));
    for (std::size_t i = 0; i < count; i += 32, out += 4 * Width) {
        std::uint8_t last[32] = {};
        std::size_t const left = count - i;
        if (left < 32) std::memcpy(last, codes + i, left);
        __m256i const bytes = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(left < 32 ? last : codes + i));
        __m256i const fours = _mm256_madd_epi16(_mm256_maddubs_epi16(by_two, bytes), by_four);
        __m256i const upper = _mm256_srli_epi64(_mm256_blend_epi32(fours, _mm256_setzero_si256(), 0x55), 32 - 4 * Width);
        __m256i const eights = _mm256_or_si256(_mm256_blend_epi32(fours, _mm256_setzero_si256(), 0xAA), upper);
        __m256i const packed = _mm256_shuffle_epi8(eights, gather);
        std::byte last_bytes[32];
        bool const room = left / 8 * Width >= 2 * Width + 16;  // for sixteen bytes at a time
        std::byte* const to = room ? out : last_bytes;
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(packed));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 2 * Width), _mm256_extracti128_si256(packed, 1));
        if (!room) std::memcpy(out, last_bytes, left >= 32 ? 4 * Width : (left * Width + 7) / 8);
    }
}

/// Where `mask` has a one bit that of `a`, else that of `b`.
inline __m256i merged(__m256i mask, __m256i a, __m256i b) noexcept {
    return _mm256_or_si256(_mm256_and_si256(mask, a), _mm256_andnot_si256(mask, b));
}

/// The reverse: `count` codes of `Width` < 8 bits from the byte at `packed` on, one per byte; reads no byte past the last code's.
/// Eight codes of a lane move apart to 4, 2 and 1 per part.
template <int Width>
void unpack_codes(std::byte const* packed, std::size_t count, std::uint8_t* codes) noexcept {
    static_assert(Width >= 1 && Width <= 7);
    alignas(32) std::uint8_t order[16];  // Width bytes to begin either half with
    for (int i = 0; i < 16; ++i) order[i] = static_cast<std::uint8_t>(i % 8 < Width ? i / 8 * Width + i % 8 : 0x80);
    __m256i const scatter = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<__m128i const*>(order)));
    __m256i const fours = _mm256_set1_epi64x((std::int64_t{1} << (4 * Width)) - 1);
    __m256i const twos = _mm256_set1_epi32((1 << (2 * Width)) - 1);
    __m256i const ones = _mm256_set1_epi16((1 << Width) - 1);
    std::size_t const bytes = count / 8 * Width + (count % 8 * Width + 7) / 8;
    for (std::size_t i = 0; i < count; i += 32) {
        std::size_t const at = i / 8 * Width;
        std::byte last[48];
        std::byte const* from = packed + at;
        if (bytes - at < 2 * Width + 16) {
            std::memcpy(last, from, bytes - at);
            from = last;
        }
        __m128i const low = _mm_loadu_si128(reinterpret_cast<__m128i const*>(from));
        __m128i const high = _mm_loadu_si128(reinterpret_cast<__m128i const*>(from + 2 * Width));
        __m256i x = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), scatter);
        x = merged(fours, x, _mm256_slli_epi64(x, 32 - 4 * Width));
        x = merged(twos, x, _mm256_slli_epi32(x, 16 - 2 * Width));
        x = merged(ones, x, _mm256_slli_epi16(x, 8 - Width));
        x = _mm256_and_si256(x, _mm256_set1_epi8((1 << Width) - 1));
        if (count - i >= 32) {
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes + i), x);
        } else {
            std::uint8_t some[32];
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(some), x);
            std::memcpy(codes + i, some, count - i);
        }
    }
}

}  // namespace avx2
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
