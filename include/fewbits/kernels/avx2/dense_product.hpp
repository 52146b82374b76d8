// The product with dense weights: tiles of dot products along K, in fp32.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "../../target/detect.hpp"
#include "../dense_product.hpp"

FEWBITS_TARGET_BEGIN("avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx2 {
namespace dense_detail {

inline constexpr std::size_t columns = 8;  ///< of a vector
inline constexpr std::size_t vector_bytes = columns * sizeof(float);

/// How a vector of w becomes fp32.
struct floats {
    static constexpr std::size_t bytes = 4;
    static __m256 load(std::byte const* w) noexcept { return _mm256_loadu_ps(reinterpret_cast<float const*>(w)); }
};
inline __m128i load_half(std::byte const* w) noexcept { return _mm_loadu_si128(reinterpret_cast<__m128i const*>(w)); }
struct halves {
    static constexpr std::size_t bytes = 2;
    static __m256 load(std::byte const* w) noexcept { return _mm256_cvtph_ps(load_half(w)); }
};
struct upper_halves {
    static constexpr std::size_t bytes = 2;
    static __m256 load(std::byte const* w) noexcept {
        return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load_half(w)), 16));
    }
};

/// The first `count` columns of a vector and zeros after them.
template <class Form>
inline __m256 load_rest(std::byte const* w, std::size_t count) noexcept {
    alignas(32) std::byte whole[vector_bytes] = {};
    __builtin_memcpy(whole, w, count * Form::bytes);
    return Form::load(whole);
}

/// One vector for each of two rows of w.
struct two {
    __m256 v0, v1;
};
inline two no_sums() noexcept { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }

inline void add(two& sum, two const& w, std::byte const* from) noexcept {
    __m256 const a = _mm256_load_ps(reinterpret_cast<float const*>(from));
    sum.v0 = _mm256_fmadd_ps(w.v0, a, sum.v0);
    sum.v1 = _mm256_fmadd_ps(w.v1, a, sum.v1);
}

/// totals += the sums of the lanes of each.
inline void add_lanes(two const& s, double* totals) noexcept {
    __m256 const lanes = _mm256_add_ps(_mm256_unpacklo_ps(s.v0, s.v1), _mm256_unpackhi_ps(s.v0, s.v1));
    __m128 const half = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
    __m128 const one = _mm_add_ps(half, _mm_movehl_ps(half, half));
    _mm_storeu_pd(totals, _mm_add_pd(_mm_loadu_pd(totals), _mm_cvtps_pd(one)));
}

/// The same line of some rows of w, to the second level: the first has no room for misses of so many streams. Inlined always: a
/// function of prefetches alone counts as one without effect, and its calls vanish.
template <std::size_t... I>
[[gnu::always_inline]] inline void prefetch_lines(std::byte const* const* rows, std::size_t offset,
                                                  std::index_sequence<I...>) noexcept {
    (_mm_prefetch(reinterpret_cast<char const*>(reinterpret_cast<std::uintptr_t>(rows[I]) + offset), _MM_HINT_T1), ...);
}

/// Some rows of a by two of w, 12 sums of 16 registers: half a pass, the one that begins at row `column` of w. The order of each sum
/// is the same for every number of rows.
template <std::size_t... Row>
inline void multiply_rows(dense_tile const& t, std::size_t column, std::index_sequence<Row...>) noexcept {
    two sums[]{(static_cast<void>(Row), no_sums())...};
    std::byte const* a = t.a;
    std::byte const* const w = t.w + column * t.w_stride;
    std::uintptr_t const ahead = t.ahead + column / dense_pass * t.asked * t.ahead_stride;
    for (std::size_t at = 0; at < t.lines * dense_line; at += dense_line, a += sizeof...(Row) * dense_line) {
        for (std::size_t i = column / 2 % 2; i < t.asked; i += 2) {
            _mm_prefetch(reinterpret_cast<char const*>(ahead + i * t.ahead_stride + at), _MM_HINT_T1);
        }
        for (std::size_t v = 0; v < dense_line; v += vector_bytes) {
            two const both{floats::load(w + at + v), floats::load(w + t.w_stride + at + v)};
            (add(sums[Row], both, a + Row * dense_line + v), ...);
        }
    }
    (add_lanes(sums[Row], t.totals + Row * t.totals_stride + column), ...);
}

/// dense_engine::from_parts
inline void multiply(std::size_t rows, dense_tile const& tile) {
    static_assert(dense_rows == 6 && dense_pass == 4);
    for (std::size_t column = 0; column < tile.passes * dense_pass; column += 2) {
        switch (rows) {
            case 1: multiply_rows(tile, column, std::make_index_sequence<1>{}); break;
            case 2: multiply_rows(tile, column, std::make_index_sequence<2>{}); break;
            case 4: multiply_rows(tile, column, std::make_index_sequence<4>{}); break;
            default: multiply_rows(tile, column, std::make_index_sequence<6>{}); break;
        }
    }
}

template <class Form, std::size_t... Pair>
inline void multiply_pairs(dense_row const& t, std::index_sequence<Pair...>) noexcept {
    constexpr std::size_t step = columns * Form::bytes;
    two sums[]{(static_cast<void>(Pair), no_sums())...};
    std::size_t const end = t.depth / columns * step;
    std::byte const* a = t.a;
    for (std::size_t at = 0; at < end; at += step, a += vector_bytes) {
        if (at % dense_line == 0) prefetch_lines(t.ahead, at, std::make_index_sequence<dense_columns>{});
        (add(sums[Pair], {Form::load(t.w[2 * Pair] + at), Form::load(t.w[2 * Pair + 1] + at)}, a), ...);
    }
    if (std::size_t const rest = t.depth % columns; rest != 0) {
        (add(sums[Pair], {load_rest<Form>(t.w[2 * Pair] + end, rest), load_rest<Form>(t.w[2 * Pair + 1] + end, rest)}, a), ...);
    }
    (add_lanes(sums[Pair], t.totals + 2 * Pair), ...);
}

/// dense_engine::from_memory: as many streams as memory wants.
template <class Form>
void multiply_row(dense_row const& row) {
    multiply_pairs<Form>(row, std::make_index_sequence<dense_columns / 2>{});
}

/// dense_engine::widen
template <class Form>
void widen(std::byte const* row, std::size_t depth, std::byte* out) {
    for (std::size_t k = 0; k < depth; k += columns, row += columns * Form::bytes) {
        __m256 const values = depth - k >= columns ? Form::load(row) : load_rest<Form>(row, depth - k);
        _mm256_store_ps(reinterpret_cast<float*>(out) + k, values);
    }
}

template <class Form>
inline constexpr dense_engine engine{dense_chunk_bytes / sizeof(float), Form::bytes, &multiply_row<Form>, &multiply, &widen<Form>,
                                     std::is_same_v<Form, floats>};

}  // namespace dense_detail
}  // namespace avx2
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx2 {

/// |error| <= 1e-5 * sum |a||w| of the dequantised operands wherever the products stay within the normal range of fp32.
struct dense_product {
    using isa = fewbits::isa::avx2;
    static constexpr std::string_view name = "avx2/dense_product";
    static constexpr std::string_view reason =
        "w is dense: dot products along K in fp32, sums of at most 64 fused multiply-adds, then in double";
    static bool available(processor const& here) noexcept { return here.avx2; }
    static constexpr bool supports(operand_facts const&, operand_facts const& w) noexcept { return w.dense != dense_form::none; }
    template <class = void>
    static void run(product const& p) {
        using namespace dense_detail;
        switch (p.w.facts().dense) {
            case dense_form::floats: return run_dense(p, engine<floats>);
            case dense_form::halves: return run_dense(p, engine<halves>);
            case dense_form::upper_halves: return run_dense(p, engine<upper_halves>);
            default: return run_dense(p, {engine<floats>.columns, 0, nullptr, &multiply, &widen<floats>, false});
        }
    }
};

}  // namespace avx2
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
