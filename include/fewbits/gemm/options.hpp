// What a caller may say about one product besides its matrices.
#pragma once

#include <span>

#include "../kernels/product.hpp"
#include "../parallel/executor.hpp"

namespace fewbits {

/// How exact a product has to be.
enum class compute_choice : unsigned char {
    exact  ///< no operand is rounded to a narrower type: integer pairs to the bit, others within 1e-5 * sum |a||w|
};

struct gemm_options {
    std::span<const float> bias{};        ///< empty, or one value for each of the N columns of y
    fewbits::executor executor{};         ///< serial, threads(n), or the caller's own; never changes a bit of the result
    target_choice target = target_choice::best;
    compute_choice compute = compute_choice::exact;
};

}  // namespace fewbits
