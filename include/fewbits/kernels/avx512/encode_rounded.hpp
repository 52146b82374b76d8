// Sixteen floats become sixteen codes of a minifloat or an integer format, in any mode: kernels/portable/encode_rounded.hpp step by step.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "../portable/encode_limits.hpp"
#include "encode_vector.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// Codes rounded towards zero, and what that discarded, left-aligned in 32 bits.
struct cut_codes {
    __m512i code;
    __m512i rest;
};

/// Cuts significand * 2^-shift, significand < 2^24 and shift >= 1; shifts by more than 31, or less than 0, give 0.
template <bool Random>
[[gnu::always_inline]] inline cut_codes cut_significand(__m512i significand, __m512i shift) noexcept {
    if constexpr (!Random) shift = _mm512_min_epi32(shift, splat(32));  // a rest stays above 0
    __m512i rest = _mm512_sllv_epi32(significand, _mm512_sub_epi32(splat(32), shift));
    if constexpr (Random) rest = _mm512_or_si512(rest, _mm512_srlv_epi32(significand, _mm512_sub_epi32(shift, splat(32))));
    return {_mm512_srlv_epi32(significand, shift), rest};
}

/// fp32's exponent fields and significands; see the portable function of this name.
template <bool Normalise>
[[gnu::always_inline]] inline void split_float(__m512i magnitude, __m512i& field, __m512i& significand) noexcept {
    __m512i const fraction = _mm512_and_si512(magnitude, splat(0x7FFFFF));
    __mmask16 const normal = _mm512_cmpgt_epi32_mask(magnitude, splat(0x7FFFFF));
    field = _mm512_srli_epi32(magnitude, 23);
    significand = _mm512_mask_or_epi32(fraction, normal, fraction, splat(0x800000));
    if constexpr (Normalise) {
        __mmask16 const tiny = _mm512_knot(normal);
        __m512i const same = _mm512_castps_si512(_mm512_cvtepi32_ps(fraction));
        __m512i const ones = _mm512_or_si512(_mm512_and_si512(same, splat(0x7FFFFF)), splat(0x800000));
        significand = _mm512_mask_mov_epi32(significand, static_cast<__mmask16>(tiny & _mm512_test_epi32_mask(fraction, fraction)), ones);
        field = _mm512_mask_sub_epi32(field, tiny, _mm512_srli_epi32(same, 23), splat(149));
    } else {
        field = _mm512_max_epi32(field, splat(1));
    }
}

template <scalar T, bool Random>
[[gnu::always_inline]] inline cut_codes cut_magnitude(__m512i magnitude) noexcept {
    using codec = typename T::codec;
    __m512i field;
    __m512i significand;
    if constexpr (T::kind == format_kind::integer) {
        split_float<false>(magnitude, field, significand);
        return cut_significand<Random>(significand, _mm512_sub_epi32(splat(150 + codec::exponent), field));
    } else {
        constexpr int m = codec::mantissa_bits;
        constexpr int first_field = codec::min_exponent + 127;  // fp32's exponent field of the smallest normal value
        split_float<(first_field < 1)>(magnitude, field, significand);
        __m512i const distance = _mm512_sub_epi32(field, splat(static_cast<std::uint32_t>(first_field)));
        __m512i const above = _mm512_max_epi32(distance, _mm512_setzero_si512());
        __m512i const below = _mm512_sub_epi32(above, distance);
        cut_codes cut = cut_significand<Random>(significand, _mm512_add_epi32(below, splat(23 - m)));
        cut.code = _mm512_add_epi32(cut.code, _mm512_slli_epi32(above, static_cast<unsigned>(m)));
        if constexpr (!codec::has_zero) {  // the code has no bit for the leading one, and nothing below it rounds
            __mmask16 const nonzero = _mm512_test_epi32_mask(magnitude, magnitude);
            __mmask16 const some = _mm512_mask_cmpge_epi32_mask(nonzero, distance, _mm512_setzero_si512());
            cut = {_mm512_maskz_sub_epi32(some, cut.code, splat(1U << m)), _mm512_maskz_mov_epi32(some, cut.rest)};
        }
        return cut;
    }
}

/// The same for random bits by the processor's own arithmetic: the sum truncated is the code, and what it lacks is exact.
template <scalar T>
    requires(cuts_by_adding<T>)
[[gnu::always_inline]] inline cut_codes cut_by_adding(__m512i magnitude) noexcept {
    constexpr int to_zero = _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC;
    __m512i const field = fields_in_place<T>(magnitude);
    __m512 const shifter = _mm512_castsi512_ps(shifters<T>(field));
    __m512 const value = _mm512_castsi512_ps(magnitude);
    __m512 const sum = _mm512_add_round_ps(value, shifter, to_zero);
    __m512 const rest = _mm512_sub_ps(value, _mm512_sub_ps(sum, shifter));
    __m512i const scale = _mm512_sub_epi32(splat(static_cast<std::uint32_t>(2 * 127 + 32 + T::codec::mantissa_bits) << 23), field);
    __m512i const code = _mm512_and_si512(_mm512_castps_si512(sum), splat((1U << T::codec::width) - 1));
    return {code, _mm512_cvttps_epu32(_mm512_mul_ps(rest, _mm512_castsi512_ps(scale)))};
}

/// The same for integers: the fraction of a float is a float.
template <scalar T>
    requires(T::kind == format_kind::integer)
[[gnu::always_inline]] inline cut_codes cut_by_truncating(__m512i magnitude) noexcept {
    constexpr float unit = bit_cast<float>(static_cast<std::uint32_t>(127 - T::codec::exponent) << 23);
    __m512 const value = _mm512_mul_ps(_mm512_castsi512_ps(magnitude), _mm512_set1_ps(unit));
    __m512 const rest = _mm512_sub_ps(value, _mm512_roundscale_ps(value, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC));
    return {_mm512_cvttps_epi32(value), _mm512_cvttps_epu32(_mm512_mul_ps(rest, _mm512_set1_ps(0x1p32F)))};
}

template <scalar T>
[[gnu::always_inline]] inline __m512i with_sign(__m512i code, __mmask16 negative, __m512i magnitude) noexcept {
    using codec = typename T::codec;
    if constexpr (T::kind == format_kind::integer) {
        code = _mm512_mask_sub_epi32(code, negative, _mm512_setzero_si512(), code);
        code = _mm512_max_epi32(_mm512_min_epi32(code, splat(codec::highest)), splat(static_cast<std::uint32_t>(codec::lowest)));
        code = _mm512_add_epi32(code, splat(codec::excess));
        return _mm512_and_si512(code, splat(static_cast<std::uint32_t>(low_mask(codec::width))));
    } else if constexpr (!codec::is_signed) {
        constexpr auto nan = static_cast<std::uint32_t>(codec::has_nan ? codec::nan_magnitude : 0);
        return _mm512_mask_mov_epi32(code, negative, _mm512_maskz_mov_epi32(_mm512_test_epi32_mask(magnitude, magnitude), splat(nan)));
    } else {
        if constexpr (!codec::has_negative_zero) negative = _mm512_mask_test_epi32_mask(negative, code, code);
        return _mm512_mask_or_epi32(code, negative, code, splat(static_cast<std::uint32_t>(codec::sign_bit)));
    }
}

/// Whether random bits added to the discarded ones carry into the code of T's normal values, which are fp32's own fields but for a bias,
/// and values of ordinary size are seldom below these.
template <scalar T>
inline constexpr bool rounds_by_carry = [] {
    if constexpr (T::kind != format_kind::minifloat) return false;
    else return T::codec::has_zero && T::codec::has_negative_zero && T::codec::min_exponent >= -126 && T::codec::min_exponent <= -6;
}();

/// The lanes that carry_rounded does not know: zeros, what is below T's normal values, infinities and NaNs.
template <scalar T>
[[gnu::always_inline]] inline __mmask16 beyond_carry(__m512i magnitude) noexcept {
    constexpr auto lowest = static_cast<std::uint32_t>(T::codec::min_exponent + 127) << 23;
    return _mm512_cmpgt_epu32_mask(_mm512_sub_epi32(magnitude, splat(lowest)), splat(0x7F7FFFFF - lowest));
}

/// The stochastic codes of sixteen normal values of T, or values beyond T's largest.
template <scalar T>
[[gnu::always_inline]] inline __m512i carry_rounded(__m512i bits, __m512i magnitude, encoding const& how, __m512i words) noexcept {
    using codec = typename T::codec;
    constexpr int m = codec::mantissa_bits;
    constexpr auto bias = static_cast<std::uint32_t>(codec::min_exponent + 126) << m;
    __m512i const capped = _mm512_min_epi32(magnitude, splat(how.largest[0]));
    __m512i const sum = _mm512_add_epi32(capped, _mm512_srli_epi32(words, 9 + m));
    __m512i const code = _mm512_sub_epi32(_mm512_srli_epi32(sum, 23 - m), splat(bias));
    return merged(splat(static_cast<std::uint32_t>(codec::magnitude_mask)), code, _mm512_srli_epi32(bits, 32 - codec::width));
}

/// The codes of sixteen floats in 32-bit lanes; `words`: random bits where `Random`. Equal to T::codec::encode bit for bit.
template <scalar T, bool Random>
    requires(is_inside_fp32<T> && T::kind != format_kind::codebook)
[[gnu::always_inline]] inline __m512i encode_rounded(__m512 values, encoding const& how, __m512i words) noexcept {
    __m512i const bits = _mm512_castps_si512(values);
    __m512i const magnitude = magnitude_of(bits);
    if constexpr (Random && rounds_by_carry<T>) {
        if (beyond_carry<T>(magnitude) == 0) [[likely]] return carry_rounded<T>(bits, magnitude, how, words);
    }
    __mmask16 const negative = _mm512_movepi32_mask(bits);
    __m512i largest = splat(how.largest[0]);
    if constexpr (!Random) largest = _mm512_mask_mov_epi32(largest, negative, splat(how.largest[1]));
    __m512i const capped = _mm512_min_epi32(magnitude, largest);
    cut_codes cut;
    if constexpr (Random && cuts_by_adding<T>) {
        cut = cut_by_adding<T>(capped);
    } else if constexpr (Random && T::kind == format_kind::integer) {
        cut = cut_by_truncating<T>(capped);
    } else {
        cut = cut_magnitude<T, Random>(capped);
    }
    __m512i addend = words;
    if constexpr (!Random) {
        __mmask16 const odd = _mm512_test_epi32_mask(cut.code, splat(1));
        addend = _mm512_mask_xor_epi32(splat(how.addend.base), odd, splat(how.addend.base), splat(how.addend.flip_odd));
        addend = _mm512_mask_xor_epi32(addend, negative, addend, splat(how.addend.flip_negative));
    }
    __mmask16 const away = _mm512_cmplt_epu32_mask(_mm512_add_epi32(cut.rest, addend), addend);
    __m512i code = with_sign<T>(_mm512_mask_add_epi32(cut.code, away, cut.code, splat(1)), negative, magnitude);
    __mmask16 const special = _mm512_cmpgt_epi32_mask(magnitude, splat(0x7F7FFFFF));
    if (special != 0) {
        __mmask16 const nan = nan_lanes(magnitude);
        __m512i beyond = _mm512_mask_mov_epi32(splat(how.infinity[0]), negative, splat(how.infinity[1]));
        beyond = _mm512_mask_mov_epi32(beyond, nan, splat(how.nan[0]));
        beyond = _mm512_mask_mov_epi32(beyond, static_cast<__mmask16>(nan & negative), splat(how.nan[1]));
        code = _mm512_mask_mov_epi32(code, special, beyond);
    }
    return code;
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
