// One code per byte into a dense bit stream and back, 64 codes at a time.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../../config.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// In every 64-bit lane the indices of the first `Width` bytes of the eight of that lane, one lane's after another's.
template <int Width>
struct packed_bytes {
    alignas(64) std::uint8_t gather[64];   ///< where each byte of the stream comes from
    alignas(64) std::uint8_t scatter[64];  ///< which bytes of the stream each lane begins with
    alignas(64) std::uint8_t shift[64];    ///< where in its lane each code begins

    constexpr packed_bytes() : gather{}, scatter{}, shift{} {
        for (int i = 0; i < 64; ++i) {
            gather[i] = static_cast<std::uint8_t>(i < 8 * Width ? i / Width * 8 + i % Width : 0);
            scatter[i] = static_cast<std::uint8_t>(i / 8 * Width + i % 8);
            shift[i] = static_cast<std::uint8_t>(i % 8 * Width);
        }
    }
};

inline __mmask64 first_bytes(std::size_t count) noexcept { return count >= 64 ? ~__mmask64{0} : (__mmask64{1} << count) - 1; }

/// Packs `count` codes of `Width` < 8 bits into a little-endian bit stream; the last byte is padded with 0. Neighbours merge to 2, 4 and
/// 8 codes per lane, by multiplication as long as lanes are narrow.
template <int Width>
void pack_codes(std::uint8_t const* codes, std::size_t count, std::byte* out) noexcept {
    static_assert(Width >= 1 && Width <= 7);
    static constexpr packed_bytes<Width> places;
    __m512i const gather = _mm512_load_si512(places.gather);
    __m512i const by_two = _mm512_set1_epi16(static_cast<short>(1 + (256 << Width)));
    __m512i const by_four = _mm512_set1_epi32(1 + (65536 << (2 * Width)));
    __m512i const low_half = _mm512_set1_epi64(0xFFFFFFFF);
    for (std::size_t i = 0; i < count; i += 64, out += 8 * Width) {
        std::size_t const left = count - i;
        __m512i const bytes = _mm512_maskz_loadu_epi8(first_bytes(left), codes + i);
        __m512i const fours = _mm512_madd_epi16(_mm512_maddubs_epi16(by_two, bytes), by_four);
        __m512i const upper = _mm512_srli_epi64(_mm512_andnot_si512(low_half, fours), 32 - 4 * Width);
        __m512i const eights = _mm512_or_si512(_mm512_and_si512(fours, low_half), upper);
        std::size_t const stored = left >= 64 ? 8 * Width : (left * Width + 7) / 8;
        _mm512_mask_storeu_epi8(out, first_bytes(stored), _mm512_permutexvar_epi8(gather, eights));
    }
}

/// The reverse: `count` codes of `Width` < 8 bits from the byte at `packed` on, one per byte; reads no byte past the last code's.
template <int Width>
void unpack_codes(std::byte const* packed, std::size_t count, std::uint8_t* codes) noexcept {
    static_assert(Width >= 1 && Width <= 7);
    static constexpr packed_bytes<Width> places;
    __m512i const scatter = _mm512_load_si512(places.scatter);
    __m512i const shift = _mm512_load_si512(places.shift);
    __m512i const mask = _mm512_set1_epi8((1 << Width) - 1);
    for (std::size_t i = 0; i < count; i += 64, packed += 8 * Width) {
        std::size_t const left = count - i;
        std::size_t const stored = left >= 64 ? 8 * Width : (left * Width + 7) / 8;
        __m512i const bytes = _mm512_permutexvar_epi8(scatter, _mm512_maskz_loadu_epi8(first_bytes(stored), packed));
        _mm512_mask_storeu_epi8(codes + i, first_bytes(left), _mm512_and_si512(_mm512_multishift_epi64_epi8(shift, bytes), mask));
    }
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
