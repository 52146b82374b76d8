// Largest magnitude and range of every group of a row, sixteen values at a time.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../../bits/integer.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,fma,f16c,bmi2")
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// The mask of the first `count` of 16 lanes.
inline __mmask16 first_lanes(std::size_t count) noexcept {
    return static_cast<__mmask16>(count >= 16 ? 0xFFFFU : (1U << count) - 1U);
}

/// Sixteen magnitudes, ordered like their bits.
inline __m512i magnitudes(float const* values, __mmask16 lanes) noexcept {
    return _mm512_and_si512(_mm512_set1_epi32(0x7FFFFFFF), _mm512_maskz_loadu_epi32(lanes, values));
}

/// Raises maxima[g] to the largest magnitude of values [g * group, (g + 1) * group), for the groups that `count` values touch.
/// Returns the bits of the largest of all: 0x7F800000 or above where a value is not finite.
inline std::uint32_t raise_group_maxima(float const* values, std::size_t count, std::size_t group, float* maxima) noexcept {
    __m512i all = _mm512_setzero_si512();
    if (group == 1) {
        for (std::size_t i = 0; i < count; i += 16) {
            __mmask16 const lanes = first_lanes(count - i);
            __m512i const raised = _mm512_max_epi32(magnitudes(values + i, lanes), magnitudes(maxima + i, lanes));
            _mm512_mask_storeu_epi32(maxima + i, lanes, raised);
            all = _mm512_max_epi32(all, raised);
        }
        return static_cast<std::uint32_t>(_mm512_reduce_max_epi32(all));
    }
    for (std::size_t first = 0; first < count; first += group, ++maxima) {
        std::size_t const end = count - first < group ? count : first + group;
        __m512i largest = _mm512_setzero_si512();
        std::size_t i = first;
        for (; i + 16 <= end; i += 16) largest = _mm512_max_epi32(largest, magnitudes(values + i, 0xFFFF));
        if (i < end) largest = _mm512_max_epi32(largest, magnitudes(values + i, first_lanes(end - i)));
        all = _mm512_max_epi32(all, largest);
        __m256i const half = _mm256_max_epi32(_mm512_castsi512_si256(largest), _mm512_extracti64x4_epi64(largest, 1));
        __m128i top = _mm_max_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
        top = _mm_max_epi32(top, _mm_shuffle_epi32(top, 0x4E));
        top = _mm_max_epi32(top, _mm_shuffle_epi32(top, 0xB1));
        top = _mm_max_epi32(top, _mm_castps_si128(_mm_load_ss(maxima)));
        _mm_store_ss(maxima, _mm_castsi128_ps(top));
    }
    return static_cast<std::uint32_t>(_mm512_reduce_max_epi32(all));
}

/// Widens [lowest, highest] to hold `count` finite values. Which zero comes out where both signs occur is left open.
inline void extend_range(float const* values, std::size_t count, float& lowest, float& highest) noexcept {
    __m512 low = _mm512_set1_ps(lowest);
    __m512 high = _mm512_set1_ps(highest);
    for (std::size_t i = 0; i < count; i += 16) {
        __mmask16 const lanes = first_lanes(count - i);
        __m512 const x = _mm512_maskz_loadu_ps(lanes, values + i);
        low = _mm512_mask_min_ps(low, lanes, low, x);
        high = _mm512_mask_max_ps(high, lanes, high, x);
    }
    lowest = _mm512_reduce_min_ps(low);
    highest = _mm512_reduce_max_ps(high);
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
FEWBITS_TARGET_END
