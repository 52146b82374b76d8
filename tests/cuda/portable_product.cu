// Products of any pair for formats of every class, and what the machine code of each may cost (gate.py reads the lines "gate:").
#include <fewbits/cuda/kernels/portable_product.hpp>
#include <fewbits/cuda/launch.cuh>
#include <fewbits/fewbits.hpp>

namespace fb = fewbits;

template <class A, class W, class Y = float>
void launch(cudaStream_t stream, void const* arguments) {
    using kernel = fb::portable_product<A, W, Y>;
    fb::launch<kernel>(stream, 1, kernel::shared_bytes, *static_cast<typename kernel::arguments const*>(arguments));
}

void all(cudaStream_t stream, void const* arguments) {
    launch<fb::bf16, fb::int4_g128, fb::bf16>(stream, arguments);
    launch<fb::bf16, fb::mxfp4>(stream, arguments);
    launch<fb::bf16, fb::nvfp4>(stream, arguments);
    launch<fb::bf16, fb::nf4_b64>(stream, arguments);
    launch<fb::bf16, fb::q4_k>(stream, arguments);
    launch<fb::mxfp8_e4m3, fb::mxfp8_e4m3>(stream, arguments);
    launch<fb::fp16, fb::int4_g128, fb::fp16>(stream, arguments);
    launch<float, fb::int4_g128>(stream, arguments);
    launch<float, float>(stream, arguments);
    launch<fb::int8_row, fb::int8_row>(stream, arguments);
    launch<fb::int8_row, fb::int4_g128>(stream, arguments);
    launch<fb::q8_0, fb::q4_0>(stream, arguments);
    launch<fb::q8_k, fb::q6_k>(stream, arguments);
    launch<fb::int6_g64, fb::tq1_0>(stream, arguments);
}
