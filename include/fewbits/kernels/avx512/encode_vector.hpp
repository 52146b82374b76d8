// Sixteen floats become sixteen codes of a format, to nearest even: the innermost step of every bulk encoder.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../portable/encode_limits.hpp"
#include "../portable/encode_nearest.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

inline __m512i splat(std::uint32_t value) noexcept { return _mm512_set1_epi32(static_cast<int>(value)); }
inline __m512i magnitude_of(__m512i bits) noexcept { return _mm512_and_si512(bits, splat(0x7FFFFFFF)); }
inline __mmask16 nan_lanes(__m512i magnitude) noexcept { return _mm512_cmpgt_epi32_mask(magnitude, splat(0x7F800000)); }

/// Where `mask` has a one bit that of `a`, else that of `b`.
inline __m512i merged(__m512i mask, __m512i a, __m512i b) noexcept { return _mm512_ternarylogic_epi32(mask, a, b, 0xCA); }

/// What added to magnitudes below overflow moves their last place to their code's. Its low bits are the code's exponent field, so that
/// the sum's are the code.
template <scalar T>
__m512i shifters(__m512i field) noexcept {
    using codec = typename T::codec;
    constexpr int m = codec::mantissa_bits;
    constexpr auto first_field = static_cast<std::uint32_t>(codec::min_exponent + 127);
    constexpr std::uint32_t offset = (static_cast<std::uint32_t>(23 - m) << 23) - (first_field << m);
    return _mm512_add_epi32(_mm512_add_epi32(field, splat(offset)), _mm512_srli_epi32(field, static_cast<unsigned>(23 - m)));
}

/// fp32's exponent fields in their place, those below T's normal values as of its smallest.
template <scalar T>
__m512i fields_in_place(__m512i magnitude) noexcept {
    constexpr auto first_field = static_cast<std::uint32_t>(T::codec::min_exponent + 127);
    return _mm512_max_epi32(_mm512_and_si512(magnitude, splat(0x7F800000)), splat(first_field << 23));
}

/// Magnitudes cut at a minifloat's overflow become code magnitudes; bits above the code's are not cleared.
template <scalar T>
__m512i nearest_magnitude(__m512i magnitude) noexcept {
    using codec = typename T::codec;
    constexpr int m = codec::mantissa_bits;
    constexpr int first_field = codec::min_exponent + 127;  // fp32's exponent field of the smallest normal value
    if constexpr (cuts_by_adding<T>) {
        __m512i const shifter = shifters<T>(fields_in_place<T>(magnitude));
        return _mm512_castps_si512(_mm512_add_ps(_mm512_castsi512_ps(magnitude), _mm512_castsi512_ps(shifter)));
    } else if constexpr (first_field == 1) {  // fp32's own exponents, subnormals too: a shift
        __m512i const odd = _mm512_and_si512(_mm512_srli_epi32(magnitude, static_cast<unsigned>(23 - m)), splat(1));
        __m512i const sum = _mm512_add_epi32(_mm512_add_epi32(magnitude, splat((1U << (22 - m)) - 1)), odd);
        return _mm512_srli_epi32(sum, static_cast<unsigned>(23 - m));
    } else {
        __m512i const exponent = _mm512_srli_epi32(magnitude, 23);
        __m512i const implicit = _mm512_slli_epi32(_mm512_min_epi32(exponent, splat(1)), 23);
        __m512i const significand = _mm512_or_si512(_mm512_and_si512(magnitude, splat(0x7FFFFF)), implicit);
        __m512i const above = _mm512_sub_epi32(_mm512_max_epi32(exponent, splat(first_field)), splat(first_field));
        __m512i const lower = _mm512_max_epi32(_mm512_min_epi32(exponent, splat(first_field)), splat(1));
        __m512i const below = _mm512_sub_epi32(splat(first_field), lower);
        __m512i const shift = _mm512_min_epi32(_mm512_add_epi32(below, splat(23 - m)), splat(25));
        __m512i const odd = _mm512_and_si512(_mm512_srlv_epi32(significand, shift), splat(1));
        __m512i const half = _mm512_sub_epi32(_mm512_sllv_epi32(splat(1), _mm512_sub_epi32(shift, splat(1))), splat(1));
        __m512i const sum = _mm512_add_epi32(significand, _mm512_add_epi32(half, odd));
        return _mm512_add_epi32(_mm512_srlv_epi32(sum, shift), _mm512_slli_epi32(above, static_cast<unsigned>(m)));
    }
}

template <scalar T>
__m512i encode_nearest_minifloat(__m512 values, bool saturating) noexcept {
    using codec = typename T::codec;
    constexpr auto sign_bit = static_cast<std::uint32_t>(codec::sign_bit);
    constexpr auto magnitude_mask = static_cast<std::uint32_t>(codec::magnitude_mask);
    __m512i const bits = _mm512_castps_si512(values);
    __m512i const magnitude = magnitude_of(bits);
    __m512i const limit = saturating ? splat(largest_told_apart<T>(true)) : splat(largest_told_apart<T>(false));
    __m512i code = nearest_magnitude<T>(_mm512_min_epi32(magnitude, limit));
    __m512i const sign = _mm512_srli_epi32(bits, 32 - codec::width);
    __mmask16 const nan = nan_lanes(magnitude);
    __m512i const nan_code = splat(static_cast<std::uint32_t>(codec::nan_code(false)));
    if constexpr (!codec::has_nan) {
        return _mm512_mask_mov_epi32(merged(splat(magnitude_mask), code, sign), nan, nan_code);
    } else if constexpr (codec::has_negative_zero) {
        return merged(splat(magnitude_mask), _mm512_mask_mov_epi32(code, nan, nan_code), sign);
    } else {  // zero has no sign, and the NaN is the code it would have
        code = _mm512_mask_mov_epi32(_mm512_and_si512(code, splat(sign_bit | magnitude_mask)), nan, nan_code);
        __mmask16 const nonzero = _mm512_test_epi32_mask(code, code);
        return _mm512_mask_or_epi32(code, nonzero, code, _mm512_and_si512(sign, splat(sign_bit)));
    }
}

/// Codes of an integer format, clamped to [lowest, T's highest] before rounding, which both bounds survive.
template <scalar T>
__m512i encode_nearest_integer(__m512 values, int lowest) noexcept {
    using codec = typename T::codec;
    static_assert(codec::exponent > -100 && codec::exponent < 100);
    __mmask16 const number = _mm512_knot(nan_lanes(magnitude_of(_mm512_castps_si512(values))));
    constexpr float steps = bit_cast<float>(static_cast<std::uint32_t>(127 - codec::exponent) << 23);
    if constexpr (codec::exponent != 0) values = _mm512_mul_ps(values, _mm512_set1_ps(steps));
    values = _mm512_min_ps(values, _mm512_set1_ps(static_cast<float>(codec::highest)));
    values = _mm512_max_ps(values, _mm512_set1_ps(static_cast<float>(lowest)));
    __m512i code = _mm512_maskz_cvtps_epi32(number, values);
    if constexpr (codec::excess != 0) code = _mm512_add_epi32(code, splat(codec::excess));
    constexpr auto mask = static_cast<std::uint32_t>(low_mask(codec::width));
    return codec::is_signed && codec::excess == 0 ? _mm512_and_si512(code, splat(mask)) : code;
}

/// Ascending bounds between neighbouring codes as the levels of a binary search, each from a row of sixteen on: the lookups then permute
/// registers. Bounds are ordered keys; a code is the number of bounds below a key.
template <int Depth>
struct search_levels {
    static constexpr std::size_t rows_before(int level) noexcept {
        return static_cast<std::size_t>(level <= 4 ? level : 3 + (1 << (level - 4)));
    }
    alignas(64) std::int32_t key[rows_before(Depth)][16];

    /// bound(j): that between codes j and j + 1, for j + 1 < count.
    template <class Bound>
    consteval search_levels(int count, Bound bound) : key{} {
        for (int level = 0; level < Depth; ++level) {
            for (int j = 0; j < (1 << level); ++j) {
                int const middle = ((2 * j + 1) << (Depth - 1 - level)) - 1;
                bool const padding = middle + 1 >= count;  // past every float
                key[rows_before(level) + static_cast<std::size_t>(j / 16)][j % 16] = padding ? 0x7FFFFFFF : bound(middle);
            }
        }
    }
};

/// The key of a float known when compiling; -0 is 0.
constexpr std::int32_t key_of(float value) noexcept {
    std::uint32_t const bits = bit_cast<std::uint32_t>(value);
    return ordered_key(bits == 0x80000000 ? 0 : bits);
}

inline __m512i keys_of(__m512i bits) noexcept {
    return _mm512_xor_si512(bits, _mm512_srli_epi32(_mm512_srai_epi32(bits, 31), 1));
}

/// Entry `index` of 2^Level in rows of sixteen.
template <int Level>
__m512i looked_up(std::int32_t const (*rows)[16], __m512i index) noexcept {
    if constexpr (Level <= 4) {
        return _mm512_permutexvar_epi32(index, _mm512_load_si512(rows[0]));
    } else if constexpr (Level == 5) {
        return _mm512_permutex2var_epi32(_mm512_load_si512(rows[0]), index, _mm512_load_si512(rows[1]));
    } else {
        __mmask16 const upper = _mm512_test_epi32_mask(index, splat(1U << (Level - 1)));
        __m512i const low = looked_up<Level - 1>(rows, index);
        return _mm512_mask_mov_epi32(low, upper, looked_up<Level - 1>(rows + (1 << (Level - 5)), index));
    }
}

template <int Depth, int Level = 0>
__m512i searched(search_levels<Depth> const& levels, __m512i key, __m512i index) noexcept {
    if constexpr (Level == Depth) {
        return index;
    } else {
        __mmask16 const above = _mm512_cmplt_epi32_mask(looked_up<Level>(levels.key + levels.rows_before(Level), index), key);
        index = _mm512_add_epi32(index, index);
        return searched<Depth, Level + 1>(levels, key, _mm512_mask_add_epi32(index, above, index, splat(1)));
    }
}

/// The number of midpoints below each float; the last code for NaN.
template <scalar T>
__m512i encode_nearest_codebook(__m512 values) noexcept {
    constexpr auto midpoint = [](int j) { return key_of(make_codebook_table(T::layout).midpoint[j]); };
    static constexpr search_levels<T::width> levels(T::codec::count, midpoint);
    __m512i const bits = _mm512_castps_si512(values);
    __m512i const code = searched(levels, keys_of(bits), _mm512_setzero_si512());
    return _mm512_mask_mov_epi32(code, nan_lanes(magnitude_of(bits)), splat(T::codec::count - 1));
}

/// Whether T's codes are fp32's own exponent fields, all of them numbers but the last (scales that are powers of two).
template <scalar T>
inline constexpr bool is_exponent_field = [] {
    if constexpr (T::kind != format_kind::minifloat) return false;
    else return T::width == 8 && T::codec::mantissa_bits == 0 && T::codec::min_exponent == -127 && !T::codec::has_zero && T::codec::has_nan;
}();

/// Powers of two nearest to floats, of two as near the one with the even code; NaN for negative values.
template <scalar T>
    requires(is_exponent_field<T>)
[[gnu::always_inline]] inline __m512i encode_nearest_power(__m512 values, bool saturating) noexcept {
    __m512i const bits = _mm512_castps_si512(values);
    __m512i const magnitude = magnitude_of(bits);
    __m512i const odd = _mm512_and_si512(_mm512_srli_epi32(magnitude, 23), splat(1));
    __mmask16 const tiny = _mm512_cmplt_epi32_mask(magnitude, splat(0x800000));  // 2^-127 has half the distance to its neighbour
    __m512i const half = _mm512_mask_mov_epi32(_mm512_add_epi32(odd, splat(0x3FFFFF)), tiny, splat(0x1FFFFF));
    __m512i code = _mm512_srli_epi32(_mm512_add_epi32(magnitude, half), 23);
    code = _mm512_min_epu32(code, splat(saturating ? 254 : 255));
    __mmask16 const invalid = static_cast<__mmask16>(_mm512_cmpgt_epu32_mask(bits, splat(0x80000000)) | nan_lanes(magnitude));
    return _mm512_mask_mov_epi32(code, invalid, splat(255));
}

/// The codes of sixteen floats in 32-bit lanes: equal to T::codec::encode to nearest even, bit for bit.
template <scalar T>
    requires(has_fast_nearest<T>)
__m512i encode_nearest(__m512 values, bool saturating) noexcept {
    if constexpr (T::kind == format_kind::minifloat) {
        return encode_nearest_minifloat<T>(values, saturating);
    } else if constexpr (T::kind == format_kind::integer) {
        return encode_nearest_integer<T>(values, T::codec::lowest);
    } else {
        return encode_nearest_codebook<T>(values);
    }
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
