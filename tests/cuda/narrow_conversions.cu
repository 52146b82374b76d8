// What the machine code of sm_120f may cost where it converts FP6 and FP4 by its own instructions (gate.py reads the lines "gate path:").
// gate target: 120f
#include <fewbits/cuda/quantize.cuh>
#include <fewbits/fewbits.hpp>

namespace fb = fewbits;

template <class F>
void quantize(cudaStream_t stream, void const* arguments) {
    using kernel = fb::quantize_groups<F, fb::bf16>;
    fb::launch<kernel>(stream, 1, 0, *static_cast<typename kernel::arguments const*>(arguments));
}

void all(cudaStream_t stream, void const* arguments, fb::bf16* data) {
    // gate path: quantize_groups<mxfp4, bf16  through LDG.E.128*4 STG.E.128 F2FP*16  at most 7.5 a value of 32
    quantize<fb::mxfp4>(stream, arguments);
    // gate path: quantize_groups<nvfp4, bf16  through LDG.E.128*2 STG.E F2FP*8  at most 14 a value of 16
    quantize<fb::nvfp4>(stream, arguments);
    // gate path: quantize_groups<mxfp6_e3m2, bf16  through LDG.E.128*4 STG.E F2FP*16  at most 10.5 a value of 32
    quantize<fb::mxfp6_e3m2>(stream, arguments);
    // gate path: dequantize_kernel<mxfp4, bf16  through STG.E.128 F2FP*4 FMUL*8  at most 17 a value of 8
    fb::dequantize_async<fb::mxfp4>(stream, {}, fb::matrix_view<fb::bf16>(data, 64, 64));
    // gate path: dequantize_kernel<nvfp4, bf16  through STG.E.128 F2FP*4 FMUL*8  at most 19.5 a value of 8
    fb::dequantize_async<fb::nvfp4>(stream, {}, fb::matrix_view<fb::bf16>(data, 64, 64));
    // gate path: dequantize_kernel<mxfp6_e2m3, bf16  through STG.E.128 F2FP*4 FMUL*8  at most 19 a value of 8
    fb::dequantize_async<fb::mxfp6_e2m3>(stream, {}, fb::matrix_view<fb::bf16>(data, 64, 64));
}
