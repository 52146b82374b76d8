// Rows of floats become codes, one per byte (or per two), in any mode. To nearest even by vector code; the other steps are the portable
// ones: without a branch, and in loops of constant length over short buffers, the compiler makes vectors of them by itself once it may use
// these instructions.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "../portable/encode.hpp"
#include "encode_vector.hpp"
#include "random_words.hpp"

FEWBITS_TARGET_BEGIN("avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx2 {

inline constexpr std::size_t encode_run = 128;

/// codes[i] = step(bits of values[i], i % encode_run), encode_run at a time, each after prepare(i). Steps past the end see +0 or other
/// floats of the row.
template <scalar T, class Prepare, class Step>
void encode_runs(float const* values, std::size_t count, std::byte* codes, Prepare prepare, Step step) noexcept {
    using code_type = std::conditional_t<code_bytes<T> == 1, std::uint8_t, std::uint16_t>;
    std::uint32_t bits[encode_run] = {};
    code_type narrow[encode_run];
    for (std::size_t i = 0; i < count; i += encode_run) {
        std::size_t const part = count - i < encode_run ? count - i : encode_run;
        std::memcpy(bits, values + i, part * sizeof(float));
        prepare(i);
        for (std::size_t j = 0; j < encode_run; ++j) bits[j] = step(bits[j], j);
        for (std::size_t j = 0; j < encode_run; ++j) narrow[j] = static_cast<code_type>(bits[j]);
        std::memcpy(codes + code_bytes<T> * i, narrow, code_bytes<T> * part);
    }
}

/// Four vectors of 32-bit lanes as 32 bytes in order.
inline void store_bytes(std::byte* out, __m256i a, __m256i b, __m256i c, __m256i d) noexcept {
    __m256i const bytes = _mm256_packus_epi16(_mm256_packus_epi32(a, b), _mm256_packus_epi32(c, d));
    __m256i const order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);  // packing interleaves halves
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_permutevar8x32_epi32(bytes, order));
}

/// Nearest codes, 32 at a time; the last floats, fewer than that, with zeros behind them.
template <scalar T>
void encode_row_nearest(float const* values, std::size_t count, bool saturating, std::byte* codes) noexcept {
    float last[32] = {};
    std::byte some[32 * code_bytes<T>];
    for (std::size_t i = 0; i < count; i += 32) {
        std::size_t const part = count - i < 32 ? count - i : 32;
        float const* from = values + i;
        std::byte* to = codes + code_bytes<T> * i;
        if (part < 32) {
            std::memcpy(last, from, part * sizeof(float));
            from = last;
            to = some;
        }
        __m256i code[4];
        for (int j = 0; j < 4; ++j) code[j] = encode_nearest<T>(_mm256_loadu_ps(from + 8 * j), saturating);
        if constexpr (code_bytes<T> == 1) {
            store_bytes(to, code[0], code[1], code[2], code[3]);
        } else {
            for (int j = 0; j < 2; ++j) {
                __m256i const pair = _mm256_packus_epi32(code[2 * j], code[2 * j + 1]);
                _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 32 * j), _mm256_permute4x64_epi64(pair, 0xD8));
            }
        }
        if (part < 32) std::memcpy(codes + code_bytes<T> * i, some, code_bytes<T> * part);
    }
}

/// The codes of `count` floats, one per byte, or per two where they are wider than 8 bits. `first`, a multiple of 4, numbers the first one
/// for its random bits.
template <scalar T>
    requires(is_inside_fp32<T>)
void encode_row(float const* values, std::size_t count, encoding how, std::uint64_t first, std::byte* codes) noexcept {
    bool const random = how.mode == rounding::random_bits;
    if constexpr (has_nearest_vector<T>) {
        bool const nearest = T::kind == format_kind::codebook ? !random : how.mode == rounding::nearest_even;
        if (nearest) return encode_row_nearest<T>(values, count, how.saturating, codes);
    }
    if constexpr (T::kind == format_kind::codebook) {
        fewbits::encode_row<T>(values, count, how, first, codes);
    } else if (random) {
        std::uint32_t words[encode_run];
        auto const draw = [&](std::size_t i) { random_words(how.seed, first + i, encode_run, words); };
        encode_runs<T>(values, count, codes, draw, [&](std::uint32_t bits, std::size_t j) {
            return encode_rounded<T, true>(bits, how, words[j]);
        });
    } else {
        encode_runs<T>(values, count, codes, [](std::size_t) {}, [&](std::uint32_t bits, std::size_t) {
            return encode_rounded<T, false>(bits, how, 0);
        });
    }
}

}  // namespace avx2
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
