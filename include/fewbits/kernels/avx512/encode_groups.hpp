// One byte per code from the values of a row under the scales of its groups, 64 at a time.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../group_quotients.hpp"
#include "../portable/apply_scales.hpp"
#include "encode_vector.hpp"
#include "group_scales.hpp"
#include "pack_codes.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// Sixteen quotients, never NaN. The refined ones lose the sign of zero, which `sign` keeps in its upper bits.
struct quotients {
    __m512 value;
    __m512 sign;
};

template <quotient_method How, int Shift>
[[gnu::always_inline]] inline quotients quotients_of(__m512 x, group_quotients const& groups, std::size_t i, __mmask16 lanes) noexcept {
    if constexpr (How == quotient_method::product) {
        __m512 const product = _mm512_mul_ps(x, numbers_at<Shift>(groups.factor, i, lanes));
        return {product, product};
    } else if constexpr (How == quotient_method::division) {
        __m512 const scale = numbers_at<Shift>(groups.scale, i, lanes);
        __mmask16 const divides = _mm512_cmp_ps_mask(scale, _mm512_setzero_ps(), _CMP_NEQ_UQ);
        __m512 const zeros = _mm512_and_ps(x, _mm512_castsi512_ps(splat(0x80000000)));
        __m512 const quotient = _mm512_mask_div_ps(zeros, divides, x, scale);
        return {quotient, quotient};
    } else {
        __m512 const factor = numbers_at<Shift>(groups.factor, i, lanes);
        __m512 const near = _mm512_mul_ps(x, factor);
        __m512 const rest = _mm512_fnmadd_ps(near, numbers_at<Shift>(groups.scale, i, lanes), x);
        return {_mm512_fmadd_ps(rest, factor, near), near};
    }
}

/// Codes of quotients, in 32-bit lanes; bits above an integer's width are not cleared.
template <scalar E>
[[gnu::always_inline]] inline __m512i codes_of(quotients q, encode_bounds const& bounds) noexcept {
    using codec = typename E::codec;
    if constexpr (E::kind == format_kind::integer) {
        __m512 value = q.value;
        constexpr float unit = bit_cast<float>(static_cast<std::uint32_t>(127 - codec::exponent) << 23);
        if constexpr (codec::exponent != 0) value = _mm512_mul_ps(value, _mm512_set1_ps(unit));
        value = _mm512_min_ps(value, _mm512_set1_ps(static_cast<float>(codec::highest)));
        value = _mm512_max_ps(value, _mm512_set1_ps(static_cast<float>(bounds.lowest)));
        __m512i const code = _mm512_cvtps_epi32(value);
        return codec::excess == 0 ? code : _mm512_add_epi32(code, splat(codec::excess));
    } else if constexpr (E::kind == format_kind::minifloat) {
        __m512i const sign = _mm512_castps_si512(q.sign);
        if constexpr (codec::has_negative_zero) {
            __m512i const magnitude = magnitude_of(_mm512_castps_si512(q.value));
            __m512i const limit = splat(largest_told_apart<E>(bounds.saturating));
            __m512i const code = nearest_magnitude<E>(_mm512_min_epi32(magnitude, limit));
            return merged(splat(static_cast<std::uint32_t>(codec::magnitude_mask)), code, _mm512_srli_epi32(sign, 32 - codec::width));
        } else {
            __m512i const value = merged(splat(0x7FFFFFFF), _mm512_castps_si512(q.value), sign);
            return encode_nearest<E>(_mm512_castsi512_ps(value), bounds.saturating);
        }
    } else {
        return encode_nearest<E>(q.value, bounds.saturating);
    }
}

template <scalar E, quotient_method How, block_offset Kind, int Shift>
[[gnu::always_inline]] inline __m512i codes_at(__m512 x, group_quotients const& groups, std::size_t i, __mmask16 lanes,
                                               encode_bounds const& bounds) noexcept {
    if constexpr (Kind == block_offset::minimum) x = _mm512_sub_ps(x, numbers_at<Shift>(groups.offset, i, lanes));
    quotients const q = quotients_of<How, Shift>(x, groups, i, lanes);
    if constexpr (Kind == block_offset::zero_point) {
        using codec = typename E::codec;
        // Quotients are cut where with any zero point they clamp to an end all the same.
        __m512 const cut = _mm512_min_ps(_mm512_max_ps(q.value, _mm512_set1_ps(-512)), _mm512_set1_ps(512));
        __m512i const sum = _mm512_add_epi32(_mm512_cvtps_epi32(cut), _mm512_cvtps_epi32(numbers_at<Shift>(groups.offset, i, lanes)));
        __m512i const code = _mm512_min_epi32(_mm512_max_epi32(sum, splat(codec::lowest)), splat(codec::highest));
        return codec::excess == 0 ? code : _mm512_add_epi32(code, splat(codec::excess));
    } else {
        return codes_of<E>(q, bounds);
    }
}

/// The low bytes of 64 codes, each in 0..255 or (two's complement) -128..127.
template <scalar E>
[[gnu::always_inline]] inline __m512i bytes_of(__m512i const (&code)[4]) noexcept {
    constexpr bool twos_complement = E::kind == format_kind::integer && E::codec::is_signed;
    __m512i const order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    if constexpr (twos_complement) {
        __m512i const packed = _mm512_packs_epi16(_mm512_packs_epi32(code[0], code[1]), _mm512_packs_epi32(code[2], code[3]));
        __m512i const bytes = _mm512_permutexvar_epi32(order, packed);
        return E::width == 8 ? bytes : _mm512_and_si512(bytes, _mm512_set1_epi8(static_cast<char>(low_mask(E::width))));
    } else {
        __m512i const packed = _mm512_packus_epi16(_mm512_packus_epi32(code[0], code[1]), _mm512_packus_epi32(code[2], code[3]));
        return _mm512_permutexvar_epi32(order, packed);
    }
}

/// codes[i] = the code of values[i] to nearest even, i < count, under group i >> Shift; Shift is 0, or 4 and more.
template <scalar E, quotient_method How, block_offset Kind, int Shift>
void encode_groups(float const* values, std::size_t count, group_quotients const& given, encode_bounds const& limits,
                   std::uint8_t* codes) noexcept {
    static_assert(Shift == 0 || Shift >= 4);
    group_quotients const groups = given;
    encode_bounds const bounds = limits;
    std::size_t i = 0;
    for (; i + 64 <= count; i += 64) {
        __m512i const code[4] = {codes_at<E, How, Kind, Shift>(_mm512_loadu_ps(values + i), groups, i, 0xFFFF, bounds),
                                 codes_at<E, How, Kind, Shift>(_mm512_loadu_ps(values + i + 16), groups, i + 16, 0xFFFF, bounds),
                                 codes_at<E, How, Kind, Shift>(_mm512_loadu_ps(values + i + 32), groups, i + 32, 0xFFFF, bounds),
                                 codes_at<E, How, Kind, Shift>(_mm512_loadu_ps(values + i + 48), groups, i + 48, 0xFFFF, bounds)};
        _mm512_storeu_si512(codes + i, bytes_of<E>(code));
    }
    if (i == count) return;
    __m512i code[4];
    for (std::size_t j = 0; j < 4; ++j) {
        std::size_t const at = i + 16 * j;
        code[j] = _mm512_setzero_si512();
        if (at >= count) continue;
        __mmask16 const lanes = first_lanes(count - at);
        code[j] = codes_at<E, How, Kind, Shift>(_mm512_maskz_loadu_ps(lanes, values + at), groups, at, lanes, bounds);
    }
    _mm512_mask_storeu_epi8(codes + i, first_bytes(count - i), bytes_of<E>(code));
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
