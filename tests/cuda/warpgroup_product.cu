// Products of many rows on Hopper, and what their machine code must hold (gate.py reads the lines "gate:").
#include <fewbits/cuda/kernels/warpgroup_product.hpp>
#include <fewbits/cuda/launch.cuh>
#include <fewbits/cuda/tensor_map.cuh>
#include <fewbits/fewbits.hpp>

namespace fb = fewbits;

template <class Kernel>
void launch(cudaStream_t stream, typename Kernel::arguments arguments, void const* a, void const* w, std::size_t k) {
    if (!fb::can_launch<Kernel>()) return;
    arguments.a = fb::make_tensor_map(a, static_cast<std::size_t>(arguments.m), k, k, Kernel::a_bytes / 128);
    arguments.w = fb::make_tensor_map(w, static_cast<std::size_t>(arguments.n), k, k, Kernel::cols);
    fb::launch<Kernel>(stream, 132, Kernel::shared_bytes, arguments);
}

using rows = fb::warpgroup_product<fb::e4m3, fb::e4m3, 0>;
using mixed = fb::warpgroup_product<fb::e5m2, fb::e4m3, 0>;
using tiles = fb::warpgroup_product<fb::e4m3, fb::e4m3, 128>;

// gate: warpgroup_product<e4m3, e4m3, 0  needs QGMMA.64x128x32.F32.E4M3.E4M3 SYNCS.PHASECHK  holds UTMALDG.2D USETMAXREG  at most 120 a loop
void by_rows(cudaStream_t stream, rows::arguments const& arguments, void const* a, void const* w, std::size_t k) {
    launch<rows>(stream, arguments, a, w, k);
}
// gate: warpgroup_product<e5m2, e4m3, 0  needs QGMMA.64x128x32.F32.E5M2.E4M3 SYNCS.PHASECHK  holds UTMALDG.2D USETMAXREG  at most 120 a loop
void by_rows(cudaStream_t stream, mixed::arguments const& arguments, void const* a, void const* w, std::size_t k) {
    launch<mixed>(stream, arguments, a, w, k);
}
// gate: warpgroup_product<e4m3, e4m3, 128, float  needs QGMMA.64x128x32.F32.E4M3.E4M3 SYNCS.PHASECHK  holds UTMALDG.2D USETMAXREG  at most 160 a loop
void by_tiles(cudaStream_t stream, tiles::arguments const& arguments, void const* a, void const* w, std::size_t k) {
    launch<tiles>(stream, arguments, a, w, k);
}

using narrow = fb::warpgroup_product<fb::e4m3, fb::e4m3, 128, fb::bf16, 256>;
using integers = fb::warpgroup_product<fb::int_n<8>, fb::int_n<8>, 0, float, 256>;

// gate: warpgroup_product<e4m3, e4m3, 128, bf16, 256  needs QGMMA.64x128x32.F32.E4M3.E4M3 SYNCS.PHASECHK  holds F2FP.BF16  at most 270 a loop
void by_tiles(cudaStream_t stream, narrow::arguments const& arguments, void const* a, void const* w, std::size_t k) {
    launch<narrow>(stream, arguments, a, w, k);
}
// gate: warpgroup_product<int_n<8>, int_n<8>, 0, float, 256  needs IGMMA.64x128x32.S8.S8 SYNCS.PHASECHK  holds UTMALDG.2D USETMAXREG  at most 100 a loop
void by_rows(cudaStream_t stream, integers::arguments const& arguments, void const* a, void const* w, std::size_t k) {
    launch<integers>(stream, arguments, a, w, k);
}
