// Products of few rows for one format of every kind, and what the machine code of each may cost (gate.py reads the lines "gate:").
#include <fewbits/cuda/kernels/skinny_product.hpp>
#include <fewbits/cuda/launch.cuh>
#include <fewbits/fewbits.hpp>

namespace fb = fewbits;

template <class Kernel>
void launch(cudaStream_t stream, void const* arguments) {
    fb::launch<Kernel>(stream, 1, Kernel::shared_bytes, *static_cast<typename Kernel::arguments const*>(arguments));
}

// The weights of an iteration are those of one lane: in_flight tiles of 32.
void all(cudaStream_t stream, void const* arguments) {
    // gate: skinny_product<int_n<4>, bf16, 128  needs HMMA.16816.F32.BF16 LDG.E.NA.LTC256B.128  at most 2.3 a weight of 128
    launch<fb::skinny_product<fb::int_n<4>, fb::bf16, 128, 1, 1>>(stream, arguments);
    // gate: skinny_product<int_n<4>, fp16, 32  needs HMMA.16816.F32.BF16 LDG.E.NA.LTC256B.128  at most 2.6 a weight of 128
    launch<fb::skinny_product<fb::int_n<4>, fb::fp16, 32, 1, 1>>(stream, arguments);
    // gate: skinny_product<int_n<8>, float, 0  needs HMMA.16816.F32.BF16 LDG.E.NA.LTC256B.128  at most 3.2 a weight of 64
    launch<fb::skinny_product<fb::int_n<8>, float, 0, 1, 1>>(stream, arguments);
    // gate: skinny_product<e4m3, float, 0  needs HMMA.16816.F32.BF16 LDG.E.NA.LTC256B.128  at most 3.2 a weight of 64
    launch<fb::skinny_product<fb::e4m3, float, 0, 1, 1>>(stream, arguments);
    // gate: skinny_product<e2m1, e8m0, 32  needs HMMA.16816.F32.BF16 LDG.E.NA.LTC256B.128  at most 3.2 a weight of 128
    launch<fb::skinny_product<fb::e2m1, fb::e8m0, 32, 1, 1>>(stream, arguments);
    // gate: skinny_product<e2m1, e4m3, 16  needs HMMA.16816.F32.BF16 LDG.E.NA.LTC256B.128  at most 4.0 a weight of 128
    launch<fb::skinny_product<fb::e2m1, fb::e4m3, 16, 1, 1>>(stream, arguments);
    // gate: skinny_product<nf4, float, 64  needs HMMA.16816.F32.BF16 LDG.E.NA.LTC256B.128 LDS.64  at most 2.9 a weight of 128
    launch<fb::skinny_product<fb::nf4, float, 64, 1, 1>>(stream, arguments);
    // gate: skinny_product<int_n<3>, float, 64  needs HMMA.16816.F32.BF16  at most 3.5 a weight of 128
    launch<fb::skinny_product<fb::int_n<3>, float, 64, 1, 1>>(stream, arguments);
    // gate: skinny_product<int_n<6>, float, 64  needs HMMA.16816.F32.BF16  at most 5.0 a weight of 64
    launch<fb::skinny_product<fb::int_n<6>, float, 64, 2, 2>>(stream, arguments);
    // Zero points; minimums, of which an integer is taken off the codes and the rest is multiplied by sums of activations.
    // gate: skinny_product<uint_n<4>, float, 128  needs HMMA.16816.F32.BF16 LDG.E.NA.LTC256B.128  at most 2.6 a weight of 128
    launch<fb::skinny_product<fb::uint_n<4>, float, 128, 1, 1, float, fb::offset_form::whole>>(stream, arguments);
    // gate: skinny_product<uint_n<4>, float, 32  needs HMMA.16816.F32.BF16 LDG.E.NA.LTC256B.128  at most 4.0 a weight of 128
    launch<fb::skinny_product<fb::uint_n<4>, float, 32, 1, 1, float, fb::offset_form::any>>(stream, arguments);
}
