// Products of many rows by packed weights on Hopper, and what their machine code must hold (gate.py reads the lines "gate:").
#include <fewbits/cuda/kernels/packed_product.hpp>
#include <fewbits/cuda/launch.cuh>
#include <fewbits/cuda/tensor_map.cuh>
#include <fewbits/fewbits.hpp>

namespace fb = fewbits;

template <class Kernel>
void launch(cudaStream_t stream, void const* a, std::size_t k, void const* arguments) {
    typename Kernel::arguments all = *static_cast<typename Kernel::arguments const*>(arguments);
    all.a = fb::make_tensor_map(a, static_cast<std::size_t>(all.m), k * 2, k * 2, Kernel::tokens);
    fb::launch<Kernel>(stream, 132, Kernel::shared_bytes, all);
}

template <class E, class S, int Group, int Tokens, int AGroup = 0, class X = fb::e4m3>
void launch_float8(cudaStream_t stream, void const* arguments) {
    using kernel = fb::packed_product<X, E, S, Group, fb::bf16, Tokens, fb::offset_form::none, 0, AGroup>;
    fb::launch<kernel>(stream, 132, kernel::shared_bytes, *static_cast<typename kernel::arguments const*>(arguments));
}

void all(cudaStream_t stream, void const* a, std::size_t k, void const* arguments) {
    // gate: packed_product<bf16, int_n<4>, float, 128, bf16, 32  needs HGMMA.64x32x16.F32.BF16 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 115 a loop
    launch<fb::packed_product<fb::bf16, fb::int_n<4>, float, 128, fb::bf16, 32>>(stream, a, k, arguments);
    // gate: packed_product<bf16, int_n<4>, float, 128, bf16, 64  needs HGMMA.64x64x16.F32.BF16 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 135 a loop
    launch<fb::packed_product<fb::bf16, fb::int_n<4>, float, 128, fb::bf16, 64>>(stream, a, k, arguments);
    // gate: packed_product<bf16, int_n<4>, float, 128, bf16, 128  needs HGMMA.64x128x16.F32.BF16 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 285 a loop
    launch<fb::packed_product<fb::bf16, fb::int_n<4>, float, 128, fb::bf16>>(stream, a, k, arguments);
    // gate: packed_product<bf16, int_n<8>, float, 0, float, 128  needs HGMMA.64x128x16.F32.BF16 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 355 a loop
    launch<fb::packed_product<fb::bf16, fb::int_n<8>, float, 0, float>>(stream, a, k, arguments);
    // gate: packed_product<bf16, e2m1, e8m0, 32, bf16, 64  needs HGMMA.64x64x16.F32.BF16 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 195 a loop
    launch<fb::packed_product<fb::bf16, fb::e2m1, fb::e8m0, 32, fb::bf16, 64>>(stream, a, k, arguments);
    // gate: packed_product<bf16, uint_n<4>, float, 128, bf16, 32  needs HGMMA.64x32x16.F32.BF16 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 125 a loop
    launch<fb::packed_product<fb::bf16, fb::uint_n<4>, float, 128, fb::bf16, 32, fb::offset_form::whole>>(stream, a, k, arguments);
    // gate: packed_product<bf16, nf4, float, 64, bf16, 32  needs HGMMA.64x32x16.F32.BF16 SYNCS.PHASECHK LDS.128 LDS.64  holds UTMALDG.2D USETMAXREG  at most 145 a loop
    launch<fb::packed_product<fb::bf16, fb::nf4, float, 64, fb::bf16, 32>>(stream, a, k, arguments);
    // gate: packed_product<bf16, nf4, float, 64, bf16, 64  needs HGMMA.64x64x16.F32.BF16 SYNCS.PHASECHK LDS.128 LDS.64  holds UTMALDG.2D USETMAXREG  at most 180 a loop
    launch<fb::packed_product<fb::bf16, fb::nf4, float, 64, fb::bf16, 64>>(stream, a, k, arguments);
    // gate: packed_product<bf16, nf4, float, 64, bf16, 128  needs HGMMA.64x128x16.F32.BF16 SYNCS.PHASECHK LDS.128 LDS.64  holds UTMALDG.2D USETMAXREG  at most 250 a loop
    launch<fb::packed_product<fb::bf16, fb::nf4, float, 64, fb::bf16>>(stream, a, k, arguments);
    // gate: packed_product<bf16, uint_n<4>, float, 32, bf16, 64  needs HGMMA.64x64x16.F32.BF16 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 500 a loop
    launch<fb::packed_product<fb::bf16, fb::uint_n<4>, float, 32, fb::bf16, 64, fb::offset_form::any>>(stream, a, k, arguments);
    // gate: packed_product<bf16, uint_n<4>, float, 32, bf16, 128  needs HGMMA.64x128x16.F32.BF16 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 800 a loop
    launch<fb::packed_product<fb::bf16, fb::uint_n<4>, float, 32, fb::bf16, 128, fb::offset_form::any>>(stream, a, k, arguments);

    // Of FP8 a step has 128 columns.
    // gate: packed_product<e4m3, int_n<4>, float, 128, bf16, 32  needs QGMMA.64x32x32.F32.E4M3.E4M3 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 150 a loop
    launch_float8<fb::int_n<4>, float, 128, 32>(stream, arguments);
    // gate: packed_product<e4m3, int_n<4>, float, 128, bf16, 64  needs QGMMA.64x64x32.F32.E4M3.E4M3 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 170 a loop
    launch_float8<fb::int_n<4>, float, 128, 64>(stream, arguments);
    // gate: packed_product<e4m3, int_n<4>, float, 128, bf16, 128  needs QGMMA.64x128x32.F32.E4M3.E4M3 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 370 a loop
    launch_float8<fb::int_n<4>, float, 128, 128>(stream, arguments);
    // gate: packed_product<e4m3, e2m1, e8m0, 32, bf16, 64  needs QGMMA.64x64x32.F32.E4M3.E4M3 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 340 a loop
    launch_float8<fb::e2m1, fb::e8m0, 32, 64>(stream, arguments);
    // gate: packed_product<e5m2, e2m1, e8m0, 32, bf16, 32  needs QGMMA.64x32x32.F32.E4M3.E5M2 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 360 a loop
    launch_float8<fb::e2m1, fb::e8m0, 32, 32, 32, fb::e5m2>(stream, arguments);
    // gate: packed_product<e4m3, e2m1, e4m3, 16, bf16, 64  needs QGMMA.64x64x32.F32.E4M3.E4M3 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 550 a loop
    launch_float8<fb::e2m1, fb::e4m3, 16, 64>(stream, arguments);
    // gate: packed_product<e4m3, e4m3, float, 0, bf16, 64  needs QGMMA.64x64x32.F32.E4M3.E4M3 SYNCS.PHASECHK LDS.128  holds UTMALDG.2D USETMAXREG  at most 100 a loop
    launch_float8<fb::e4m3, float, 0, 64>(stream, arguments);
}
