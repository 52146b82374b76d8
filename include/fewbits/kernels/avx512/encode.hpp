// Rows of floats become codes, one per byte (or per two), in any mode.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../portable/encode.hpp"
#include "../portable/encode_limits.hpp"
#include "encode_between.hpp"
#include "encode_rounded.hpp"
#include "encode_vector.hpp"
#include "random_words.hpp"

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

/// codes[i] = step(values from i on, i), sixteen at a time; the last step's idle lanes see +0 and store nothing.
template <scalar T, class Step>
void encode_steps(float const* values, std::size_t count, std::byte* codes, Step step) noexcept {
    for (std::size_t i = 0; i < count; i += 16) {
        std::size_t const lanes = count - i < 16 ? count - i : 16;
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
        encode_steps<T>(values + i, part, codes + code_bytes<T> * i, [&](__m512 x, std::size_t j) {
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
            encode_steps<T>(values, count, codes, [&](__m512 x, std::size_t) { return encode_nearest_codebook<T>(x); });
        } else if constexpr (keeps_apart<T>) {
            encode_random_steps<T>(values, count, how.seed, first, codes, [&](__m512 x, __m512i words) {
                return encode_between<T>(x, words);
            });
        } else {
            encode_row_defined<T>(values, count, how, first, codes);
        }
    } else if (how.mode == rounding::random_bits) {
        encode_random_steps<T>(values, count, how.seed, first, codes, [&](__m512 x, __m512i words) {
            return encode_rounded<T, true>(x, how, words);
        });
    } else {
        if constexpr (has_fast_nearest<T>) {
            if (how.mode == rounding::nearest_even) {
                bool const saturating = how.saturating;
                return encode_steps<T>(values, count, codes, [&](__m512 x, std::size_t) { return encode_nearest<T>(x, saturating); });
            }
        }
        encode_steps<T>(values, count, codes, [&](__m512 x, std::size_t) {
            return encode_rounded<T, false>(x, how, _mm512_setzero_si512());
        });
    }
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
