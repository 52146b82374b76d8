// Element-wise float functions in a form that compilers turn into SIMD code without -ffast-math.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace perplexity {

/// Sixteen floats that g++ and clang keep in as many registers as the processor needs for them.
inline constexpr std::size_t lane_count = 16;
using float_lanes = float __attribute__((vector_size(lane_count * sizeof(float))));

inline void load_lanes(const float* from, float_lanes& to) { std::memcpy(&to, from, sizeof to); }
inline void store_lanes(const float_lanes& from, float* to) { std::memcpy(to, &from, sizeof from); }

/// `count` rounded up to whole lanes.
constexpr std::size_t padded(std::size_t count) { return (count + lane_count - 1) / lane_count * lane_count; }

/// exp(x) to about 1e-7 relative for x in [-87, 87], clamped outside. Reduction to |r| <= ln(2)/2 and the Cephes
/// polynomial. The clamp and the rounding are decided on bits: without a branch loops over it vectorise, and
/// a NaN (as 87) is never converted to an integer, which would be undefined.
inline float fast_exp(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t sign = bits & 0x80000000u;
    const std::uint32_t magnitude = (std::min)(bits & 0x7fffffffu, 0x42ae0000u);  // 87
    const float x = std::bit_cast<float>(sign | magnitude);
    const float half = std::bit_cast<float>(sign | 0x3f000000u);
    const std::int32_t whole = static_cast<std::int32_t>(x * 1.44269504f + half);
    const float n = static_cast<float>(whole);
    // In double one subtraction is exact enough; in two float steps -ffast-math would reassociate it away.
    const float r = static_cast<float>(static_cast<double>(x) - static_cast<double>(n) * 0.69314718055994531);
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    const float near_one = p * r * r + r + 1.0f;
    return near_one * std::bit_cast<float>((whole + 127) << 23);
}

/// The largest of x[0..count), count > 0.
inline float largest(const float* x, std::size_t count) {
    float result = x[0];
    std::size_t i = 0;
    if (count >= lane_count) {
        float_lanes most, next;
        load_lanes(x, most);
        for (i = lane_count; i + lane_count <= count; i += lane_count) {
            load_lanes(x + i, next);
            most = next > most ? next : most;
        }
        for (std::size_t j = 0; j < lane_count; ++j) result = most[j] > result ? most[j] : result;
    }
    for (; i < count; ++i) result = x[i] > result ? x[i] : result;
    return result;
}

/// The sum of f(i) for i in [0, count), in double over eight lanes: the order is fixed, the lanes are independent.
template <class F> double lane_sum(std::size_t count, F f) {
    double lane[8] = {};
    std::size_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (std::size_t j = 0; j < 8; ++j) lane[j] += f(i + j);
    for (; i < count; ++i) lane[i % 8] += f(i);
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

}  // namespace perplexity
