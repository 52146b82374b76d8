// Eight floats become eight codes of a format, to nearest even: kernels/avx512/encode_vector.hpp without masks.
#pragma once

#include <immintrin.h>

#include <array>
#include <cstdint>

#include "../portable/encode_limits.hpp"
#include "../portable/encode_nearest.hpp"

FEWBITS_TARGET_BEGIN("avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx2 {

/// Whether encode_nearest covers T; the other formats are encoded by the portable steps.
template <scalar T>
inline constexpr bool has_nearest_vector = [] {
    if constexpr (T::kind == format_kind::minifloat) {
        return has_fast_nearest<T> && (cuts_by_adding<T> || T::codec::min_exponent == -126);
    } else {
        return has_fast_nearest<T> && is_inside_fp32<T>;
    }
}();

inline __m256i splat(std::uint32_t value) noexcept { return _mm256_set1_epi32(static_cast<int>(value)); }
inline __m256i magnitude_of(__m256i bits) noexcept { return _mm256_and_si256(bits, splat(0x7FFFFFFF)); }
inline __m256i nan_lanes(__m256i magnitude) noexcept { return _mm256_cmpgt_epi32(magnitude, splat(0x7F800000)); }

/// Magnitudes cut at a minifloat's overflow become code magnitudes: a number that is added moves their last place to their code's, so
/// that the addition rounds, and its low bits are the code's exponent field.
template <scalar T>
__m256i nearest_magnitude(__m256i magnitude) noexcept {
    using codec = typename T::codec;
    constexpr int m = codec::mantissa_bits;
    constexpr auto first_field = static_cast<std::uint32_t>(codec::min_exponent + 127);
    if constexpr (cuts_by_adding<T>) {
        constexpr std::uint32_t offset = (static_cast<std::uint32_t>(23 - m) << 23) - (first_field << m);
        __m256i const field = _mm256_max_epi32(_mm256_and_si256(magnitude, splat(0x7F800000)), splat(first_field << 23));
        __m256i const shifter = _mm256_add_epi32(_mm256_add_epi32(field, splat(offset)), _mm256_srli_epi32(field, 23 - m));
        __m256 const sum = _mm256_add_ps(_mm256_castsi256_ps(magnitude), _mm256_castsi256_ps(shifter));
        return _mm256_and_si256(_mm256_castps_si256(sum), splat((1U << codec::width) - 1));
    } else {  // fp32's own exponents, subnormals too: a shift
        __m256i const odd = _mm256_and_si256(_mm256_srli_epi32(magnitude, 23 - m), splat(1));
        __m256i const sum = _mm256_add_epi32(_mm256_add_epi32(magnitude, splat((1U << (22 - m)) - 1)), odd);
        return _mm256_srli_epi32(sum, 23 - m);
    }
}

template <scalar T>
__m256i encode_nearest_minifloat(__m256 values, bool saturating) noexcept {
    using codec = typename T::codec;
    __m256i const bits = _mm256_castps_si256(values);
    __m256i const magnitude = magnitude_of(bits);
    __m256i const limit = saturating ? splat(largest_told_apart<T>(true)) : splat(largest_told_apart<T>(false));
    __m256i const code = nearest_magnitude<T>(_mm256_min_epi32(magnitude, limit));
    __m256i sign = _mm256_and_si256(_mm256_srli_epi32(bits, 32 - codec::width), splat(static_cast<std::uint32_t>(codec::sign_bit)));
    if constexpr (!codec::has_negative_zero) sign = _mm256_andnot_si256(_mm256_cmpeq_epi32(code, _mm256_setzero_si256()), sign);
    __m256i const nan_sign = codec::has_nan ? sign : _mm256_setzero_si256();
    __m256i const nan_code = _mm256_or_si256(splat(static_cast<std::uint32_t>(codec::nan_code(false))), nan_sign);
    return _mm256_blendv_epi8(_mm256_or_si256(code, sign), nan_code, nan_lanes(magnitude));
}

/// Codes of an integer format, clamped to [lowest, T's highest] before rounding, which both bounds survive.
template <scalar T>
__m256i encode_nearest_integer(__m256 values, int lowest) noexcept {
    using codec = typename T::codec;
    constexpr float steps = bit_cast<float>(static_cast<std::uint32_t>(127 - codec::exponent) << 23);
    __m256i const nan = nan_lanes(magnitude_of(_mm256_castps_si256(values)));
    if constexpr (codec::exponent != 0) values = _mm256_mul_ps(values, _mm256_set1_ps(steps));
    values = _mm256_min_ps(values, _mm256_set1_ps(static_cast<float>(codec::highest)));
    values = _mm256_max_ps(values, _mm256_set1_ps(static_cast<float>(lowest)));
    __m256i const code = _mm256_add_epi32(_mm256_andnot_si256(nan, _mm256_cvtps_epi32(values)), splat(codec::excess));
    return _mm256_and_si256(code, splat(static_cast<std::uint32_t>(low_mask(codec::width))));
}

/// The number of midpoints below each float; the last code for NaN.
template <scalar T>
__m256i encode_nearest_codebook(__m256 values) noexcept {
    static constexpr auto keys = [] {
        constexpr auto table = make_codebook_table(T::layout);
        std::array<std::int32_t, T::codec::count - 1> made{};
        for (std::size_t i = 0; i < made.size(); ++i) made[i] = ordered_key(bit_cast<std::uint32_t>(table.midpoint[i]));
        return made;
    }();
    __m256i const bits = _mm256_castps_si256(values);
    __m256i const key = _mm256_xor_si256(bits, _mm256_srli_epi32(_mm256_srai_epi32(bits, 31), 1));
    __m256i code = _mm256_setzero_si256();
    for (std::int32_t midpoint : keys) code = _mm256_sub_epi32(code, _mm256_cmpgt_epi32(key, _mm256_set1_epi32(midpoint)));
    return _mm256_blendv_epi8(code, splat(T::codec::count - 1), nan_lanes(magnitude_of(bits)));
}

/// The codes of eight floats in 32-bit lanes: equal to T::codec::encode to nearest even, bit for bit.
template <scalar T>
    requires(has_nearest_vector<T>)
__m256i encode_nearest(__m256 values, bool saturating) noexcept {
    if constexpr (T::kind == format_kind::minifloat) {
        return encode_nearest_minifloat<T>(values, saturating);
    } else if constexpr (T::kind == format_kind::integer) {
        return encode_nearest_integer<T>(values, T::codec::lowest);
    } else {
        return encode_nearest_codebook<T>(values);
    }
}

}  // namespace avx2
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
