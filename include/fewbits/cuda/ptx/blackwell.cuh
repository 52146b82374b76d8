// Instructions of the family sm_100f: tensor memory, and products with scales of blocks whose sums lie there.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "../machine_types.hpp"
#include "../tiles/scaled_tiles.hpp"
#include "../unrolled.hpp"
#include "hopper.cuh"

namespace fewbits {

/// What a kind of operands is called in the text of tcgen05.mma.
template <block_scaling Kind>
struct scaled_text;
template <>
struct scaled_text<block_scaling::float8_32> {
    static constexpr char name[] = "mxf8f6f4.block_scale.block32";
};
template <>
struct scaled_text<block_scaling::float4_32> {
    static constexpr char name[] = "mxf4.block_scale.block32";
};
template <>
struct scaled_text<block_scaling::float4_16> {
    static constexpr char name[] = "mxf4nvf4.block_scale.block16";
};

/// One function, one instruction (PTX ISA), as in machine.cuh, whose part this is; all need a target of the family sm_100f. Tensor memory
/// has 128 lanes and 512 columns of 32 bits; an address is lane << 16 | column. One thread starts copies and products, each in order, but
/// no copy waits for a product before it.
struct blackwell_instructions : hopper_instructions {
    // ---- columns, for all threads of one warp
    /// Where the block's columns begin goes to shared memory; waits until there are so many.
    template <int Count>
    FEWBITS_DEVICE void reserve_columns(std::uint32_t* shared, number<Count>) {
        asm volatile("tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [%0], %1;" ::"r"(address(shared)), "n"(Count) : "memory");
    }
    FEWBITS_DEVICE void reserve_no_more() { asm volatile("tcgen05.relinquish_alloc_permit.cta_group::1.sync.aligned;" ::: "memory"); }
    template <int Count>
    FEWBITS_DEVICE void release_columns(std::uint32_t first, number<Count>) {
        asm volatile("tcgen05.dealloc.cta_group::1.sync.aligned.b32 %0, %1;" ::"r"(first), "n"(Count) : "memory");
    }

    // ---- order between threads: around barriers, what the one did to tensor memory comes before what the other does
    FEWBITS_DEVICE void tensor_before_sync() { asm volatile("tcgen05.fence::before_thread_sync;" ::: "memory"); }
    FEWBITS_DEVICE void tensor_after_sync() { asm volatile("tcgen05.fence::after_thread_sync;" ::: "memory"); }
    /// Arrives at the barrier when all that this thread has started is done.
    FEWBITS_DEVICE void arrive_when_done(std::uint64_t* barrier) {
        asm volatile("tcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::cluster.b64 [%0];" ::"r"(address(barrier)) : "memory");
    }

    // ---- copies and products
    FEWBITS_DEVICE static std::uint64_t scaled_tile(std::byte const* shared) { return describe_scaled_tile(address(shared)); }
    FEWBITS_DEVICE static std::uint64_t scale_chunk(std::byte const* shared) { return describe_scale_chunk(address(shared)); }
    /// 32 rows of 16 bytes to four columns, once to every 32 lanes.
    FEWBITS_DEVICE void copy_scales(std::uint32_t to, std::uint64_t chunk) {
        asm volatile("tcgen05.cp.cta_group::1.32x128b.warpx4 [%0], %1;" ::"r"(to), "l"(chunk) : "memory");
    }
    /// d = a * transpose(w), added to d where `add`, under scales: 32 bytes of each row of the tiles.
    template <block_scaling Kind>
    FEWBITS_DEVICE void multiply_scaled(std::uint32_t d, std::uint64_t a, std::uint64_t w, std::uint32_t instruction,
                                        std::uint32_t a_scales, std::uint32_t w_scales, bool add) {
        asm volatile(
            "{\n.reg .pred p;\nsetp.ne.b32 p, %6, 0;\n"
            "tcgen05.mma.cta_group::1.kind::%7 [%0], %1, %2, %3, [%4], [%5], p;\n}\n" ::"r"(d),
            "l"(a), "l"(w), "r"(instruction), "r"(a_scales), "r"(w_scales), "r"(add ? 1 : 0), "C"(scaled_text<Kind>::name)
            : "memory");
    }

    // ---- sums, for all threads of one warp: lane i has the next 32 columns of lane i of the 32 that warp % 4 names
    FEWBITS_DEVICE void load_sums(std::uint32_t (&d)[32], std::uint32_t from) {
        asm volatile(
            "tcgen05.ld.sync.aligned.32x32b.x32.b32 {"
            "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
            "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, [%32];"
            : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3]), "=r"(d[4]), "=r"(d[5]), "=r"(d[6]), "=r"(d[7]), "=r"(d[8]), "=r"(d[9]),
              "=r"(d[10]), "=r"(d[11]), "=r"(d[12]), "=r"(d[13]), "=r"(d[14]), "=r"(d[15]), "=r"(d[16]), "=r"(d[17]), "=r"(d[18]),
              "=r"(d[19]), "=r"(d[20]), "=r"(d[21]), "=r"(d[22]), "=r"(d[23]), "=r"(d[24]), "=r"(d[25]), "=r"(d[26]), "=r"(d[27]),
              "=r"(d[28]), "=r"(d[29]), "=r"(d[30]), "=r"(d[31])
            : "r"(from)
            : "memory");
    }
    /// What was loaded is there.
    FEWBITS_DEVICE void wait_sums(std::uint32_t (&d)[32]) {
        asm volatile("tcgen05.wait::ld.sync.aligned;" ::: "memory");
        hold(d);
    }
};

}  // namespace fewbits
