// Float operations with exactly one rounding each, to nearest even: the only place where rounded arithmetic is spelled.
#pragma once

#include <cstdint>

#include "../config.hpp"
#include "integer.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

// Where clang runs with -ffast-math a fence keeps its optimiser from looking through the operation.
#if defined(__clang__) && defined(__FAST_MATH__) && !defined(__CUDA_ARCH__)
constexpr float fenced(float value) noexcept {
    return __builtin_is_constant_evaluated() ? value : __arithmetic_fence(value);
}
#else
FEWBITS_HOST_DEVICE constexpr float fenced(float value) noexcept { return value; }
#endif

FEWBITS_HOST_DEVICE constexpr float mul_rn(float a, float b) noexcept {
#if defined(__CUDA_ARCH__)
    if (!__builtin_is_constant_evaluated()) return __fmul_rn(a, b);
#endif
    return fenced(a * b);
}

FEWBITS_HOST_DEVICE constexpr float add_rn(float a, float b) noexcept {
#if defined(__CUDA_ARCH__)
    if (!__builtin_is_constant_evaluated()) return __fadd_rn(a, b);
#endif
    return fenced(a + b);
}

FEWBITS_HOST_DEVICE constexpr float sub_rn(float a, float b) noexcept {
#if defined(__CUDA_ARCH__)
    if (!__builtin_is_constant_evaluated()) return __fsub_rn(a, b);
#endif
    return fenced(a - b);
}

FEWBITS_HOST_DEVICE constexpr float div_rn(float a, float b) noexcept {
#if defined(__CUDA_ARCH__)
    if (!__builtin_is_constant_evaluated()) return __fdiv_rn(a, b);
#endif
    return fenced(a / b);
}

/// a + b rounded to odd: where the sum is not exact, the neighbour whose last bit is set. Rounded once more to at most 51 bits it is what
/// the exact sum would be (Boldo and Melquiond 2008).
inline double sum_to_odd(double a, double b) noexcept {
    double const sum = a + b;
    std::uint64_t bits = bit_cast<std::uint64_t>(sum);
    constexpr std::uint64_t exponent_field = 0x7FF0000000000000;
    if ((bits & exponent_field) != exponent_field && (bits & 1) == 0) {
        double const part = sum - a;  // Knuth's two-sum: the exact error of the addition
        double const error = (a - (sum - part)) + (b - part);
        std::uint64_t const error_bits = bit_cast<std::uint64_t>(error);
        if ((error_bits << 1) != 0) bits += ((error_bits ^ bits) >> 63) == 0 ? 1 : ~std::uint64_t{0};
    }
    return bit_cast<double>(bits);
}

/// a*b + c with a single rounding. Without the instruction: the product is exact in double.
FEWBITS_HOST_DEVICE inline float fma_rn(float a, float b, float c) noexcept {
#if defined(__CUDA_ARCH__)
    return __fmaf_rn(a, b, c);
#elif defined(__FMA__)
    return __builtin_fmaf(a, b, c);
#else
    return static_cast<float>(sum_to_odd(static_cast<double>(a) * static_cast<double>(b), static_cast<double>(c)));
#endif
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
