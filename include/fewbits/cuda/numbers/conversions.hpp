// Conversions between fp32 or fp16 and the OCP formats that are one instruction on some devices, bit for bit the same everywhere else.
#pragma once

#include <cstdint>

#include "../../codec/scalar_types.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Whether device code has nearest_8bit_pair (sm_89 and later).
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 890
inline constexpr bool has_8bit_conversions = true;
#else
inline constexpr bool has_8bit_conversions = false;
#endif

/// Two finite numbers to the OCP formats of 8 bits with 4 or 5 bits of exponent, to nearest even, saturating, the first in the low byte
/// (PTX ISA, cvt.rn.satfinite.e4m3x2.f32 and e5m2x2). A NaN would lose its sign.
template <int ExponentBits>
FEWBITS_HOST_DEVICE inline std::uint32_t nearest_8bit_pair(float first, float second) noexcept {
    static_assert(ExponentBits == 4 || ExponentBits == 5);
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 890
    unsigned short result;
    if constexpr (ExponentBits == 4) asm("cvt.rn.satfinite.e4m3x2.f32 %0, %2, %1;" : "=h"(result) : "f"(first), "f"(second));
    else asm("cvt.rn.satfinite.e5m2x2.f32 %0, %2, %1;" : "=h"(result) : "f"(first), "f"(second));
    return result;
#else
    constexpr float_layout layout{.exponent_bits = ExponentBits, .mantissa_bits = 7 - ExponentBits,
                                  .special = ExponentBits == 4 ? specials::nan_only : specials::ieee};
    using codec = float_codec<layout>;
    auto const code = [](float x) { return static_cast<std::uint32_t>(codec::encode(unpack(x), nearest_even, saturate)); };
    return code(first) | code(second) << 8;
#endif
}

/// Whether device code has nearest_6bit_pair and nearest_4bit_codes (sm_100f, sm_120f and what their families add).
#if defined(__CUDA_ARCH_FAMILY_SPECIFIC__) && __CUDA_ARCH_FAMILY_SPECIFIC__ >= 1000
inline constexpr bool has_narrow_conversions = true;
#else
inline constexpr bool has_narrow_conversions = false;
#endif

/// The code of a number in a minifloat without NaN and infinities: to nearest even, saturating.
template <int ExponentBits, int MantissaBits>
FEWBITS_HOST_DEVICE inline std::uint32_t nearest_finite_code(float x) noexcept {
    using codec = float_codec<float_layout{.exponent_bits = ExponentBits, .mantissa_bits = MantissaBits, .special = specials::none}>;
    return static_cast<std::uint32_t>(codec::encode(unpack(x), nearest_even, saturate));
}

/// nearest_8bit_pair for the OCP formats of 6 bits with 2 or 3 bits of exponent: a code in each byte (PTX ISA, cvt.rn.satfinite.e2m3x2.f32
/// and e3m2x2).
template <int ExponentBits>
FEWBITS_HOST_DEVICE inline std::uint32_t nearest_6bit_pair(float first, float second) noexcept {
    static_assert(ExponentBits == 2 || ExponentBits == 3);
#if defined(__CUDA_ARCH_FAMILY_SPECIFIC__) && __CUDA_ARCH_FAMILY_SPECIFIC__ >= 1000
    unsigned short result;
    if constexpr (ExponentBits == 2) asm("cvt.rn.satfinite.e2m3x2.f32 %0, %2, %1;" : "=h"(result) : "f"(first), "f"(second));
    else asm("cvt.rn.satfinite.e3m2x2.f32 %0, %2, %1;" : "=h"(result) : "f"(first), "f"(second));
    return result;
#else
    return nearest_finite_code<ExponentBits, 5 - ExponentBits>(first) | nearest_finite_code<ExponentBits, 5 - ExponentBits>(second) << 8;
#endif
}

/// Eight numbers to the OCP format of 4 bits in the same way, the first in the lowest bits (PTX ISA, cvt.rn.satfinite.e2m1x2.f32).
FEWBITS_HOST_DEVICE inline std::uint32_t nearest_4bit_codes(float const (&x)[8]) noexcept {
    std::uint32_t result = 0;
#if defined(__CUDA_ARCH_FAMILY_SPECIFIC__) && __CUDA_ARCH_FAMILY_SPECIFIC__ >= 1000
    asm("{\n.reg .b8 a, b, c, d;\n"
        "cvt.rn.satfinite.e2m1x2.f32 a, %2, %1;\ncvt.rn.satfinite.e2m1x2.f32 b, %4, %3;\n"
        "cvt.rn.satfinite.e2m1x2.f32 c, %6, %5;\ncvt.rn.satfinite.e2m1x2.f32 d, %8, %7;\n"
        "mov.b32 %0, {a, b, c, d};\n}"
        : "=r"(result)
        : "f"(x[0]), "f"(x[1]), "f"(x[2]), "f"(x[3]), "f"(x[4]), "f"(x[5]), "f"(x[6]), "f"(x[7]));
#else
    for (int i = 0; i < 8; ++i) result |= nearest_finite_code<2, 1>(x[i]) << (4 * i);
#endif
    return result;
}

/// Whether some devices have instructions between fp32, fp16 and E: the OCP formats.
template <scalar E>
inline constexpr bool has_conversion = [] {
    if constexpr (E::kind != format_kind::minifloat) {
        return false;
    } else {
        using codec = typename E::codec;
        constexpr int bits = codec::exponent_bits;
        if (!codec::is_signed || codec::bias != (1 << (bits - 1)) - 1) return false;
        if (E::width == 8 && bits == 4) return E::layout.special == specials::nan_only;
        if (E::width == 8 && bits == 5) return E::layout.special == specials::ieee;
        bool const narrow = (E::width == 6 && (bits == 2 || bits == 3)) || (E::width == 4 && bits == 2);
        return narrow && E::layout.special == specials::none;
    }
}();

/// Whether the device that is being compiled for has them.
template <scalar E>
inline constexpr bool is_converted = has_conversion<E> && (E::width == 8 ? has_8bit_conversions : has_narrow_conversions);

/// The fp16 number that a code stands for; all of these formats' are exact. NaN is the device's one.
template <int ExponentBits, int MantissaBits>
FEWBITS_HOST_DEVICE inline std::uint32_t fp16_of_code(std::uint32_t code) noexcept {
    constexpr int width = 1 + ExponentBits + MantissaBits;
    constexpr specials special = width < 8 ? specials::none : ExponentBits == 4 ? specials::nan_only : specials::ieee;
    using codec = float_codec<float_layout{.exponent_bits = ExponentBits, .mantissa_bits = MantissaBits, .special = special}>;
    unpacked const number = codec::unpack(code & static_cast<std::uint32_t>(low_mask(width)));
    if (number.kind == number_class::nan) return 0x7FFFU;
    return static_cast<std::uint32_t>(binary16_codec::encode(number, nearest_even, to_special));
}

/// Two codes of 8 bits as fp16 numbers, the one in the low byte in the lower half (PTX ISA, cvt.rn.f16x2.e4m3x2 and e5m2x2).
template <int ExponentBits>
FEWBITS_HOST_DEVICE inline std::uint32_t fp16_of_8bit_pair(std::uint32_t codes) noexcept {
    static_assert(ExponentBits == 4 || ExponentBits == 5);
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 890
    std::uint32_t result;
    auto const pair = static_cast<unsigned short>(codes);
    if constexpr (ExponentBits == 4) asm("cvt.rn.f16x2.e4m3x2 %0, %1;" : "=r"(result) : "h"(pair));
    else asm("cvt.rn.f16x2.e5m2x2 %0, %1;" : "=r"(result) : "h"(pair));
    return result;
#else
    return fp16_of_code<ExponentBits, 7 - ExponentBits>(codes) | fp16_of_code<ExponentBits, 7 - ExponentBits>(codes >> 8) << 16;
#endif
}

/// The same of two codes of 6 bits, each in a byte whose other bits are 0 (PTX ISA, cvt.rn.f16x2.e2m3x2 and e3m2x2).
template <int ExponentBits>
FEWBITS_HOST_DEVICE inline std::uint32_t fp16_of_6bit_pair(std::uint32_t codes) noexcept {
    static_assert(ExponentBits == 2 || ExponentBits == 3);
#if defined(__CUDA_ARCH_FAMILY_SPECIFIC__) && __CUDA_ARCH_FAMILY_SPECIFIC__ >= 1000
    std::uint32_t result;
    auto const pair = static_cast<unsigned short>(codes);
    if constexpr (ExponentBits == 2) asm("cvt.rn.f16x2.e2m3x2 %0, %1;" : "=r"(result) : "h"(pair));
    else asm("cvt.rn.f16x2.e3m2x2 %0, %1;" : "=r"(result) : "h"(pair));
    return result;
#else
    return fp16_of_code<ExponentBits, 5 - ExponentBits>(codes) | fp16_of_code<ExponentBits, 5 - ExponentBits>(codes >> 8) << 16;
#endif
}

/// Eight codes of 4 bits as fp16 numbers, two to the word (PTX ISA, cvt.rn.f16x2.e2m1x2).
FEWBITS_HOST_DEVICE inline void fp16_of_4bit_codes(std::uint32_t codes, std::uint32_t (&words)[4]) noexcept {
#if defined(__CUDA_ARCH_FAMILY_SPECIFIC__) && __CUDA_ARCH_FAMILY_SPECIFIC__ >= 1000
    asm("{\n.reg .b8 a, b, c, d;\nmov.b32 {a, b, c, d}, %4;\n"
        "cvt.rn.f16x2.e2m1x2 %0, a;\ncvt.rn.f16x2.e2m1x2 %1, b;\ncvt.rn.f16x2.e2m1x2 %2, c;\ncvt.rn.f16x2.e2m1x2 %3, d;\n}"
        : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
        : "r"(codes));
#else
    for (int i = 0; i < 4; ++i) words[i] = fp16_of_code<2, 1>(codes >> (8 * i)) | fp16_of_code<2, 1>(codes >> (8 * i + 4)) << 16;
#endif
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
