// The arithmetic on scales themselves, sixteen groups at a time.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../group_quotients.hpp"
#include "statistics.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// The scales (or factors, or offsets) of 16 values from value i + 16 * Part on: number (i + 16 * Part) >> Shift for all, or one each. i
/// is a multiple of 64, so that the compiler sees which parts have one number in common.
template <int Shift, int Part>
[[gnu::always_inline]] inline __m512 numbers_at(float const* numbers, std::size_t i, __mmask16 lanes) noexcept {
    if constexpr (Shift == 0) return _mm512_maskz_loadu_ps(lanes, numbers + i + 16 * Part);
    return _mm512_set1_ps(numbers[(i >> Shift) + (std::size_t{16 * Part} >> Shift)]);
}

/// out[i] = f(numbers[i] / divisor)
inline void divide(float const* numbers, std::size_t count, float divisor, float* out) noexcept {
    __m512 const by = _mm512_set1_ps(divisor);
    for (std::size_t i = 0; i < count; i += 16) {
        __mmask16 const lanes = first_lanes(count - i);
        _mm512_mask_storeu_ps(out + i, lanes, _mm512_div_ps(_mm512_maskz_loadu_ps(lanes, numbers + i), by));
    }
}

/// Largest magnitudes become 2^max(floor(log2(magnitude)) - emax, -127) in place, 0 stays; emax >= 0.
inline void floor_to_scales(float* numbers, std::size_t count, int emax) noexcept {
    for (std::size_t i = 0; i < count; i += 16) {
        __mmask16 const lanes = first_lanes(count - i);
        __m512i const bits = _mm512_maskz_loadu_epi32(lanes, numbers + i);
        __m512i const field = _mm512_sub_epi32(_mm512_srli_epi32(bits, 23), _mm512_set1_epi32(emax));
        __mmask16 const normal = _mm512_cmpgt_epi32_mask(field, _mm512_setzero_si512());
        __m512i const scale = _mm512_mask_slli_epi32(_mm512_set1_epi32(0x00400000), normal, field, 23);
        _mm512_mask_storeu_epi32(numbers + i, lanes, _mm512_maskz_mov_epi32(_mm512_test_epi32_mask(bits, bits), scale));
    }
}

/// prepare_factors, see kernels/group_quotients.hpp.
template <scalar E, bool PowersOfTwo>
quotient_method prepare_factors(float const* scale, std::size_t count, float largest, float* factor) noexcept {
    __m512i const magnitude_mask = _mm512_set1_epi32(0x7FFFFFFF);
    __m512i lowest = magnitude_mask;
    __m512i highest = _mm512_setzero_si512();
    for (std::size_t i = 0; i < count; i += 16) {
        __mmask16 const lanes = first_lanes(count - i);
        __m512 const s = _mm512_maskz_loadu_ps(lanes, scale + i);
        __m512i const bits = _mm512_castps_si512(s);
        __m512i const magnitude = _mm512_and_si512(bits, magnitude_mask);
        __mmask16 const some = _mm512_test_epi32_mask(magnitude, magnitude);
        highest = _mm512_max_epi32(highest, magnitude);
        lowest = _mm512_mask_min_epi32(lowest, some, lowest, magnitude);
        __m512 result;
        if constexpr (PowersOfTwo) {
            __m512i const exponent = _mm512_and_si512(bits, _mm512_set1_epi32(0x7F800000));
            result = _mm512_castsi512_ps(_mm512_sub_epi32(_mm512_set1_epi32(254 << 23), exponent));
        } else if constexpr (E::kind == format_kind::codebook) {
            __m512 const least = _mm512_max_ps(_mm512_castsi512_ps(magnitude), _mm512_set1_ps(1e-38F));
            __m512 const reciprocal = _mm512_div_ps(_mm512_set1_ps(1.0F), least);
            result = _mm512_maskz_or_ps(some, reciprocal, _mm512_castsi512_ps(_mm512_andnot_si512(magnitude_mask, bits)));
        } else {
            result = _mm512_maskz_div_ps(some, _mm512_set1_ps(1.0F), s);
        }
        _mm512_mask_storeu_ps(factor + i, lanes, result);
    }
    return method_of<E, PowersOfTwo>({static_cast<std::uint32_t>(_mm512_reduce_min_epi32(lowest)),
                                      static_cast<std::uint32_t>(_mm512_reduce_max_epi32(highest)), bit_cast<std::uint32_t>(largest)});
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
