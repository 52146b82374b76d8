// Codes, one per byte or per two, become floats: 32 at a time through tables of single bytes.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../portable/value_planes.hpp"

FEWBITS_TARGET_BEGIN("avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx2 {

/// Entry `code` of 2^Width bytes: sixteen at a time are looked up, and a code's upper bits choose.
template <int Width>
__m256i looked_up_byte(std::uint8_t const* plane, __m256i code, __m256i low_bits) noexcept {
    if constexpr (Width <= 4) {
        __m128i const sixteen = _mm_load_si128(reinterpret_cast<__m128i const*>(plane));
        return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(sixteen), low_bits);
    } else {
        __m256i const low = looked_up_byte<Width - 1>(plane, code, low_bits);
        __m256i const high = looked_up_byte<Width - 1>(plane + (1 << (Width - 1)), code, low_bits);
        return _mm256_blendv_epi8(low, high, _mm256_slli_epi16(code, 8 - Width));  // by the highest bit of each byte
    }
}

/// The values of 32 codes, bit for bit as a float has them.
template <scalar T>
[[gnu::always_inline]] inline void values_of_32(value_planes<T> const& table, void const* codes, __m256 (&values)[4]) noexcept {
    if constexpr (T::kind == format_kind::integer) {
        using codec = typename T::codec;
        if constexpr (T::width == 8 && codec::exponent == 0 && codec::excess == 0) {
            for (int j = 0; j < 4; ++j) {
                __m128i const eight = _mm_loadl_epi64(reinterpret_cast<__m128i const*>(static_cast<std::byte const*>(codes) + 8 * j));
                __m256i const wide = codec::lowest < 0 ? _mm256_cvtepi8_epi32(eight) : _mm256_cvtepu8_epi32(eight);
                values[j] = _mm256_cvtepi32_ps(wide);
            }
            return;
        }
    }
    // Unpacking interleaves within 128 bits: four bytes of every eight codes belong into each.
    __m256i const halves = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
    __m256i const code = _mm256_permutevar8x32_epi32(_mm256_loadu_si256(static_cast<__m256i const*>(codes)), halves);
    __m256i const low_bits = _mm256_and_si256(code, _mm256_set1_epi8(15));
    __m256i low[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    if constexpr (!value_planes<T>::upper_half_only) {
        __m256i const byte0 = looked_up_byte<T::width>(table.byte[0], code, low_bits);
        __m256i const byte1 = looked_up_byte<T::width>(table.byte[1], code, low_bits);
        low[0] = _mm256_unpacklo_epi8(byte0, byte1);
        low[1] = _mm256_unpackhi_epi8(byte0, byte1);
    }
    __m256i const byte2 = looked_up_byte<T::width>(table.byte[2], code, low_bits);
    __m256i const byte3 = looked_up_byte<T::width>(table.byte[3], code, low_bits);
    __m256i const high[2] = {_mm256_unpacklo_epi8(byte2, byte3), _mm256_unpackhi_epi8(byte2, byte3)};
    values[0] = _mm256_castsi256_ps(_mm256_unpacklo_epi16(low[0], high[0]));
    values[1] = _mm256_castsi256_ps(_mm256_unpackhi_epi16(low[0], high[0]));
    values[2] = _mm256_castsi256_ps(_mm256_unpacklo_epi16(low[1], high[1]));
    values[3] = _mm256_castsi256_ps(_mm256_unpackhi_epi16(low[1], high[1]));
}

/// out[i] = the value of codes[i], for formats of at most 8 bits.
template <scalar T>
    requires(T::width <= 8)
void decode_row(std::byte const* codes, std::size_t count, float* out) noexcept {
    value_planes<T> const& table = value_planes_of<T>();
    __m256 values[4];
    std::size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        values_of_32<T>(table, codes + i, values);
        for (int j = 0; j < 4; ++j) _mm256_storeu_ps(out + i + 8 * j, values[j]);
    }
    if (i < count) {
        std::byte last[32] = {};
        float some[32];
        std::memcpy(last, codes + i, count - i);
        values_of_32<T>(table, last, values);
        for (int j = 0; j < 4; ++j) _mm256_storeu_ps(some + 8 * j, values[j]);
        std::memcpy(out + i, some, (count - i) * sizeof(float));
    }
}

/// Eight values of 16-bit codes; every NaN becomes the canonical one of its sign.
template <scalar T>
__m256i decode_8(__m128i code) noexcept {
    __m256i const wide = _mm256_cvtepu16_epi32(code);
    __m256i value = _mm256_slli_epi32(wide, 16);
    __m256i const sign = _mm256_and_si256(value, _mm256_set1_epi32(static_cast<int>(0x80000000)));
    __m256i const canonical = _mm256_or_si256(sign, _mm256_set1_epi32(0x7FC00000));
    __m256i const infinity = _mm256_set1_epi32(static_cast<int>(T::codec::infinity_magnitude));
    __m256i const nan = _mm256_cmpgt_epi32(_mm256_and_si256(wide, _mm256_set1_epi32(0x7FFF)), infinity);
    if constexpr (is_half_precision<T>) value = _mm256_castps_si256(_mm256_cvtph_ps(code));
    return _mm256_blendv_epi8(value, canonical, nan);
}

/// out[i] = the value of the i-th 16-bit code.
template <scalar T>
    requires(is_upper_half<T> || is_half_precision<T>)
void decode_row(std::byte const* codes, std::size_t count, float* out) noexcept {
    std::size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        __m128i const code = _mm_loadu_si128(reinterpret_cast<__m128i const*>(codes + 2 * i));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), decode_8<T>(code));
    }
    if (i < count) {
        std::byte last[16] = {};
        float values[8];
        std::memcpy(last, codes + 2 * i, 2 * (count - i));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(values), decode_8<T>(_mm_loadu_si128(reinterpret_cast<__m128i const*>(last))));
        std::memcpy(out + i, values, (count - i) * sizeof(float));
    }
}

}  // namespace avx2
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
