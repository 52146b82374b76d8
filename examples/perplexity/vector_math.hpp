// Element-wise float functions in a form that compilers turn into SIMD code without -ffast-math.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace perplexity {

/// exp(x) to about 1e-7 relative for x in [-87, 88], clamped outside (NaN: as -87); branch-free, so loops over it vectorise.
/// Cody and Waite's reduction to |r| <= ln(2)/2 and the Cephes polynomial.
inline float fast_exp(float x) {
    x = x > -87.0f ? x : -87.0f;  // a NaN too: converting one to an integer would be undefined
    x = x < 88.0f ? x : 88.0f;
    const float scaled = x * 1.44269504f;
    const std::int32_t whole = static_cast<std::int32_t>(scaled + (scaled < 0.0f ? -0.5f : 0.5f));
    const float n = static_cast<float>(whole);
    const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    const float near_one = p * r * r + r + 1.0f;
    return near_one * std::bit_cast<float>((whole + 127) << 23);
}

/// The largest of x[0..count).
inline float largest(const float* x, std::size_t count) {
    float result = x[0];
    for (std::size_t i = 1; i < count; ++i) result = x[i] > result ? x[i] : result;
    return result;
}

/// The sum of f(i) for i in [0, count), in double over eight lanes: the order is fixed, the lanes are independent.
template <class F>
double lane_sum(std::size_t count, F f) {
    double lane[8] = {};
    std::size_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (std::size_t j = 0; j < 8; ++j) lane[j] += f(i + j);
    for (; i < count; ++i) lane[i % 8] += f(i);
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

}  // namespace perplexity
