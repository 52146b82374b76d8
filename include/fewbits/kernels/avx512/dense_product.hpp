// The product with dense weights: tiles of dot products along K, in fp32 or of pairs of 16-bit floats.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "../../target/detect.hpp"
#include "../dense_product.hpp"

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

/// One vector for each row of w in a tile.
struct four {
    __m512i v0, v1, v2, v3;
};
struct four_sums {
    __m512 v0, v1, v2, v3;
};
inline four_sums no_sums() noexcept { return {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()}; }

template <class Form>
inline void add(four_sums& sum, four const& w, std::byte const* from) noexcept {
    __m512i const a = _mm512_load_si512(from);
    sum.v0 = Form::add(sum.v0, w.v0, a);
    sum.v1 = Form::add(sum.v1, w.v1, a);
    sum.v2 = Form::add(sum.v2, w.v2, a);
    sum.v3 = Form::add(sum.v3, w.v3, a);
}

/// totals += the sums of the lanes of each.
inline void add_lanes(four_sums const& s, double* totals) noexcept {
    __m512 const low = _mm512_add_ps(_mm512_unpacklo_ps(s.v0, s.v1), _mm512_unpackhi_ps(s.v0, s.v1));
    __m512 const high = _mm512_add_ps(_mm512_unpacklo_ps(s.v2, s.v3), _mm512_unpackhi_ps(s.v2, s.v3));
    __m512 const lanes = _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(low), _mm512_castps_pd(high))),
                                       _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(low), _mm512_castps_pd(high))));
    __m256 const two = _mm256_add_ps(_mm512_castps512_ps256(lanes), _mm512_extractf32x8_ps(lanes, 1));
    __m128 const one = _mm_add_ps(_mm256_castps256_ps128(two), _mm256_extractf128_ps(two, 1));
    _mm256_storeu_pd(totals, _mm256_add_pd(_mm256_loadu_pd(totals), _mm256_cvtps_pd(one)));
}

/// The same line of some rows of w, to the second level: the first has no room for misses of so many streams. Inlined always: a
/// function of prefetches alone counts as one without effect, and its calls vanish.
template <std::size_t... I>
[[gnu::always_inline]] inline void prefetch_lines(std::byte const* const* rows, std::size_t offset,
                                                  std::index_sequence<I...>) noexcept {
    (_mm_prefetch(reinterpret_cast<char const*>(reinterpret_cast<std::uintptr_t>(rows[I]) + offset), _MM_HINT_T1), ...);
}

/// Step `at` of a pass: the next lines, `offset` from where they begin, of as many rows of w as it takes for all in time.
template <std::size_t Step>
[[gnu::always_inline]] inline void prefetch(dense_tile const& t, std::size_t column, std::size_t at, std::size_t offset) noexcept {
    constexpr std::size_t count = dense_pass * Step / 64;
    prefetch_lines(t.ahead + column + at % 64 * dense_pass / 64, offset, std::make_index_sequence<count>{});
}

/// Vectors of four rows of w; those of their last `rest` columns.
template <class Form>
inline four load(dense_tile const& t, std::size_t column, std::size_t offset) noexcept {
    std::byte const* const* const w = t.w + column;
    return {Form::load(w[0] + offset), Form::load(w[1] + offset), Form::load(w[2] + offset), Form::load(w[3] + offset)};
}
template <class Form>
inline four load_rest(dense_tile const& t, std::size_t column, std::size_t offset, unsigned rest) noexcept {
    std::byte const* const* const w = t.w + column;
    return {Form::part(w[0] + offset, rest), Form::part(w[1] + offset, rest), Form::part(w[2] + offset, rest),
            Form::part(w[3] + offset, rest)};
}

/// Some rows of a by four of w: 24 sums of 32 registers.
template <class Form, std::size_t... Row>
inline void multiply_rows(dense_tile const& t, std::size_t column, std::index_sequence<Row...>) noexcept {
    constexpr std::size_t step = Form::columns * Form::bytes;
    four_sums sums[]{(static_cast<void>(Row), no_sums())...};
    std::size_t const end = t.depth / Form::columns * step;
    std::byte const* a = t.a;
    for (std::size_t at = 0; at < end; at += step, a += 64) {
        four const w = load<Form>(t, column, at);
        prefetch<step>(t, column, at, at >> t.ahead_shift);
        (add<Form>(sums[Row], w, a + Row * dense_chunk_bytes), ...);
    }
    if (auto const rest = static_cast<unsigned>(t.depth % Form::columns); rest != 0) {
        four const w = load_rest<Form>(t, column, end, rest);
        (add<Form>(sums[Row], w, a + Row * dense_chunk_bytes), ...);
    }
    (add_lanes(sums[Row], t.totals + Row * t.totals_stride + column), ...);
}

/// One row of a by eight of w, a line of each at a time: as many streams as memory wants.
template <class Form, std::size_t... Vector>
inline void multiply_row(dense_tile const& t, std::index_sequence<Vector...>) noexcept {
    constexpr std::size_t step = Form::columns * Form::bytes;
    constexpr std::size_t columns = sizeof...(Vector) * Form::columns;  // of a line
    four_sums low = no_sums();
    four_sums high = no_sums();
    std::size_t const end = t.depth / columns * 64;
    std::byte const* a = t.a;
    for (std::size_t at = 0; at < end; at += 64, a += sizeof...(Vector) * 64) {
        prefetch_lines(t.ahead, at, std::make_index_sequence<dense_columns>{});
        (add<Form>(low, load<Form>(t, 0, at + Vector * step), a + Vector * 64), ...);
        (add<Form>(high, load<Form>(t, 4, at + Vector * step), a + Vector * 64), ...);
    }
    std::size_t const rest = t.depth % columns;
    auto const add_rest = [&](std::size_t vector) {
        if (rest <= vector * Form::columns) return;
        auto const count = static_cast<unsigned>(rest - vector * Form::columns);
        add<Form>(low, load_rest<Form>(t, 0, end + vector * step, count), a + vector * 64);
        add<Form>(high, load_rest<Form>(t, 4, end + vector * step, count), a + vector * 64);
    };
    (add_rest(Vector), ...);
    add_lanes(low, t.totals);
    add_lanes(high, t.totals + 4);
}

/// dense_engine::from_parts. The order of each sum is the same for every number of rows.
template <class Form>
void multiply_four(std::size_t rows, dense_tile const& tile, std::size_t column) {
    static_assert(dense_rows == 6 && dense_pass == 4);
    switch (rows) {
        case 1: return multiply_rows<Form>(tile, column, std::make_index_sequence<1>{});
        case 2: return multiply_rows<Form>(tile, column, std::make_index_sequence<2>{});
        case 3: return multiply_rows<Form>(tile, column, std::make_index_sequence<3>{});
        case 4: return multiply_rows<Form>(tile, column, std::make_index_sequence<4>{});
        case 5: return multiply_rows<Form>(tile, column, std::make_index_sequence<5>{});
        default: return multiply_rows<Form>(tile, column, std::make_index_sequence<6>{});
    }
}

/// dense_engine::from_memory
template <class Form>
void multiply(std::size_t rows, dense_tile const& tile) {
    static_assert(dense_columns == 8);
    if (rows == 1) return multiply_row<Form>(tile, std::make_index_sequence<64 / (Form::columns * Form::bytes)>{});
    multiply_four<Form>(rows, tile, 0);
    multiply_four<Form>(rows, tile, 4);
}

/// dense_engine::widen
template <class Form>
void widen(std::byte const* row, std::size_t depth, std::byte* out) {
    constexpr std::size_t step = Form::columns * Form::bytes;
    std::size_t const whole = depth / Form::columns;
    for (std::size_t i = 0; i < whole; ++i) _mm512_store_si512(out + i * 64, Form::load(row + i * step));
    auto const rest = static_cast<unsigned>(depth % Form::columns);
    if (rest != 0) _mm512_store_si512(out + whole * 64, Form::part(row + whole * step, rest));
}

template <class Form>
inline constexpr dense_engine engine{Form::columns * dense_chunk_bytes / 64, Form::bytes, &multiply<Form>,
                                     &multiply_four<typename Form::widened>, &widen<Form>};

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
            default: return run_dense(p, {engine<floats>.columns, 0, nullptr, &multiply_four<floats>, nullptr});
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
