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
void finish_row(product const& p, std::size_t row, std::size_t column, std::size_t count, row_sums sums) {
    Y* const y = static_cast<Y*>(p.y) + (p.first_row + row) * p.y_stride + column;
    float const* const bias = p.bias == nullptr ? nullptr : p.bias + column;
    auto const finish = [&](std::size_t first, auto columns) {
        double sum[16] = {};
        if (sums.totals != nullptr) {
            for (std::size_t j = 0; j < columns; ++j) sum[j] = sums.totals[first + j];
        }
        if (sums.rest != nullptr) {
            for (std::size_t j = 0; j < columns; ++j) sum[j] += static_cast<double>(sums.rest[first + j]);
        }
        if (bias != nullptr) {
            for (std::size_t j = 0; j < columns; ++j) sum[j] = add_to_odd(sum[j], static_cast<double>(bias[first + j]));
        }
        for (std::size_t j = 0; j < columns; ++j) {
            if constexpr (std::is_same_v<Y, float>) y[first + j] = static_cast<float>(sum[j]);
            else y[first + j] = round_to<Y>(sum[j], nearest_even, to_special);
        }
    };
    constexpr std::integral_constant<std::size_t, 16> at_once;  // a count that compilers know makes vectors
    std::size_t const whole = count / at_once * at_once;
    for (std::size_t j = 0; j < whole; j += at_once) finish(j, at_once);
    finish(whole, count - whole);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
