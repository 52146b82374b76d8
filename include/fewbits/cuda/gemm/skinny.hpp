// Products of few rows as a sequence of launches: activations are packed into the caller's workspace, then multiplied, 16 rows at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "../../matrix/matrix_view.hpp"
#include "../kernels/pack_activations.hpp"
#include "../kernels/skinny_integer_product.hpp"
#include "../kernels/skinny_product.hpp"

namespace fewbits {

// A stream is what launches: stream.launch<Kernel>(blocks, shared_bytes, arguments), in order. cuda/launch.cuh has CUDA's.

inline constexpr std::size_t skinny_rows = 16;

inline namespace FEWBITS_BASELINE {

/// What kind of thing gives activations.
template <class A>
inline constexpr bool is_quantized_view = false;
template <block_format F>
inline constexpr bool is_quantized_view<level_view<F>> = true;

/// Bytes that keep what follows aligned.
constexpr std::size_t aligned_bytes(std::size_t bytes) noexcept { return divided_up(bytes, 256) * 256; }

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
