// Sixteen floats become entries of a codebook stochastically: the two neighbours by search, the choice in double.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "encode_vector.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// A codebook's values, and what follows each, in rows of sixteen.
template <scalar T>
struct neighbours {
    static constexpr std::size_t rows = (T::codec::count + 15) / 16;
    alignas(64) float below[rows][16];
    alignas(64) float above[rows][16];

    consteval neighbours() : below{}, above{} {
        for (std::size_t i = 0; i < 16 * rows; ++i) {
            auto const value = [](std::size_t j) { return T::layout.value[j < T::codec::count ? j : T::codec::count - 1]; };
            below[i / 16][i % 16] = value(i);
            above[i / 16][i % 16] = value(i + 1);
        }
    }
};

/// Whether the neighbours of a codebook are so far apart that no float a processor might flush matters between them.
template <scalar T>
inline constexpr bool keeps_apart = [] {
    for (int i = 0; i + 1 < T::codec::count; ++i) {
        if (T::layout.value[i + 1] - T::layout.value[i] < 0x1p-64F) return false;
    }
    return true;
}();

struct random_choice {
    __mmask8 up;
    __mmask8 unsure;
};

/// Whether eight values between two neighbours go to the upper one. With u = word / 2^32: where the upper one is the farther from zero,
/// if above - value <= u * (above - below); else if value - below > u * (above - below). A difference that three roundings of double could
/// have turned around leaves it unsure.
inline random_choice goes_up(__m256 value, __m256 below, __m256 above, __m256i word, __mmask8 away_is_up) noexcept {
    __m512d const v = _mm512_cvtps_pd(value);
    __m512d const a = _mm512_cvtps_pd(below);
    __m512d const b = _mm512_cvtps_pd(above);
    __m512d const step = _mm512_sub_pd(b, a);
    __m512d const distance = _mm512_mask_sub_pd(_mm512_sub_pd(v, a), away_is_up, b, v);
    __m512d const part = _mm512_mul_pd(_mm512_mul_pd(_mm512_cvtepu32_pd(word), _mm512_set1_pd(0x1p-32)), step);
    __m512d const excess = _mm512_sub_pd(distance, part);
    __mmask8 const beyond = _mm512_cmp_pd_mask(excess, _mm512_setzero_pd(), _CMP_GT_OQ);
    __mmask8 const unsure = _mm512_cmp_pd_mask(_mm512_abs_pd(excess), _mm512_mul_pd(step, _mm512_set1_pd(0x1p-48)), _CMP_LE_OQ);
    return {static_cast<__mmask8>(beyond ^ away_is_up), unsure};
}

/// Replaces the codes of `lanes` by what the definition gives.
template <scalar T>
__m512i defined_lanes(__m512i code, __mmask16 lanes, __m512 values, __m512i words) noexcept {
    alignas(64) float value[16];
    alignas(64) std::uint32_t word[16];
    alignas(64) std::uint32_t out[16];
    _mm512_store_ps(value, values);
    _mm512_store_si512(word, words);
    _mm512_store_si512(out, code);
    for (unsigned i = 0; i < 16; ++i) {
        if ((lanes >> i & 1) == 0) continue;
        rounding_rule const rule = stochastic{word[i], 32};
        out[i] = static_cast<std::uint32_t>(T::codec::encode(unpack(value[i]), rule, overflow_policy::saturate));
    }
    return _mm512_load_si512(out);
}

/// The codes of sixteen floats under `words` of random bits: equal to T::codec::encode bit for bit.
template <scalar T>
    requires(T::kind == format_kind::codebook && keeps_apart<T>)
__m512i encode_between(__m512 values, __m512i words) noexcept {
    constexpr int depth = T::width;
    constexpr int last = T::codec::count - 1;
    static constexpr search_levels<depth> levels(T::codec::count, [](int j) { return key_of(T::layout.value[j + 1]) - 1; });
    static constexpr neighbours<T> entries;
    __m512i const bits = _mm512_castps_si512(values);
    __m512i const magnitude = magnitude_of(bits);
    __m512i const key = _mm512_maskz_mov_epi32(_mm512_test_epi32_mask(magnitude, magnitude), keys_of(bits));
    __m512i const low = searched(levels, key, _mm512_setzero_si512());  // the last entry not above
    __m512i const below = looked_up<depth>(reinterpret_cast<std::int32_t const (*)[16]>(entries.below), low);
    __m512i const above = looked_up<depth>(reinterpret_cast<std::int32_t const (*)[16]>(entries.above), low);
    __mmask16 const away_is_up = _mm512_cmple_epi32_mask(magnitude_of(below), magnitude_of(above));
    __m512i const lowest = _mm512_set1_epi32(key_of(T::layout.value[0]));
    __mmask16 const inside = _mm512_mask_cmpge_epi32_mask(_mm512_cmplt_epi32_mask(low, splat(last)), key, lowest);
    auto const half = [&](__m512i of, auto upper) { return _mm512_extracti32x8_epi32(of, decltype(upper)::value); };
    auto const choose = [&](auto upper, int shift) {
        return goes_up(_mm256_castsi256_ps(half(bits, upper)), _mm256_castsi256_ps(half(below, upper)),
                       _mm256_castsi256_ps(half(above, upper)), half(words, upper), static_cast<__mmask8>(away_is_up >> shift));
    };
    random_choice const first = choose(std::integral_constant<int, 0>{}, 0);
    random_choice const second = choose(std::integral_constant<int, 1>{}, 8);
    auto const both = [&](__mmask8 lower, __mmask8 upper) { return static_cast<__mmask16>((lower | upper << 8) & inside); };
    __m512i code = _mm512_mask_add_epi32(low, both(first.up, second.up), low, splat(1));
    code = _mm512_mask_mov_epi32(code, nan_lanes(magnitude), splat(last));
    __mmask16 const unsure = both(first.unsure, second.unsure);
    return unsure == 0 ? code : defined_lanes<T>(code, unsure, values, words);
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
