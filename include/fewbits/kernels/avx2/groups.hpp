// Rows of groups: their maxima and ranges, the codes of values under their scales, and back; kernels/avx512/*_groups.hpp without masks.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../group_quotients.hpp"
#include "../portable/apply_scales.hpp"
#include "decode.hpp"
#include "encode.hpp"

FEWBITS_TARGET_BEGIN("avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx2 {

/// The numbers (scales, factors or offsets) of the eight values from i on: number i >> Shift for all, or one each.
template <int Shift>
[[gnu::always_inline]] inline __m256 numbers_at(float const* numbers, std::size_t i) noexcept {
    if constexpr (Shift == 0) return _mm256_loadu_ps(numbers + i);
    return _mm256_set1_ps(numbers[i >> Shift]);
}

/// The numbers of `count` < 32 values from i on, one each, and zeros.
template <int Shift>
void spread(float const* numbers, std::size_t i, std::size_t count, float (&out)[32]) noexcept {
    for (std::size_t j = 0; j < 32; ++j) out[j] = j < count ? numbers[(i + j) >> Shift] : 0.0F;
}

/// Values to compare by, see magnitude_key.
template <bool WithSign>
[[gnu::always_inline]] inline __m256i keys_of(__m256i bits) noexcept {
    __m256i const doubled = _mm256_slli_epi32(bits, 1);
    return WithSign ? _mm256_or_si256(doubled, _mm256_srli_epi32(bits, 31)) : doubled;
}

/// raise_group_maxima, see kernels/group_kernels.hpp.
template <bool WithSign>
std::uint32_t raise_group_maxima(float const* values, std::size_t count, std::size_t group, float* maxima) noexcept {
    auto const key_of = [](float x) {
        std::uint32_t const bits = bit_cast<std::uint32_t>(x);
        return (bits << 1) | (WithSign ? bits >> 31 : 0);
    };
    std::uint32_t all = 0;
    for (std::size_t first = 0; first < count; first += group, ++maxima) {
        std::size_t const width = count - first < group ? count - first : group;
        float const* const x = values + first;
        std::uint32_t largest = key_of(*maxima);
        std::size_t i = 0;
        if (width >= 8) {
            __m256i most = _mm256_setzero_si256();
            for (; i + 8 <= width; i += 8) {
                __m256i const bits = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(x + i));
                most = _mm256_max_epu32(most, keys_of<WithSign>(bits));
            }
            __m128i four = _mm_max_epu32(_mm256_castsi256_si128(most), _mm256_extracti128_si256(most, 1));
            four = _mm_max_epu32(four, _mm_shuffle_epi32(four, 0x4E));
            four = _mm_max_epu32(four, _mm_shuffle_epi32(four, 0xB1));
            largest = larger(largest, static_cast<std::uint32_t>(_mm_cvtsi128_si32(four)));
        }
        for (; i < width; ++i) largest = larger(largest, key_of(x[i]));
        *maxima = bit_cast<float>(largest >> 1 | (WithSign ? largest << 31 : 0));
        all = larger(all, largest);
    }
    return all >> 1;
}

/// extend_range, see kernels/group_kernels.hpp.
inline void extend_range(float const* values, std::size_t count, float& lowest, float& highest) noexcept {
    std::size_t const whole = count / 8 * 8;
    if (whole != 0) {
        __m256 low = _mm256_set1_ps(lowest);
        __m256 high = _mm256_set1_ps(highest);
        for (std::size_t i = 0; i < whole; i += 8) {
            __m256 const x = _mm256_loadu_ps(values + i);
            low = _mm256_min_ps(low, x);
            high = _mm256_max_ps(high, x);
        }
        float lows[8];
        float highs[8];
        _mm256_storeu_ps(lows, low);
        _mm256_storeu_ps(highs, high);
        for (int j = 0; j < 8; ++j) {
            lowest = lows[j] < lowest ? lows[j] : lowest;
            highest = highs[j] > highest ? highs[j] : highest;
        }
    }
    for (std::size_t j = 0; j < count % 8; ++j) {
        float const x = values[whole + j];
        lowest = x < lowest ? x : lowest;
        highest = x > highest ? x : highest;
    }
}

/// Codes of eight values in 32-bit lanes; `number`: their factors or scales, as the method wants.
template <scalar E, quotient_method How, block_offset Kind>
[[gnu::always_inline]] inline __m256i codes_under(__m256 x, __m256 number, __m256 offset, encode_bounds const& bounds) noexcept {
    using codec = typename E::codec;
    if constexpr (Kind == block_offset::minimum) x = _mm256_sub_ps(x, offset);
    __m256 quotient;
    if constexpr (How == quotient_method::product) {
        quotient = _mm256_mul_ps(x, number);
    } else {
        __m256 const divides = _mm256_cmp_ps(number, _mm256_setzero_ps(), _CMP_NEQ_UQ);
        __m256 const zeros = _mm256_and_ps(x, _mm256_castsi256_ps(splat(0x80000000)));
        quotient = _mm256_blendv_ps(zeros, _mm256_div_ps(x, number), divides);
    }
    if constexpr (Kind == block_offset::zero_point) {
        // Quotients are cut where with any zero point they clamp to an end all the same.
        __m256 const cut = _mm256_min_ps(_mm256_max_ps(quotient, _mm256_set1_ps(-512)), _mm256_set1_ps(512));
        __m256i const sum = _mm256_add_epi32(_mm256_cvtps_epi32(cut), _mm256_cvtps_epi32(offset));
        __m256i const inside = _mm256_min_epi32(_mm256_max_epi32(sum, _mm256_set1_epi32(codec::lowest)), _mm256_set1_epi32(codec::highest));
        __m256i const code = _mm256_add_epi32(inside, _mm256_set1_epi32(codec::excess));
        return _mm256_and_si256(code, splat(static_cast<std::uint32_t>(low_mask(codec::width))));
    } else if constexpr (E::kind == format_kind::integer) {
        return encode_nearest_integer<E>(quotient, bounds.lowest);
    } else {
        return encode_nearest<E>(quotient, bounds.saturating);
    }
}

/// codes[i] = the code of values[i] to nearest even, i < count, under group i >> Shift; Shift is 0, or 4 and more.
template <scalar E, quotient_method How, block_offset Kind, int Shift>
    requires(has_nearest_vector<E>)
void encode_groups(float const* values, std::size_t count, group_quotients const& given, encode_bounds const& limits,
                   std::uint8_t* codes) noexcept {
    static_assert((Shift == 0 || Shift >= 4) && (How == quotient_method::product || How == quotient_method::division));
    float const* const numbers = How == quotient_method::product ? given.factor : given.scale;
    float const* const offsets = given.offset;
    encode_bounds const bounds = limits;
    auto* const out = reinterpret_cast<std::byte*>(codes);
    std::size_t i = 0;
    __m256i code[4];
    for (; i + 32 <= count; i += 32) {
        for (std::size_t j = 0; j < 4; ++j) {
            std::size_t const at = i + 8 * j;
            __m256 const offset = Kind == block_offset::none ? _mm256_setzero_ps() : numbers_at<Shift>(offsets, at);
            code[j] = codes_under<E, How, Kind>(_mm256_loadu_ps(values + at), numbers_at<Shift>(numbers, at), offset, bounds);
        }
        store_bytes(out + i, code[0], code[1], code[2], code[3]);
    }
    if (i == count) return;
    std::size_t const left = count - i;
    float last[32] = {};
    float number[32];
    float offset[32] = {};
    std::byte some[32];
    std::memcpy(last, values + i, left * sizeof(float));
    spread<Shift>(numbers, i, left, number);
    if constexpr (Kind != block_offset::none) spread<Shift>(offsets, i, left, offset);
    for (std::size_t j = 0; j < 4; ++j) {
        std::size_t const at = 8 * j;
        code[j] = codes_under<E, How, Kind>(_mm256_loadu_ps(last + at), _mm256_loadu_ps(number + at), _mm256_loadu_ps(offset + at), bounds);
    }
    store_bytes(some, code[0], code[1], code[2], code[3]);
    std::memcpy(out + i, some, left);
}

template <block_offset Kind>
[[gnu::always_inline]] inline __m256 scaled(__m256 value, __m256 scale, __m256 offset) noexcept {
    if constexpr (Kind == block_offset::zero_point) value = _mm256_sub_ps(value, offset);
    value = _mm256_mul_ps(value, scale);
    return Kind == block_offset::minimum ? _mm256_add_ps(value, offset) : value;
}

/// out[i] = codes[i] dequantised, i < count, under scale (and offset) i >> Shift; Shift is 0, or 4 and more.
template <scalar E, block_offset Kind, int Shift>
void decode_groups(std::uint8_t const* codes, std::size_t count, float const* scale, float const* offset, float* out) noexcept {
    value_planes<E> const& table = value_planes_of<E>();
    __m256 values[4];
    std::size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        values_of_32<E>(table, codes + i, values);
        for (std::size_t j = 0; j < 4; ++j) {
            std::size_t const at = i + 8 * j;
            __m256 const by = Kind == block_offset::none ? _mm256_setzero_ps() : numbers_at<Shift>(offset, at);
            _mm256_storeu_ps(out + at, scaled<Kind>(values[j], numbers_at<Shift>(scale, at), by));
        }
    }
    if (i == count) return;
    std::size_t const left = count - i;
    std::uint8_t last[32] = {};
    float factors[32];
    float offsets[32] = {};
    float some[32];
    std::memcpy(last, codes + i, left);
    spread<Shift>(scale, i, left, factors);
    if constexpr (Kind != block_offset::none) spread<Shift>(offset, i, left, offsets);
    values_of_32<E>(table, last, values);
    for (std::size_t j = 0; j < 4; ++j) {
        std::size_t const at = 8 * j;
        _mm256_storeu_ps(some + at, scaled<Kind>(values[j], _mm256_loadu_ps(factors + at), _mm256_loadu_ps(offsets + at)));
    }
    std::memcpy(out + i, some, left * sizeof(float));
}

}  // namespace avx2
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
