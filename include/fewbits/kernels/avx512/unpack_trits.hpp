// Five ternary digits in a byte become one code per byte, 64 at a time.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../../packing/trits.hpp"
#include "decode.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// For every byte its value modulo 243, as a fraction of 243, in 1/256 rounded up: times 3 its integer part is digit 4, and the rest goes
/// on so. And for 64 codes of a run each: which byte they are in, and the power of 3 that brings their digit to the top, in two parts:
/// of the even codes and of the odd ones.
struct trit_places {
    alignas(64) std::uint8_t fraction[256];
    alignas(64) std::uint8_t byte[4][64];
    alignas(64) std::uint16_t power[4][2][32];

    constexpr trit_places() : fraction{}, byte{}, power{} {
        for (unsigned v = 0; v < 256; ++v) fraction[v] = static_cast<std::uint8_t>((v % 243 * 256 + 242) / 243);
        for (std::size_t i = 0; i < trit_run; ++i) {
            byte[i / 64][i % 64] = static_cast<std::uint8_t>(i / 5);
            power[i / 64][i % 2][i % 64 / 2] = static_cast<std::uint16_t>(power_of_3(4 - i % 5));
        }
    }
};

/// The digits of 32 fractions in the low bytes of 16-bit lanes.
[[gnu::always_inline]] inline __m512i top_digits(__m512i fraction, std::uint16_t const* power) noexcept {
    __m512i const rest = _mm512_and_si512(_mm512_mullo_epi16(fraction, _mm512_load_si512(power)), _mm512_set1_epi16(0xFF));
    return _mm512_srli_epi16(_mm512_mullo_epi16(rest, _mm512_set1_epi16(3)), 8);
}

/// codes[i] = digit i as a two's complement integer of two bits, i < count.
inline void unpack_trits(std::byte const* bytes, std::size_t count, std::uint8_t* codes) noexcept {
    static constexpr trit_places places;
    for (; count > 0; bytes += trit_run_bytes, codes += trit_run) {
        std::size_t const run = count < trit_run ? count : trit_run;
        __m512i const fractions = looked_up_byte<8>(places.fraction, _mm512_maskz_loadu_epi8(first_bytes(trit_bytes(run)), bytes));
        for (std::size_t i = 0; i < run; i += 64) {
            __m512i const of_codes = _mm512_permutexvar_epi8(_mm512_load_si512(places.byte[i / 64]), fractions);
            __m512i const even = top_digits(_mm512_and_si512(of_codes, _mm512_set1_epi16(0xFF)), places.power[i / 64][0]);
            __m512i const odd = top_digits(_mm512_srli_epi16(of_codes, 8), places.power[i / 64][1]);
            __m512i const digit = _mm512_or_si512(even, _mm512_slli_epi16(odd, 8));
            __m512i const code = _mm512_and_si512(_mm512_sub_epi8(digit, _mm512_set1_epi8(1)), _mm512_set1_epi8(3));
            _mm512_mask_storeu_epi8(codes + i, first_bytes(run - i), code);
        }
        count -= run;
    }
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
