// A chunk of a row of activations as engines take it: bf16 pairs of a float in one or two parts, or bytes and their sums.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../panel_engine.hpp"
#include "expand_panel.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx512bf16,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// 16 floats to the bf16 nearest each, in the upper halves of the lanes; as bf16_near of kernels/bf16_parts.hpp.
inline __m512i nearest_upper_halves(__m512i bits) noexcept {
    __m512i const exponent = _mm512_set1_epi32(0x7F800000);
    __m512i const odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i const rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7FFF)), odd);
    __mmask16 const special = _mm512_cmpeq_epi32_mask(_mm512_and_si512(bits, exponent), exponent);
    __mmask16 const overflow = _mm512_cmpeq_epi32_mask(_mm512_and_si512(rounded, exponent), exponent);
    __mmask16 const nan = _mm512_mask_test_epi32_mask(special, bits, _mm512_set1_epi32(0x007FFFFF));
    __m512i const kept = _mm512_mask_mov_epi32(rounded, static_cast<__mmask16>(special | overflow), bits);
    __m512i const quiet = _mm512_mask_or_epi32(kept, nan, kept, _mm512_set1_epi32(0x00400000));
    return _mm512_and_si512(quiet, _mm512_set1_epi32(static_cast<int>(0xFFFF0000U)));
}

/// In which order columns become pairs: as pair_column has it, or as they stand.
enum class pair_order : unsigned char { of_columns, as_they_stand };

/// Upper halves of 16 columns as eight pairs.
template <pair_order Order>
inline void store_pairs_of(__m512i upper, std::uint32_t* words) noexcept {
    __m256i const columns = _mm512_cvtepi32_epi16(_mm512_srli_epi32(upper, 16));
    if (Order == pair_order::as_they_stand) return _mm256_storeu_si256(reinterpret_cast<__m256i*>(words), columns);
    __m256i const order = _mm256_set_epi8(15, 14, 11, 10, 13, 12, 9, 8, 7, 6, 3, 2, 5, 4, 1, 0, 15, 14, 11, 10, 13, 12, 9, 8, 7, 6, 3,
                                          2, 5, 4, 1, 0);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(words), _mm256_shuffle_epi8(columns, order));
}

/// Sums of each four of 16 columns.
inline void store_sums_of_four(__m512 columns, float* sums) noexcept {
    __m512 const twos = _mm512_add_ps(columns, _mm512_permute_ps(columns, 0b10'11'00'01));
    __m512 const fours = _mm512_add_ps(twos, _mm512_permute_ps(twos, 0b01'00'11'10));
    _mm_storeu_ps(sums, _mm512_castps512_ps128(_mm512_maskz_compress_ps(0x1111, fours)));
}

/// panel_engine::to_pairs
template <pair_order Order = pair_order::of_columns>
inline void to_pairs(float const* values, std::uint32_t* words, std::uint32_t* rest, float* sums) {
    __m512i const exponent = _mm512_set1_epi32(0x7F800000);
    for (std::size_t k = 0; k < chunk_depth; k += 16) {
        __m512 const x = _mm512_loadu_ps(values + k);
        __m512i const first = nearest_upper_halves(_mm512_castps_si512(x));
        store_pairs_of<Order>(first, words + k / 2);
        __m512 both = _mm512_castsi512_ps(first);
        if (rest != nullptr) {
            __m512i const left = _mm512_castps_si512(_mm512_sub_ps(x, both));
            __mmask16 const number = _mm512_cmpneq_epi32_mask(_mm512_and_si512(_mm512_castps_si512(x), exponent), exponent);
            __m512i const second = _mm512_maskz_mov_epi32(number, nearest_upper_halves(left));
            store_pairs_of<Order>(second, rest + k / 2);
            both = _mm512_add_ps(both, _mm512_castsi512_ps(second));
        }
        if (sums != nullptr) store_sums_of_four(both, sums + k / 4);
    }
}

/// panel_engine::pairs_of_bf16
template <pair_order Order = pair_order::of_columns>
inline void pairs_of_bf16(std::byte const* values, std::uint32_t* words) {
    __m512i const order = _mm512_broadcast_i32x4(_mm_set_epi8(15, 14, 11, 10, 13, 12, 9, 8, 7, 6, 3, 2, 5, 4, 1, 0));
    for (std::size_t k = 0; k < chunk_depth; k += 32) {
        __m512i const columns = _mm512_loadu_si512(values + k * sizeof(std::uint16_t));
        _mm512_storeu_si512(words + k / 2, Order == pair_order::as_they_stand ? columns : _mm512_shuffle_epi8(columns, order));
    }
}

/// panel_engine::pairs_of_codes
template <pair_order Order = pair_order::of_columns>
inline void words_of_codes(element_tables const& tables, std::uint8_t const* codes, std::uint32_t* words) {
    __m512i const lower = _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    __m512i const upper = _mm512_add_epi32(lower, _mm512_set1_epi32(8));
    __m512i const swapped = _mm512_broadcast_i32x4(_mm_set_epi8(15, 13, 14, 12, 11, 9, 10, 8, 7, 5, 6, 4, 3, 1, 2, 0));
    for (std::size_t k = 0; k < chunk_depth; k += line_bytes) {
        __m512i columns = _mm512_loadu_si512(codes + k);
        if (Order == pair_order::as_they_stand) columns = _mm512_shuffle_epi8(columns, swapped);
        two_vectors const pairs = pairs_of_codes<8>(tables, columns);
        _mm512_storeu_si512(words + k / 2, _mm512_permutex2var_epi32(pairs.first, lower, pairs.second));
        _mm512_storeu_si512(words + k / 2 + panel_rows, _mm512_permutex2var_epi32(pairs.first, upper, pairs.second));
    }
}

/// panel_engine::to_bytes
inline void to_bytes(float const* values, float per_unit, std::uint32_t* words) {
    __m512 const factor = _mm512_set1_ps(per_unit);
    for (std::size_t k = 0; k < chunk_depth; k += 16) {
        __m512i const integers = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(values + k), factor));  // exact
        _mm_storeu_si128(reinterpret_cast<__m128i*>(words + k / 4), _mm512_cvtepi32_epi8(integers));
    }
}

/// panel_engine::sum_bytes
inline void sum_bytes(std::uint32_t const* words, std::int32_t* sums) {
    for (std::size_t i = 0; i < chunk_depth / 4; i += 16) {
        __m512i const four = _mm512_loadu_si512(words + i);
        _mm512_storeu_si512(sums + i, _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi8(1), four));
    }
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
