// Products by format on the device: what a user calls has to compile, for every architecture, whatever kernels it may come to.
#include <fewbits/cuda.hpp>

namespace fb = fewbits;

// Scales of whole rows and of the whole matrix: a group of 0 columns divides nothing, and nvcc is not to warn of it.
static_assert(fb::fits_fragments<fb::int8_row>(64) && fb::fits_fragments<fb::bitnet>(64));
static_assert(fb::skinny_way_of<fb::int8_row, fb::bitnet> == fb::skinny_way::integers);

// Who is asked first where a program has the code.
static_assert(fb::device_kernels::block_scaled::supports<fb::nvfp4, fb::nvfp4, float, false>);
static_assert(fb::device_kernels::float8::supports<fb::e4m3_row, fb::mxfp4, float, false>);
static_assert(!fb::device_kernels::float8::supports<fb::bf16, fb::mxfp4, float, false>);
static_assert(fb::device_kernels::packed_float8::supports<fb::mxfp8_e4m3, fb::nvfp4, float, true>);
static_assert(!fb::device_kernels::packed_float8::supports<fb::e4m3_row, fb::uint4_g128, float, true>);  // zero points
static_assert(!fb::device_kernels::packed_float8::supports<fb::e4m3_row, fb::nf4_b64, float, true>);     // no floats of 8 bits

void all(cudaStream_t stream, fb::matrix_view<float const> a, fb::matrix_view<fb::bf16 const> a16, fb::matrix_view<float> y,
         fb::matrix_view<fb::bf16> y16, fb::device_gemm_options const& options) {
    fb::device_matrix<fb::int4_g128> const int4(y.cols, a.cols);
    fb::device_prepacked<fb::int4_g128> packed(y.cols, a.cols);
    fb::prepack_async(stream, int4, packed);
    fb::gemm_async(stream, a, packed, y, options);
    fb::gemm_async(stream, a16, packed, y16, options);
    fb::gemm_async(stream, fb::device_matrix<fb::e4m3_row>(a.rows, a.cols), packed, y16, options);
    fb::gemm_async(stream, a, int4, y, options);
    fb::device_prepacked<fb::q4_k> const q4(y.cols, a.cols);
    fb::gemm_async(stream, a16, q4, y, options);

    fb::device_matrix<fb::int8_row> const int8(a.rows, a.cols);
    fb::gemm_async(stream, int8, packed, y, options);
    fb::gemm_async(stream, int8, fb::device_matrix<fb::int8_row>(y.cols, a.cols), y16, options);

    fb::device_matrix<fb::e4m3_tile_1x128> const tiles(a.rows, a.cols);
    fb::gemm_async(stream, tiles, fb::device_matrix<fb::e4m3_tile_128x128>(y.cols, a.cols), y16, options);
    fb::gemm_async(stream, fb::device_matrix<fb::e4m3_row>(a.rows, a.cols), fb::device_matrix<fb::e4m3_tensor>(y.cols, a.cols), y, options);
    fb::gemm_async(stream, fb::device_matrix<fb::nvfp4>(a.rows, a.cols), fb::device_matrix<fb::nvfp4>(y.cols, a.cols), y, options);
}
