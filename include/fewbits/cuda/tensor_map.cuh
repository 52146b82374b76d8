// Descriptions of matrices for the copy engine, made by the driver without linking it.
#pragma once

#include <cuda.h>
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "error.cuh"
#include "machine_types.hpp"
#include "operands/tile_operands.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// The driver's cuTensorMapEncodeTiled; throws cuda_error where there is no driver or one older than CUDA 12.
inline auto tensor_map_encoder() {
    static auto const found = [] {
        void* function = nullptr;
        cudaDriverEntryPointQueryResult result{};
        check_cuda("cudaGetDriverEntryPointByVersion(cuTensorMapEncodeTiled)",
                   cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function, 12000, cudaEnableDefault, &result));
        if (result != cudaDriverEntryPointSuccess) throw cuda_error("cuTensorMapEncodeTiled", cudaErrorSymbolNotFound);
        return reinterpret_cast<decltype(&cuTensorMapEncodeTiled)>(function);
    }();
    return found;
}

/// A matrix of `rows` rows of `row_bytes` bytes that begin `stride` bytes apart, for boxes of box_rows (256 at most) rows: of 128 bytes in
/// the order that warpgroup products read (`Swizzled`), or of box_bytes (1024 at most) one after the other, their columns counted in
/// words. `global` and `stride` are multiples of 16; throws cuda_error where they are not.
template <bool Swizzled = true>
tensor_map make_tensor_map(void const* global, std::size_t rows, std::size_t row_bytes, std::size_t stride, unsigned box_rows,
                           unsigned box_bytes = tile_row_bytes) {
    static_assert(sizeof(CUtensorMap) == sizeof(tensor_map) && alignof(CUtensorMap) <= alignof(tensor_map));
    constexpr unsigned unit = Swizzled ? 1 : 4;
    cuuint64_t const extents[2] = {row_bytes / unit, rows};
    cuuint64_t const strides[1] = {stride};
    cuuint32_t const box[2] = {box_bytes / unit, box_rows};
    cuuint32_t const steps[2] = {1, 1};
    CUtensorMap made;
    // The driver takes no pointer to const; the copy engine reads.
    CUresult const result = tensor_map_encoder()(
        &made, Swizzled ? CU_TENSOR_MAP_DATA_TYPE_UINT8 : CU_TENSOR_MAP_DATA_TYPE_UINT32, 2, const_cast<void*>(global), extents, strides,
        box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE, Swizzled ? CU_TENSOR_MAP_SWIZZLE_128B : CU_TENSOR_MAP_SWIZZLE_NONE,
        CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    if (result != CUDA_SUCCESS) throw cuda_error("cuTensorMapEncodeTiled", static_cast<cudaError_t>(result));  // the same numbers
    tensor_map map;
    std::memcpy(&map, &made, sizeof map);
    return map;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
