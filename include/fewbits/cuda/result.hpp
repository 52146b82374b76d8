// The last step of a product on the device: bias, then one rounding to the type of y, as gemm does it.
#pragma once

#include <cstdint>

#include "../gemm/epilogue.hpp"
#include "words.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// The sum, plus `bias` where there is one, rounded once.
template <gemm_result Y>
FEWBITS_HOST_DEVICE Y result_of(float sum, bool has_bias, float bias) noexcept {
    if constexpr (std::is_same_v<Y, float>) {
        return has_bias ? add_rn(sum, bias) : sum;
    } else {
        float const all = has_bias ? add_to_odd(sum, bias) : sum;
        if constexpr (Y::layout.exponent_bits == 8) return Y::from_bits(nearest_bf16(all));
        else if constexpr (Y::layout.exponent_bits == 5) return Y::from_bits(nearest_fp16(all));
        else return Y(all);
    }
}

/// The same with column `col` of the bias, which may be null.
template <gemm_result Y>
FEWBITS_HOST_DEVICE Y result_of(float sum, float const* bias, std::size_t col) noexcept {
    return result_of<Y>(sum, bias != nullptr, bias == nullptr ? 0.0F : bias[col]);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
