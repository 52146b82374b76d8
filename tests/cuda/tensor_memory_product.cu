// Products under scales of blocks on sm_100f, and what their machine code must hold (gate.py reads the lines "gate:").
// gate target: 100f
#include <fewbits/cuda.hpp>

namespace fb = fewbits;

// As a user comes to one.
// gate: tensor_memory_product<e2m1, e2m1, (block_scaling)3, float  needs UTCOMMA.4X UTCCP.T.S.4x32dp128bit UTCBAR SYNCS.PHASECHK  holds UTMALDG.2D LDTM.x32  at most 75 a loop
void multiply(cudaStream_t stream, fb::matrix_view<float> y, std::size_t k, fb::device_gemm_options const& options) {
    fb::gemm_async(stream, fb::device_matrix<fb::nvfp4>(y.rows, k), fb::device_matrix<fb::nvfp4>(y.cols, k), y, options);
}

template <class Kernel>
void launch(cudaStream_t stream, typename Kernel::arguments const& arguments) {
    if (fb::can_launch<Kernel>()) fb::launch<Kernel>(stream, 148, Kernel::shared_bytes, arguments);
}
using mxfp8 = fb::tensor_memory_product<fb::e5m2, fb::e4m3, fb::block_scaling::float8_32>;
using mxfp4 = fb::tensor_memory_product<fb::e2m1, fb::e2m1, fb::block_scaling::float4_32, fb::bf16>;
void multiply(cudaStream_t stream, mxfp8::arguments const& eight, mxfp4::arguments const& four) {
    // gate: tensor_memory_product<e5m2, e4m3, (block_scaling)1, float  needs UTCQMMA UTCCP.T.S.4x32dp128bit UTCBAR SYNCS.PHASECHK  holds UTMALDG.2D LDTM.x32  at most 62 a loop
    launch<mxfp8>(stream, eight);
    // gate: tensor_memory_product<e2m1, e2m1, (block_scaling)2, bf16  needs UTCOMMA UTCCP.T.S.4x32dp128bit UTCBAR SYNCS.PHASECHK  holds UTMALDG.2D LDTM.x32 F2FP.BF16  at most 65 a loop
    launch<mxfp4>(stream, four);
}
