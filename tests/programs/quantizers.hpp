// For all tests but those of units with flags of their own: quantize and dequantize of the catalogue's block formats are compiled
// once, in quantizers_<family>.cpp.
#pragma once

#include <fewbits/formats/all_formats.hpp>
#include <fewbits/quantize/dequantize.hpp>
#include <fewbits/quantize/quantize.hpp>

#define SMALL_FLOAT_FORMATS(DO, HOW)                                                                                       \
    DO(HOW, mxfp8_e4m3) DO(HOW, mxfp8_e5m2) DO(HOW, mxfp6_e3m2) DO(HOW, mxfp6_e2m3) DO(HOW, mxfp4) DO(HOW, nvfp4)          \
    DO(HOW, nf4_b64) DO(HOW, nf4_b64_dq) DO(HOW, e4m3_tensor) DO(HOW, e4m3_row) DO(HOW, e4m3_tile_1x128)                   \
    DO(HOW, e4m3_tile_128x128) DO(HOW, e5m2_tensor) DO(HOW, e2m1_tensor) DO(HOW, e2m1_row) DO(HOW, e2m1_g32)
#define WIDE_INTEGER_FORMATS(DO, HOW)                                                                                      \
    DO(HOW, mxint8) DO(HOW, int8_tensor) DO(HOW, int8_row) DO(HOW, int8_column) DO(HOW, int8_g128) DO(HOW, int8_g64)       \
    DO(HOW, int8_g32) DO(HOW, uint8_tensor) DO(HOW, uint8_row) DO(HOW, int6_g64) DO(HOW, int6_g32) DO(HOW, int5_g64)       \
    DO(HOW, int5_g32)
#define NARROW_INTEGER_FORMATS(DO, HOW)                                                                                    \
    DO(HOW, int4_row) DO(HOW, int4_g128) DO(HOW, int4_g64) DO(HOW, int4_g32) DO(HOW, int4_g128_fp16)                       \
    DO(HOW, int4_g128_bf16) DO(HOW, int4_g32_e8m0) DO(HOW, uint4_g128) DO(HOW, int3_g64) DO(HOW, int3_g32)                 \
    DO(HOW, int2_g32) DO(HOW, bitnet) DO(HOW, binary_tensor)
#define GGUF_FORMATS(DO, HOW)                                                                                              \
    DO(HOW, q4_0) DO(HOW, q4_1) DO(HOW, q5_0) DO(HOW, q5_1) DO(HOW, q8_0) DO(HOW, q2_k) DO(HOW, q3_k) DO(HOW, q4_k)        \
    DO(HOW, q5_k) DO(HOW, q6_k) DO(HOW, q8_k) DO(HOW, iq4_nl) DO(HOW, iq4_xs) DO(HOW, tq1_0) DO(HOW, tq2_0)

// HOW is nothing for the definitions, and extern.
#define INSTANTIATE(HOW, F)                                                                                                \
    HOW template fewbits::quantized_matrix<fewbits::F> fewbits::quantize_for<fewbits::F>(                                  \
        processor const&, matrix_view<float const>, quantize_options const&);                                              \
    HOW template void fewbits::quantize_for<fewbits::F>(                                                                   \
        processor const&, matrix_view<float const>, quantized_matrix<fewbits::F>&, quantize_options const&);               \
    HOW template void fewbits::dequantize_for<fewbits::F>(                                                                 \
        processor const&, quantized_matrix<fewbits::F> const&, matrix_view<float>, executor);

SMALL_FLOAT_FORMATS(INSTANTIATE, extern)
WIDE_INTEGER_FORMATS(INSTANTIATE, extern)
NARROW_INTEGER_FORMATS(INSTANTIATE, extern)
GGUF_FORMATS(INSTANTIATE, extern)

#define ONE_OF_THEM(HOW, F) +1
static_assert(fewbits::all_block_formats::size == SMALL_FLOAT_FORMATS(ONE_OF_THEM, ) WIDE_INTEGER_FORMATS(ONE_OF_THEM, )
                                                      NARROW_INTEGER_FORMATS(ONE_OF_THEM, ) GGUF_FORMATS(ONE_OF_THEM, ));
