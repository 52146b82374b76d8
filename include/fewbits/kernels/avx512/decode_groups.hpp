// One code per byte becomes dequantised floats: 64 at a time, tables of single bytes, scales applied in registers.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../portable/apply_scales.hpp"
#include "decode.hpp"
#include "group_scales.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// Stores values i + 16 * Part and on; past the caches only whole vectors that are aligned.
template <block_offset Kind, int Shift, int Part>
[[gnu::always_inline]] inline void store_scaled(__m512 const (&values)[4], float const* scale, float const* offset, std::size_t i,
                                                std::size_t count, bool past_caches, float* out) noexcept {
    std::size_t const first = i + 16 * Part;
    if (first >= count) return;
    __mmask16 const lanes = first_lanes(count - first);
    __m512 value = values[Part];
    __m512 const factor = numbers_at<Shift, Part>(scale, i, lanes);
    if constexpr (Kind == block_offset::zero_point) value = _mm512_sub_ps(value, numbers_at<Shift, Part>(offset, i, lanes));
    value = _mm512_mul_ps(value, factor);
    if constexpr (Kind == block_offset::minimum) value = _mm512_add_ps(value, numbers_at<Shift, Part>(offset, i, lanes));
    if (past_caches) return _mm512_stream_ps(out + first, value);
    _mm512_mask_storeu_ps(out + first, lanes, value);
}

/// Codes i to i + 63, as far as they are below `count`.
template <scalar E, block_offset Kind, int Shift>
[[gnu::always_inline]] inline void decode_64(value_planes<E> const& table, __m512i code, float const* scale, float const* offset,
                                             std::size_t i, std::size_t count, bool past_caches, float* out) noexcept {
    __m512 values[4];
    values_of_64<E>(table, code, values);
    store_scaled<Kind, Shift, 0>(values, scale, offset, i, count, past_caches, out);
    store_scaled<Kind, Shift, 1>(values, scale, offset, i, count, past_caches, out);
    store_scaled<Kind, Shift, 2>(values, scale, offset, i, count, past_caches, out);
    store_scaled<Kind, Shift, 3>(values, scale, offset, i, count, past_caches, out);
}

/// out[i] = codes[i] dequantised, i < count, under scale (and offset) i >> Shift; Shift is 0, or 4 and more. past_caches: nobody reads
/// the values soon, so that they need not be read before they are written; order_stores() before others may.
template <scalar E, block_offset Kind, int Shift>
void decode_groups(std::uint8_t const* codes, std::size_t count, float const* scale, float const* offset, bool past_caches,
                   float* out) noexcept {
    static_assert(Shift == 0 || Shift >= 4);
    value_planes<E> const& table = value_planes_of<E>();
    std::size_t i = 0;
    past_caches = past_caches && reinterpret_cast<std::uintptr_t>(out) % 64 == 0;
    for (; i + 64 <= count; i += 64) {
        decode_64<E, Kind, Shift>(table, _mm512_loadu_si512(codes + i), scale, offset, i, i + 64, past_caches, out);
    }
    if (i < count) {
        decode_64<E, Kind, Shift>(table, _mm512_maskz_loadu_epi8(first_bytes(count - i), codes + i), scale, offset, i, count, false, out);
    }
}

inline void order_stores() noexcept { _mm_sfence(); }

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
