// One code per byte becomes dequantised floats: 64 at a time, tables of single bytes, scales applied in registers.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../portable/apply_scales.hpp"
#include "decode.hpp"
#include "group_scales.hpp"
#include "memory.hpp"
#include "repeated.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// Applies scales to the values i + 16 * Part and on, as far as they are below `count`.
template <block_offset Kind, int Shift, int Part>
[[gnu::always_inline]] inline void apply_scales(float const* scale, float const* offset, std::size_t i, std::size_t count,
                                                __m512 (&values)[4]) noexcept {
    std::size_t const first = i + 16 * Part;
    if (first >= count) return;
    __mmask16 const lanes = first_lanes(count - first);
    __m512 const factor = numbers_at<Shift, Part>(scale, i, lanes);
    __m512& value = values[Part];
    if constexpr (Kind == block_offset::zero_point) value = _mm512_sub_ps(value, numbers_at<Shift, Part>(offset, i, lanes));
    value = _mm512_mul_ps(value, factor);
    if constexpr (Kind == block_offset::minimum) value = _mm512_add_ps(value, numbers_at<Shift, Part>(offset, i, lanes));
}

/// The values of codes i to i + 63, as far as they are below `count`.
template <scalar E, block_offset Kind, int Shift>
[[gnu::always_inline]] inline void decode_64(value_planes<E> const& table, __m512i code, float const* scale, float const* offset,
                                             std::size_t i, std::size_t count, __m512 (&values)[4]) noexcept {
    values_of_64<E>(table, code, values);
    apply_scales<Kind, Shift, 0>(scale, offset, i, count, values);
    apply_scales<Kind, Shift, 1>(scale, offset, i, count, values);
    apply_scales<Kind, Shift, 2>(scale, offset, i, count, values);
    apply_scales<Kind, Shift, 3>(scale, offset, i, count, values);
}

/// Stores vectors one after another past the caches, by whole lines: where they begin within a line, each is of two vectors.
class line_stream {
public:
    /// `last` comes before `out`, where it was stored.
    line_stream(float* out, __m512 last) noexcept : last_(last) {
        skipped_ = reinterpret_cast<std::uintptr_t>(out) / sizeof(float) % 16;
        line_ = out - skipped_;
        __m512i const lanes = _mm512_setr_epi32(16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
        order_ = _mm512_sub_epi32(lanes, _mm512_set1_epi32(static_cast<int>(skipped_)));
    }
    [[gnu::always_inline]] void store(__m512 values) noexcept {
        _mm512_stream_ps(line_, _mm512_permutex2var_ps(last_, order_, values));
        line_ += 16;
        last_ = values;
    }
    void finish() noexcept { _mm512_mask_storeu_ps(line_, first_lanes(skipped_), _mm512_permutex2var_ps(last_, order_, last_)); }

private:
    float* line_;
    std::size_t skipped_;
    __m512i order_;
    __m512 last_;
};

/// out[i] = codes[i] dequantised, i < count, under scale (and offset) i >> Shift; Shift is 0, or 4 and more. past_caches: nobody reads
/// the values soon, so that they need not be read before they are written; order_stores() before others may.
template <scalar E, block_offset Kind, int Shift>
void decode_groups(std::uint8_t const* codes, std::size_t count, float const* scale, float const* offset, bool past_caches,
                   float* out) noexcept {
    static_assert(Shift == 0 || Shift >= 4);
    value_planes<E> const& table = value_planes_of<E>();
    bool const whole_lines = past_caches && reinterpret_cast<std::uintptr_t>(out) % 64 == 0;
    std::size_t const plain = past_caches && !whole_lines && count >= 128 ? 64 : count;  // a stream of parts of lines begins after these
    std::size_t i = 0;
    for (; i + 64 <= plain; i += 64) {
        __m512 values[4];  // of one step, so that it stays in registers
        decode_64<E, Kind, Shift>(table, _mm512_loadu_si512(codes + i), scale, offset, i, i + 64, values);
        repeated<4>([&](std::size_t j) __attribute__((always_inline)) {  // not a loop: -O2 would store the values to have an array
            float* const to = out + i + 16 * j;
            if (whole_lines) return _mm512_stream_ps(to, values[j]);
            fetch_line_ahead(to);
            _mm512_storeu_ps(to, values[j]);
        });
    }
    if (plain < count) {
        line_stream stream(out + i, _mm512_loadu_ps(out + i - 16));
        for (; i + 64 <= count; i += 64) {
            __m512 values[4];
            decode_64<E, Kind, Shift>(table, _mm512_loadu_si512(codes + i), scale, offset, i, i + 64, values);
            repeated<4>([&](std::size_t j) __attribute__((always_inline)) { stream.store(values[j]); });
        }
        stream.finish();
    }
    if (i == count) return;
    __m512i const code = _mm512_maskz_loadu_epi8(first_bytes(count - i), codes + i);
    __m512 values[4];
    decode_64<E, Kind, Shift>(table, code, scale, offset, i, count, values);
    for (std::size_t j = 0; i < count; i += 16, ++j) _mm512_mask_storeu_ps(out + i, first_lanes(count - i), values[j]);
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
