// The product with dense weights: tiles of dot products along K, in fp32 or of bf16 pairs.
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
/// bf16 on both sides.
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

/// (A function of prefetches alone that is not inlined counts as one without effect: its calls vanish.)
template <std::size_t... I>
[[gnu::always_inline]] inline void prefetch_lines(std::byte const* const* from, std::size_t offset, std::index_sequence<I...>) noexcept {
    (_mm_prefetch(reinterpret_cast<char const*>(reinterpret_cast<std::uintptr_t>(from[I]) + offset), _MM_HINT_T1), ...);
}

/// Step `at` of `Columns` rows of w: their next lines, `offset` from where they begin, a few each step. To the second level: the first has no room for misses
/// of so many streams.
template <std::size_t Columns, std::size_t Step>
[[gnu::always_inline]] inline void prefetch(dense_tile const& t, std::size_t column, std::size_t at,
                                            std::size_t offset) noexcept {
    constexpr std::size_t line = 64;
    constexpr std::size_t count = Columns * Step < line ? 1 : Columns * Step / line;
    std::byte const* const* const next = t.ahead + column + at % line * Columns / line;
    prefetch_lines(next, offset, std::make_index_sequence<count>{});
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
        prefetch<4, step>(t, column, at, at >> t.ahead_shift);
        (add<Form>(sums[Row], w, a + Row * dense_chunk_bytes), ...);
    }
    if (auto const rest = static_cast<unsigned>(t.depth % Form::columns); rest != 0) {
        four const w = load_rest<Form>(t, column, end, rest);
        (add<Form>(sums[Row], w, a + Row * dense_chunk_bytes), ...);
    }
    (add_lanes(sums[Row], t.totals + Row * t.totals_stride + column), ...);
}

/// One row of a by eight of w: as many streams as memory wants.
template <class Form>
inline void multiply_row(dense_tile const& t) noexcept {
    constexpr std::size_t step = Form::columns * Form::bytes;
    four_sums sums[]{no_sums(), no_sums()};
    std::size_t const end = t.depth / Form::columns * step;
    std::byte const* a = t.a;
    for (std::size_t at = 0; at < end; at += step, a += 64) {
        prefetch<8, step>(t, 0, at, at);
        add<Form>(sums[0], load<Form>(t, 0, at), a);
        add<Form>(sums[1], load<Form>(t, 4, at), a);
    }
    if (auto const rest = static_cast<unsigned>(t.depth % Form::columns); rest != 0) {
        add<Form>(sums[0], load_rest<Form>(t, 0, end, rest), a);
        add<Form>(sums[1], load_rest<Form>(t, 4, end, rest), a);
    }
    add_lanes(sums[0], t.totals);
    add_lanes(sums[1], t.totals + 4);
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
    if (rows == 1) return multiply_row<Form>(tile);
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

/// |error| <= 1e-5 * sum |a||w| of the dequantised operands wherever the products stay within the normal range of fp32.
struct dense_product {
    using isa = fewbits::isa::avx512;
    static constexpr std::string_view name = "avx512/dense_product";
    static constexpr std::string_view reason =
        "w is dense: dot products along K in fp32, of bf16 pairs where both sides are bf16, sums of at most 64 products, then in double";
    static bool available(processor const& here) noexcept { return here.avx512; }
    static constexpr bool supports(operand_facts const&, operand_facts const& w) noexcept { return w.dense != dense_form::none; }
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
    /// A dot product of pairs is twice the work of a fused multiply-add, where it takes as long (Zen 4: one a cycle each). On the
    /// processors of Intel it takes four times as long, and fp32 is faster even after widening.
    static bool takes_pairs(operand_facts const& a) noexcept {
        processor const& here = this_processor();
        return here.fast_bf16 && a.dense != dense_form::none && a.exact_in_bf16;
    }
};

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
