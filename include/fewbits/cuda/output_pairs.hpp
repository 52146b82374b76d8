// Two neighbouring results as they are stored: fp32, or rounded to one of the 16-bit floats of tensor cores.
#pragma once

#include <cstdint>
#include <type_traits>

#include "../scaling/block_scaled.hpp"
#include "words.hpp"

namespace fewbits {

/// What products may be stored as.
template <class Out>
inline constexpr bool is_output = [] {
    if constexpr (std::is_same_v<Out, float>) return true;
    else if constexpr (Out::kind != format_kind::minifloat) return false;
    else return Out::width == 16 && Out::codec::has_infinity && (Out::codec::exponent_bits == 8 || Out::codec::exponent_bits == 5);
}();

template <scale_number Out>
    requires is_output<Out>
struct output_pairs {
    static constexpr bool wide = std::is_same_v<Out, float>;
    using number_type = std::conditional_t<wide, float, std::uint16_t>;

    /// At an even place of an aligned row.
    FEWBITS_HOST_DEVICE static void store(number_type* to, float first, float second) noexcept {
        if constexpr (wide) *reinterpret_cast<word2*>(to) = {{bit_cast<std::uint32_t>(first), bit_cast<std::uint32_t>(second)}};
        else *reinterpret_cast<std::uint32_t*>(to) = narrow(first, second);
    }
    FEWBITS_HOST_DEVICE static void store_one(number_type* to, float number) noexcept {
        if constexpr (wide) *to = number;
        else *to = static_cast<std::uint16_t>(narrow(number, 0.0F));
    }

private:
    /// To nearest, ties to even, beyond the largest number to infinity (PTX ISA, cvt.rn.bf16x2.f32, cvt.rn.f16x2.f32).
    FEWBITS_HOST_DEVICE static std::uint32_t narrow(float low, float high) noexcept {
        constexpr bool upper_half = Out::codec::exponent_bits == 8;
#if defined(__CUDA_ARCH__)
        std::uint32_t pair;
        if constexpr (upper_half) asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
        else asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
        return pair;
#else
        auto const code = [](float x) {
            if constexpr (upper_half) return nearest_bf16(x);
            else return static_cast<std::uint32_t>(binary16_codec::encode(unpack(x), nearest_even, to_special));
        };
        return code(low) | code(high) << 16;
#endif
    }
};

}  // namespace fewbits
