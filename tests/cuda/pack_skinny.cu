// What products of few rows read, packed on the device.
#include <fewbits/cuda/kernels/pack_skinny.hpp>
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
    launch<fb::pack_activations<float, 2, 1>>(stream, arguments);
    launch<fb::pack_activations<fb::bf16, 1, 2>>(stream, arguments);
    launch<fb::pack_activations<fb::fp16, 2, 1>>(stream, arguments);
}
