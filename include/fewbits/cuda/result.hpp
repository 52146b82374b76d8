// The last step of a product on the device: bias, then one rounding to the type of y, as gemm does it.
#pragma once

#include <cstdint>

#include "../gemm/epilogue.hpp"
#include "words.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

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
