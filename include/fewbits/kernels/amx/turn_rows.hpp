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

/// 16 bytes of each of rows r, r + 4, r + 8 and r + 12, one after the other.
[[gnu::always_inline]] inline __m512i four_rows(std::byte const* from, std::size_t stride) noexcept {
    auto const part = [&](std::size_t i) __attribute__((always_inline)) {
        return _mm_loadu_si128(reinterpret_cast<__m128i const*>(from + 4 * i * stride));
    };
    __m512i rows = _mm512_castsi128_si512(part(0));
    rows = _mm512_mask_broadcast_i32x4(rows, 0x00F0, part(1));
    rows = _mm512_mask_broadcast_i32x4(rows, 0x0F00, part(2));
    return _mm512_mask_broadcast_i32x4(rows, 0xF000, part(3));
}

/// 16 rows by columns_turned columns.
[[gnu::always_inline]] inline void turn(std::byte const* from, std::size_t stride, std::byte* strip) noexcept {
    avx512::unrolled<4>([&](std::size_t part) __attribute__((always_inline)) {
        __m512i rows[4];
        avx512::unrolled<4>([&](std::size_t r) __attribute__((always_inline)) {
            rows[r] = four_rows(from + part * sizeof(__m128i) + r * stride, stride);
        });
        __m512i const low[2]{_mm512_unpacklo_epi32(rows[0], rows[1]), _mm512_unpacklo_epi32(rows[2], rows[3])};
        __m512i const high[2]{_mm512_unpackhi_epi32(rows[0], rows[1]), _mm512_unpackhi_epi32(rows[2], rows[3])};
        std::byte* const to = strip + 4 * part * line_bytes;
        _mm512_storeu_si512(to, _mm512_unpacklo_epi64(low[0], low[1]));
        _mm512_storeu_si512(to + line_bytes, _mm512_unpackhi_epi64(low[0], low[1]));
        _mm512_storeu_si512(to + 2 * line_bytes, _mm512_unpacklo_epi64(high[0], high[1]));
        _mm512_storeu_si512(to + 3 * line_bytes, _mm512_unpackhi_epi64(high[0], high[1]));
    });
}

/// panel_engine::turn_rows. Nothing is read past a row's last column: what is not whole goes through a copy.
inline void turn_rows(std::byte const* row, std::size_t stride, std::size_t rows, std::size_t depth, std::uintptr_t ahead,
                      std::byte* strip) {
    constexpr std::size_t bytes = columns_turned * sizeof(std::uint16_t);
    for (std::size_t k = 0; k < depth; k += columns_turned, row += bytes, strip += panel_rows * line_bytes) {
        std::size_t const left = depth - k;
        avx512::unrolled<panel_rows>([&](std::size_t r) __attribute__((always_inline)) {
            _mm_prefetch(reinterpret_cast<char const*>(reinterpret_cast<std::uintptr_t>(row) + ahead + r * stride), _MM_HINT_T0);
        });
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
