// How kernels are launched whose tiles take operands of any format as they are stored.
#pragma once

#include <cstddef>

#include "../device_product.cuh"
#include "../launch.cuh"

namespace fewbits {

/// Beyond the columns of K that such kernels count.
inline constexpr std::size_t tile_depth_end = std::size_t{1} << 28;

inline namespace FEWBITS_BASELINE {
namespace device_kernels {

/// Whether such a kernel for the operands' own arithmetic takes the product.
template <class Kernel, class Product>
bool fits_tiles(Product const& p) {
    return p.options.compute == device_compute::native && p.depth < tile_depth_end && can_launch<Kernel>();
}

template <class Kernel, class Product>
void run_tiles(stream_launch launch, Product const& p) {
    launch.template run<Kernel>(static_cast<unsigned>(Kernel::blocks_for(p.y.rows, p.y.cols)),
                                {p.a, p.w, p.y.data, p.options.bias, p.y.stride, p.depth});
}

}  // namespace device_kernels
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
