// The search for the scales of least squared error, sixteen blocks side by side: each lane does what quantize/candidates.hpp says.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "../../scaling/scale_rule.hpp"
#include "encode_vector.hpp"
#include "statistics.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

inline constexpr std::size_t side_by_side = 16;

/// Sixteen doubles: lanes 0 to 7 and 8 to 15.
struct doubles {
    __m512d low;
    __m512d high;
};

[[gnu::always_inline]] inline doubles widened(__m512 x) noexcept {
    return {_mm512_cvtps_pd(_mm512_castps512_ps256(x)), _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1))};
}
[[gnu::always_inline]] inline doubles doubles_at(double const* x) noexcept { return {_mm512_loadu_pd(x), _mm512_loadu_pd(x + 8)}; }

/// sum(x v) and sum(v v) of sixteen blocks under a candidate. The products are exact in double, and so are integers' squares, with
/// their sums, in float.
struct fit_sums {
    doubles products;
    doubles wide_squares;    ///< of codebooks
    __m512 narrow_squares;  ///< of integers
};

template <scalar E>
[[gnu::always_inline]] inline void add_element(fit_sums& sums, doubles x, __m512 element) noexcept {
    doubles const wide = widened(element);
    sums.products.low = _mm512_fmadd_pd(x.low, wide.low, sums.products.low);
    sums.products.high = _mm512_fmadd_pd(x.high, wide.high, sums.products.high);
    if constexpr (E::kind == format_kind::integer) {
        sums.narrow_squares = _mm512_fmadd_ps(element, element, sums.narrow_squares);
    } else {
        sums.wide_squares.low = _mm512_fmadd_pd(wide.low, wide.low, sums.wide_squares.low);
        sums.wide_squares.high = _mm512_fmadd_pd(wide.high, wide.high, sums.wide_squares.high);
    }
}
template <scalar E>
[[gnu::always_inline]] inline doubles squares_of(fit_sums const& sums) noexcept {
    return E::kind == format_kind::integer ? widened(sums.narrow_squares) : sums.wide_squares;
}

/// The candidate that explains most so far, in each lane.
struct best_fit {
    doubles most;
    doubles products;
    doubles squares;
};

[[gnu::always_inline]] inline void keep_better(__m512d products, __m512d squares, __m512d& most, __m512d& best_products,
                                               __m512d& best_squares) noexcept {
    __m512d const explained = _mm512_mul_pd(products, products);
    __mmask8 const some = _mm512_cmp_pd_mask(squares, _mm512_setzero_pd(), _CMP_GT_OQ);
    __mmask8 const better = _mm512_mask_cmp_pd_mask(some, explained, _mm512_mul_pd(most, squares), _CMP_GT_OQ);
    if (better == 0) return;
    most = _mm512_mask_div_pd(most, better, explained, squares);
    best_products = _mm512_mask_mov_pd(best_products, better, products);
    best_squares = _mm512_mask_mov_pd(best_squares, better, squares);
}

/// What sixteen values become under a candidate, as floats: to nearest even, at most the ends. `turn`: under minus the candidate.
template <scalar E>
[[gnu::always_inline]] inline __m512 elements_under(__m512 value, __m512 candidate, __m512 reciprocal, bool turn) noexcept {
    using codec = typename E::codec;
    __m512i const sign = splat(turn ? 0x80000000 : 0);
    __m512 const near = _mm512_mul_ps(value, reciprocal);
    if constexpr (E::kind == format_kind::codebook) {
        alignas(64) static constexpr auto table = [] {
            codebook_layout<16> values{};
            for (std::size_t i = 0; i < 16; ++i) values.value[i] = E::layout.value[i < codec::count ? i : codec::count - 1];
            return values;
        }();
        __m512i const code = encode_nearest_codebook<E>(_mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(near), sign)));
        return _mm512_permutexvar_ps(code, _mm512_load_ps(table.value));
    } else {
        __m512 const quotient = _mm512_fmadd_ps(_mm512_fnmadd_ps(near, candidate, value), reciprocal, near);
        __m512 const rounded = _mm512_roundscale_ps(quotient, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
        __m512 const turned = _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(rounded), sign));
        // By their bits: what is above a positive float has larger ones, and so has what is below a negative one. More units do this.
        __m512i const highest = splat(bit_cast<std::uint32_t>(static_cast<float>(codec::highest)));
        __m512i const cut = _mm512_min_epi32(_mm512_castps_si512(turned), highest);
        return _mm512_castsi512_ps(_mm512_min_epu32(cut, splat(0x80000000 | bit_cast<std::uint32_t>(static_cast<float>(-codec::lowest)))));
    }
}

/// Whether elements of E round alike under a candidate of `steps` codes and under minus that: so it is unless an end of the range,
/// which need not be symmetric, is reached.
template <scalar E>
constexpr bool has_mirror(float steps) noexcept {
    if constexpr (E::kind == format_kind::codebook) return false;
    else return static_cast<float>(-E::codec::lowest) > steps - 0.49F && static_cast<float>(E::codec::highest) > steps - 0.49F;
}

/// Whether fit_scales knows E.
template <scalar E>
inline constexpr bool fits_scales = [] {
    if constexpr (E::kind == format_kind::codebook) return E::codec::count <= 16;
    else if constexpr (E::kind == format_kind::integer) return E::codec::exponent == 0;
    else return false;
}();

/// scale_fit of sixteen blocks whose values stand side by side: x[v * 16 + lane] for v < count. `largest`: their largest magnitudes, all
/// between 2^-60 and 2^60. `wide`: room for the values in double.
template <scalar E>
    requires(fits_scales<E>)
void fit_scales(float const* x, std::size_t count, float const* largest, double* wide, float* scales) noexcept {
    for (std::size_t i = 0; i < count * side_by_side; i += 8) _mm512_storeu_pd(wide + i, _mm512_cvtps_pd(_mm256_loadu_ps(x + i)));
    __m512 const magnitude = _mm512_loadu_ps(largest);
    __m512d const zero = _mm512_setzero_pd();
    fit_sums const none{{zero, zero}, {zero, zero}, _mm512_setzero_ps()};
    best_fit best{{_mm512_set1_pd(-1), _mm512_set1_pd(-1)}, {zero, zero}, {zero, zero}};
    for (int i = -9; i <= 9; ++i) {
        float const steps = largest_element<E>() + 0.1F * static_cast<float>(i);
        __m512 const candidate = _mm512_div_ps(magnitude, _mm512_set1_ps(steps));
        __m512 const reciprocal = _mm512_div_ps(_mm512_set1_ps(1), candidate);
        bool const mirrored = has_mirror<E>(steps);
        fit_sums sums = none;
        fit_sums turned = none;
        if (mirrored) {
            for (std::size_t v = 0; v < count; ++v) {
                __m512 const value = _mm512_loadu_ps(x + v * side_by_side);
                add_element<E>(sums, doubles_at(wide + v * side_by_side), elements_under<E>(value, candidate, reciprocal, false));
            }
        } else {
            for (std::size_t v = 0; v < count; ++v) {
                __m512 const value = _mm512_loadu_ps(x + v * side_by_side);
                doubles const exact = doubles_at(wide + v * side_by_side);
                add_element<E>(sums, exact, elements_under<E>(value, candidate, reciprocal, false));
                add_element<E>(turned, exact, elements_under<E>(value, candidate, reciprocal, true));
            }
        }
        doubles const products = sums.products;
        doubles const squares = squares_of<E>(sums);
        doubles const turned_squares = mirrored ? squares : squares_of<E>(turned);
        doubles turned_products = turned.products;
        if (mirrored) turned_products = {_mm512_sub_pd(zero, products.low), _mm512_sub_pd(zero, products.high)};
        keep_better(products.low, squares.low, best.most.low, best.products.low, best.squares.low);
        keep_better(products.high, squares.high, best.most.high, best.products.high, best.squares.high);
        keep_better(turned_products.low, turned_squares.low, best.most.low, best.products.low, best.squares.low);
        keep_better(turned_products.high, turned_squares.high, best.most.high, best.products.high, best.squares.high);
    }
    __m512 const plain = _mm512_div_ps(magnitude, _mm512_set1_ps(largest_element<E>()));
    __m256 const fit_low = _mm512_cvtpd_ps(_mm512_div_pd(best.products.low, best.squares.low));
    __m256 const fit_high = _mm512_cvtpd_ps(_mm512_div_pd(best.products.high, best.squares.high));
    __m512 const fit = _mm512_insertf32x8(_mm512_castps256_ps512(fit_low), fit_high, 1);
    __mmask8 const some_low = _mm512_cmp_pd_mask(best.squares.low, zero, _CMP_GT_OQ);
    __mmask8 const some_high = _mm512_cmp_pd_mask(best.squares.high, zero, _CMP_GT_OQ);
    _mm512_storeu_ps(scales, _mm512_mask_mov_ps(plain, static_cast<__mmask16>(some_low | (some_high << 8)), fit));
}

/// Sums over a block with a minimum, as fit_scale_and_minimum names them.
struct normal_sums {
    __m512d v;
    __m512d vv;
    __m512d xv;
};

/// fit_scale_and_minimum of eight blocks whose values stand side by side, as doubles: x[v * 8 + lane]. `lowest` and `highest`: the ends of
/// their ranges, 0 included.
inline void fit_scales_and_minimums(double const* x, std::size_t count, double top, double const* lowest, double const* highest,
                                    double* scales, double* minimums) noexcept {
    __m512d const zero = _mm512_setzero_pd();
    __m512d const low = _mm512_loadu_pd(lowest);
    __m512d const span = _mm512_sub_pd(_mm512_loadu_pd(highest), low);
    __m512d const ends = _mm512_set1_pd(top);
    __m512d const n = _mm512_set1_pd(static_cast<double>(count));
    __mmask8 const some_span = _mm512_cmp_pd_mask(span, zero, _CMP_GT_OQ);
    __m512d best_scale = _mm512_maskz_div_pd(some_span, span, ends);
    __m512d best_minimum = _mm512_maskz_mov_pd(some_span, low);
    __m512d least = _mm512_set1_pd(-1);
    __m512d sx = zero;
    __m512d sxx = zero;
    for (std::size_t i = 0; i < count; ++i) {
        __m512d const value = _mm512_loadu_pd(x + 8 * i);
        sx = _mm512_add_pd(sx, value);
        sxx = _mm512_add_pd(sxx, _mm512_mul_pd(value, value));
    }
    for (int i = -1; i <= 20; ++i) {
        double const steps = i < 0 ? top : top - 0.5 + 0.05 * i;
        __m512d const inverse = _mm512_div_pd(_mm512_set1_pd(steps), span);
        __m512d sv = zero, svv = zero, sxv = zero;
        for (std::size_t j = 0; j < count; ++j) {
            __m512d const value = _mm512_loadu_pd(x + 8 * j);
            __m512d const place = _mm512_add_pd(_mm512_mul_pd(_mm512_sub_pd(value, low), inverse), _mm512_set1_pd(0.5));
            __m512d v = _mm512_floor_pd(place);
            v = _mm512_min_pd(_mm512_max_pd(v, zero), ends);
            sv = _mm512_add_pd(sv, v);
            svv = _mm512_fmadd_pd(v, v, svv);
            sxv = _mm512_fmadd_pd(value, v, sxv);  // exact products
        }
        __m512d const determinant = _mm512_sub_pd(_mm512_mul_pd(n, svv), _mm512_mul_pd(sv, sv));
        __mmask8 const solvable = _mm512_mask_cmp_pd_mask(some_span, determinant, zero, _CMP_GT_OQ);
        __m512d scale = _mm512_div_pd(_mm512_sub_pd(_mm512_mul_pd(n, sxv), _mm512_mul_pd(sx, sv)), determinant);
        __m512d minimum = _mm512_div_pd(_mm512_sub_pd(_mm512_mul_pd(svv, sx), _mm512_mul_pd(sv, sxv)), determinant);
        __mmask8 const positive = _mm512_cmp_pd_mask(minimum, zero, _CMP_GT_OQ);
        minimum = _mm512_mask_mov_pd(minimum, positive, zero);
        scale = _mm512_mask_div_pd(scale, positive, sxv, svv);
        // sxx - 2 scale sxv - 2 minimum sx + scale scale svv + 2 scale minimum sv + n minimum minimum, from left to right
        __m512d const twice_scale = _mm512_mul_pd(_mm512_set1_pd(2), scale);
        __m512d error = _mm512_sub_pd(sxx, _mm512_mul_pd(twice_scale, sxv));
        error = _mm512_sub_pd(error, _mm512_mul_pd(_mm512_mul_pd(_mm512_set1_pd(2), minimum), sx));
        error = _mm512_add_pd(error, _mm512_mul_pd(_mm512_mul_pd(scale, scale), svv));
        error = _mm512_add_pd(error, _mm512_mul_pd(_mm512_mul_pd(twice_scale, minimum), sv));
        error = _mm512_add_pd(error, _mm512_mul_pd(_mm512_mul_pd(n, minimum), minimum));
        __mmask8 const useful = _mm512_mask_cmp_pd_mask(solvable, scale, zero, _CMP_GT_OQ);
        __mmask8 const first = _mm512_cmp_pd_mask(least, zero, _CMP_LT_OQ);
        __mmask8 const better = static_cast<__mmask8>(useful & (first | _mm512_cmp_pd_mask(error, least, _CMP_LT_OQ)));
        least = _mm512_mask_mov_pd(least, better, error);
        best_scale = _mm512_mask_mov_pd(best_scale, better, scale);
        best_minimum = _mm512_mask_mov_pd(best_minimum, better, minimum);
    }
    _mm512_storeu_pd(scales, best_scale);
    _mm512_storeu_pd(minimums, best_minimum);
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
