// Bit planes of a panel to vectors of bytes or fp32. A line of 16 rows is two vectors, and each half is expanded on its own.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <utility>

#include "../panel_engine.hpp"
#include "../portable/read_lines.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx2 {

/// What codes become and how: one vector of bytes for four columns, or four vectors of fp32.
enum class code_form : unsigned char {
    bytes,          ///< the integer plus bias
    floats,         ///< fp32 by a table of fp32; up to 4 bits
    halves,         ///< fp32 by two tables of bytes, where the lower half of every value is zero
    signed_halves,  ///< the same where the highest bit of a code is the value's sign and nothing else: half a table
    integers        ///< fp32 by arithmetic; 5 bits and more
};

/// How codes of these tables become fp32.
inline code_form form_of(int width, element_tables const& tables) noexcept {
    if (width <= 4) return tables.exact_in_bf16 ? code_form::halves : code_form::floats;
    if (tables.plain_integers) return code_form::integers;
    return tables.signed_codes ? code_form::signed_halves : code_form::halves;
}

inline constexpr std::size_t half_bytes = line_bytes / 2;

}  // namespace avx2
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_BEGIN("avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx2 {

inline __m256i load_half(std::byte const* at) noexcept { return _mm256_loadu_si256(reinterpret_cast<__m256i const*>(at)); }
inline void store_half(std::byte* at, __m256i x) noexcept { _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), x); }

/// 32 bytes with the codes of step `Step` (four columns) of a unit: its planes put together.
template <int Width, int Step>
inline __m256i codes_of_step(std::byte const* unit) noexcept {
    constexpr plane_list planes = planes_of(Width);
    __m256i codes = _mm256_setzero_si256();
    [&]<int... I>(std::integer_sequence<int, I...>) {
        auto const add = [&]<int P>(std::integral_constant<int, P>) {
            constexpr plane p = planes.at[P];
            constexpr int per_line = 8 / p.bits;
            constexpr int up = p.low_bit - Step % per_line * p.bits;
            __m256i line = load_half(unit + (p.line + static_cast<std::size_t>(Step / per_line)) * line_bytes);
            if constexpr (up > 0) line = _mm256_slli_epi16(line, up);
            if constexpr (up < 0) line = _mm256_srli_epi16(line, -up);
            if constexpr (p.bits == 8) {
                codes = line;
            } else {
                __m256i const mask = _mm256_set1_epi8(static_cast<char>(((1 << p.bits) - 1) << p.low_bit));
                codes = _mm256_or_si256(codes, _mm256_and_si256(line, mask));
            }
        };
        (add(std::integral_constant<int, I>{}), ...);
    }(std::make_integer_sequence<int, planes.count>{});
    return codes;
}

/// 32 look-ups of bytes in 2^Bits entries. nibbles: the codes' lowest four bits; of the codes only the others below Bits count.
template <int Bits>
inline __m256i look_up(std::uint8_t const* table, __m256i nibbles, __m256i codes) noexcept {
    if constexpr (Bits <= 4) {
        return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<__m128i const*>(table))), nibbles);
    } else {
        constexpr std::size_t half = std::size_t{1} << (Bits - 1);
        __m256i const lower = look_up<Bits - 1>(table, nibbles, codes);
        __m256i const upper = look_up<Bits - 1>(table + half, nibbles, codes);
        return _mm256_blendv_epi8(lower, upper, Bits == 8 ? codes : _mm256_slli_epi16(codes, 8 - Bits));
    }
}

template <int Width>
inline __m256i nibbles_of(__m256i codes) noexcept {
    return Width <= 4 ? codes : _mm256_and_si256(codes, _mm256_set1_epi8(15));
}

/// Codes as the integers they stand for plus the bias.
template <int Width>
inline __m256i byte_integers(element_tables const& tables, __m256i codes) noexcept {
    if constexpr (Width <= 6) return look_up<Width>(tables.byte, nibbles_of<Width>(codes), codes);
    else return _mm256_xor_si256(codes, _mm256_set1_epi8(static_cast<char>(tables.flip)));
}

/// Four columns of fp32 whose upper halves stand in two bytes of each code.
template <code_form Form, int Width>
inline void floats_by_halves(element_tables const& tables, __m256i codes, __m256i* out) noexcept {
    constexpr int bits = Form == code_form::signed_halves ? Width - 1 : Width;
    __m256i const nibbles = nibbles_of<Width>(codes);
    __m256i const low = look_up<bits>(tables.low, nibbles, codes);
    __m256i high = look_up<bits>(tables.high, nibbles, codes);
    if constexpr (Form == code_form::signed_halves) {
        __m256i const sign = _mm256_and_si256(_mm256_slli_epi16(codes, 8 - Width), _mm256_set1_epi8(-128));
        high = _mm256_or_si256(high, sign);
    }
    __m256i const even = _mm256_set1_epi16(0x00FF);
    __m256i const upper = _mm256_set1_epi32(static_cast<int>(0xFFFF0000U));
    __m256i const evens = _mm256_or_si256(_mm256_and_si256(low, even), _mm256_slli_epi16(high, 8));
    __m256i const odds = _mm256_or_si256(_mm256_srli_epi16(low, 8), _mm256_andnot_si256(even, high));
    out[0] = _mm256_slli_epi32(evens, 16);
    out[1] = _mm256_slli_epi32(odds, 16);
    out[2] = _mm256_and_si256(evens, upper);
    out[3] = _mm256_and_si256(odds, upper);
}

/// The same by a table of fp32.
template <int Width>
inline void floats_by_table(element_tables const& tables, __m256i codes, __m256i* out) noexcept {
    static_assert(Width <= 4);
    __m256 const lower = _mm256_load_ps(tables.value);
    __m256 const upper = _mm256_load_ps(tables.value + 8);
    for (int c = 0; c < 4; ++c) {
        __m256i const index = _mm256_srli_epi32(codes, 8 * c);
        __m256 value = _mm256_permutevar8x32_ps(lower, index);
        if constexpr (Width == 4) {
            __m256 const fourth_bit = _mm256_castsi256_ps(_mm256_slli_epi32(codes, 28 - 8 * c));
            value = _mm256_blendv_ps(value, _mm256_permutevar8x32_ps(upper, index), fourth_bit);
        }
        out[c] = _mm256_castps_si256(value);
    }
}

/// The same by arithmetic: (integer + bias) * unit - bias * unit, without a rounding.
inline void floats_of_integers(element_tables const& tables, __m256i codes, __m256i* out) noexcept {
    __m256i const biased = _mm256_xor_si256(codes, _mm256_set1_epi8(static_cast<char>(tables.flip)));
    __m256 const unit = _mm256_set1_ps(tables.unit);
    __m256 const lowest = _mm256_set1_ps(static_cast<float>(-tables.bias) * tables.unit);
    for (int c = 0; c < 4; ++c) {
        __m256i const shifted = c == 0 ? biased : _mm256_srli_epi32(biased, 8 * c);
        __m256i const byte = c == 3 ? shifted : _mm256_and_si256(shifted, _mm256_set1_epi32(255));
        out[c] = _mm256_castps_si256(_mm256_fmadd_ps(_mm256_cvtepi32_ps(byte), unit, lowest));
    }
}

/// Codes of four columns to the vectors of a form: one or four.
template <code_form Form, int Width>
inline void vectors_of_codes(element_tables const& tables, __m256i codes, __m256i* out) noexcept {
    if constexpr (Form == code_form::bytes) out[0] = byte_integers<Width>(tables, codes);
    else if constexpr (Form == code_form::floats) floats_by_table<Width>(tables, codes, out);
    else if constexpr (Form == code_form::integers) floats_of_integers(tables, codes, out);
    else floats_by_halves<Form, Width>(tables, codes, out);
}
template <code_form Form>
constexpr std::size_t vector_count() noexcept { return Form == code_form::bytes ? 1 : line_columns; }

template <code_form Form, int Width>
inline void store_vectors(element_tables const& tables, __m256i codes, std::byte* out) noexcept {
    __m256i w[vector_count<Form>()];
    vectors_of_codes<Form, Width>(tables, codes, w);
    for (std::size_t i = 0; i < vector_count<Form>(); ++i) store_half(out + i * line_bytes, w[i]);
}

/// A panel's bit planes, units of 32 columns.
struct expand_units {
    element_tables const& tables;
    std::byte const* lines;
    std::size_t depth;
    std::byte* strip;

    template <code_form Form, int Width>
    void run() const noexcept {
        constexpr std::size_t step_bytes = vector_count<Form>() * line_bytes;
        std::size_t const units = (depth + unit_columns - 1) / unit_columns;
        for (std::size_t unit = 0; unit < units; ++unit) {
            for (std::size_t half = 0; half < line_bytes; half += half_bytes) {
                std::byte const* const from = lines + unit * Width * line_bytes + half;
                std::byte* const to = strip + unit * 8 * step_bytes + half;
                [&]<int... Step>(std::integer_sequence<int, Step...>) {
                    (store_vectors<Form, Width>(tables, codes_of_step<Width, Step>(from), to + Step * step_bytes), ...);
                }(std::make_integer_sequence<int, 8>{});
            }
        }
    }
};

/// Codes in bytes, steps of four columns.
struct expand_steps {
    element_tables const& tables;
    std::byte const* lines;
    std::size_t depth;
    std::byte* strip;

    template <code_form Form, int Width>
    void run() const noexcept {
        for (std::size_t k = 0; k < depth; k += line_columns) {
            std::byte const* const line = lines + k / line_columns * line_bytes;
            std::byte* const to = strip + k / line_columns * vector_count<Form>() * line_bytes;
            store_vectors<Form, Width>(tables, load_half(line), to);
            store_vectors<Form, Width>(tables, load_half(line + half_bytes), to + half_bytes);
        }
    }
};

/// task.run<Form, width>(), for widths from Least to Most.
template <code_form Form, int Least, int Most, class Task>
void run_for_width(int width, Task const& task) {
    if constexpr (Least < Most) {
        if (width > Least) return run_for_width<Form, Least + 1, Most>(width, task);
    }
    task.template run<Form, Least>();
}

/// The same for a path and the form that its codes take there.
template <panel_path Path, class Task>
void run_for_form(int width, element_tables const& tables, Task const& task) {
    if constexpr (Path == panel_path::bytes) {
        run_for_width<code_form::bytes, 1, 8>(width, task);
    } else {
        switch (form_of(width, tables)) {
            case code_form::floats: return run_for_width<code_form::floats, 1, 4>(width, task);
            case code_form::signed_halves: return run_for_width<code_form::signed_halves, 5, 8>(width, task);
            case code_form::integers: return run_for_width<code_form::integers, 5, 8>(width, task);
            default: return run_for_width<code_form::halves, 1, 8>(width, task);
        }
    }
}

/// panel_engine::expand
template <panel_path Path>
void expand(int width, element_tables const& tables, std::byte const* lines, std::size_t depth, std::byte* strip) {
    run_for_form<Path>(width, tables, expand_units{tables, lines, depth, strip});
}

/// panel_engine::expand_bytes
template <panel_path Path>
void expand_bytes(int width, element_tables const& tables, std::byte const* lines, std::size_t depth, std::byte* strip) {
    run_for_form<Path>(width, tables, expand_steps{tables, lines, depth, strip});
}

/// scale_reader::codes
template <class = void>
void read_codes(int width, element_tables const& tables, std::byte const* lines, std::size_t count, float* out) {
    if (width > 4 && !tables.exact_in_bf16) return portable::read_codes(width, tables, lines, count, out);
    expand<panel_path::floats>(width, tables, lines, count, reinterpret_cast<std::byte*>(out));
}

/// scale_reader::halves
inline void read_halves(int exponent_bits, std::byte const* numbers, std::size_t count, float* out) {
    for (std::size_t i = 0; i < count; i += 8) {
        __m128i const codes = _mm_loadu_si128(reinterpret_cast<__m128i const*>(numbers + 2 * i));
        _mm256_storeu_ps(out + i, exponent_bits == 5
                                      ? _mm256_cvtph_ps(codes)
                                      : _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(codes), 16)));
    }
}

/// scale_reader::apply
inline void apply_groups(std::size_t first, std::size_t count, std::size_t group, float const* scale, float const* offset,
                         float* values) {
    std::size_t left = group - first % group;
    for (std::size_t i = 0; i < count; ++i, values += panel_rows) {
        for (std::size_t half = 0; half < panel_rows; half += 8) {
            __m256 scaled = _mm256_mul_ps(_mm256_loadu_ps(values + half), _mm256_loadu_ps(scale + half));
            if (offset != nullptr) scaled = _mm256_add_ps(scaled, _mm256_loadu_ps(offset + half));
            _mm256_storeu_ps(values + half, scaled);
        }
        if (--left == 0) {
            left = group;
            scale += panel_rows;
            if (offset != nullptr) offset += panel_rows;
        }
    }
}

template <class = void>
scale_reader vector_reader() noexcept {
    return {&read_codes<>, &read_halves, &apply_groups};
}

}  // namespace avx2
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
