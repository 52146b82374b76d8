// Rows of bf16 as they lie in memory, turned into vectors of pairs: 16 rows side by side, two columns a lane.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../avx512/expand_panel.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx512bf16,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace amx {

/// Columns of 16 rows that become 16 vectors.
inline constexpr std::size_t columns_turned = 32;

/// 16 rows by columns_turned columns, each row read at once: rows often lie a power of two apart, where a first-level cache has no room for
/// a line of each.
[[gnu::always_inline]] inline void turn(std::byte const* from, std::size_t stride, std::byte* strip) noexcept {
    __m512i fours[4][4];  // [rows / 4][c]: of 4 rows words c, 4 + c, 8 + c and 12 + c
    avx512::unrolled<4>([&](std::size_t i) __attribute__((always_inline)) {
        auto const row = [&](std::size_t r) __attribute__((always_inline)) { return avx512::load_line(from + (4 * i + r) * stride); };
        __m512i const first[2]{row(0), row(1)};
        __m512i const second[2]{row(2), row(3)};
        __m512i const low[2]{_mm512_unpacklo_epi32(first[0], first[1]), _mm512_unpacklo_epi32(second[0], second[1])};
        __m512i const high[2]{_mm512_unpackhi_epi32(first[0], first[1]), _mm512_unpackhi_epi32(second[0], second[1])};
        fours[i][0] = _mm512_unpacklo_epi64(low[0], low[1]);
        fours[i][1] = _mm512_unpackhi_epi64(low[0], low[1]);
        fours[i][2] = _mm512_unpacklo_epi64(high[0], high[1]);
        fours[i][3] = _mm512_unpackhi_epi64(high[0], high[1]);
    });
    avx512::unrolled<4>([&](std::size_t c) __attribute__((always_inline)) {
        __m512i const low[2]{_mm512_shuffle_i32x4(fours[0][c], fours[1][c], 0x44), _mm512_shuffle_i32x4(fours[2][c], fours[3][c], 0x44)};
        __m512i const high[2]{_mm512_shuffle_i32x4(fours[0][c], fours[1][c], 0xEE), _mm512_shuffle_i32x4(fours[2][c], fours[3][c], 0xEE)};
        _mm512_storeu_si512(strip + c * line_bytes, _mm512_shuffle_i32x4(low[0], low[1], 0x88));
        _mm512_storeu_si512(strip + (4 + c) * line_bytes, _mm512_shuffle_i32x4(low[0], low[1], 0xDD));
        _mm512_storeu_si512(strip + (8 + c) * line_bytes, _mm512_shuffle_i32x4(high[0], high[1], 0x88));
        _mm512_storeu_si512(strip + (12 + c) * line_bytes, _mm512_shuffle_i32x4(high[0], high[1], 0xDD));
    });
}

/// panel_engine::turn_rows. Nothing is read past a row's last column: what is not whole goes through a copy.
inline void turn_rows(std::byte const* row, std::size_t stride, std::size_t rows, std::size_t depth, std::uintptr_t ahead,
                      std::byte* strip) {
    constexpr std::size_t bytes = columns_turned * sizeof(std::uint16_t);
    std::size_t const lines = (depth + columns_turned - 1) / columns_turned;
    std::size_t line = 0;
    std::uintptr_t next = reinterpret_cast<std::uintptr_t>(row) + ahead;
    for (std::size_t k = 0; k < depth; k += columns_turned, row += bytes, strip += panel_rows * line_bytes) {
        std::size_t const left = depth - k;
        for (std::size_t i = 0; i < panel_rows; ++i) {
            _mm_prefetch(reinterpret_cast<char const*>(next + line * line_bytes), _MM_HINT_T1);
            if (++line == lines) line = 0, next += stride;
        }
        if (rows == panel_rows && left >= columns_turned) {
            turn(row, stride, strip);
            continue;
        }
        alignas(64) std::byte part[panel_rows * bytes];
        __mmask32 const known = _bzhi_u32(~0U, static_cast<unsigned>(left < columns_turned ? left : columns_turned));
        for (std::size_t r = 0; r < panel_rows; ++r) {
            bool const there = r < rows;
            _mm512_store_si512(part + r * bytes, _mm512_maskz_loadu_epi16(there ? known : 0, row + (there ? r * stride : 0)));
        }
        turn(part, bytes, strip);
    }
}

}  // namespace amx
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
