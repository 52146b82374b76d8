// Largest magnitude and range of every group of a row, sixteen values at a time.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../../bits/integer.hpp"
#include "../portable/encode_nearest.hpp"
#include "memory.hpp"

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

/// What sixteen values are compared by: their magnitudes, ordered like their bits; or, WithSign, these and then their signs in the lowest
/// bits. And the values again.
template <bool WithSign>
[[gnu::always_inline]] inline __m512i keys_at(float const* values, __mmask16 lanes) noexcept {
    __m512i const bits = _mm512_maskz_loadu_epi32(lanes, values);
    return WithSign ? _mm512_rol_epi32(bits, 1) : _mm512_and_si512(_mm512_set1_epi32(0x7FFFFFFF), bits);
}
template <bool WithSign>
[[gnu::always_inline]] inline __m512i values_of_keys(__m512i keys) noexcept {
    return WithSign ? _mm512_ror_epi32(keys, 1) : keys;
}

/// The largest of 16 keys from values on, and of those that follow 16 apart up to `count`, a multiple of 16.
template <bool WithSign>
[[gnu::always_inline]] inline __m512i largest_of(float const* values, std::size_t count) noexcept {
    __m512i largest = keys_at<WithSign>(values, 0xFFFF);
    for (std::size_t i = 16; i < count; i += 16) largest = _mm512_max_epu32(largest, keys_at<WithSign>(values + i, 0xFFFF));
    return largest;
}

/// Neighbouring lanes of a and b meet: one step of a reduction of as many vectors as a vector has lanes.
[[gnu::always_inline]] inline __m512i meet_by_one(__m512i a, __m512i b) noexcept {
    return _mm512_max_epu32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
}
[[gnu::always_inline]] inline __m512i meet_by_two(__m512i a, __m512i b) noexcept {
    return _mm512_max_epu32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
}
[[gnu::always_inline]] inline __m512i meet_by_four(__m512i a, __m512i b) noexcept {
    return _mm512_max_epu32(_mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xDD));
}

/// Lane g of quarter l: lane l to l + 4 of the largest of group g, of four groups from values on.
template <bool WithSign>
[[gnu::always_inline]] inline __m512i four_groups(float const* values, std::size_t group) noexcept {
    for (std::size_t i = 0; i < 4 * group; i += 64) fetch_pages_ahead<0, 1>(values + i);
    __m512i const first = meet_by_one(largest_of<WithSign>(values, group), largest_of<WithSign>(values + group, group));
    values += 2 * group;
    return meet_by_two(first, meet_by_one(largest_of<WithSign>(values, group), largest_of<WithSign>(values + group, group)));
}

/// The largest keys of sixteen groups of `group` values, a multiple of 16 (Group where that is not 0).
template <bool WithSign, std::size_t Group>
[[gnu::always_inline]] inline __m512i sixteen_groups(float const* values, std::size_t group) noexcept {
    std::size_t const width = Group == 0 ? group : Group;
    __m512i const first = meet_by_four(four_groups<WithSign>(values, width), four_groups<WithSign>(values + 4 * width, width));
    values += 8 * width;
    return meet_by_four(first, meet_by_four(four_groups<WithSign>(values, width), four_groups<WithSign>(values + 4 * width, width)));
}

/// Raises the maxima of some groups, and the largest of all, to keys.
template <bool WithSign>
[[gnu::always_inline]] inline void raise_to(__m512i keys, __mmask16 lanes, float* maxima, __m512i& all) noexcept {
    keys = _mm512_max_epu32(keys, keys_at<WithSign>(maxima, lanes));
    _mm512_mask_storeu_epi32(maxima, lanes, values_of_keys<WithSign>(keys));
    all = _mm512_max_epu32(all, keys);
}

/// Raises the maximum of one group to the largest of `count` values, and gives its key.
template <bool WithSign>
inline std::uint32_t raise_maximum(float const* values, std::size_t count, float* maximum) noexcept {
    __m512i largest = keys_at<WithSign>(maximum, 1);
    std::size_t i = 0;
    for (; i + 64 <= count; i += 64) {
        fetch_pages_ahead<0, 1>(values + i);
        largest = _mm512_max_epu32(largest, largest_of<WithSign>(values + i, 64));
    }
    for (; i + 16 <= count; i += 16) largest = _mm512_max_epu32(largest, keys_at<WithSign>(values + i, 0xFFFF));
    if (i < count) largest = _mm512_max_epu32(largest, keys_at<WithSign>(values + i, first_lanes(count - i)));
    std::uint32_t const key = _mm512_reduce_max_epu32(largest);
    _mm512_mask_storeu_epi32(maximum, 1, values_of_keys<WithSign>(_mm512_set1_epi32(static_cast<int>(key))));
    return key;
}

/// Raises maxima[g] to the largest magnitude of values [g * group, (g + 1) * group), for the groups that `count` values touch.
/// Returns the bits of the largest of all: 0x7F800000 or above where a value is not finite.
template <bool WithSign>
std::uint32_t raise_group_maxima(float const* values, std::size_t count, std::size_t group, float* maxima) noexcept {
    __m512i all = _mm512_setzero_si512();
    std::size_t i = 0;
    if (group == 1) {
        for (; i < count; i += 16) {
            __mmask16 const lanes = first_lanes(count - i);
            raise_to<WithSign>(keys_at<WithSign>(values + i, lanes), lanes, maxima + i, all);
        }
    } else if (group % 16 == 0 && group <= count / 16) {
        for (; i + 16 * group <= count; i += 16 * group, maxima += 16) {
            __m512i const keys = group == 16   ? sixteen_groups<WithSign, 16>(values + i, 16)
                                 : group == 32 ? sixteen_groups<WithSign, 32>(values + i, 32)
                                               : sixteen_groups<WithSign, 0>(values + i, group);
            raise_to<WithSign>(keys, 0xFFFF, maxima, all);
        }
    }
    std::uint32_t last = 0;
    for (; i < count; i += group, ++maxima) {
        last = larger(last, raise_maximum<WithSign>(values + i, count - i < group ? count - i : group, maxima));
    }
    last = larger(last, _mm512_reduce_max_epu32(all));
    return WithSign ? last >> 1 : last;
}

/// Four magnitudes from a on, and four from b on.
[[gnu::always_inline]] inline __m256 four_magnitudes(float const* a, float const* b) noexcept {
    __m256 const both = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(a)), _mm_loadu_ps(b), 1);
    return _mm256_and_ps(both, _mm256_castsi256_ps(_mm256_set1_epi32(0x7FFFFFFF)));
}

/// Adds a column of eight runs and then the next one; a and b hold them as unpacking leaves four runs in each half.
[[gnu::always_inline]] inline __m512d add_columns(__m512d sum, __m256 a, __m256 b) noexcept {
    __m512d const first = _mm512_add_pd(sum, _mm512_cvtps_pd(_mm256_shuffle_ps(a, b, 0x44)));
    return _mm512_add_pd(first, _mm512_cvtps_pd(_mm256_shuffle_ps(a, b, 0xEE)));
}

/// sums[l] = the sum in double, from left to right, of the magnitudes of `count` values from runs[l] on; count is a multiple of 4.
inline void sum_magnitudes(float const* const (&runs)[8], std::size_t count, double (&sums)[8]) noexcept {
    __m512d sum = _mm512_setzero_pd();
    for (std::size_t i = 0; i < count; i += 4) {
        __m256 const a = four_magnitudes(runs[0] + i, runs[4] + i);
        __m256 const b = four_magnitudes(runs[1] + i, runs[5] + i);
        __m256 const c = four_magnitudes(runs[2] + i, runs[6] + i);
        __m256 const d = four_magnitudes(runs[3] + i, runs[7] + i);
        sum = add_columns(sum, _mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d));
        sum = add_columns(sum, _mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d));
    }
    _mm512_storeu_pd(sums, sum);
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
