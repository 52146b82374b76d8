// What products of few rows read, packed on the device.
#include <fewbits/cuda/kernels/pack_activations.hpp>
#include <fewbits/cuda/kernels/pack_weights.hpp>
#include <fewbits/cuda/launch.cuh>
#include <fewbits/fewbits.hpp>

namespace fb = fewbits;

template <class Kernel>
void launch(cudaStream_t stream, void const* arguments) {
    fb::launch<Kernel>(stream, 1, 0, *static_cast<typename Kernel::arguments const*>(arguments));
}

void all(cudaStream_t stream, void const* arguments) {
    launch<fb::pack_fragments<fb::int4_g128>>(stream, arguments);
    launch<fb::pack_fragments<fb::int6_g64>>(stream, arguments);
    launch<fb::pack_fragments<fb::mxfp4>>(stream, arguments);
    launch<fb::pack_fragments<fb::nf4_b64>>(stream, arguments);
    launch<fb::pack_fragments<fb::e4m3_row>>(stream, arguments);
    launch<fb::pack_scales<fb::int4_g128>>(stream, arguments);
    launch<fb::pack_scales<fb::mxfp8_e5m2>>(stream, arguments);
    launch<fb::pack_scales<fb::nvfp4>>(stream, arguments);
    launch<fb::pack_scales<fb::q6_k>>(stream, arguments);
    launch<fb::pack_activations<float, 2, 1>>(stream, arguments);
    launch<fb::pack_activations<fb::bf16, 1, 2>>(stream, arguments);
    launch<fb::pack_activations<fb::e4m3_row, 1, 1>>(stream, arguments);
    launch<fb::pack_float8_activations<fb::e4m3_row, 0>>(stream, arguments);
    launch<fb::pack_float8_activations<fb::mxfp8_e5m2, 32>>(stream, arguments);
    launch<fb::pack_float8_activations<fb::e4m3, 0>>(stream, arguments);
    launch<fb::pack_integer_activations<fb::int8_row, 0, 2>>(stream, arguments);
    launch<fb::pack_integer_activations<fb::int8_g128, 128, 1>>(stream, arguments);
}
