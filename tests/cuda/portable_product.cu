// Products of any pair for formats of every class, and what the machine code of each may cost (gate.py reads the lines "gate:").
#include <fewbits/cuda/kernels/portable_product.hpp>
#include <fewbits/cuda/launch.cuh>
#include <fewbits/fewbits.hpp>

namespace fb = fewbits;

struct int8_g20 final : fb::block_scaled<int8_g20, fb::int_n<8>, fb::along_k(20), float> {};

template <class A, class W, class Y = float>
void launch(cudaStream_t stream, void const* arguments) {
    using kernel = fb::portable_product<A, W, Y>;
    fb::launch<kernel>(stream, 1, kernel::shared_bytes, *static_cast<typename kernel::arguments const*>(arguments));
}

// A warp's tile of 64 x 32 in a step of 64 columns of bf16, or 128 of bytes, is 64 matrix instructions; of formats with several scales in a
// step the loop is over these.
void all(cudaStream_t stream, void const* arguments) {
    // gate: tiled_product<bf16, bf16, float, 128u, 128u, 8>  needs HMMA.16816.F32.BF16 LDSM.16.M88.4 LDGSTS  at most 7.0 a product of 64
    launch<fb::bf16, fb::bf16>(stream, arguments);
    // gate: tiled_product<bf16, int4_g128, bf16, 128u, 128u, 8>  needs HMMA.16816.F32.BF16 LDSM.16.M88.4 LDGSTS  at most 8.3 a product of 64
    launch<fb::bf16, fb::int4_g128, fb::bf16>(stream, arguments);
    // gate: tiled_product<bf16, mxfp4, float, 128u, 128u, 8>  needs HMMA.16816.F32.BF16 LDSM.16.M88.4  at most 4.4 a product of 32
    launch<fb::bf16, fb::mxfp4>(stream, arguments);
    // gate: tiled_product<bf16, nvfp4, float, 128u, 128u, 4>  needs HMMA.16816.F32.BF16 LDSM.16.M88.4  at most 7.2 a product of 16
    launch<fb::bf16, fb::nvfp4>(stream, arguments);
    // gate: tiled_product<bf16, nf4_b64, float, 128u, 128u, 4>  needs HMMA.16816.F32.BF16 LDSM.16.M88.4 LDGSTS  at most 9.0 a product of 64
    launch<fb::bf16, fb::nf4_b64>(stream, arguments);
    // gate: tiled_product<bf16, q4_k, float, 128u, 128u, 4>  needs HMMA.16816.F32.BF16 LDSM.16.M88.4 LDGSTS  at most 27 a product of 64
    launch<fb::bf16, fb::q4_k>(stream, arguments);
    // gate: tiled_product<mxfp8_e4m3, mxfp8_e4m3, float, 128u, 128u, 4>  needs HMMA.16816.F32.BF16 LDSM.16.M88.4 LDGSTS  at most 32 a product of 32
    launch<fb::mxfp8_e4m3, fb::mxfp8_e4m3>(stream, arguments);
    // gate: tiled_product<fp16, int4_g128, fp16, 128u, 128u, 4>  needs HMMA.16816.F32.BF16 LDSM.16.M88.4 LDGSTS  at most 17.5 a product of 64
    launch<fb::fp16, fb::int4_g128, fb::fp16>(stream, arguments);
    // gate: tiled_product<float, int4_g128, float, 128u, 128u, 4>  needs HMMA.16816.F32.BF16 LDSM.16.M88.4 LDGSTS  at most 17.5 a product of 64
    launch<float, fb::int4_g128>(stream, arguments);
    // gate: tiled_product<float, float, float, 64u, 64u, 4>  needs HMMA.16816.F32.BF16 LDSM.16.M88.4 LDGSTS  at most 25 a product of 40
    launch<float, float>(stream, arguments);
    // gate: tiled_product<int8_row, int8_row, float, 128u, 128u, 8>  needs IMMA.16832.S8.S8 LDSM.16.M88.4 LDGSTS  at most 8.6 a product of 64
    launch<fb::int8_row, fb::int8_row>(stream, arguments);
    // gate: tiled_product<int8_row, int4_g128, float, 128u, 128u, 8>  needs IMMA.16832.S8.S8 LDSM.16.M88.4 LDGSTS  at most 12.2 a product of 64
    launch<fb::int8_row, fb::int4_g128>(stream, arguments);
    // gate: tiled_product<q8_0, q4_0, float, 128u, 128u, 4>  needs IMMA.16832.S8.S8 LDSM.16.M88.4 LDGSTS  at most 36 a product of 32
    launch<fb::q8_0, fb::q4_0>(stream, arguments);
    // gate: tiled_product<q8_k, q6_k, float, 128u, 128u, 4>  needs IMMA.16832.S8.S8 LDSM.16.M88.4 LDGSTS  at most 35 a product of 64
    launch<fb::q8_k, fb::q6_k>(stream, arguments);
    // Trits, and groups that no tile fits, are not what this is made to be fast for.
    launch<fb::int6_g64, fb::tq1_0>(stream, arguments);
    launch<fb::int8_row, int8_g20>(stream, arguments);
}
