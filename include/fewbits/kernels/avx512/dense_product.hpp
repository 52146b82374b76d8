// The product with dense weights: tiles of dot products along K, in fp32 or of pairs of 16-bit floats.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "../../target/detect.hpp"
#include "../dense_product.hpp"
#include "expand_panel.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx512bf16,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {
namespace dense_detail {

/// How a vector of w becomes fp32. `part`: its first `count` columns, zeros after them.
struct fp32_product {
    static constexpr std::size_t columns = 16;
    static __m512 add(__m512 sum, __m512i w, __m512i a) noexcept {
        return _mm512_fmadd_ps(_mm512_castsi512_ps(w), _mm512_castsi512_ps(a), sum);
    }
};
struct floats : fp32_product {
    using widened = floats;
    static constexpr std::size_t bytes = 4;
    static __m512i load(std::byte const* w) noexcept { return _mm512_loadu_si512(w); }
    static __m512i part(std::byte const* w, unsigned count) noexcept {
        return _mm512_maskz_loadu_epi32(static_cast<__mmask16>(_bzhi_u32(0xFFFF, count)), w);
    }
};
inline __m256i load_half(std::byte const* w) noexcept { return _mm256_loadu_si256(reinterpret_cast<__m256i const*>(w)); }
inline __m256i part_of_half(std::byte const* w, unsigned count) noexcept {
    return _mm256_maskz_loadu_epi16(static_cast<__mmask16>(_bzhi_u32(0xFFFF, count)), w);
}
struct halves : fp32_product {
    using widened = floats;
    static constexpr std::size_t bytes = 2;
    static __m512i widen(__m256i w) noexcept { return _mm512_castps_si512(_mm512_cvtph_ps(w)); }
    static __m512i load(std::byte const* w) noexcept { return widen(load_half(w)); }
    static __m512i part(std::byte const* w, unsigned count) noexcept { return widen(part_of_half(w, count)); }
};
struct upper_halves : fp32_product {
    using widened = floats;
    static constexpr std::size_t bytes = 2;
    static __m512i widen(__m256i w) noexcept { return _mm512_slli_epi32(_mm512_cvtepu16_epi32(w), 16); }
    static __m512i load(std::byte const* w) noexcept { return widen(load_half(w)); }
    static __m512i part(std::byte const* w, unsigned count) noexcept { return widen(part_of_half(w, count)); }
};
/// Upper halves of floats on both sides.
struct pairs {
    using widened = pairs;
    static constexpr std::size_t columns = 32;
    static constexpr std::size_t bytes = 2;
    static __m512i load(std::byte const* w) noexcept { return _mm512_loadu_si512(w); }
    static __m512i part(std::byte const* w, unsigned count) noexcept { return _mm512_maskz_loadu_epi16(_bzhi_u32(~0U, count), w); }
    static __m512 add(__m512 sum, __m512i w, __m512i a) noexcept { return _mm512_dpbf16_ps(sum, (__m512bh)w, (__m512bh)a); }
};

/// The sums of four rows of w.
using four_sums = __m512[dense_pass];

/// totals += the sums of the lanes of each.
[[gnu::always_inline]] inline void add_lanes(four_sums const& s, double* totals) noexcept {
    __m512 const low = _mm512_add_ps(_mm512_unpacklo_ps(s[0], s[1]), _mm512_unpackhi_ps(s[0], s[1]));
    __m512 const high = _mm512_add_ps(_mm512_unpacklo_ps(s[2], s[3]), _mm512_unpackhi_ps(s[2], s[3]));
    __m512 const lanes = _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(low), _mm512_castps_pd(high))),
                                       _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(low), _mm512_castps_pd(high))));
    __m256 const two = _mm256_add_ps(_mm512_castps512_ps256(lanes), _mm512_extractf32x8_ps(lanes, 1));
    __m128 const one = _mm_add_ps(_mm256_castps256_ps128(two), _mm256_extractf128_ps(two, 1));
    _mm256_storeu_pd(totals, _mm256_add_pd(_mm256_loadu_pd(totals), _mm256_cvtps_pd(one)));
}

/// The same line of some rows of w, to the second level: the first has no room for misses of so many streams. Inlined always: a
/// function of prefetches alone counts as one without effect, and its calls vanish.
template <std::size_t Rows>
[[gnu::always_inline]] inline void prefetch_lines(std::byte const* const* rows, std::size_t offset) noexcept {
    unrolled<Rows>([&](std::size_t i) __attribute__((always_inline)) {
        _mm_prefetch(reinterpret_cast<char const*>(reinterpret_cast<std::uintptr_t>(rows[i]) + offset), _MM_HINT_T1);
    });
}

/// Some rows of a by four of w at a time: 24 sums of 32 registers. The order of each sum is the same for every number of rows.
template <class Form, std::size_t Rows>
void multiply_rows(dense_tile const& tile) noexcept {
    dense_tile const t = tile;  // what vectors are stored to is none of these
    std::size_t const end = t.lines * dense_line;
    for (std::size_t pass = 0; pass < t.passes; ++pass) {
        std::byte const* w[dense_pass];
        std::uintptr_t ahead[dense_pass];
        four_sums sums[Rows];
        unrolled<dense_pass>([&](std::size_t c) __attribute__((always_inline)) {
            w[c] = t.w + (pass * dense_pass + c) * t.w_stride;
            ahead[c] = t.ahead + (pass * t.asked + (c < t.asked ? c : 0)) * t.ahead_stride;
            unrolled<Rows>([&](std::size_t r) __attribute__((always_inline)) { sums[r][c] = _mm512_setzero_ps(); });
        });
        unrolled<2 * Rows>([&](std::size_t i) __attribute__((always_inline)) {
            auto const next_tile = reinterpret_cast<std::uintptr_t>(t.a) + Rows * dense_chunk_bytes;
            _mm_prefetch(reinterpret_cast<char const*>(next_tile + (pass * 2 * Rows + i) * dense_line), _MM_HINT_T1);
        });
        std::byte const* a = t.a;
        for (std::size_t at = 0; at < end; at += dense_line, a += Rows * dense_line) {
            __m512i four[dense_pass];
            unrolled<dense_pass>([&](std::size_t c) __attribute__((always_inline)) {
                four[c] = _mm512_loadu_si512(w[c] + at);
                _mm_prefetch(reinterpret_cast<char const*>(ahead[c] + at), _MM_HINT_T1);
            });
            unrolled<Rows>([&](std::size_t r) __attribute__((always_inline)) {
                __m512i one = _mm512_load_si512(a + r * dense_line);
                asm("" : "+v"(one));  // loaded once: compilers would rather make it an operand in memory of each product
                unrolled<dense_pass>([&](std::size_t c) __attribute__((always_inline)) {
                    sums[r][c] = Form::add(sums[r][c], four[c], one);
                });
            });
        }
        unrolled<Rows>([&](std::size_t r) __attribute__((always_inline)) {
            add_lanes(sums[r], t.totals + r * t.totals_stride + pass * dense_pass);
        });
    }
}

/// dense_engine::from_parts
template <class Form>
void multiply(std::size_t rows, dense_tile const& tile) {
    static_assert(dense_rows == 6);
    switch (rows) {
        case 1: return multiply_rows<Form, 1>(tile);
        case 2: return multiply_rows<Form, 2>(tile);
        case 4: return multiply_rows<Form, 4>(tile);
        default: return multiply_rows<Form, 6>(tile);
    }
}

/// dense_engine::from_memory: a line of each row of w at a time.
template <class Form>
void multiply_row(dense_row const& row) {
    constexpr std::size_t step = Form::columns * Form::bytes;
    constexpr std::size_t vectors = dense_line / step;
    constexpr std::size_t columns = vectors * Form::columns;  // of a line
    dense_row const t = row;
    four_sums sums[dense_columns / dense_pass];
    auto const for_each_row = [&](auto const& f) __attribute__((always_inline)) {
        unrolled<dense_columns>([&](std::size_t i) __attribute__((always_inline)) { f(i, sums[i / dense_pass][i % dense_pass]); });
    };
    for_each_row([&](std::size_t, __m512& sum) __attribute__((always_inline)) { sum = _mm512_setzero_ps(); });
    std::byte const* a = t.a;
    std::size_t const end = t.depth / columns * dense_line;
    for (std::size_t at = 0; at < end; at += dense_line) {
        prefetch_lines<dense_columns>(t.ahead, at);
        unrolled<vectors>([&](std::size_t v) __attribute__((always_inline)) {
            __m512i const one = _mm512_load_si512(a);
            a += dense_line;
            for_each_row([&](std::size_t i, __m512& sum) __attribute__((always_inline)) {
                sum = Form::add(sum, Form::load(t.w[i] + at + v * step), one);
            });
        });
    }
    std::size_t const rest = t.depth % columns;
    for (std::size_t k = 0; k < rest; k += Form::columns, a += dense_line) {
        __m512i const one = _mm512_load_si512(a);
        auto const count = static_cast<unsigned>(rest - k < Form::columns ? rest - k : Form::columns);
        for_each_row([&](std::size_t i, __m512& sum) __attribute__((always_inline)) {
            sum = Form::add(sum, Form::part(t.w[i] + end + k * Form::bytes, count), one);
        });
    }
    add_lanes(sums[0], t.totals);
    add_lanes(sums[1], t.totals + dense_pass);
}

/// dense_engine::widen
template <class Form>
void widen(std::byte const* row, std::size_t depth, std::byte* out) {
    constexpr std::size_t step = Form::columns * Form::bytes;
    for (std::size_t k = 0; k < depth; k += Form::columns, row += step, out += dense_line) {
        bool const whole = depth - k >= Form::columns;
        _mm512_store_si512(out, whole ? Form::load(row) : Form::part(row, static_cast<unsigned>(depth - k)));
    }
}

template <class Form>
inline constexpr dense_engine engine{Form::columns * dense_chunk_lines, Form::bytes, &multiply_row<Form>,
                                     &multiply<typename Form::widened>, &widen<Form>,
                                     std::is_same_v<Form, typename Form::widened>};

}  // namespace dense_detail
}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// |error| <= 1e-5 * sum |a||w| of the dequantised operands wherever the products, and where both sides are upper halves of floats
/// their elements too, stay within the normal range of fp32 or are 0: the dot product of pairs takes smaller ones for 0.
struct dense_product {
    using isa = fewbits::isa::avx512;
    static constexpr std::string_view name = "avx512/dense_product";
    static constexpr std::string_view reason =
        "w is dense: dot products along K in fp32, of pairs where both sides are upper halves of floats, sums of at most 64 products, "
        "then in double";
    static bool available(processor const& here) noexcept { return here.avx512; }
    static constexpr bool supports(operand_facts const&, operand_facts const& w) noexcept { return w.dense != dense_form::none; }
    template <class = void>
    static void run(product const& p) {
        using namespace dense_detail;
        switch (p.w.facts().dense) {
            case dense_form::floats: return run_dense(p, engine<floats>);
            case dense_form::halves: return run_dense(p, engine<halves>);
            case dense_form::upper_halves: return run_dense(p, takes_pairs(p.a.facts()) ? engine<pairs> : engine<upper_halves>);
            default: return run_dense(p, {engine<floats>.columns, 0, nullptr, &multiply<floats>, &widen<floats>, false});
        }
    }

private:
    /// A dot product of pairs does twice the work of a fused multiply-add. On Zen 4 it takes as long, one a cycle; on the
    /// processors of Intel four times as long, so that fp32 is faster there, widening and all.
    static bool takes_pairs(operand_facts const& a) noexcept {
        processor const& here = this_processor();
        return here.fast_pairs && a.dense != dense_form::none && a.exact_in_bf16;
    }
};

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
