// The kernels that multiply matrices on the device, in order of preference.
#pragma once

#include "selection/block_scaled.cuh"
#include "selection/float8.cuh"
#include "selection/packed.cuh"
#include "selection/portable.cuh"
#include "selection/skinny.cuh"
#include "selection/tensor_memory.cuh"
#include "selection/warpgroup.cuh"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Kernels in order of preference.
template <class... Kernels>
struct device_kernel_list {
    /// visit(kernel) for the first that takes the product; whether there is one.
    template <class A, class W, class Y, bool Packed, class Product, class Visit>
    static bool first(Product const& p, Visit const& visit) {
        bool found = false;
        (try_one<Kernels, A, W, Y, Packed>(p, visit, found), ...);
        return found;
    }
    template <class A, class W, class Y, bool Packed>
    static constexpr bool any = (Kernels::template supports<A, W, Y, Packed> || ...);

private:
    template <class Kernel, class A, class W, class Y, bool Packed, class Product, class Visit>
    static void try_one(Product const& p, Visit const& visit, bool& found) {
        if constexpr (Kernel::template supports<A, W, Y, Packed>) {
            if (found || !Kernel::template fits<A, W, Y>(p)) return;
            found = true;
            visit(Kernel{});
        }
    }
};
using device_gemm_kernels =
    device_kernel_list<device_kernels::packed, device_kernels::packed_float8, device_kernels::skinny, device_kernels::warpgroup,
                       device_kernels::tensor_memory, device_kernels::block_scaled, device_kernels::float8, device_kernels::portable>;

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
