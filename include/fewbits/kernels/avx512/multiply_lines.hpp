// One row of activations times four panels straight from their lines: codes become vectors in registers, nothing is stored.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "../operand.hpp"
#include "expand_panel.hpp"
#include "multiply_panel.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx512bf16,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// How the codes of lines become what is multiplied.
enum class code_use : unsigned char {
    looked_up,  ///< by the tables
    shifted,    ///< first moved by what their group says: pairs
    plain,      ///< they are the integers plus a bias but for bits that are flipped: bytes
    scaled      ///< plain, and scales are integers too
};

/// Adds the products of one step of four columns to the sums of a panel, in the order multiply_rows has. `with`: code_use's shift
/// or flipped bits.
template <class Dot, int Width, int Step, code_use Use>
[[gnu::always_inline]] inline typename Dot::sum add_step(typename Dot::sum sum, element_tables const& tables, std::byte const* unit,
                                                         __m512i with, std::uint32_t const* a, std::uint32_t const* rest) noexcept {
    auto const add = [&](__m512i w, std::size_t i) __attribute__((always_inline)) {
        sum = Dot::add(sum, w, a[i]);
        if constexpr (Dot::split) sum = Dot::add(sum, w, rest[i]);
    };
    if constexpr (Use == code_use::plain || Use == code_use::scaled) {
        add(codes_of_step<Width, Step>(unit, with), 0);
    } else if constexpr (Dot::path == panel_path::bytes) {
        add(bytes_of_step<Width, Step>(tables, unit), 0);
    } else if constexpr (Dot::path == panel_path::pairs) {
        two_vectors pairs;
        if constexpr (Use == code_use::shifted) pairs = pairs_of_shifted<Width>(tables, codes_of_step<Width, Step>(unit), with);
        else pairs = pairs_of_step<Width, Step>(tables, unit);
        add(pairs.first, 0);
        add(pairs.second, 1);
    } else {
        __m512i w[line_columns];
        floats_of_step<Width, Step>(tables, unit, w);
        unrolled<line_columns>([&](std::size_t c) __attribute__((always_inline)) { add(w[c], c); });
    }
    return sum;
}

/// Where that lies which is asked for beside what stands `at` bytes from where panels begin, `stride` bytes apart: some bytes on, of
/// the next four panels where these end. stride: 0 where there is but one.
[[gnu::always_inline]] inline std::size_t far_of(std::size_t stride, std::size_t at, std::size_t ahead) noexcept {
    return at + ahead < stride ? at + ahead : at + ahead + (tile_panels - 1) * stride;
}
[[gnu::always_inline]] inline std::size_t far_of(std::byte const* const* lines, std::size_t at) noexcept {
    return far_of(static_cast<std::size_t>(lines[1] - lines[0]), at, 1024);
}

/// Asks for one of `Parts` parts of a panel's unit of lines `far` bytes on, wherever that is. A few at a time between products: many
/// at once take all the buffers that the products' own loads go through. Always inlined: g++ drops calls to functions that do
/// nothing else.
template <int Lines, int Part, int Parts>
[[gnu::always_inline]] inline void fetch_part(std::byte const* lines, std::size_t far) noexcept {
    constexpr int begin = Part * Lines / Parts;
    constexpr int end = (Part + 1) * Lines / Parts;
    auto const unit = reinterpret_cast<std::uintptr_t>(lines) + far;
    for (int i = begin; i < end; ++i) {
        _mm_prefetch(reinterpret_cast<char const*>(unit + static_cast<std::size_t>(i) * line_bytes), _MM_HINT_T0);
    }
}

/// The four panels side by side: four streams of lines, four independent chains of sums. All sums stay in registers.
template <class Dot, int Width, code_use Use = code_use::looked_up>
class line_multiplier {
public:
    [[gnu::always_inline]] line_multiplier(element_tables const& tables, std::byte const* const* lines, panel_tile const& t) noexcept
        
        : tables_(tables), lines_(lines), t_(t) {}

    [[gnu::always_inline]] void run() noexcept {
        bool const carried = Dot::path == panel_path::bytes && !t_.segments[0].opens;
        each([&](std::size_t p) __attribute__((always_inline)) {
            y_[p] = _mm512_loadu_ps(t_.y + p * panel_rows);
            sums_[p] = Dot::zero();
            with_[p] = Use == code_use::scaled ? _mm512_setzero_si512() : _mm512_set1_epi8(static_cast<char>(tables_.flip));
            if constexpr (Use == code_use::scaled) products_[p] = _mm512_setzero_si512();
            if constexpr (Dot::path == panel_path::bytes) {
                if (carried) sums_[p] = _mm512_loadu_si512(t_.carried + p * panel_rows);
            }
        });
        for (std::size_t g = 0; g < t_.segment_count; ++g) add_segment(t_.segments[g]);
        each([&](std::size_t p) __attribute__((always_inline)) {
            if constexpr (Use != code_use::scaled) _mm512_storeu_ps(t_.y + p * panel_rows, y_[p]);
            if constexpr (Dot::path == panel_path::bytes) _mm512_storeu_si512(t_.carried + p * panel_rows, sums_[p]);
        });
    }

private:
    static constexpr std::size_t quad_words = quad_columns / columns_of(Dot::path);
    static constexpr int unit_lines = width_in_bits<Width>;
    static constexpr std::size_t unit_bytes = unit_lines * line_bytes;

    template <class F>
    [[gnu::always_inline]] static void each(F const& f) noexcept {
        unrolled<tile_panels>(f);
    }
    [[gnu::always_inline]] std::size_t scale_at(panel_segment const& segment, std::size_t p) const noexcept {
        return (p * scale_window + segment.scale_w) * panel_rows;
    }

    [[gnu::always_inline]] void add_segment(panel_segment const& segment) noexcept {
        if (Dot::path != panel_path::bytes || segment.opens) open(segment);
        std::size_t const end = (segment.end + quad_columns - 1) / quad_columns;
        for (std::size_t quad = segment.begin / quad_columns; quad < end; ++quad) {
            std::size_t const at = quad / 2 * unit_bytes;
            if (quad % 2 == 0) add_quad<0>(quad, at);
            else add_quad<1>(quad, at);
        }
        if (Dot::path != panel_path::bytes || segment.closes) close(segment);
    }

    /// Four steps, 16 columns, of all four panels; Half: which half of a unit.
    template <int Half>
    [[gnu::always_inline]] void add_quad(std::size_t quad, std::size_t at) noexcept {
        constexpr std::size_t vectors = line_columns / columns_of(Dot::path);
        std::size_t const far = far_of(lines_, at);
        std::uint32_t const* const a = t_.a[0] + quad * quad_words;
        std::uint32_t const* const rest = Dot::split ? t_.a[1] + quad * quad_words : a;
        [&]<int... Step>(std::integer_sequence<int, Step...>) __attribute__((always_inline)) {
            auto const step = [&]<int S>(std::integral_constant<int, S>) __attribute__((always_inline)) {
                each([&](std::size_t p) __attribute__((always_inline)) {
                    fetch_part<unit_lines, 4 * Half + S, 8>(lines_[p], far);
                    sums_[p] = add_step<Dot, Width, 4 * Half + S, Use>(sums_[p], tables_, lines_[p] + at, with_[p], a + S * vectors,
                                                                       rest + S * vectors);
                });
            };
            (step(std::integral_constant<int, Step>{}), ...);
        }(std::make_integer_sequence<int, 4>{});
    }

    /// Sums of bytes begin with what the bias of w adds to them taken off.
    [[gnu::always_inline]] void open(panel_segment const& segment) noexcept {
        typename Dot::sum first = Dot::zero();
        if constexpr (Dot::path == panel_path::bytes) first = _mm512_set1_epi32(t_.start_a[segment.number]);
        each([&](std::size_t p) __attribute__((always_inline)) {
            sums_[p] = first;
            if constexpr (Use == code_use::shifted) with_[p] = _mm512_load_si512(t_.shift_w + scale_at(segment, p));
        });
    }

    /// end_group's arithmetic.
    [[gnu::always_inline]] void close(panel_segment const& segment) noexcept {
        if constexpr (Use == code_use::scaled) return close_integers(segment);
        __m512 const scale_a = _mm512_set1_ps(t_.scale_a[segment.number]);
        if constexpr (Dot::path == panel_path::bytes) {
            if (t_.minimum_w != nullptr) return close_with_offset(segment, scale_a);
        }
        each([&](std::size_t p) __attribute__((always_inline)) {
            __m512 const sum = number(sums_[p]);
            y_[p] = _mm512_fmadd_ps(sum, _mm512_mul_ps(scale_a, scale_of(t_, p, segment.scale_w)), y_[p]);
        });
        fetch_scales(segment);
        if constexpr (Use == code_use::shifted) {
            __m512 const total_a = _mm512_set1_ps(t_.total_a[segment.number]);
            each([&](std::size_t p) __attribute__((always_inline)) {
                y_[p] = _mm512_fmadd_ps(total_a, _mm512_load_ps(t_.minimum_w + scale_at(segment, p)), y_[p]);
            });
        }
    }

    /// Asks for scales some groups on.
    [[gnu::always_inline]] void fetch_scales(panel_segment const& segment) const noexcept {
        panel_place const& scales = t_.scales;
        std::size_t const group = scales.form == number_form::floats ? line_bytes : scales.form == number_form::halves ? 32 : 16;
        std::size_t const far = far_of(scales.stride, (t_.first_scale + segment.scale_w) * group, 8 * group);
        each([&](std::size_t p) __attribute__((always_inline)) {
            _mm_prefetch(reinterpret_cast<char const*>(reinterpret_cast<std::uintptr_t>(scales.first) + p * scales.stride + far),
                         _MM_HINT_T0);
        });
    }

    /// end_integers' arithmetic.
    [[gnu::always_inline]] void close_integers(panel_segment const& segment) noexcept {
        each([&](std::size_t p) __attribute__((always_inline)) {
            __m512i const scale = _mm512_load_si512(t_.integer_scale_w + scale_at(segment, p));
            products_[p] = _mm512_add_epi32(products_[p], _mm512_mullo_epi32(sums_[p], scale));
        });
        if (!segment.ends_block) return;
        each([&](std::size_t p) __attribute__((always_inline)) {
            _mm512_store_si512(t_.products + p * panel_rows, products_[p]);
            products_[p] = _mm512_setzero_si512();
        });
        end_block(segment, t_, 0, 1, 0, tile_panels);
    }

    [[gnu::always_inline]] void close_with_offset(panel_segment const& segment, __m512 scale_a) noexcept {
        __m512 const total = _mm512_set1_ps(t_.total_a[segment.number]);
        each([&](std::size_t p) __attribute__((always_inline)) {
            std::size_t const at = scale_at(segment, p);
            __m512 const scale = scale_of(t_, p, segment.scale_w);
            __m512 const sum = sum_with_offset(t_, number(sums_[p]), total, scale, _mm512_load_ps(t_.minimum_w + at));
            y_[p] = _mm512_fmadd_ps(sum, scale_a, y_[p]);
        });
    }

    [[gnu::always_inline]] __m512 number(__m512i sum) const noexcept {
        __m512 const integers = _mm512_cvtepi32_ps(sum);
        return t_.unit == 1.0F ? integers : _mm512_mul_ps(integers, _mm512_set1_ps(t_.unit));
    }
    [[gnu::always_inline]] __m512 number(__m512 sum) const noexcept { return sum; }

    element_tables const& tables_;
    std::byte const* const* lines_;
    panel_tile const& t_;
    __m512 y_[tile_panels];
    typename Dot::sum sums_[tile_panels];
    __m512i with_[tile_panels];
    __m512i products_[tile_panels];
};

/// A function of its own for each width: in one all together registers do not suffice.
template <class Dot, int Width, code_use Use = code_use::looked_up>
[[gnu::noinline]] void multiply_units(element_tables const& tables, std::byte const* const* lines, panel_tile const& t) noexcept {
    line_multiplier<Dot, Width, Use>(tables, lines, t).run();
}

/// The widths that are worth a program of their own, a bit each: those of formats in use, and for fp32 what it takes one look-up
/// to widen.
template <class Dot>
inline constexpr unsigned line_widths = Dot::path == panel_path::floats ? 0b1'1110U : 0b1'0111'1110U;
template <>
inline constexpr unsigned line_widths<byte_dot> = 0b101'0110U;
inline constexpr unsigned plain_line_widths = 0b1'0110'1000U;
inline constexpr unsigned scaled_line_widths = 0b11'0100U;

/// panel_engine::multiply_lines of path bytes
template <class = void>
void multiply_byte_lines(int width, element_tables const& tables, std::byte const* const* lines, panel_tile const& tile) {
    if (tile.integer_scale_w != nullptr) {
        switch (width) {
            case 2: return multiply_units<byte_dot, 2, code_use::scaled>(tables, lines, tile);
            case 4: return multiply_units<byte_dot, 4, code_use::scaled>(tables, lines, tile);
            default: return multiply_units<byte_dot, 5, code_use::scaled>(tables, lines, tile);
        }
    }
    if (tables.plain_integers) {
        switch (width) {
            case 3: return multiply_units<byte_dot, 3, code_use::plain>(tables, lines, tile);
            case 5: return multiply_units<byte_dot, 5, code_use::plain>(tables, lines, tile);
            case 6: return multiply_units<byte_dot, 6, code_use::plain>(tables, lines, tile);
            case 8: return multiply_units<byte_dot, 8, code_use::plain>(tables, lines, tile);
            default: break;
        }
    }
    switch (width) {
        case 1: return multiply_units<byte_dot, 1>(tables, lines, tile);
        case 2: return multiply_units<byte_dot, 2>(tables, lines, tile);
        case 4: return multiply_units<byte_dot, 4>(tables, lines, tile);
        default: return multiply_units<byte_dot, 6>(tables, lines, tile);
    }
}

/// panel_engine::multiply_lines of the other paths
template <class Dot>
void multiply_lines(int width, element_tables const& tables, std::byte const* const* lines, panel_tile const& tile) {
    if constexpr (Dot::path == panel_path::pairs) {
        if (tile.shift_w != nullptr) {
            switch (width) {
                case 1: return multiply_units<Dot, 1, code_use::shifted>(tables, lines, tile);
                case 2: return multiply_units<Dot, 2, code_use::shifted>(tables, lines, tile);
                case 3: return multiply_units<Dot, 3, code_use::shifted>(tables, lines, tile);
                case 4: return multiply_units<Dot, 4, code_use::shifted>(tables, lines, tile);
                default: return multiply_units<Dot, 5, code_use::shifted>(tables, lines, tile);
            }
        }
    }
    switch (width) {
        case 1: return multiply_units<Dot, 1>(tables, lines, tile);
        case 2: return multiply_units<Dot, 2>(tables, lines, tile);
        case 3: return multiply_units<Dot, 3>(tables, lines, tile);
        case 4: return multiply_units<Dot, 4>(tables, lines, tile);
        default: break;
    }
    if constexpr (Dot::path == panel_path::pairs) {
        if (width == 5) return multiply_units<Dot, 5>(tables, lines, tile);
        if (width == 6) return multiply_units<Dot, 6>(tables, lines, tile);
        if (tables.mirrored) return multiply_units<Dot, mirrored_bytes>(tables, lines, tile);
        multiply_units<Dot, 8>(tables, lines, tile);
    }
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
