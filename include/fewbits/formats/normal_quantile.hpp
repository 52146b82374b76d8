// Codebooks of normal quantiles, computed while compiling: every entry stands for an equal share of normal weights.
#pragma once

#include <cstddef>

#include "../config.hpp"
#include "../format/layout.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

namespace normal_detail {

/// exp(-t) for 0 <= t < 745: t = k ln 2 - r with |r| <= ln 2 / 2, the series of exp(r), an exact power of two.
FEWBITS_HOST_DEVICE constexpr double exp_minus(double t) noexcept {
    constexpr double ln2_high = 0x1.62e42fefa38p-1;  // 42 bits, so that k * ln2_high is exact
    constexpr double ln2_low = 0x1.ef35793c7673p-45;
    int const k = static_cast<int>(t / ln2_high + 0.5);
    double const r = (k * ln2_high - t) + k * ln2_low;
    double sum = 0;
    for (int n = 18; n > 0; --n) sum = (sum + 1) * r / n;
    sum += 1;
    for (int i = 0; i < k; ++i) sum *= 0.5;
    return sum;
}

/// The density of the standard normal distribution.
FEWBITS_HOST_DEVICE constexpr double density(double x) noexcept {
    constexpr double one_over_sqrt_2_pi = 0.39894228040143267794;
    return one_over_sqrt_2_pi * exp_minus(x * x / 2);
}

/// P(0 < X <= x) / density(x) = x + x^3/3 + x^5/(3*5) + ... of a standard normal X, x >= 0.
FEWBITS_HOST_DEVICE constexpr double centre_ratio(double x) noexcept {
    double term = x;
    double sum = x;
    for (int n = 3; term > sum * 1e-18; n += 2) {
        term *= x * x / n;
        sum += term;
    }
    return sum;
}

/// P(X > x) / density(x) = 1/(x + 1/(x + 2/(x + 3/(x + ...)))), to 1e-16 for x >= 1.5.
FEWBITS_HOST_DEVICE constexpr double tail_ratio(double x) noexcept {
    double below = x;
    for (int n = 200; n > 0; --n) below = x + n / below;
    return 1 / below;
}

/// The x >= 0 with P(X > x) = tail, 0 < tail <= 1/2, by Halley's method: on the centre's series where that loses no bits, on
/// the tail's continued fraction beyond.
FEWBITS_HOST_DEVICE constexpr double upper_quantile(double tail) noexcept {
    double x = 0;
    while (x < 37 && density(x + 1) > tail) x += 1;
    for (int i = 0; i < 20; ++i) {
        double const scale = 1 / density(x);
        double const excess = x < 1.5 ? (0.5 - tail) * scale - centre_ratio(x) : tail_ratio(x) - tail * scale;
        double const step = excess / (1 - x * excess / 2);
        x += step;
        if ((step < 0 ? -step : step) <= 1e-15 * x) break;
    }
    return x;
}

}  // namespace normal_detail

/// The inverse of the standard normal distribution function, 0 < p < 1 (not checked, p normal), to 2e-15 relative. 1 - p is
/// exact for p >= 1/2, but where p is near 1 its own rounding counts: -normal_quantile(1 - p) of the exact complement has
/// none.
FEWBITS_HOST_DEVICE constexpr double normal_quantile(double p) noexcept {
    return p < 0.5 ? -normal_detail::upper_quantile(p) : normal_detail::upper_quantile(1 - p);
}

/// N values in ascending order from -1 to 1, for N in 2..256: the medians of N intervals of equal probability under a
/// standard normal, Q((i + 1/2) / N), divided by the largest and rounded to fp32. This is the quantile quantization of
/// QLoRA (Dettmers et al. 2023, section 3), symmetric about 0; 0 itself is an entry for odd N only.
///
/// NF4's published table differs on purpose: it has an exact zero, 8 positive and 7 negative quantiles, evenly spaced in
/// probability between 1/2 and 0.9677083 = 1 - (1/30 + 1/32)/2 on either side; see docs/normal_quantiles.md.
///
/// `struct my_nq4 final : codebook<my_nq4, normal_quantile_codebook<16>()> { using codebook::codebook; };`
template <std::size_t N>
    requires(N >= 2 && N <= 256)
consteval codebook_layout<N> normal_quantile_codebook() {
    codebook_layout<N> layout{};
    constexpr auto count = static_cast<double>(N);
    double const largest = normal_detail::upper_quantile(0.5 / count);
    for (std::size_t i = 0; i < N / 2; ++i) {
        double const quantile = normal_detail::upper_quantile((static_cast<double>(i) + 0.5) / count);
        layout.value[N - 1 - i] = static_cast<float>(quantile / largest);
        layout.value[i] = -layout.value[N - 1 - i];
    }
    return layout;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
