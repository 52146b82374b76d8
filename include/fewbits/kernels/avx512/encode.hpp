// Rows of floats become codes, one per byte (or per two), in any mode.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../portable/encode.hpp"
#include "../portable/encode_limits.hpp"
#include "encode_between.hpp"
#include "encode_half.hpp"
#include "encode_rounded.hpp"
#include "encode_vector.hpp"
#include "random_words.hpp"
#include "repeated.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// Stores the lowest byte, or two, of the first `lanes` of sixteen lanes.
template <scalar T>
void store_lanes(std::byte* codes, __m512i code, std::size_t lanes) noexcept {
    if constexpr (code_bytes<T> == 2) {
        __m256i const narrow = _mm512_cvtepi32_epi16(code);
        if (lanes == 16) return _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes), narrow);
        _mm256_mask_storeu_epi16(codes, _cvtu32_mask16((1U << lanes) - 1), narrow);
    } else {
        __m128i const narrow = _mm512_cvtepi32_epi8(code);
        if (lanes == 16) return _mm_storeu_si128(reinterpret_cast<__m128i*>(codes), narrow);
        _mm_mask_storeu_epi8(codes, _cvtu32_mask16((1U << lanes) - 1), narrow);
    }
}

/// Stores 64 codes, which fill the lowest byte, or two, of their lanes; the bits above are 0.
template <scalar T>
[[gnu::always_inline]] inline void store_64(std::byte* codes, __m512i const (&code)[4]) noexcept {
    if constexpr (code_bytes<T> == 2) {
        __m512i const in_order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
        _mm512_storeu_si512(codes, _mm512_permutexvar_epi64(in_order, _mm512_packus_epi32(code[0], code[1])));
        _mm512_storeu_si512(codes + 64, _mm512_permutexvar_epi64(in_order, _mm512_packus_epi32(code[2], code[3])));
    } else {
        __m512i const in_order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        __m512i const bytes = _mm512_packus_epi16(_mm512_packus_epi32(code[0], code[1]), _mm512_packus_epi32(code[2], code[3]));
        _mm512_storeu_si512(codes, _mm512_permutexvar_epi32(in_order, bytes));
    }
}

/// Asks for the values that come 1 KiB after those that are read: as many at a time as are read, since many at once take the buffers
/// that reading goes through. Always inlined: g++ drops calls to functions that do nothing else.
[[gnu::always_inline]] inline void fetch_ahead(float const* values) noexcept {
    _mm_prefetch(reinterpret_cast<char const*>(reinterpret_cast<std::uintptr_t>(values) + 1024), _MM_HINT_T0);
}

/// codes[i] = step(values from i on, i), sixteen at a time, short steps 64; the last step's idle lanes see +0 and store nothing.
template <scalar T, bool Short, class Step>
void encode_steps(float const* values, std::size_t count, std::byte* codes, Step step) noexcept {
    std::size_t i = 0;
    for (; Short && i + 64 <= count; i += 64) {
        __m512i code[4];
        repeated<4>([&](std::size_t j) __attribute__((always_inline)) {
            fetch_ahead(values + i + 16 * j);
            code[j] = step(_mm512_loadu_ps(values + i + 16 * j), i + 16 * j);
        });
        store_64<T>(codes + code_bytes<T> * i, code);
    }
    for (; i < count; i += 16) {
        std::size_t const lanes = count - i < 16 ? count - i : 16;
        fetch_ahead(values + i);
        __m512 const some = lanes == 16 ? _mm512_loadu_ps(values + i)
                                        : _mm512_maskz_loadu_ps(_cvtu32_mask16((1U << lanes) - 1), values + i);
        store_lanes<T>(codes + code_bytes<T> * i, step(some, i), lanes);
    }
}

/// codes[i] = step(values from i on, their random words)
template <scalar T, class Step>
void encode_random_steps(float const* values, std::size_t count, std::uint64_t seed, std::uint64_t first, std::byte* codes,
                         Step step) noexcept {
    constexpr std::size_t chunk = 512;
    alignas(64) std::uint32_t words[chunk];
    for (std::size_t i = 0; i < count; i += chunk) {
        std::size_t const part = count - i < chunk ? count - i : chunk;
        random_words(seed, first + i, part, words);
        encode_steps<T, false>(values + i, part, codes + code_bytes<T> * i, [&](__m512 x, std::size_t j) __attribute__((always_inline)) {
            return step(x, _mm512_load_si512(words + j));
        });
    }
}

/// The codes of `count` floats, one per byte, or per two where they are wider than 8 bits. `first`, a multiple of 4, numbers the first one
/// for its random bits.
template <scalar T>
    requires(is_inside_fp32<T>)
void encode_row(float const* values, std::size_t count, encoding how, std::uint64_t first, std::byte* codes) noexcept {
    if constexpr (T::kind == format_kind::codebook) {
        if (how.mode != rounding::random_bits) {
            encode_steps<T, false>(values, count, codes, [&](__m512 x, std::size_t) __attribute__((always_inline)) {
                return encode_nearest_codebook<T>(x);
            });
        } else if constexpr (keeps_apart<T>) {
            encode_random_steps<T>(values, count, how.seed, first, codes, [&](__m512 x, __m512i words) __attribute__((always_inline)) {
                return encode_between<T>(x, words);
            });
        } else {
            encode_row_defined<T>(values, count, how, first, codes);
        }
    } else if (how.mode == rounding::random_bits) {
        encode_random_steps<T>(values, count, how.seed, first, codes, [&](__m512 x, __m512i words) __attribute__((always_inline)) {
            return encode_rounded<T, true>(x, how, words);
        });
    } else {
        bool const saturating = how.saturating;
        if (how.mode == rounding::nearest_even) {
            if constexpr (is_upper_half<T> || is_half_precision<T>) {
                return encode_row_nearest<T>(values, count, saturating, codes);
            } else if constexpr (is_exponent_field<T>) {
                return encode_steps<T, true>(values, count, codes, [&](__m512 x, std::size_t) __attribute__((always_inline)) {
                    return encode_nearest_power<T>(x, saturating);
                });
            } else if constexpr (has_fast_nearest<T>) {
                return encode_steps<T, true>(values, count, codes, [&](__m512 x, std::size_t) __attribute__((always_inline)) {
                    return encode_nearest<T>(x, saturating);
                });
            }
        }
        encode_steps<T, false>(values, count, codes, [&](__m512 x, std::size_t) __attribute__((always_inline)) {
            return encode_rounded<T, false>(x, how, _mm512_setzero_si512());
        });
    }
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
