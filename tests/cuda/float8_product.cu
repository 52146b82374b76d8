// Products of floats of 8 bits where mma.sync has them, and what their machine code must hold (gate.py reads the lines "gate:").
#include <fewbits/cuda/kernels/float8_product.hpp>
#include <fewbits/cuda/launch.cuh>
#include <fewbits/fewbits.hpp>

namespace fb = fewbits;

template <class A, class W, class Y = float>
void launch(cudaStream_t stream, void const* arguments) {
    using kernel = fb::float8_product<A, W, Y>;
    fb::launch<kernel>(stream, 1, kernel::shared_bytes, *static_cast<typename kernel::arguments const*>(arguments));
}

// gate target: 89
// A warp's tile of 64 x 32 in a step of 128 columns is 64 matrix instructions, in one block of 32 columns 16.
void all(cudaStream_t stream, void const* arguments) {
    // gate: float8_tiles<e4m3_row, e5m2_tensor, float, 8>  needs QMMA.16832.F32.E4M3.E5M2 LDSM.16.M88.4 LDGSTS  lacks F2FP HMMA  at most 8.9 a product of 64
    launch<fb::e4m3_row, fb::e5m2_tensor>(stream, arguments);
    // gate: float8_tiles<e4m3_tile_1x128, e4m3_tile_128x128, bf16, 8>  needs QMMA.16832.F32.E4M3.E4M3 LDSM.16.M88.4 LDGSTS  lacks HMMA  at most 8.9 a product of 64
    launch<fb::e4m3_tile_1x128, fb::e4m3_tile_128x128, fb::bf16>(stream, arguments);
    // gate: float8_tiles<e4m3_row, mxfp4, float, 4>  needs QMMA.16832.F32.E4M3.E4M3 LDSM.16.M88.4  lacks F2FP HMMA  at most 12.6 a product of 16
    launch<fb::e4m3_row, fb::mxfp4>(stream, arguments);
    // gate: float8_tiles<e4m3_row, int4_g128, float, 8>  needs QMMA.16832.F32.E4M3.E4M3 LDSM.16.M88.4 LDGSTS  lacks F2FP HMMA  at most 12.3 a product of 64
    launch<fb::e4m3_row, fb::int4_g128>(stream, arguments);
}
