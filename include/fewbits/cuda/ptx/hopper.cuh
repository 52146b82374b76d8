// Instructions of Hopper and later: barriers that copies complete, tiles fetched by the copy engine, products of warpgroups.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../machine_types.hpp"
#include "../tile_operands.hpp"
#include "../unrolled.hpp"

namespace fewbits {

/// What an operand's type makes of the text of wgmma: its name, K, what follows where both operands are tiles, or A is in registers
/// (signs; for 16 bits also that both lie along K).
template <scalar E, operand_class Class = operand_class_of<E>>
struct operand_text;
template <scalar E>
struct operand_text<E, operand_class::float8> {
    static constexpr char name[] = {'e', '0' + E::codec::exponent_bits, 'm', '0' + E::codec::mantissa_bits, '\0'};
    static constexpr char depth[] = "k32";
    static constexpr char rest[] = ", 1, 1";
    static constexpr char rest_registers[] = ", 1, 1";
};
template <scalar E>
struct operand_text<E, operand_class::int8> {
    static constexpr char name[] = "s8";
    static constexpr char depth[] = "k32";
    static constexpr char rest[] = "";
    static constexpr char rest_registers[] = "";
};
template <scalar E>
struct operand_text<E, operand_class::upper_half> {
    static constexpr char name[] = "bf16";
    static constexpr char depth[] = "k16";
    static constexpr char rest[] = ", 1, 1, 0, 0";
    static constexpr char rest_registers[] = ", 1, 1, 0";
};

/// One function, one instruction (PTX ISA), as in machine.cuh, whose part this is. What needs the target sm_90a says so.
struct hopper_instructions {
    // ---- barriers in shared memory (mbarrier): a phase ends when all have arrived and all bytes expected are there
    FEWBITS_DEVICE void init_phases(std::uint64_t* barrier, unsigned arrivals) {
        asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(address(barrier)), "r"(arrivals) : "memory");
    }
    /// Barriers that this thread made are seen by the copy engine; other threads see them after a barrier().
    FEWBITS_DEVICE void publish_phases() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
    FEWBITS_DEVICE void arrive(std::uint64_t* barrier) {
        asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(address(barrier)) : "memory");
    }
    /// Arrives, and has the phase wait for so many bytes of copies.
    FEWBITS_DEVICE void arrive_expecting(std::uint64_t* barrier, unsigned bytes) {
        asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(address(barrier)), "r"(bytes) : "memory");
    }
    /// Until a phase of this parity has ended; the first has parity 0, and that before it counts as ended.
    FEWBITS_DEVICE void wait_phase(std::uint64_t* barrier, unsigned parity) {
        asm volatile(
            "{\n.reg .pred p;\nagain:\nmbarrier.try_wait.parity.shared::cta.b64 p, [%0], %1;\n@!p bra again;\n}\n" ::"r"(address(barrier)),
            "r"(parity)
            : "memory");
    }

    // ---- tiles
    /// The map's box from column x and row y on, zeros where the matrix has ended; its bytes, all of them, go to the barrier's count.
    FEWBITS_DEVICE void fetch_tile(std::byte* shared, tensor_map const& map, std::uint64_t* barrier, int x, int y) {
        asm volatile("cp.async.bulk.tensor.2d.shared::cta.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];" ::"r"(
                         address(shared)),
                     "l"(&map), "r"(x), "r"(y), "r"(address(barrier))
                     : "memory");
    }
    FEWBITS_DEVICE static std::uint64_t tile(std::byte const* shared) { return describe_tile(address(shared)); }
    /// What threads wrote to shared memory is seen by warpgroup products and the copy engine.
    FEWBITS_DEVICE void publish_shared() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

    // ---- warps and warpgroups
    FEWBITS_DEVICE bool elected() const {
        unsigned chosen;
        asm volatile("{\n.reg .pred p;\nelect.sync _|p, 0xFFFFFFFF;\nselp.u32 %0, 1, 0, p;\n}\n" : "=r"(chosen));
        return chosen != 0;
    }
    /// This warpgroup's threads have so many registers from here on (sm_90a).
    template <int Count>
    FEWBITS_DEVICE void fewer_registers(number<Count>) {
        asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(Count));
    }
    template <int Count>
    FEWBITS_DEVICE void more_registers(number<Count>) {
        asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(Count));
    }

    // ---- products of a warpgroup (sm_90a): d, 64 x 128, is not there between the product and the wait
    /// Before products into sums that others have read or written.
    template <class T, std::size_t Count>
    FEWBITS_DEVICE void begin_products(T (&d)[Count]) {
        hold(d);
        asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
    }
    FEWBITS_DEVICE void commit_products() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
    /// Until at most Left of the committed groups are on their way; d are the sums that are there then.
    template <int Left, class T, std::size_t Count>
    FEWBITS_DEVICE void wait_products(number<Left>, T (&d)[Count]) {
        asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(Left) : "memory");
        hold(d);
    }

    /// d = a * transpose(b), added to d where `add`: a is a tile of 64 rows of A, b one of 128 rows of B, 32 bytes of each row.
    template <scalar A, scalar B>
    FEWBITS_DEVICE void multiply_tiles(float (&d)[64], std::uint64_t a, std::uint64_t b, bool add) {
        using text = operand_text<A>;
        asm volatile(
            "{\n.reg .pred p;\nsetp.ne.b32 p, %66, 0;\n"
            "wgmma.mma_async.sync.aligned.m64n128%67.f32.%68.%69 {"
            "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
            "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
            "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
            "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "
            "%64, %65, p%70;\n}\n"
            : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]), "+f"(d[8]), "+f"(d[9]),
              "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]), "+f"(d[18]),
              "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]), "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]),
              "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31]), "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]), "+f"(d[36]),
              "+f"(d[37]), "+f"(d[38]), "+f"(d[39]), "+f"(d[40]), "+f"(d[41]), "+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]),
              "+f"(d[46]), "+f"(d[47]), "+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]), "+f"(d[54]),
              "+f"(d[55]), "+f"(d[56]), "+f"(d[57]), "+f"(d[58]), "+f"(d[59]), "+f"(d[60]), "+f"(d[61]), "+f"(d[62]), "+f"(d[63])
            : "l"(a), "l"(b), "r"(add ? 1 : 0), "C"(text::depth), "C"(text::name), "C"(operand_text<B>::name),
              "C"(text::rest));
    }
    template <scalar A, scalar B>
    FEWBITS_DEVICE void multiply_tiles(std::int32_t (&d)[64], std::uint64_t a, std::uint64_t b, bool add) {
        using text = operand_text<A>;
        asm volatile(
            "{\n.reg .pred p;\nsetp.ne.b32 p, %66, 0;\n"
            "wgmma.mma_async.sync.aligned.m64n128%67.s32.%68.%69 {"
            "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
            "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
            "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
            "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "
            "%64, %65, p%70;\n}\n"
            : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3]), "+r"(d[4]), "+r"(d[5]), "+r"(d[6]), "+r"(d[7]), "+r"(d[8]), "+r"(d[9]),
              "+r"(d[10]), "+r"(d[11]), "+r"(d[12]), "+r"(d[13]), "+r"(d[14]), "+r"(d[15]), "+r"(d[16]), "+r"(d[17]), "+r"(d[18]),
              "+r"(d[19]), "+r"(d[20]), "+r"(d[21]), "+r"(d[22]), "+r"(d[23]), "+r"(d[24]), "+r"(d[25]), "+r"(d[26]), "+r"(d[27]),
              "+r"(d[28]), "+r"(d[29]), "+r"(d[30]), "+r"(d[31]), "+r"(d[32]), "+r"(d[33]), "+r"(d[34]), "+r"(d[35]), "+r"(d[36]),
              "+r"(d[37]), "+r"(d[38]), "+r"(d[39]), "+r"(d[40]), "+r"(d[41]), "+r"(d[42]), "+r"(d[43]), "+r"(d[44]), "+r"(d[45]),
              "+r"(d[46]), "+r"(d[47]), "+r"(d[48]), "+r"(d[49]), "+r"(d[50]), "+r"(d[51]), "+r"(d[52]), "+r"(d[53]), "+r"(d[54]),
              "+r"(d[55]), "+r"(d[56]), "+r"(d[57]), "+r"(d[58]), "+r"(d[59]), "+r"(d[60]), "+r"(d[61]), "+r"(d[62]), "+r"(d[63])
            : "l"(a), "l"(b), "r"(add ? 1 : 0), "C"(text::depth), "C"(text::name), "C"(operand_text<B>::name),
              "C"(text::rest));
    }
    /// The same with A in registers, a warp's 16 rows as multiply_bf16 and multiply_s8 take them.
    template <scalar A, scalar B>
    FEWBITS_DEVICE void multiply_tiles(float (&d)[64], std::uint32_t const (&a)[4], std::uint64_t b, bool add) {
        using text = operand_text<A>;
        asm volatile(
            "{\n.reg .pred p;\nsetp.ne.b32 p, %69, 0;\n"
            "wgmma.mma_async.sync.aligned.m64n128%70.f32.%71.%72 {"
            "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
            "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
            "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
            "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "
            "{%64, %65, %66, %67}, %68, p%73;\n}\n"
            : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]), "+f"(d[8]), "+f"(d[9]),
              "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]), "+f"(d[18]),
              "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]), "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]),
              "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31]), "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]), "+f"(d[36]),
              "+f"(d[37]), "+f"(d[38]), "+f"(d[39]), "+f"(d[40]), "+f"(d[41]), "+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]),
              "+f"(d[46]), "+f"(d[47]), "+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]), "+f"(d[54]),
              "+f"(d[55]), "+f"(d[56]), "+f"(d[57]), "+f"(d[58]), "+f"(d[59]), "+f"(d[60]), "+f"(d[61]), "+f"(d[62]), "+f"(d[63])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(add ? 1 : 0),
              "C"(text::depth), "C"(text::name), "C"(operand_text<B>::name), "C"(text::rest_registers));
    }
    template <scalar A, scalar B>
    FEWBITS_DEVICE void multiply_tiles(std::int32_t (&d)[64], std::uint32_t const (&a)[4], std::uint64_t b, bool add) {
        using text = operand_text<A>;
        asm volatile(
            "{\n.reg .pred p;\nsetp.ne.b32 p, %69, 0;\n"
            "wgmma.mma_async.sync.aligned.m64n128%70.s32.%71.%72 {"
            "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
            "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
            "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
            "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "
            "{%64, %65, %66, %67}, %68, p%73;\n}\n"
            : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3]), "+r"(d[4]), "+r"(d[5]), "+r"(d[6]), "+r"(d[7]), "+r"(d[8]), "+r"(d[9]),
              "+r"(d[10]), "+r"(d[11]), "+r"(d[12]), "+r"(d[13]), "+r"(d[14]), "+r"(d[15]), "+r"(d[16]), "+r"(d[17]), "+r"(d[18]),
              "+r"(d[19]), "+r"(d[20]), "+r"(d[21]), "+r"(d[22]), "+r"(d[23]), "+r"(d[24]), "+r"(d[25]), "+r"(d[26]), "+r"(d[27]),
              "+r"(d[28]), "+r"(d[29]), "+r"(d[30]), "+r"(d[31]), "+r"(d[32]), "+r"(d[33]), "+r"(d[34]), "+r"(d[35]), "+r"(d[36]),
              "+r"(d[37]), "+r"(d[38]), "+r"(d[39]), "+r"(d[40]), "+r"(d[41]), "+r"(d[42]), "+r"(d[43]), "+r"(d[44]), "+r"(d[45]),
              "+r"(d[46]), "+r"(d[47]), "+r"(d[48]), "+r"(d[49]), "+r"(d[50]), "+r"(d[51]), "+r"(d[52]), "+r"(d[53]), "+r"(d[54]),
              "+r"(d[55]), "+r"(d[56]), "+r"(d[57]), "+r"(d[58]), "+r"(d[59]), "+r"(d[60]), "+r"(d[61]), "+r"(d[62]), "+r"(d[63])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(add ? 1 : 0),
              "C"(text::depth), "C"(text::name), "C"(operand_text<B>::name), "C"(text::rest_registers));
    }

protected:
    FEWBITS_DEVICE static std::uint32_t address(void const* shared) {
        return static_cast<std::uint32_t>(__cvta_generic_to_shared(shared));
    }

    /// Keeps the compiler from moving what reads or writes these registers across.
    template <class T, std::size_t Count>
    FEWBITS_DEVICE static void hold(T (&d)[Count]) {
        unrolled<static_cast<int>(Count)>([&](auto i) {
            if constexpr (std::is_same_v<T, float>) asm volatile("" : "+f"(d[i.value])::"memory");
            else asm volatile("" : "+r"(d[i.value])::"memory");
        });
    }
};

}  // namespace fewbits
