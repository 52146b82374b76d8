// Instructions of Hopper by themselves, also in kinds that no kernel uses: nvcc takes them, and they become what they are meant to be.
#include <fewbits/cuda/launch.cuh>
#include <fewbits/formats/integers.hpp>
#include <fewbits/formats/minifloats.hpp>

namespace fb = fewbits;

template <class E, class T, bool Registers>
struct product : fb::on_sm_90a {
    static constexpr unsigned threads = 128;
    static constexpr unsigned blocks_per_multiprocessor = 1;
    struct arguments {
        T* out;
        int steps;
    };
    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        T d[64] = {};
        for (int k = 0; k < a.steps; ++k) {
            m.publish_shared();
            m.begin_products(d);
            std::uint64_t const tile = m.tile(m.shared() + k * 1024);
            if constexpr (Registers) {
                std::uint32_t const words[4] = {m.lane(), m.lane() + 1, m.lane() + 2, m.lane() + 3};
                m.template multiply_tiles<E, E>(d, words, tile, true);
            } else {
                m.template multiply_tiles<E, E>(d, tile, tile, true);
            }
            m.commit_products();
            m.wait_products(fb::number<0>{}, d);
        }
        fb::unrolled<64>([&](auto i) { a.out[m.thread() * 64 + i.value] = d[i.value]; });
    }
};

void all(cudaStream_t stream, float* floats, std::int32_t* integers) {
    // gate: product<bf16, float, false  needs HGMMA.64x128x16.F32.BF16  at most 70 a loop
    fb::launch<product<fb::bf16, float, false>>(stream, 1, 65536, {floats, 4});
    // gate: product<bf16, float, true  needs HGMMA.64x128x16.F32.BF16  at most 70 a loop
    fb::launch<product<fb::bf16, float, true>>(stream, 1, 65536, {floats, 4});
    // gate: product<e4m3, float, true  needs QGMMA.64x128x32.F32.E4M3.E4M3  at most 70 a loop
    fb::launch<product<fb::e4m3, float, true>>(stream, 1, 65536, {floats, 4});
    // gate: product<int_n<8>, int, true  needs IGMMA.64x128x32.S8.S8  at most 70 a loop
    fb::launch<product<fb::int_n<8>, std::int32_t, true>>(stream, 1, 65536, {integers, 4});
}
