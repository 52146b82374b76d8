// One quantized linear layer, its format hidden behind an interface: what the forward pass calls.
#pragma once

#include <fewbits/fewbits.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

extern template struct fewbits::gemm_programs<>;  // gemm's kernels are compiled once, in quantized.cpp

namespace perplexity {

using float_view = fewbits::matrix_view<float>;
using const_float_view = fewbits::matrix_view<const float>;

/// Weight matrices (outputs x inputs) that read the same activations: query, key and value, or gate and up, or one
/// alone. Activations are quantized once for all of them.
class projection {
public:
    virtual ~projection() = default;

    /// y[i] = x * transpose(w[i]), through fewbits::gemm on the calling thread. x: tokens x inputs; y[i]: tokens x rows
    /// of w[i].
    virtual void apply(const_float_view x, std::span<const float_view> y) const = 0;

    /// What the weights have become: writes the dequantized matrix i.
    virtual void dequantize(std::size_t i, float_view out) const = 0;

    /// Bytes of the stored weights with their scales, all matrices together.
    virtual std::size_t storage_bytes() const = 0;
};

using weight_views = std::span<const const_float_view>;

/// Quantizes weights into a projection. Throws std::invalid_argument where the format refuses the shape.
using projection_maker = std::function<std::unique_ptr<projection>(weight_views weights)>;

}  // namespace perplexity
