// The last step of a product on the device: bias, then one rounding to the type of y, as gemm does it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../../gemm/epilogue.hpp"
#include "../numbers/column_runs.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// The bias that leaves every sum as it is.
inline constexpr float no_bias = -0.0F;

/// The sum plus `bias`, rounded once.
template <gemm_result Y>
FEWBITS_HOST_DEVICE Y result_of(float sum, float bias) noexcept {
    if constexpr (std::is_same_v<Y, float>) return add_rn(sum, bias);
    else if constexpr (half_float<Y>) return Y::from_bits(narrowed_pair<Y>(add_to_odd(sum, bias), 0.0F) & 0xFFFFU);
    else return Y(add_to_odd(sum, bias));
}

/// The same with column `col` of the bias, which may be null.
template <gemm_result Y>
FEWBITS_HOST_DEVICE Y result_of(float sum, float const* bias, std::size_t col) noexcept {
    return result_of<Y>(sum, bias == nullptr ? no_bias : bias[col]);
}

/// Two neighbours of a row, to a place aligned to both.
template <gemm_result Y>
FEWBITS_HOST_DEVICE void store_results(Y* to, float const (&sums)[2], float const (&bias)[2]) noexcept {
    if constexpr (half_float<Y>) {
        store_aligned(to, narrowed_pair<Y>(add_to_odd(sums[0], bias[0]), add_to_odd(sums[1], bias[1])));
    } else if constexpr (std::is_same_v<Y, float>) {
        store_aligned(to, word2{{bit_cast<std::uint32_t>(add_rn(sums[0], bias[0])), bit_cast<std::uint32_t>(add_rn(sums[1], bias[1]))}});
    } else {
        for (int i = 0; i < 2; ++i) to[i] = result_of<Y>(sums[i], bias[i]);
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
