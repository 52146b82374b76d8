// The GPU as kernels see it: one function, one instruction (PTX ISA). tests/simt has the same machine on the host.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "../machine_types.hpp"
#include "../numbers/words.hpp"
#include "blackwell.cuh"
#include "narrow.cuh"

namespace fewbits {

struct gpu : blackwell_instructions, narrow_instructions {
    // ---- where am I
    FEWBITS_DEVICE unsigned thread() const { return threadIdx.x; }
    FEWBITS_DEVICE unsigned lane() const { return threadIdx.x % 32U; }
    FEWBITS_DEVICE unsigned warp() const { return threadIdx.x / 32U; }
    FEWBITS_DEVICE unsigned block_index() const { return blockIdx.x; }
    FEWBITS_DEVICE unsigned blocks() const { return gridDim.x; }
    FEWBITS_DEVICE std::byte* shared() const {
        extern __shared__ __align__(1024) unsigned char fewbits_shared_memory[];
        return reinterpret_cast<std::byte*>(fewbits_shared_memory);
    }

    // ---- barriers
    FEWBITS_DEVICE void barrier() { __syncthreads(); }
    FEWBITS_DEVICE void barrier(unsigned id, unsigned threads) {
        asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
    }
    FEWBITS_DEVICE void warp_barrier() { __syncwarp(); }

    // ---- memory
    /// 16 bytes that no one reads again.
    FEWBITS_DEVICE word4 load_once(void const* global) const {
        word4 all;
        asm volatile("ld.global.nc.L1::no_allocate.L2::256B.v4.u32 {%0, %1, %2, %3}, [%4];"
                     : "=r"(all.at[0]), "=r"(all.at[1]), "=r"(all.at[2]), "=r"(all.at[3])
                     : "l"(global));
        return all;
    }
    /// *global becomes the larger of both, whoever else does the same.
    FEWBITS_DEVICE void atomic_max(std::uint32_t* global, std::uint32_t value) {
        asm volatile("red.global.max.u32 [%0], %1;" ::"l"(global), "r"(value) : "memory");
    }
    /// *at += value, whoever else does the same; in global or shared memory.
    FEWBITS_DEVICE void atomic_add(std::uint32_t* at, std::uint32_t value) {
        asm volatile("red.add.u32 [%0], %1;" ::"l"(at), "r"(value) : "memory");
    }
    FEWBITS_DEVICE void copy16(std::byte* shared, void const* global, bool wanted) {
        asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(address(shared)), "l"(global),
                     "r"(wanted ? 16 : 0)
                     : "memory");
    }
    FEWBITS_DEVICE void copy_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
    template <int Left>
    FEWBITS_DEVICE void copy_wait(number<Left>) {
        asm volatile("cp.async.wait_group %0;" ::"n"(Left) : "memory");
    }

    // ---- warps
    template <class T>
    FEWBITS_DEVICE T shuffle_xor(T value, unsigned mask) {
        return __shfl_xor_sync(0xFFFFFFFFU, value, static_cast<int>(mask));
    }
    FEWBITS_DEVICE void load_matrices(std::uint32_t (&out)[4], std::byte const* row) {
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
                     : "r"(address(row))
                     : "memory");
    }
    /// d = a * b + c; d and c may be the same.
    FEWBITS_DEVICE void multiply_bf16(float (&d)[4], std::uint32_t const (&a)[4], std::uint32_t const (&b)[2], float const (&c)[4]) {
        asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%10, %11, %12, %13};"
            : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "f"(c[0]), "f"(c[1]), "f"(c[2]), "f"(c[3]));
    }
    FEWBITS_DEVICE void multiply_s8(std::int32_t (&d)[4], std::uint32_t const (&a)[4], std::uint32_t const (&b)[2],
                                    std::int32_t const (&c)[4]) {
        asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%10, %11, %12, %13};"
            : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "r"(c[0]), "r"(c[1]), "r"(c[2]), "r"(c[3]));
    }
    /// The same of bytes whose signs are as said.
    template <bool SignedA, bool SignedB>
    FEWBITS_DEVICE void multiply_bytes(std::int32_t (&d)[4], std::uint32_t const (&a)[4], std::uint32_t const (&b)[2],
                                       std::int32_t const (&c)[4], byte_signs<SignedA, SignedB>) {
        if constexpr (SignedA && SignedB) {
            multiply_s8(d, a, b, c);
        } else if constexpr (SignedA) {
            asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.u8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%10, %11, %12, %13};"
                : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
                : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "r"(c[0]), "r"(c[1]), "r"(c[2]), "r"(c[3]));
        } else if constexpr (SignedB) {
            asm("mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%10, %11, %12, %13};"
                : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
                : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "r"(c[0]), "r"(c[1]), "r"(c[2]), "r"(c[3]));
        } else {
            asm("mma.sync.aligned.m16n8k32.row.col.s32.u8.u8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%10, %11, %12, %13};"
                : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
                : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "r"(c[0]), "r"(c[1]), "r"(c[2]), "r"(c[3]));
        }
    }
};

}  // namespace fewbits
