// The last step of a product: bias, then one rounding to the type of y.
#pragma once

#include <algorithm>
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

namespace epilogue_detail {

// Vectors by name: left to themselves compilers take conversions between float and double apart.
inline constexpr std::size_t at_once = 8;
typedef double doubles __attribute__((vector_size(at_once * sizeof(double))));
typedef float floats __attribute__((vector_size(at_once * sizeof(float))));

}  // namespace epilogue_detail

/// Writes columns [column, column + count) of the row of y that row `row` of a makes: sums + bias, rounded once (overflow to infinity).
template <gemm_result Y>
void finish_row(product const& p, std::size_t row, std::size_t column, std::size_t count, row_sums sums) {
    using namespace epilogue_detail;
    Y* const y = static_cast<Y*>(p.y) + (p.first_row + row) * p.y_stride + column;
    float const* const bias = p.bias == nullptr ? nullptr : p.bias + column;
    if constexpr (std::is_same_v<Y, float>) {
        if (sums.totals == nullptr && bias == nullptr) return void(std::copy_n(sums.rest, count, y));
    }
    auto const finish = [&](std::size_t first, auto columns) {
        doubles sum{};
        if (sums.totals != nullptr) __builtin_memcpy(&sum, sums.totals + first, columns * sizeof(double));
        if (sums.rest != nullptr) {
            floats rest{};
            __builtin_memcpy(&rest, sums.rest + first, columns * sizeof(float));
            sum += __builtin_convertvector(rest, doubles);
        }
        for (std::size_t j = 0; bias != nullptr && j < columns; ++j) sum[j] = add_to_odd(sum[j], static_cast<double>(bias[first + j]));
        if constexpr (std::is_same_v<Y, float>) {
            floats const rounded = __builtin_convertvector(sum, floats);
            __builtin_memcpy(y + first, &rounded, columns * sizeof(float));
        } else {
            for (std::size_t j = 0; j < columns; ++j) y[first + j] = round_to<Y>(static_cast<double>(sum[j]), nearest_even, to_special);
        }
    };
    std::size_t const whole = count / at_once * at_once;
    for (std::size_t j = 0; j < whole; j += at_once) finish(j, std::integral_constant<std::size_t, at_once>{});
    if (whole < count) finish(whole, count - whole);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
