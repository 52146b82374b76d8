// Float operations with exactly one rounding each, to nearest even: the only place where rounded arithmetic is spelled.
#pragma once

#include <cstdint>
#include <type_traits>

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

/// The same in double.
FEWBITS_HOST_DEVICE inline double mul_rn(double a, double b) noexcept {
#if defined(__CUDA_ARCH__)
    return __dmul_rn(a, b);
#else
    return a * b;
#endif
}
FEWBITS_HOST_DEVICE inline double add_rn(double a, double b) noexcept {
#if defined(__CUDA_ARCH__)
    return __dadd_rn(a, b);
#else
    return a + b;
#endif
}
FEWBITS_HOST_DEVICE inline double sub_rn(double a, double b) noexcept { return add_rn(a, -b); }

/// a + b rounded to odd: where the sum is not exact, the neighbour whose last bit is set. Rounded once more, to two bits less or fewer, it
/// is what the exact sum would be (Boldo and Melquiond 2008). A sum that is not finite is as it is.
template <class T>
FEWBITS_HOST_DEVICE inline T add_to_odd(T a, T b) noexcept {
    using word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    constexpr word exponent_field = sizeof(T) == 4 ? static_cast<word>(0x7F800000) : static_cast<word>(0x7FF0000000000000);
    T const sum = a + b;
    word bits = bit_cast<word>(sum);
    if ((bits & exponent_field) == exponent_field || (bits & 1U) != 0) return sum;
    T const part = sum - a;  // Knuth's two-sum: the exact error of the addition
    T const error = (a - (sum - part)) + (b - part);
    word const error_bits = bit_cast<word>(error);
    if ((error_bits << 1) != 0) bits += ((error_bits ^ bits) >> (8 * sizeof(T) - 1)) == 0 ? word{1} : ~word{0};
    return bit_cast<T>(bits);
}

/// a*b + c with a single rounding. Without the instruction: the product is exact in double.
FEWBITS_HOST_DEVICE inline float fma_rn(float a, float b, float c) noexcept {
#if defined(__CUDA_ARCH__)
    return __fmaf_rn(a, b, c);
#elif defined(__FMA__)
    return __builtin_fmaf(a, b, c);
#else
    return static_cast<float>(add_to_odd(static_cast<double>(a) * static_cast<double>(b), static_cast<double>(c)));
#endif
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
