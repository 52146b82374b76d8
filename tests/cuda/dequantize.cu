// Dequantizing on the device, for formats of every composition.
#include <fewbits/cuda/kernels/dequantize.hpp>
#include <fewbits/cuda/launch.cuh>
#include <fewbits/fewbits.hpp>

namespace fb = fewbits;

template <class... Formats>
void all(cudaStream_t stream, void const* arguments, fb::type_list<Formats...>) {
    (fb::launch<fb::dequantize_kernel<Formats>>(stream, 1, 0,
         *static_cast<typename fb::dequantize_kernel<Formats>::arguments const*>(arguments)),
        ...);
}

void go(cudaStream_t stream, void const* arguments) {
    all(stream, arguments,
        fb::type_list<fb::mxfp4, fb::mxfp6_e3m2, fb::nvfp4, fb::nf4_b64_dq, fb::uint4_g128, fb::int3_g64, fb::int8_column,
                      fb::e4m3_tile_128x128, fb::bitnet, fb::q4_k, fb::q3_k, fb::tq1_0>{});
}
