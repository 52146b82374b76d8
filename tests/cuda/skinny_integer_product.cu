// Integer products of few rows, and what their machine code may cost (gate.py reads the lines "gate:").
#include <fewbits/cuda/kernels/skinny_integer_product.hpp>
#include <fewbits/cuda/launch.cuh>
#include <fewbits/fewbits.hpp>

namespace fb = fewbits;

template <class Kernel>
void launch(cudaStream_t stream, void const* arguments) {
    fb::launch<Kernel>(stream, 1, Kernel::shared_bytes, *static_cast<typename Kernel::arguments const*>(arguments));
}

// The weights of an iteration are those of one lane: in_flight tiles of 32.
void all(cudaStream_t stream, void const* arguments) {
    // gate: skinny_integer_product<ternary, float, 0  needs IMMA.16832.S8.S8  at most 0.9 a weight of 128
    launch<fb::skinny_integer_product<fb::ternary, float, 0, 1>>(stream, arguments);
    // gate: skinny_integer_product<int_n<4>, float, 128  needs IMMA.16832.S8.S8 LDG.E.NA.LTC256B.128  at most 0.9 a weight of 128
    launch<fb::skinny_integer_product<fb::int_n<4>, float, 128, 1>>(stream, arguments);
    // gate: skinny_integer_product<int_n<4>, fp16, 32  needs IMMA.16832.S8.S8 LDG.E.NA.LTC256B.128  at most 1.0 a weight of 128
    launch<fb::skinny_integer_product<fb::int_n<4>, fb::fp16, 32, 1>>(stream, arguments);
    // gate: skinny_integer_product<int_n<8>, float, 0  needs IMMA.16832.S8.S8 LDG.E.NA.LTC256B.128  at most 0.6 a weight of 64
    launch<fb::skinny_integer_product<fb::int_n<8>, float, 0, 1>>(stream, arguments);
}
