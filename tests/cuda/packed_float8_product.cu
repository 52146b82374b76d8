// Products of many rows of FP8 by packed weights on Hopper, and what their machine code must hold (gate.py reads the lines "gate:").
#include <fewbits/cuda/kernels/packed_product.hpp>
#include <fewbits/cuda/launch.cuh>
#include <fewbits/fewbits.hpp>

namespace fb = fewbits;

// A step of 128 columns is 64 weights for a lane, with 128 rows of a 128.
template <class E, class S, int Group, int Tokens, int AGroup = 0, class X = fb::e4m3>
void launch(cudaStream_t stream, void const* arguments) {
    using kernel = fb::packed_product<X, E, S, Group, fb::bf16, Tokens, fb::offset_form::none, 0, AGroup>;
    fb::launch<kernel>(stream, 132, kernel::shared_bytes, *static_cast<typename kernel::arguments const*>(arguments));
}

void all(cudaStream_t stream, void const* arguments) {
    // gate: packed_product<e4m3, int_n<4>, float, 128, bf16, 32  needs QGMMA.64x32x32.F32.E4M3.E4M3 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 150 a loop
    launch<fb::int_n<4>, float, 128, 32>(stream, arguments);
    // gate: packed_product<e4m3, int_n<4>, float, 128, bf16, 64  needs QGMMA.64x64x32.F32.E4M3.E4M3 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 170 a loop
    launch<fb::int_n<4>, float, 128, 64>(stream, arguments);
    // gate: packed_product<e4m3, int_n<4>, float, 128, bf16, 128  needs QGMMA.64x128x32.F32.E4M3.E4M3 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 370 a loop
    launch<fb::int_n<4>, float, 128, 128>(stream, arguments);
    // gate: packed_product<e4m3, e2m1, e8m0, 32, bf16, 64  needs QGMMA.64x64x32.F32.E4M3.E4M3 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 340 a loop
    launch<fb::e2m1, fb::e8m0, 32, 64>(stream, arguments);
    // gate: packed_product<e5m2, e2m1, e8m0, 32, bf16, 32  needs QGMMA.64x32x32.F32.E4M3.E5M2 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 360 a loop
    launch<fb::e2m1, fb::e8m0, 32, 32, 32, fb::e5m2>(stream, arguments);
    // gate: packed_product<e4m3, e2m1, e4m3, 16, bf16, 64  needs QGMMA.64x64x32.F32.E4M3.E4M3 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 550 a loop
    launch<fb::e2m1, fb::e4m3, 16, 64>(stream, arguments);
    // gate: packed_product<e4m3, e4m3, float, 0, bf16, 64  needs QGMMA.64x64x32.F32.E4M3.E4M3 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 100 a loop
    launch<fb::e4m3, float, 0, 64>(stream, arguments);
}
