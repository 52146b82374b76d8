// Which chips a kernel runs on, and the blocks of many: kernels derive from one of these.
#pragma once

#include <cstddef>

namespace fewbits {

/// What device code is compiled for, as nvcc's macros name it; compute capability * 100.
struct device_target {
    int architecture;  ///< the chip, 890 for sm_89
    int own;           ///< the chip whose own instructions may be used (900 under sm_90a), or 0
    int family;        ///< the family whose instructions may be used (1000 under sm_100f, sm_100a or sm_103f), or 0
};

struct on_sm_75 {
    static constexpr bool runs_on(device_target t) noexcept { return t.architecture >= 750; }
};
struct on_sm_80 {
    static constexpr bool runs_on(device_target t) noexcept { return t.architecture >= 800; }
};
/// Where mma.sync has FP8: later chips take it too, but those of Hopper and sm_100 by way of fp16.
struct on_sm_89_or_12x {
    static constexpr bool runs_on(device_target t) noexcept {
        return t.architecture == 890 || (t.architecture >= 1200 && t.architecture < 1300);
    }
};
/// Hopper: wgmma.
struct on_sm_90a {
    static constexpr bool runs_on(device_target t) noexcept { return t.own == 900; }
};
/// Tensor memory.
struct on_sm_100f {
    static constexpr bool runs_on(device_target t) noexcept { return t.family >= 1000 && t.family < 1200; }
};
/// mma.sync with block scales.
struct on_sm_120f {
    static constexpr bool runs_on(device_target t) noexcept { return t.family >= 1200 && t.family < 1300; }
};

/// The blocks of a kernel for chips of Target: 256 threads, no shared memory, at least so many at a time on a multiprocessor.
template <class Target, unsigned AtOnce>
struct plain_block : Target {
    static constexpr unsigned threads = 256;
    static constexpr unsigned blocks_per_multiprocessor = AtOnce;
    static constexpr std::size_t shared_bytes = 0;
};

}  // namespace fewbits
