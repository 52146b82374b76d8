// fp32 numbers as sums of bf16 numbers, the upper halves of fp32's: by their bits, for host and device.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../bits/rounded.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// The bf16 nearest to a float, ties to even; NaN stays one. Floats beyond the largest bf16 are cut to it: what is left of
/// them is their second part.
FEWBITS_HOST_DEVICE constexpr std::uint16_t bf16_near(std::uint32_t bits) noexcept {
    std::uint32_t const rounded = bits + 0x7FFFU + ((bits >> 16) & 1U);
    bool const special = (bits & 0x7F800000U) == 0x7F800000U;
    bool const overflows = (rounded & 0x7F800000U) == 0x7F800000U;
    std::uint32_t const quiet = (bits & 0x007FFFFFU) != 0 ? 0x00400000U : 0U;
    return static_cast<std::uint16_t>((special ? bits | quiet : overflows ? bits : rounded) >> 16);
}

/// What the first part leaves of a float, exactly; 0 where that is no number.
FEWBITS_HOST_DEVICE constexpr float bf16_remainder(std::uint32_t bits, std::uint16_t first) noexcept {
    if ((bits & 0x7F800000U) == 0x7F800000U) return 0.0F;
    return sub_rn(bit_cast<float>(bits), bit_cast<float>(static_cast<std::uint32_t>(first) << 16));
}

/// The bf16 nearest to that.
FEWBITS_HOST_DEVICE constexpr std::uint16_t bf16_rest(std::uint32_t bits, std::uint16_t first) noexcept {
    return bf16_near(bit_cast<std::uint32_t>(bf16_remainder(bits, first)));
}

}  // namespace FEWBITS_BASELINE

/// A float as a sum of bf16 numbers, each the nearest to what those before leave: two are the float but for 2^-17 of it, three but for
/// 2^-26.
template <int Terms>
struct bf16_sum {
    std::uint32_t at[static_cast<std::size_t>(Terms)];  ///< bits

    FEWBITS_HOST_DEVICE explicit bf16_sum(float x) noexcept {
        for (int i = 0; i < Terms; ++i) {
            std::uint32_t const bits = bit_cast<std::uint32_t>(x);
            at[i] = bf16_near(bits);
            x = bf16_remainder(bits, static_cast<std::uint16_t>(at[i]));
        }
    }
};

}  // namespace fewbits

FEWBITS_PRECISE_END
