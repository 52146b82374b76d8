// Quantizing on the device: what launches it, and what the machine code may cost (gate.py reads the lines "gate path:").
#include <fewbits/cuda/quantize.cuh>
#include <fewbits/fewbits.hpp>

namespace fb = fewbits;

template <class F, class T>
void quantize(cudaStream_t stream, void* data, std::span<std::span<std::byte> const> streams) {
    fb::quantize_async<F, T>(stream, {static_cast<T const*>(data), 64, 64}, streams, {});
}

/// A kernel alone.
template <class Kernel>
void quantize_by(cudaStream_t stream, void const* data) {
    fb::launch<Kernel>(stream, 1, 0, *static_cast<typename Kernel::arguments const*>(data));
}

void all(cudaStream_t stream, void* data, std::span<std::span<std::byte> const> streams) {
    // gate path: quantize_groups<mxfp8_e4m3, float  through LDG.E.128*4 SHFL STG.E.128 F2FP*8  at most 12.5 a value of 16
    quantize_by<fb::quantize_groups<fb::mxfp8_e4m3, float>>(stream, data);
    // gate path: quantize_groups<mxfp4, bf16  through LDG.E.128*4 STG.E.128 FFMA*32  at most 15 a value of 32
    quantize<fb::mxfp4, fb::bf16>(stream, data, streams);
    // gate path: quantize_groups<nvfp4, bf16  through LDG.E.128*2 STG.E FFMA*48  at most 21 a value of 16
    quantize<fb::nvfp4, fb::bf16>(stream, data, streams);
    // gate path: quantize_groups<int4_g128, bf16  through LDG.E.128*4 SHFL STG.E.128 FADD*32  at most 14.5 a value of 32
    quantize_by<fb::quantize_groups<fb::int4_g128, fb::bf16>>(stream, data);
    quantize_by<fb::quantize_groups<fb::uint4_g128, fb::fp16>>(stream, data);
    // gate path: quantize_groups<nf4_b64, float  through LDG.E.128*4 SHFL STG.E FSETP*60  at most 30 a value of 16
    quantize_by<fb::quantize_groups<fb::nf4_b64, float>>(stream, data);
    // gate path: quantize_groups<nf4_b64_dq, bf16  through LDG.E.128*4 SHFL STG.E.128 FSETP*120  at most 28 a value of 32
    quantize<fb::nf4_b64_dq, fb::bf16>(stream, data, streams);
    // gate path: quantize_groups<e4m3_tile_1x128, bf16  through LDG.E.128*4 SHFL STG.E.128*2 F2FP*16  at most 12 a value of 32
    quantize_by<fb::quantize_groups<fb::e4m3_tile_1x128, fb::bf16>>(stream, data);
    quantize_by<fb::quantize_tiles<fb::e4m3_tile_128x128, fb::bf16>>(stream, data);
    quantize_by<fb::quantize_tiles<fb::int8_row, fb::bf16>>(stream, data);
    quantize<fb::int8_column, fb::fp16>(stream, data, streams);
    quantize<fb::e4m3_tensor, fb::bf16>(stream, data, streams);
    // One scale of the caller's: a run of 8 values, from the kernel's first instruction to its last.
    // gate path: bf16, given_scales<blocks<e4m3  through LDG.E.128 STG.E.64 F2FP*4  at most 20 a value of 8
    quantize<fb::bitnet, fb::bf16>(stream, data, streams);
    // One candidate, one value: from the kernel's first instruction to its last.
    // gate path: search_scales<fraction_search<e2m1, float>, bf16  through LDG DADD DMUL DADD FFMA*4  at most 200 a value of 1
    // gate path: search_scales<scale_fit<excess_int<4> >, bf16  through LDG DFMA*2  at most 170 a value of 1
    // gate path: find_magnitudes<bf16  through SHFL STG  at most 170 a value of 1
    quantize<fb::q4_0, fb::bf16>(stream, data, streams);
    // gate path: fit_minimums<bf16  through LDG*3 DADD*3  at most 300 a value of 1
    // gate path: store_super_blocks  through STG.E.U16 STG.E  at most 200 a value of 1
    quantize<fb::q4_k, fb::bf16>(stream, data, streams);
    // gate path: dequantize_kernel<mxfp4, bf16  through STG.E.128 FMUL*16  at most 22 a value of 8
    fb::dequantize_async<fb::mxfp4, fb::bf16>(stream, {}, {static_cast<fb::bf16*>(data), 64, 64});
    // gate path: dequantize_kernel<int4_g128, fp16  through STG.E.128 FMUL*8 FADD*8  at most 20 a value of 8
    fb::dequantize_async<fb::int4_g128, fb::fp16>(stream, {}, {static_cast<fb::fp16*>(data), 64, 64});
}
