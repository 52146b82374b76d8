// Bit planes of a panel to vectors of bytes, bf16 pairs or fp32, 16 rows side by side.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "../operand.hpp"
#include "../panel_engine.hpp"
#include "../portable/read_lines.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx512bf16,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// f(0), f(1), ... f(Count - 1) without a loop: arrays of vectors indexed so stay in registers at every level of optimisation.
template <std::size_t Count, class F>
[[gnu::always_inline]] inline void unrolled(F const& f) noexcept {
    [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) { (f(I), ...); }(std::make_index_sequence<Count>{});
}

[[gnu::always_inline]] inline __m512i load_line(std::byte const* at) noexcept { return _mm512_loadu_si512(at); }

/// 64 bytes with the codes of step `Step` (four columns) of a unit, its planes put together, some of their bits flipped.
template <int Width, int Step>
[[gnu::always_inline]] inline __m512i codes_of_step(std::byte const* unit, __m512i flip = _mm512_setzero_si512()) noexcept {
    constexpr plane_list planes = planes_of(Width);
    __m512i codes = flip;
    [&]<int... I>(std::integer_sequence<int, I...>) __attribute__((always_inline)) {
        auto const add = [&]<int P>(std::integral_constant<int, P>) __attribute__((always_inline)) {
            constexpr plane p = planes.at[P];
            constexpr int per_line = 8 / p.bits;
            constexpr int up = p.low_bit - Step % per_line * p.bits;
            __m512i line = load_line(unit + (p.line + static_cast<std::size_t>(Step / per_line)) * line_bytes);
            if constexpr (p.bits == 8) {
                codes = _mm512_xor_si512(codes, line);
                return;
            }
            if constexpr (up > 0) line = _mm512_slli_epi16(line, static_cast<unsigned>(up));
            if constexpr (up < 0) line = _mm512_srli_epi16(line, static_cast<unsigned>(-up));
            __m512i const mask = _mm512_set1_epi8(static_cast<char>(((1 << p.bits) - 1) << p.low_bit));
            codes = _mm512_ternarylogic_epi64(line, mask, codes, 0x6A);  // codes ^ (line & mask)
        };
        (add(std::integral_constant<int, I>{}), ...);
    }(std::make_integer_sequence<int, planes.count>{});
    return codes;
}

/// Whether a code is one plane of several columns to the byte.
template <int Width>
inline constexpr bool one_plane = Width == 1 || Width == 2 || Width == 4;

/// The codes of a step in the low bits of each byte, other columns' above them: what a look-up takes where there is one plane.
template <int Width, int Step>
[[gnu::always_inline]] inline __m512i low_codes_of_step(std::byte const* unit) noexcept {
    static_assert(one_plane<Width>);
    constexpr int per_line = 8 / Width;
    __m512i const line = load_line(unit + static_cast<std::size_t>(Step / per_line) * line_bytes);
    return Step % per_line == 0 ? line : _mm512_srli_epi16(line, Step % per_line * Width);
}

/// In place of a width: 8 bits whose upper half mirrors the lower, so that 128 entries and the sign do.
inline constexpr int mirrored_bytes = 9;
template <int Width>
inline constexpr int width_in_bits = Width == mirrored_bytes ? 8 : Width;

/// 64 look-ups of bytes by codes of Width bits in the first 2^Width entries of a table (for less than 6 bits: 64 entries).
template <int Width>
[[gnu::always_inline]] inline __m512i look_up(std::uint8_t const* table, __m512i codes) noexcept {
    auto const part = [&](std::size_t i) __attribute__((always_inline)) { return _mm512_load_si512(table + 64 * i); };
    if constexpr (Width <= 6) return _mm512_permutexvar_epi8(codes, part(0));
    __m512i const lower = _mm512_permutex2var_epi8(part(0), codes, part(1));
    if constexpr (Width == 7 || Width == mirrored_bytes) return lower;
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(codes), lower, _mm512_permutex2var_epi8(part(2), codes, part(3)));
}

struct two_vectors {
    __m512i first, second;
};

/// Codes of a step as bf16: columns 0 and 2, and columns 1 and 3.
template <int Width>
[[gnu::always_inline]] inline two_vectors pairs_of_codes(element_tables const& tables, __m512i codes) noexcept {
    __m512i const low = look_up<Width>(tables.low, codes);
    __m512i high = look_up<Width>(tables.high, codes);
    if constexpr (Width == mirrored_bytes) {
        high = _mm512_ternarylogic_epi64(high, codes, _mm512_set1_epi8(static_cast<char>(0x80)), 0x78);  // high ^ (codes & sign)
    }
    __m512i const even = _mm512_set1_epi16(0x00FF);
    return {_mm512_ternarylogic_epi64(_mm512_slli_epi16(high, 8), low, even, 0xF8),
            _mm512_ternarylogic_epi64(_mm512_srli_epi16(low, 8), high, even, 0xF4)};  // low >> 8 | (high & ~even)
}

/// The same straight from a plane of 1, 2 or 4 bits, where two columns' codes stand at one shift of a 16-bit lane's ends.
template <int Width, int Step>
[[gnu::always_inline]] inline two_vectors pairs_of_plane(element_tables const& tables, std::byte const* unit) noexcept {
    constexpr int per_line = 8 / Width;
    __m512i const line = load_line(unit + static_cast<std::size_t>(Step / per_line) * line_bytes);
    __m512i const table = _mm512_load_si512(tables.word);
    constexpr unsigned shift = Step % per_line * Width;
    __m512i const first = shift == 0 ? line : _mm512_srli_epi16(line, shift);
    return {_mm512_permutexvar_epi16(first, table), _mm512_permutexvar_epi16(_mm512_srli_epi16(line, shift + 8), table)};
}

/// Shifted codes of a step as bf16 pairs, by tables with a centre: 32 entries for up to 4 bits, 64 for 5.
template <int Width>
[[gnu::always_inline]] inline two_vectors pairs_of_shifted(element_tables const& tables, __m512i codes, __m512i shift) noexcept {
    codes = _mm512_add_epi8(codes, shift);
    if constexpr (Width > 4) {
        return pairs_of_codes<6>(tables, codes);
    } else {
        __m512i const table = _mm512_load_si512(tables.word);
        return {_mm512_permutexvar_epi16(codes, table), _mm512_permutexvar_epi16(_mm512_srli_epi16(codes, 8), table)};
    }
}

/// A step of any width as bf16 pairs.
template <int Width, int Step>
[[gnu::always_inline]] inline two_vectors pairs_of_step(element_tables const& tables, std::byte const* unit) noexcept {
    if constexpr (one_plane<Width>) return pairs_of_plane<Width, Step>(tables, unit);
    else return pairs_of_codes<Width>(tables, codes_of_step<width_in_bits<Width>, Step>(unit));
}

/// bf16 pairs as four columns of fp32.
[[gnu::always_inline]] inline void floats_of_pairs(two_vectors pairs, __m512i* out) noexcept {
    __m512i const upper = _mm512_set1_epi32(static_cast<int>(0xFFFF0000U));
    out[0] = _mm512_slli_epi32(pairs.first, 16);
    out[1] = _mm512_slli_epi32(pairs.second, 16);
    out[2] = _mm512_and_si512(pairs.first, upper);
    out[3] = _mm512_and_si512(pairs.second, upper);
}

/// Four columns of codes in the bytes of each lane, from bit `shift` on, as fp32; formats of up to 4 bits.
[[gnu::always_inline]] inline void floats_of_narrow(element_tables const& tables, __m512i codes, unsigned shift, __m512i* out) noexcept {
    __m512 const table = _mm512_load_ps(tables.value);
    unrolled<line_columns>([&](std::size_t c) __attribute__((always_inline)) {
        __m512i const index = _mm512_srli_epi32(codes, shift + 8 * static_cast<unsigned>(c));
        out[c] = _mm512_castps_si512(_mm512_permutexvar_ps(index, table));
    });
}

/// A step of any width as fp32.
template <int Width, int Step>
[[gnu::always_inline]] inline void floats_of_step(element_tables const& tables, std::byte const* unit, __m512i* out) noexcept {
    if constexpr (Width == 1 || Width == 2 || Width == 4) {
        constexpr int per_line = 8 / Width;
        __m512i const line = load_line(unit + static_cast<std::size_t>(Step / per_line) * line_bytes);
        floats_of_narrow(tables, line, Step % per_line * Width, out);
    } else if constexpr (Width == 3) {
        floats_of_narrow(tables, codes_of_step<Width, Step>(unit), 0, out);
    } else {
        floats_of_pairs(pairs_of_step<Width, Step>(tables, unit), out);
    }
}

/// Codes as the integers they stand for plus the bias.
template <int Width>
[[gnu::always_inline]] inline __m512i byte_integers(element_tables const& tables, __m512i codes) noexcept {
    if constexpr (Width <= 6) return look_up<6>(tables.byte, codes);
    else return _mm512_xor_si512(codes, _mm512_set1_epi8(static_cast<char>(tables.flip)));
}

/// A step of any width as such integers.
template <int Width, int Step>
[[gnu::always_inline]] inline __m512i bytes_of_step(element_tables const& tables, std::byte const* unit) noexcept {
    if constexpr (one_plane<Width>) return byte_integers<Width>(tables, low_codes_of_step<Width, Step>(unit));
    else return byte_integers<Width>(tables, codes_of_step<Width, Step>(unit));
}

inline void store_two(two_vectors pairs, std::byte* out) noexcept {
    _mm512_storeu_si512(out, pairs.first);
    _mm512_storeu_si512(out + line_bytes, pairs.second);
}
inline void store_four(__m512i const* w, std::byte* out) noexcept {
    for (std::size_t c = 0; c < line_columns; ++c) _mm512_storeu_si512(out + c * line_bytes, w[c]);
}

template <panel_path Path, int Width, int Step>
inline void expand_step(element_tables const& tables, std::byte const* unit, std::byte* strip) noexcept {
    std::byte* const out = strip + Step * (line_columns / columns_of(Path)) * line_bytes;
    if constexpr (Path == panel_path::bytes) {
        _mm512_storeu_si512(out, bytes_of_step<Width, Step>(tables, unit));
    } else if constexpr (Path == panel_path::pairs) {
        store_two(pairs_of_step<Width, Step>(tables, unit), out);
    } else {
        __m512i w[line_columns];
        floats_of_step<Width, Step>(tables, unit, w);
        store_four(w, out);
    }
}

template <panel_path Path, int Width>
inline void expand_units(element_tables const& tables, std::byte const* lines, std::size_t depth, std::byte* strip) noexcept {
    constexpr std::size_t unit_bytes = unit_columns / columns_of(Path) * line_bytes;
    for (std::size_t k = 0; k < depth; k += unit_columns, lines += width_in_bits<Width> * line_bytes, strip += unit_bytes) {
        [&]<int... Step>(std::integer_sequence<int, Step...>) {
            (expand_step<Path, Width, Step>(tables, lines, strip), ...);
        }(std::make_integer_sequence<int, 8>{});
    }
}

template <panel_path Path, int Width>
inline void expand_lines(element_tables const& tables, std::byte const* lines, std::size_t depth, std::byte* strip) noexcept {
    constexpr std::size_t step_bytes = line_columns / columns_of(Path) * line_bytes;
    for (std::size_t k = 0; k < depth; k += line_columns, lines += line_bytes, strip += step_bytes) {
        __m512i const codes = load_line(lines);
        if constexpr (Path == panel_path::bytes) {
            _mm512_storeu_si512(strip, byte_integers<Width>(tables, codes));
        } else if constexpr (Path == panel_path::pairs) {
            store_two(pairs_of_codes<Width>(tables, codes), strip);
        } else {
            __m512i w[line_columns];
            if constexpr (Width <= 4) floats_of_narrow(tables, codes, 0, w);
            else floats_of_pairs(pairs_of_codes<Width>(tables, codes), w);
            store_four(w, strip);
        }
    }
}

/// panel_engine::expand
template <panel_path Path>
void expand(int width, element_tables const& tables, std::byte const* lines, std::size_t depth, std::byte* strip) {
    switch (width) {
        case 1: return expand_units<Path, 1>(tables, lines, depth, strip);
        case 2: return expand_units<Path, 2>(tables, lines, depth, strip);
        case 3: return expand_units<Path, 3>(tables, lines, depth, strip);
        case 4: return expand_units<Path, 4>(tables, lines, depth, strip);
        case 5: return expand_units<Path, 5>(tables, lines, depth, strip);
        case 6: return expand_units<Path, 6>(tables, lines, depth, strip);
        case 7: return expand_units<Path, 7>(tables, lines, depth, strip);
        default: break;
    }
    if constexpr (Path != panel_path::bytes) {
        if (tables.mirrored) return expand_units<Path, mirrored_bytes>(tables, lines, depth, strip);
    }
    expand_units<Path, 8>(tables, lines, depth, strip);
}

/// panel_engine::expand_bytes
template <panel_path Path>
void expand_bytes(int width, element_tables const& tables, std::byte const* lines, std::size_t depth, std::byte* strip) {
    if (width <= 4) return expand_lines<Path, 4>(tables, lines, depth, strip);
    if (width <= 6) return expand_lines<Path, 6>(tables, lines, depth, strip);
    if (width == 7) return expand_lines<Path, 7>(tables, lines, depth, strip);
    return expand_lines<Path, 8>(tables, lines, depth, strip);
}

template <int Width>
inline void expand_quads(element_tables const& tables, std::byte const* lines, std::size_t first, std::size_t depth, __m512i shift,
                         std::byte* strip) noexcept {
    constexpr std::size_t vectors = line_columns / columns_of(panel_path::pairs);
    for (std::size_t k = first; k < first + depth; k += quad_columns) {
        std::byte const* const unit = lines + k / unit_columns * (Width * line_bytes);
        std::byte* const out = strip + k / line_columns * vectors * line_bytes;
        auto const half = [&]<int... Step>(std::integer_sequence<int, Step...>) {
            auto const store = [&]<int S>(std::integral_constant<int, S>) {
                store_two(pairs_of_shifted<Width>(tables, codes_of_step<Width, S>(unit), shift), out + S % 4 * vectors * line_bytes);
            };
            (store(std::integral_constant<int, Step>{}), ...);
        };
        if (k % unit_columns == 0) half(std::integer_sequence<int, 0, 1, 2, 3>{});
        else half(std::integer_sequence<int, 4, 5, 6, 7>{});
    }
}

/// panel_engine::expand_shifted
inline void expand_shifted(int width, element_tables const& tables, std::byte const* lines, std::size_t first, std::size_t depth,
                           std::uint32_t const* shift, std::byte* strip) {
    __m512i const by = _mm512_load_si512(shift);
    switch (width) {
        case 1: return expand_quads<1>(tables, lines, first, depth, by, strip);
        case 2: return expand_quads<2>(tables, lines, first, depth, by, strip);
        case 3: return expand_quads<3>(tables, lines, first, depth, by, strip);
        case 4: return expand_quads<4>(tables, lines, first, depth, by, strip);
        default: return expand_quads<5>(tables, lines, first, depth, by, strip);
    }
}

/// panel_engine::expand_bytes_shifted
inline void expand_bytes_shifted(int width, element_tables const& tables, std::byte const* lines, std::size_t first,
                                 std::size_t depth, std::uint32_t const* shift, std::byte* strip) {
    __m512i const by = _mm512_load_si512(shift);
    for (std::size_t k = first; k < first + depth; k += line_columns) {
        __m512i const codes = load_line(lines + k / line_columns * line_bytes);
        std::byte* const out = strip + k / 2 * line_bytes;
        if (width <= 4) store_two(pairs_of_shifted<4>(tables, codes, by), out);
        else store_two(pairs_of_shifted<5>(tables, codes, by), out);
    }
}

/// panel_engine::fold. What an exponent is added to: all numbers but 0, which stays, and infinities and NaNs.
inline bool fold(std::size_t first, std::size_t depth, std::size_t group, float const* scale, std::byte* strip) {
    __m512i const magnitude = _mm512_set1_epi16(0x7FFF);
    __m512i failed = _mm512_setzero_si512();
    for (std::size_t k = first; k < first + depth; scale += panel_rows) {
        std::size_t const end = std::min(first + depth, (k / group + 1) * group);
        __m512i const exponent = _mm512_sub_epi32(_mm512_srli_epi32(_mm512_loadu_si512(scale), 23), _mm512_set1_epi32(127));
        __mmask16 const beyond = _mm512_cmpgt_epi32_mask(_mm512_abs_epi32(exponent), _mm512_set1_epi32(most_folded));
        __m512i const refused = _mm512_maskz_mov_epi32(beyond, magnitude);
        __mmask16 const no_number = _mm512_cmpgt_epi32_mask(exponent, _mm512_set1_epi32(127));
        failed = _mm512_mask_mov_epi32(failed, no_number, magnitude);
        __m512i const added = _mm512_slli_epi16(_mm512_or_si512(_mm512_slli_epi32(exponent, 16),
                                                                _mm512_and_si512(exponent, _mm512_set1_epi32(0xFFFF))), 7);
        for (; k < end; k += columns_of(panel_path::pairs), strip += line_bytes) {
            __m512i const pairs = load_line(strip);
            __m512i const less_one = _mm512_sub_epi16(_mm512_and_si512(pairs, magnitude), _mm512_set1_epi16(1));
            __mmask32 const numbers = _mm512_cmplt_epu16_mask(less_one, _mm512_set1_epi16(0x7F7F));
            failed = _mm512_ternarylogic_epi64(failed, pairs, refused, 0xF8);  // failed | (pairs & refused)
            _mm512_storeu_si512(strip, _mm512_mask_add_epi16(pairs, numbers, pairs, added));
        }
    }
    return _mm512_test_epi32_mask(failed, failed) == 0;
}

/// scale_reader::codes
template <class = void>
void read_codes(int width, element_tables const& tables, std::byte const* lines, std::size_t count, float* out) {
    if (!tables.exact_in_bf16) return portable::read_codes(width, tables, lines, count, out);
    expand<panel_path::floats>(width, tables, lines, count, reinterpret_cast<std::byte*>(out));
}

/// scale_reader::halves
inline void read_halves(int exponent_bits, std::byte const* numbers, std::size_t count, float* out) {
    for (std::size_t i = 0; i < count; i += 16) {
        __m256i const codes = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(numbers + 2 * i));
        _mm512_storeu_ps(out + i, exponent_bits == 5 ? _mm512_cvtph_ps(codes)
                                                     : _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(codes), 16)));
    }
}

/// scale_reader::apply
inline void apply_groups(std::size_t first, std::size_t count, std::size_t group, float const* scale, float const* offset,
                         float* values) {
    std::size_t left = group - first % group;
    for (std::size_t i = 0; i < count; left = group, scale += panel_rows) {
        std::size_t const end = std::min(count, i + left);
        __m512 const by = _mm512_loadu_ps(scale);
        if (offset == nullptr) {
            for (; i < end; ++i, values += panel_rows) _mm512_storeu_ps(values, _mm512_mul_ps(_mm512_loadu_ps(values), by));
            continue;
        }
        __m512 const more = _mm512_loadu_ps(offset);
        for (; i < end; ++i, values += panel_rows) {
            _mm512_storeu_ps(values, _mm512_add_ps(_mm512_mul_ps(_mm512_loadu_ps(values), by), more));
        }
        offset += panel_rows;
    }
}

template <int Width>
inline void scaled_units(element_tables const& tables, std::byte const* lines, std::size_t first, std::size_t count, std::size_t group,
                         float const* scale, float* out) noexcept {
    std::size_t left = group - first % group;
    __m512 by = _mm512_loadu_ps(scale);
    for (std::size_t k = 0; k < count; k += unit_columns, lines += width_in_bits<Width> * line_bytes) {
        auto const step = [&]<int Step>(std::integral_constant<int, Step>) __attribute__((always_inline)) {
            if (k + Step * line_columns >= count) return;
            if (left == 0) {
                left = group;
                scale += panel_rows;
                by = _mm512_loadu_ps(scale);
            }
            left -= line_columns;
            __m512i w[line_columns];
            floats_of_step<Width, Step>(tables, lines, w);
            unrolled<line_columns>([&](std::size_t c) __attribute__((always_inline)) {
                _mm512_storeu_ps(out + (k + Step * line_columns + c) * panel_rows, _mm512_mul_ps(_mm512_castsi512_ps(w[c]), by));
            });
        };
        [&]<int... Step>(std::integer_sequence<int, Step...>) __attribute__((always_inline)) {
            (step(std::integral_constant<int, Step>{}), ...);
        }(std::make_integer_sequence<int, 8>{});
    }
}

/// scale_reader::scaled_codes, in one pass for the widths that scales of scales have
template <class = void>
void scaled_codes(int width, element_tables const& tables, std::byte const* lines, std::size_t first, std::size_t count,
                         std::size_t group, float const* scale, float* out) {
    if (tables.exact_in_bf16) {
        if (width == 4) return scaled_units<4>(tables, lines, first, count, group, scale, out);
        if (width == 6) return scaled_units<6>(tables, lines, first, count, group, scale, out);
        if (width == 8 && tables.mirrored) return scaled_units<mirrored_bytes>(tables, lines, first, count, group, scale, out);
        if (width == 8) return scaled_units<8>(tables, lines, first, count, group, scale, out);
    }
    read_codes(width, tables, lines, count, out);
    apply_groups(first, count, group, scale, nullptr, out);
}

template <int Width, bool Paired>
inline void integers_of_units(std::byte const* lines, std::size_t count, std::uint32_t* out) noexcept {
    constexpr unsigned vectors = Paired ? 2 : line_columns;
    __m512i const low = _mm512_set1_epi32(Paired ? 0x00FF00FF : 0xFF);
    for (std::size_t k = 0; k < count; k += unit_columns, lines += Width * line_bytes, out += unit_columns / 4 * vectors * panel_rows) {
        auto const step = [&]<int Step>(std::integral_constant<int, Step>) __attribute__((always_inline)) {
            if (k + Step * line_columns >= count) return;
            __m512i const codes = codes_of_step<Width, Step>(lines);
            unrolled<vectors>([&](std::size_t c) __attribute__((always_inline)) {
                __m512i const column = _mm512_and_si512(_mm512_srli_epi32(codes, 8 * static_cast<unsigned>(c)), low);
                _mm512_storeu_si512(out + (Step * vectors + c) * panel_rows, column);
            });
        };
        [&]<int... Step>(std::integer_sequence<int, Step...>) __attribute__((always_inline)) {
            (step(std::integral_constant<int, Step>{}), ...);
        }(std::make_integer_sequence<int, 8>{});
    }
}

/// scale_reader::integers
template <class = void>
void read_integers(int width, std::byte const* lines, std::size_t count, bool paired, std::uint32_t* out) {
    auto const read = [&]<int Width>(std::integral_constant<int, Width>) {
        if (paired) integers_of_units<Width, true>(lines, count, out);
        else integers_of_units<Width, false>(lines, count, out);
    };
    if (width == 4) return read(std::integral_constant<int, 4>{});
    read(std::integral_constant<int, 6>{});
}

template <class = void>
scale_reader vector_reader() noexcept {
    return {&read_codes<>, &read_halves, &apply_groups, &scaled_codes<>, &read_integers<>, true};
}

/// panel_engine::centre
inline void centre_offsets(operand_facts const& w, int centre, std::size_t count, float const* scale, float* offset,
                           std::uint32_t* shift) {
    __m512 const highest = _mm512_set1_ps(static_cast<float>((1 << w.width) - 1));
    __m512 const zero = _mm512_setzero_ps();
    for (std::size_t i = 0; i < count; i += 16) {
        __m512 const s = _mm512_loadu_ps(scale + i);
        __m512 const m = _mm512_loadu_ps(offset + i);
        __m512 const at = w.zero_point ? m : _mm512_mul_ps(_mm512_sub_ps(zero, m), _mm512_rcp14_ps(s));  // about is enough
        __m512 const inside = _mm512_min_ps(_mm512_max_ps(at, zero), highest);  // a NaN becomes 0
        __m512i const c = _mm512_cvtps_epi32(inside);
        __m512 const left = w.zero_point ? zero : _mm512_fmadd_ps(_mm512_cvtepi32_ps(c), s, m);
        _mm512_storeu_ps(offset + i, left);
        __m512i const by = _mm512_sub_epi32(_mm512_set1_epi32(centre), c);
        _mm512_storeu_si512(shift + i, _mm512_mullo_epi32(by, _mm512_set1_epi32(0x01010101)));
    }
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
