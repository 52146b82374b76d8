// One code per byte becomes dequantised floats: 64 at a time, tables of single bytes, scales applied in registers.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../portable/apply_scales.hpp"
#include "decode.hpp"
#include "group_scales.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

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

template <block_offset Kind, int Shift>
[[gnu::always_inline]] inline void store_scaled(__m512 value, float const* scale, float const* offset, std::size_t i, __mmask16 lanes,
                                                float* out) noexcept {
    __m512 const factor = numbers_at<Shift>(scale, i, lanes);
    if constexpr (Kind == block_offset::zero_point) value = _mm512_sub_ps(value, numbers_at<Shift>(offset, i, lanes));
    value = _mm512_mul_ps(value, factor);
    if constexpr (Kind == block_offset::minimum) value = _mm512_add_ps(value, numbers_at<Shift>(offset, i, lanes));
    if (lanes == 0xFFFF) {
        _mm512_storeu_ps(out + i, value);
    } else {
        _mm512_mask_storeu_ps(out + i, lanes, value);
    }
}

/// out[i] = codes[i] dequantised, i < count, under scale (and offset) i >> Shift; Shift is 0, or 4 and more.
template <scalar E, block_offset Kind, int Shift>
void decode_groups(std::uint8_t const* codes, std::size_t count, float const* scale, float const* offset, float* out) noexcept {
    static_assert(Shift == 0 || Shift >= 4);
    value_planes<E> const& table = value_planes_of<E>();
    __m512 values[4];
    std::size_t i = 0;
    for (; i + 64 <= count; i += 64) {
        values_of_64<E>(table, _mm512_loadu_si512(codes + i), values);
        store_scaled<Kind, Shift>(values[0], scale, offset, i, 0xFFFF, out);
        store_scaled<Kind, Shift>(values[1], scale, offset, i + 16, 0xFFFF, out);
        store_scaled<Kind, Shift>(values[2], scale, offset, i + 32, 0xFFFF, out);
        store_scaled<Kind, Shift>(values[3], scale, offset, i + 48, 0xFFFF, out);
    }
    if (i == count) return;
    values_of_64<E>(table, _mm512_maskz_loadu_epi8(first_bytes(count - i), codes + i), values);
    for (std::size_t j = 0; i < count; i += 16, ++j) {
        store_scaled<Kind, Shift>(values[j], scale, offset, i, first_lanes(count - i), out);
    }
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
