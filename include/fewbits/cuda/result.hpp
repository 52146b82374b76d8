// The last step of a product on the device: bias, then one rounding to the type of y, as gemm does it.
#pragma once

#include <cstdint>

#include "../gemm/epilogue.hpp"
#include "words.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// a + b, rounded to odd, so that rounding it again to 16 bits rounds the exact sum; a sum that is not finite is as it is.
FEWBITS_HOST_DEVICE inline float add_to_odd(float a, float b) noexcept {
    float const sum = add_rn(a, b);
    std::uint32_t bits = bit_cast<std::uint32_t>(sum);
    if ((bits & 0x7F800000U) == 0x7F800000U || (bits & 1U) != 0) return sum;
    float const part = sub_rn(sum, a);
    float const error = add_rn(sub_rn(a, sub_rn(sum, part)), sub_rn(b, part));
    std::uint32_t const error_bits = bit_cast<std::uint32_t>(error);
    if ((error_bits << 1) != 0) bits += ((error_bits ^ bits) >> 31) == 0 ? 1U : ~0U;
    return bit_cast<float>(bits);
}

/// The sum plus column `col` of the bias, if there is one, rounded once.
template <gemm_result Y>
FEWBITS_HOST_DEVICE Y result_of(float sum, float const* bias, std::size_t col) noexcept {
    if constexpr (std::is_same_v<Y, float>) {
        return bias == nullptr ? sum : add_rn(sum, bias[col]);
    } else {
        float const all = bias == nullptr ? sum : add_to_odd(sum, bias[col]);
        if constexpr (Y::layout.exponent_bits == 8) return Y::from_bits(nearest_bf16(all));
        else if constexpr (Y::layout.exponent_bits == 5) return Y::from_bits(nearest_fp16(all));
        else return Y(all);
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
