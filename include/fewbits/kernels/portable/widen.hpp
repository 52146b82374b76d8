// Rows of 16-bit floating-point matrices become fp32, exactly, in integer operations the compiler vectorises.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../../bits/integer.hpp"
#include "../../codec/scalar_types.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// A 16-bit IEEE-style layout with at most 8 exponent bits.
template <class T>
concept half_float = scalar<T> && T::kind == format_kind::minifloat && T::width == 16 && T::layout.is_signed &&
                     T::layout.has_zero && T::layout.special == specials::ieee && T::layout.exponent_bits <= 8 &&
                     T::codec::bias == (1 << (T::layout.exponent_bits - 1)) - 1;

/// The value of a 16-bit code with that many exponent bits (IEEE style); every NaN stays one.
template <int ExponentBits>
float widen_half_bits(std::uint16_t bits) noexcept {
    static_assert(ExponentBits <= 8);
    constexpr int mantissa = 15 - ExponentBits;
    constexpr int bias = (1 << (ExponentBits - 1)) - 1;
    constexpr std::uint32_t smallest_normal = std::uint32_t{1} << mantissa;
    constexpr std::uint32_t infinity = 0x8000U - smallest_normal;
    std::uint32_t const code = bits;
    std::uint32_t const sign = (code & 0x8000U) << 16;
    std::uint32_t const magnitude = code & 0x7FFFU;
    if constexpr (ExponentBits == 8) return bit_cast<float>(code << 16);
    constexpr std::uint32_t rebias = static_cast<std::uint32_t>(127 - bias) << 23;
    constexpr float step = bit_cast<float>(static_cast<std::uint32_t>(127 + 1 - bias - mantissa) << 23);
    std::uint32_t const normal = (magnitude << (23 - mantissa)) + rebias;
    std::uint32_t const tiny = bit_cast<std::uint32_t>(static_cast<float>(static_cast<std::int32_t>(magnitude)) * step);
    // Masks instead of branches: a conversion inside a branch keeps the loop from being vectorised.
    std::uint32_t const is_tiny = 0U - static_cast<std::uint32_t>(magnitude < smallest_normal);
    std::uint32_t const is_special = 0U - static_cast<std::uint32_t>(magnitude >= infinity);
    return bit_cast<float>((tiny & is_tiny) | (normal & ~is_tiny) | (0x7F800000U & is_special) | sign);
}

/// The same of a 16-bit format.
template <half_float T>
float widen_half(T value) noexcept {
    return widen_half_bits<T::layout.exponent_bits>(static_cast<std::uint16_t>(value.bits()));
}

/// One row; float is copied, any scalar format goes through its own conversion unless it is a half_float.
template <class T>
void widen_row(T const* in, std::size_t count, float* out) noexcept {
    if constexpr (half_float<T>) {
        for (std::size_t i = 0; i < count; ++i) out[i] = widen_half(in[i]);
    } else if constexpr (std::is_same_v<T, float>) {
        std::copy_n(in, count, out);
    } else {
        for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(in[i]);
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
