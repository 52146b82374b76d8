// The last step of a product: bias, then one rounding to the type of y.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../bits/rounded.hpp"
#include "../codec/round_to.hpp"
#include "../kernels/product.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// What y may hold: float, or a 16-bit floating-point format.
template <class Y>
concept gemm_result = std::is_same_v<Y, float> || (scalar<Y> && Y::kind == format_kind::minifloat && Y::width == 16);

inline namespace FEWBITS_BASELINE {

/// Writes columns [column, column + count) of the row of y that row `row` of a makes: sums + bias, rounded once (overflow to infinity).
template <gemm_result Y>
void finish_row(product const& p, std::size_t row, std::size_t column, std::size_t count, double const* sums) {
    Y* const y = static_cast<Y*>(p.y) + (p.first_row + row) * p.y_stride + column;
    float const* const bias = p.bias == nullptr ? nullptr : p.bias + column;
    for (std::size_t j = 0; j < count; ++j) {
        double const sum = bias == nullptr ? sums[j] : add_to_odd(sums[j], static_cast<double>(bias[j]));
        if constexpr (std::is_same_v<Y, float>) {
            y[j] = static_cast<float>(sum);
        } else {
            y[j] = round_to<Y>(sum, nearest_even, to_special);
        }
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
