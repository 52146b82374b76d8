// Codes, one per byte or per two, become floats: 64 at a time through tables of single bytes.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../portable/value_planes.hpp"
#include "pack_codes.hpp"
#include "repeated.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// Entry `code` of 64, 128 or 256 bytes.
template <int Width>
__m512i looked_up_byte(std::uint8_t const* plane, __m512i code) noexcept {
    if constexpr (Width <= 6) {
        return _mm512_permutexvar_epi8(code, _mm512_load_si512(plane));
    } else if constexpr (Width == 7) {
        return _mm512_permutex2var_epi8(_mm512_load_si512(plane), code, _mm512_load_si512(plane + 64));
    } else {
        __m512i const low = looked_up_byte<7>(plane, code);
        return _mm512_mask_mov_epi8(low, _mm512_movepi8_mask(code), looked_up_byte<7>(plane + 128, code));
    }
}

/// The values of 64 codes, bit for bit as a float has them.
template <scalar E>
[[gnu::always_inline]] inline void values_of_64(value_planes<E> const& table, __m512i code, __m512 (&values)[4]) noexcept {
    // Unpacking interleaves within 128 bits: four bytes of every quarter of the codes belong into each.
    code = _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), code);
    __m512i const zero = _mm512_setzero_si512();
    __m512i const byte2 = looked_up_byte<E::width>(table.byte[2], code);
    __m512i const byte3 = looked_up_byte<E::width>(table.byte[3], code);
    __m512i low[2] = {zero, zero};
    if constexpr (!value_planes<E>::upper_half_only) {
        __m512i const byte0 = looked_up_byte<E::width>(table.byte[0], code);
        __m512i const byte1 = looked_up_byte<E::width>(table.byte[1], code);
        low[0] = _mm512_unpacklo_epi8(byte0, byte1);
        low[1] = _mm512_unpackhi_epi8(byte0, byte1);
    }
    __m512i const high[2] = {_mm512_unpacklo_epi8(byte2, byte3), _mm512_unpackhi_epi8(byte2, byte3)};
    values[0] = _mm512_castsi512_ps(_mm512_unpacklo_epi16(low[0], high[0]));
    values[1] = _mm512_castsi512_ps(_mm512_unpackhi_epi16(low[0], high[0]));
    values[2] = _mm512_castsi512_ps(_mm512_unpacklo_epi16(low[1], high[1]));
    values[3] = _mm512_castsi512_ps(_mm512_unpackhi_epi16(low[1], high[1]));
}

/// out[i] = the value of codes[i], for formats of at most 8 bits.
template <scalar T>
    requires(T::width <= 8)
void decode_row(std::byte const* codes, std::size_t count, float* out) noexcept {
    value_planes<T> const& table = value_planes_of<T>();
    std::size_t i = 0;
    for (; i + 64 <= count; i += 64) {
        __m512 values[4];  // of one step, so that it stays in registers
        values_of_64<T>(table, _mm512_loadu_si512(codes + i), values);
        repeated<4>([&](std::size_t j) __attribute__((always_inline)) { _mm512_storeu_ps(out + i + 16 * j, values[j]); });
    }
    if (i == count) return;
    __m512 values[4];
    values_of_64<T>(table, _mm512_maskz_loadu_epi8(first_bytes(count - i), codes + i), values);
    for (std::size_t j = 0; i < count; i += 16, ++j) {
        _mm512_mask_storeu_ps(out + i, static_cast<__mmask16>(first_bytes(count - i)), values[j]);
    }
}

/// out[i] = the value of the i-th 16-bit code; every NaN becomes the canonical one of its sign.
template <scalar T>
    requires(is_upper_half<T> || is_half_precision<T>)
void decode_row(std::byte const* codes, std::size_t count, float* out) noexcept {
    __m512i const infinity = _mm512_set1_epi32(static_cast<int>(T::codec::infinity_magnitude));
    for (std::size_t i = 0; i < count; i += 16) {
        auto const lanes = static_cast<__mmask16>(first_bytes(count - i));
        __m256i const code = _mm256_maskz_loadu_epi16(lanes, codes + 2 * i);
        __m512i const wide = _mm512_cvtepu16_epi32(code);
        __m512i value = _mm512_slli_epi32(wide, 16);
        __m512i const sign = _mm512_and_si512(value, _mm512_set1_epi32(static_cast<int>(0x80000000)));
        __mmask16 const nan = _mm512_cmpgt_epi32_mask(_mm512_and_si512(wide, _mm512_set1_epi32(0x7FFF)), infinity);
        if constexpr (is_half_precision<T>) value = _mm512_castps_si512(_mm512_cvtph_ps(code));
        value = _mm512_mask_or_epi32(value, nan, sign, _mm512_set1_epi32(0x7FC00000));
        _mm512_mask_storeu_epi32(out + i, lanes, value);
    }
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
