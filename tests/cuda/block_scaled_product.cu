// Products by instructions that multiply by the scales of blocks, and what their machine code must hold (gate.py reads the lines "gate:").
#include <fewbits/cuda/kernels/block_scaled_product.hpp>
#include <fewbits/cuda/launch.cuh>
#include <fewbits/fewbits.hpp>

namespace fb = fewbits;

template <class A, class W, class Y = float>
void launch(cudaStream_t stream, void const* arguments) {
    using kernel = fb::block_scaled_product<A, W, Y>;
    fb::launch<kernel>(stream, 1, kernel::shared_bytes, *static_cast<typename kernel::arguments const*>(arguments));
}

// gate target: 120f
// A warp's tile of 64 x 32 in a step of 128 columns is 64 instructions of 32 columns, or 32 of 64.
void all(cudaStream_t stream, void const* arguments) {
    // gate: block_scaled_tiles<mxfp8_e4m3, mxfp8_e4m3, bf16, 8>  needs QMMA.SF.16832.F32.E4M3.E4M3.E8 LDSM.16.M88.4 LDGSTS  lacks HMMA  at most 8.8 a product of 64
    launch<fb::mxfp8_e4m3, fb::mxfp8_e4m3, fb::bf16>(stream, arguments);
    // gate: block_scaled_tiles<mxfp8_e4m3, mxfp4, float, 8>  needs QMMA.SF.16832.F32.E4M3.E4M3.E8 LDSM.16.M88.4 LDGSTS  lacks F2FP HMMA  at most 11.1 a product of 64
    launch<fb::mxfp8_e4m3, fb::mxfp4>(stream, arguments);
    // gate: block_scaled_tiles<mxfp4, mxfp4, float, 4>  needs OMMA.SF.16864.F32.E2M1.E2M1.E8 LDSM.16.M88.4 LDGSTS  lacks F2FP HMMA  at most 14.5 a product of 32
    launch<fb::mxfp4, fb::mxfp4>(stream, arguments);
    // gate: block_scaled_tiles<nvfp4, nvfp4, float, 4>  needs OMMA.SF.16864.F32.E2M1.E2M1.UE4M3.4X LDSM.16.M88.4 LDGSTS  lacks F2FP HMMA  at most 16.5 a product of 32
    launch<fb::nvfp4, fb::nvfp4>(stream, arguments);
}
