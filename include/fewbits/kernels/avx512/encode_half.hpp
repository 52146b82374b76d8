// Rows of floats become 16-bit floats to nearest even: half precision by its instruction, the upper halves of fp32 by an addition.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../portable/value_planes.hpp"
#include "encode_vector.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// Floats with NaNs in canonical form, and those beyond T's largest value cut where `saturating`. Both are rare or by request.
template <scalar T>
[[gnu::always_inline]] inline __m512i within_reach(__m512i bits, bool saturating) noexcept {
    __m512i const magnitude = magnitude_of(bits);
    __mmask16 const nan = nan_lanes(magnitude);
    if (saturating) {
        constexpr auto largest = bit_cast<std::uint32_t>(static_cast<float>(T::from_bits(static_cast<unsigned>(T::codec::max_magnitude))));
        bits = merged(splat(0x7FFFFFFF), _mm512_min_epu32(magnitude, splat(largest)), bits);
    }
    if (nan != 0) [[unlikely]] bits = _mm512_mask_mov_epi32(bits, nan, merged(splat(0x7FFFFFFF), splat(0x7FC00000), bits));
    return bits;
}

/// Finite or canonical floats whose upper halves are the nearest ones, of two as near the even one.
[[gnu::always_inline]] inline __m512i rounded_to_upper_half(__m512i bits) noexcept {
    __m512i const odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), splat(1));
    return _mm512_add_epi32(_mm512_add_epi32(bits, splat(0x7FFF)), odd);
}

/// The codes of 32 floats.
template <scalar T>
[[gnu::always_inline]] inline __m512i encode_32(__m512i first, __m512i second, bool saturating) noexcept {
    first = within_reach<T>(first, saturating);
    second = within_reach<T>(second, saturating);
    if constexpr (is_half_precision<T>) {
        constexpr int nearest = _MM_FROUND_TO_NEAREST_INT;
        __m256i const low = _mm512_cvtps_ph(_mm512_castsi512_ps(first), nearest);
        return _mm512_inserti64x4(_mm512_castsi256_si512(low), _mm512_cvtps_ph(_mm512_castsi512_ps(second), nearest), 1);
    } else {
        alignas(64) static constexpr auto upper_halves = [] {
            struct { std::uint16_t index[32]; } made{};
            for (unsigned i = 0; i < 32; ++i) made.index[i] = static_cast<std::uint16_t>(2 * i + 1);
            return made;
        }();
        __m512i const index = _mm512_load_si512(upper_halves.index);
        return _mm512_permutex2var_epi16(rounded_to_upper_half(first), index, rounded_to_upper_half(second));
    }
}

/// The 16-bit codes of `count` floats to nearest even.
template <scalar T>
    requires(is_upper_half<T> || is_half_precision<T>)
void encode_row_nearest(float const* values, std::size_t count, bool saturating, std::byte* codes) noexcept {
    std::size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        __m512i const code = encode_32<T>(_mm512_loadu_si512(values + i), _mm512_loadu_si512(values + i + 16), saturating);
        _mm512_storeu_si512(codes + 2 * i, code);
    }
    if (i == count) return;
    __mmask32 const some = (1U << (count - i)) - 1;
    __m512i const first = _mm512_maskz_loadu_epi32(static_cast<__mmask16>(some), values + i);
    __m512i const second = _mm512_maskz_loadu_epi32(static_cast<__mmask16>(some >> 16), values + i + 16);
    _mm512_mask_storeu_epi16(codes + 2 * i, some, encode_32<T>(first, second, saturating));
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
