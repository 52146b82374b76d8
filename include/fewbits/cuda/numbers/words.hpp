// Arithmetic on 32-bit words that is one instruction on the device and an ordinary function, bit for bit the same, on the host.
#pragma once

#include <cstdint>

#include "../../codec/scalar_types.hpp"
#include "../../kernels/bf16_parts.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// 8 and 16 bytes that are loaded and stored at once.
struct alignas(8) word2 {
    std::uint32_t at[2];
};
struct alignas(16) word4 {
    std::uint32_t at[4];
};

inline namespace FEWBITS_BASELINE {

/// Byte i of the result is byte n of high:low, n being the lowest 3 bits of nibble i of `selector` (PTX ISA, prmt; here without its
/// sign bytes, so bit 3 of every nibble is 0).
FEWBITS_HOST_DEVICE inline std::uint32_t permute_bytes(std::uint32_t low, std::uint32_t high, std::uint32_t selector) noexcept {
#if defined(__CUDA_ARCH__)
    return __byte_perm(low, high, selector);
#else
    std::uint64_t const all = static_cast<std::uint64_t>(high) << 32 | low;
    std::uint32_t result = 0;
    for (int i = 0; i < 4; ++i) result |= (static_cast<std::uint32_t>(all >> (selector >> 4 * i & 7U) * 8) & 0xFFU) << 8 * i;
    return result;
#endif
}

/// Ones in every byte whose highest bit is set, zeros in the others (PTX ISA, prmt with sign bytes).
FEWBITS_HOST_DEVICE inline std::uint32_t sign_bytes(std::uint32_t word) noexcept {
#if defined(__CUDA_ARCH__)
    std::uint32_t result;
    asm("prmt.b32 %0, %1, %1, 0xBA98;" : "=r"(result) : "r"(word));
    return result;
#else
    return (word >> 7 & 0x01010101U) * 0xFFU;
#endif
}

/// (a & b) | c. Spelled out, since with two constants the compiler makes two instructions of it.
FEWBITS_HOST_DEVICE inline std::uint32_t and_or(std::uint32_t a, std::uint32_t b, std::uint32_t c) noexcept {
#if defined(__CUDA_ARCH__)
    std::uint32_t result;
    asm("lop3.b32 %0, %1, %2, %3, 0xEA;" : "=r"(result) : "r"(a), "r"(b), "r"(c));
    return result;
#else
    return (a & b) | c;
#endif
}

/// c + the four products of the signed bytes of a and b (PTX ISA, dp4a.s32.s32); wraps.
FEWBITS_HOST_DEVICE inline std::int32_t dot_bytes(std::uint32_t a, std::uint32_t b, std::int32_t c) noexcept {
#if defined(__CUDA_ARCH__)
    return __dp4a(static_cast<int>(a), static_cast<int>(b), c);
#else
    auto sum = static_cast<std::uint32_t>(c);
    for (int i = 0; i < 32; i += 8) {
        sum += static_cast<std::uint32_t>(static_cast<std::int8_t>(a >> i) * static_cast<std::int8_t>(b >> i));
    }
    return static_cast<std::int32_t>(sum);
#endif
}

#if !defined(__CUDA_ARCH__)
/// f(a * b + c) of bf16 numbers given by their bits, rounded once; the device's one NaN.
inline std::uint32_t fma_bf16(std::uint32_t a, std::uint32_t b, std::uint32_t c) noexcept {
    auto const wide = [](std::uint32_t bits) { return to_double(upper_half_codec::unpack(bits)); };
    // The product is exact: 16 bits of significand, exponents within double's.
    double const sum = add_to_odd(wide(a & 0xFFFFU) * wide(b & 0xFFFFU), wide(c & 0xFFFFU));
    if ((bit_cast<std::uint64_t>(sum) & 0x7FFFFFFFFFFFFFFF) > 0x7FF0000000000000) return 0x7FFFU;
    return static_cast<std::uint32_t>(upper_half_codec::encode(unpack(sum), nearest_even, to_special));
}
#endif

/// Two bf16 numbers to the word, the first in the lower half: f(a * b + c), one rounding (PTX ISA, fma.rn.bf16x2). Subnormals count.
FEWBITS_HOST_DEVICE inline std::uint32_t fma_bf16x2(std::uint32_t a, std::uint32_t b, std::uint32_t c) noexcept {
#if defined(__CUDA_ARCH__)
    std::uint32_t result;
    asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(c));
    return result;
#else
    return fma_bf16(a, b, c) | fma_bf16(a >> 16, b >> 16, c >> 16) << 16;
#endif
}

/// The bits of the bf16 number nearest to x, ties to even; NaN stays NaN.
FEWBITS_HOST_DEVICE inline std::uint32_t nearest_bf16(float x) noexcept {
    std::uint32_t const bits = bit_cast<std::uint32_t>(x);
    if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return 0x7FC0U | (bits >> 16 & 0x8000U);
    return (bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16;
}

/// nearest_bf16 of two numbers, the first in the lower half (PTX ISA, cvt.rn.bf16x2.f32); NaN becomes the device's one.
FEWBITS_HOST_DEVICE inline std::uint32_t nearest_bf16x2(float low, float high) noexcept {
#if defined(__CUDA_ARCH__)
    std::uint32_t result;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(high), "f"(low));
    return result;
#else
    auto const one = [](float x) { return (bit_cast<std::uint32_t>(x) & 0x7FFFFFFFU) > 0x7F800000U ? 0x7FFFU : nearest_bf16(x); };
    return one(low) | one(high) << 16;
#endif
}

/// The bits of the fp16 number nearest to x, ties to even (PTX ISA, cvt.rn.f16.f32); NaN becomes the device's one.
FEWBITS_HOST_DEVICE inline std::uint32_t nearest_fp16(float x) noexcept {
#if defined(__CUDA_ARCH__)
    unsigned short result;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result) : "f"(x));
    return result;
#else
    if ((bit_cast<std::uint32_t>(x) & 0x7FFFFFFFU) > 0x7F800000U) return 0x7FFFU;
    return static_cast<std::uint32_t>(binary16_codec::encode(unpack(x), nearest_even, to_special));
#endif
}

/// The fp32 number that the lower half is in fp16 (PTX ISA, cvt.f32.f16); exact.
FEWBITS_HOST_DEVICE inline float from_fp16(std::uint32_t bits) noexcept {
#if defined(__CUDA_ARCH__)
    float result;
    asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(static_cast<unsigned short>(bits)));
    return result;
#else
    return to_float(binary16_codec::unpack(bits & 0xFFFFU));
#endif
}

/// a * b, rounded once, subnormals counting even where nvcc is told to flush them (PTX ISA, mul.rn.f32).
FEWBITS_HOST_DEVICE inline float product_with_subnormals(float a, float b) noexcept {
#if defined(__CUDA_ARCH__)
    float result;
    asm("mul.rn.f32 %0, %1, %2;" : "=f"(result) : "f"(a), "f"(b));
    return result;
#else
    return mul_rn(a, b);
#endif
}

/// 1 / x, rounded once.
FEWBITS_HOST_DEVICE inline float reciprocal_rn(float x) noexcept {
#if defined(__CUDA_ARCH__)
    return __frcp_rn(x);
#else
    return div_rn(1.0F, x);
#endif
}

/// The smaller and the larger of two numbers that are no NaN; which of two zeros is left open.
FEWBITS_HOST_DEVICE inline float smaller_of(float a, float b) noexcept {
#if defined(__CUDA_ARCH__)
    return fminf(a, b);
#else
    return a < b ? a : b;
#endif
}
FEWBITS_HOST_DEVICE inline float larger_of(float a, float b) noexcept {
#if defined(__CUDA_ARCH__)
    return fmaxf(a, b);
#else
    return a > b ? a : b;
#endif
}

/// The same, but a NaN on either side gives a NaN (PTX ISA, min.NaN.f32; sm_80).
FEWBITS_HOST_DEVICE inline float smaller_or_nan(float a, float b) noexcept {
#if defined(__CUDA_ARCH__)
    float result;
    asm("min.NaN.f32 %0, %1, %2;" : "=f"(result) : "f"(a), "f"(b));
    return result;
#else
    return a != a ? a : b != b || b < a ? b : a;
#endif
}
FEWBITS_HOST_DEVICE inline float larger_or_nan(float a, float b) noexcept {
#if defined(__CUDA_ARCH__)
    float result;
    asm("max.NaN.f32 %0, %1, %2;" : "=f"(result) : "f"(a), "f"(b));
    return result;
#else
    return a != a ? a : b != b || b > a ? b : a;
#endif
}

/// The same bf16 number in both halves.
FEWBITS_HOST_DEVICE constexpr std::uint32_t both_halves(std::uint32_t bits) noexcept { return bits << 16 | bits; }

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
