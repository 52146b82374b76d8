// Instructions of Hopper and later: barriers that copies complete, tiles fetched by the copy engine, products of warpgroups.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../machine_types.hpp"
#include "../operands/tile_operands.hpp"
#include "../unrolled.hpp"

namespace fewbits {

/// What an operand's type makes of the text of wgmma: its name, K, what follows (signs; for 16 bits also that B lies along K, and A, where
/// it is no registers).
template <scalar E, operand_class Class = operand_class_of<E>>
struct operand_text;
template <scalar E>
struct operand_text<E, operand_class::float8> {
    static constexpr char name[] = {'e', '0' + E::codec::exponent_bits, 'm', '0' + E::codec::mantissa_bits, '\0'};
    static constexpr char depth[] = "k32";
    template <bool Registers>
    static constexpr char rest[] = ", 1, 1";
};
template <scalar E>
struct operand_text<E, operand_class::int8> {
    static constexpr char name[] = "s8";
    static constexpr char depth[] = "k32";
    template <bool Registers>
    static constexpr char rest[] = "";
};
template <scalar E>
struct operand_text<E, operand_class::upper_half> {
    static constexpr char name[] = "bf16";
    static constexpr char depth[] = "k16";
    template <bool Registers>
    static constexpr char rest[] = {',', ' ', '1', ',', ' ', '1', ',', ' ', '0', Registers ? ' ' : ',', ' ', Registers ? ' ' : '0', '\0'};
};
/// Columns of a result of which a thread holds so many numbers.
template <std::size_t Count>
struct columns_text;
template <>
struct columns_text<16> {
    static constexpr char name[] = "n32";
};
template <>
struct columns_text<32> {
    static constexpr char name[] = "n64";
};
template <>
struct columns_text<64> {
    static constexpr char name[] = "n128";
};
/// PTX comments hide operands of the one text that a product does not have: where it does not, these are blanks.
template <bool Hidden>
struct comment {
    static constexpr char begin[] = {Hidden ? '/' : ' ', Hidden ? '*' : ' ', '\0'};
    static constexpr char end[] = {Hidden ? '*' : ' ', Hidden ? '/' : ' ', '\0'};
    static constexpr char end_or_begin[] = {Hidden ? '*' : '/', Hidden ? '/' : '*', '\0'};
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
    /// The map's box from column x (of words, or bytes where rows are swizzled) and row y on, zeros where the matrix has ended; its bytes,
    /// all of them, go to the barrier's count.
    FEWBITS_DEVICE void fetch_tile(std::byte* shared, tensor_map const& map, std::uint64_t* barrier, int x, int y) {
        asm volatile("cp.async.bulk.tensor.2d.shared::cta.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];" ::"r"(
                         address(shared)),
                     "l"(&map), "r"(x), "r"(y), "r"(address(barrier))
                     : "memory");
    }
    FEWBITS_DEVICE static std::uint64_t tile(std::byte const* shared) { return describe_tile(address(shared)); }
    /// What threads wrote to shared memory is seen by warpgroup products and the copy engine.
    FEWBITS_DEVICE void publish_shared() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

    // ---- blocks that run at the same time (clusters; one block where the launch asked for none)
    FEWBITS_DEVICE unsigned cluster_rank() const {
        unsigned rank;
        asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
        return rank;
    }
    FEWBITS_DEVICE unsigned cluster_blocks() const {
        unsigned count;
        asm volatile("mov.u32 %0, %%cluster_nctarank;" : "=r"(count));
        return count;
    }
    /// All threads of the cluster but those that have ended.
    FEWBITS_DEVICE void cluster_barrier() {
        asm volatile("barrier.cluster.arrive.release;\nbarrier.cluster.wait.acquire;" ::: "memory");
    }
    /// What lies in block `rank` of the cluster where `shared` is in this one.
    FEWBITS_DEVICE float read_shared(float const* shared, unsigned rank) const {
        float value;
        asm volatile("{\n.reg .u32 there;\nmapa.shared::cluster.u32 there, %1, %2;\nld.shared::cluster.f32 %0, [there];\n}\n"
                     : "=f"(value)
                     : "r"(address(shared)), "r"(rank)
                     : "memory");
        return value;
    }

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

    // ---- products of a warpgroup (sm_90a): d is not there between the product and the wait
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

    /// d (64 x 2 Count) = a * transpose(b), added to d where `add`: a is a tile of 64 rows of A, b one of 2 Count rows of B (32, 64 or
    /// 128), 32 bytes of each row.
    template <scalar A, scalar B, class T, std::size_t Count>
    FEWBITS_DEVICE void multiply_tiles(T (&d)[Count], std::uint64_t a, std::uint64_t b, bool add) {
        multiply<A, B, false>(d, a, {}, b, add);
    }
    /// The same with A in registers, a warp's 16 rows as multiply_bf16 and multiply_s8 take them.
    template <scalar A, scalar B, class T, std::size_t Count>
    FEWBITS_DEVICE void multiply_tiles(T (&d)[Count], std::uint32_t const (&a)[4], std::uint64_t b, bool add) {
        multiply<A, B, true>(d, 0, a, b, add);
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

private:
    /// The sum that operand I of the text is; of the longest text, which comments cut short, fewer are there.
    template <int I, class T, std::size_t Count>
    FEWBITS_DEVICE static T& sum_at(T (&d)[Count], T& none) {
        if constexpr (I < static_cast<int>(Count)) return d[I];
        else return none;
    }
    template <scalar A, scalar B, bool Registers, std::size_t Count>
    FEWBITS_DEVICE static void multiply(float (&d)[Count], std::uint64_t a, std::uint32_t const (&words)[4], std::uint64_t b, bool add) {
        using text = operand_text<A>;
        float none{};
        asm volatile(
            "{\n.reg .pred p;\nsetp.ne.b32 p, %70, 0;\n"
            "wgmma.mma_async.sync.aligned.m64%71%72.f32.%73.%74 {"
            "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15%75, "
            "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31%76, "
            "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
            "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63%77}, "
            "%78%64%79{%65, %66, %67, %68}%80, %69, p%81;\n}\n"
            : "+f"(sum_at<0>(d, none)), "+f"(sum_at<1>(d, none)), "+f"(sum_at<2>(d, none)), "+f"(sum_at<3>(d, none)),
              "+f"(sum_at<4>(d, none)), "+f"(sum_at<5>(d, none)), "+f"(sum_at<6>(d, none)), "+f"(sum_at<7>(d, none)),
              "+f"(sum_at<8>(d, none)), "+f"(sum_at<9>(d, none)), "+f"(sum_at<10>(d, none)), "+f"(sum_at<11>(d, none)),
              "+f"(sum_at<12>(d, none)), "+f"(sum_at<13>(d, none)), "+f"(sum_at<14>(d, none)), "+f"(sum_at<15>(d, none)),
              "+f"(sum_at<16>(d, none)), "+f"(sum_at<17>(d, none)), "+f"(sum_at<18>(d, none)), "+f"(sum_at<19>(d, none)),
              "+f"(sum_at<20>(d, none)), "+f"(sum_at<21>(d, none)), "+f"(sum_at<22>(d, none)), "+f"(sum_at<23>(d, none)),
              "+f"(sum_at<24>(d, none)), "+f"(sum_at<25>(d, none)), "+f"(sum_at<26>(d, none)), "+f"(sum_at<27>(d, none)),
              "+f"(sum_at<28>(d, none)), "+f"(sum_at<29>(d, none)), "+f"(sum_at<30>(d, none)), "+f"(sum_at<31>(d, none)),
              "+f"(sum_at<32>(d, none)), "+f"(sum_at<33>(d, none)), "+f"(sum_at<34>(d, none)), "+f"(sum_at<35>(d, none)),
              "+f"(sum_at<36>(d, none)), "+f"(sum_at<37>(d, none)), "+f"(sum_at<38>(d, none)), "+f"(sum_at<39>(d, none)),
              "+f"(sum_at<40>(d, none)), "+f"(sum_at<41>(d, none)), "+f"(sum_at<42>(d, none)), "+f"(sum_at<43>(d, none)),
              "+f"(sum_at<44>(d, none)), "+f"(sum_at<45>(d, none)), "+f"(sum_at<46>(d, none)), "+f"(sum_at<47>(d, none)),
              "+f"(sum_at<48>(d, none)), "+f"(sum_at<49>(d, none)), "+f"(sum_at<50>(d, none)), "+f"(sum_at<51>(d, none)),
              "+f"(sum_at<52>(d, none)), "+f"(sum_at<53>(d, none)), "+f"(sum_at<54>(d, none)), "+f"(sum_at<55>(d, none)),
              "+f"(sum_at<56>(d, none)), "+f"(sum_at<57>(d, none)), "+f"(sum_at<58>(d, none)), "+f"(sum_at<59>(d, none)),
              "+f"(sum_at<60>(d, none)), "+f"(sum_at<61>(d, none)), "+f"(sum_at<62>(d, none)), "+f"(sum_at<63>(d, none))
            : "l"(a), "r"(words[0]), "r"(words[1]), "r"(words[2]), "r"(words[3]), "l"(b), "r"(add ? 1 : 0),
              "C"(columns_text<Count>::name), "C"(text::depth), "C"(text::name), "C"(operand_text<B>::name),
              "C"(comment<Count == 16>::begin), "C"(comment<Count == 32>::begin), "C"(comment<Count != 64>::end),
              "C"(comment<Registers>::begin), "C"(comment<Registers>::end_or_begin), "C"(comment<!Registers>::end),
              "C"(text::template rest<Registers>));
    }
    template <scalar A, scalar B, bool Registers, std::size_t Count>
    FEWBITS_DEVICE static void multiply(std::int32_t (&d)[Count], std::uint64_t a, std::uint32_t const (&words)[4], std::uint64_t b,
                                        bool add) {
        using text = operand_text<A>;
        std::int32_t none{};
        asm volatile(
            "{\n.reg .pred p;\nsetp.ne.b32 p, %70, 0;\n"
            "wgmma.mma_async.sync.aligned.m64%71%72.s32.%73.%74 {"
            "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15%75, "
            "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31%76, "
            "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
            "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63%77}, "
            "%78%64%79{%65, %66, %67, %68}%80, %69, p%81;\n}\n"
            : "+r"(sum_at<0>(d, none)), "+r"(sum_at<1>(d, none)), "+r"(sum_at<2>(d, none)), "+r"(sum_at<3>(d, none)),
              "+r"(sum_at<4>(d, none)), "+r"(sum_at<5>(d, none)), "+r"(sum_at<6>(d, none)), "+r"(sum_at<7>(d, none)),
              "+r"(sum_at<8>(d, none)), "+r"(sum_at<9>(d, none)), "+r"(sum_at<10>(d, none)), "+r"(sum_at<11>(d, none)),
              "+r"(sum_at<12>(d, none)), "+r"(sum_at<13>(d, none)), "+r"(sum_at<14>(d, none)), "+r"(sum_at<15>(d, none)),
              "+r"(sum_at<16>(d, none)), "+r"(sum_at<17>(d, none)), "+r"(sum_at<18>(d, none)), "+r"(sum_at<19>(d, none)),
              "+r"(sum_at<20>(d, none)), "+r"(sum_at<21>(d, none)), "+r"(sum_at<22>(d, none)), "+r"(sum_at<23>(d, none)),
              "+r"(sum_at<24>(d, none)), "+r"(sum_at<25>(d, none)), "+r"(sum_at<26>(d, none)), "+r"(sum_at<27>(d, none)),
              "+r"(sum_at<28>(d, none)), "+r"(sum_at<29>(d, none)), "+r"(sum_at<30>(d, none)), "+r"(sum_at<31>(d, none)),
              "+r"(sum_at<32>(d, none)), "+r"(sum_at<33>(d, none)), "+r"(sum_at<34>(d, none)), "+r"(sum_at<35>(d, none)),
              "+r"(sum_at<36>(d, none)), "+r"(sum_at<37>(d, none)), "+r"(sum_at<38>(d, none)), "+r"(sum_at<39>(d, none)),
              "+r"(sum_at<40>(d, none)), "+r"(sum_at<41>(d, none)), "+r"(sum_at<42>(d, none)), "+r"(sum_at<43>(d, none)),
              "+r"(sum_at<44>(d, none)), "+r"(sum_at<45>(d, none)), "+r"(sum_at<46>(d, none)), "+r"(sum_at<47>(d, none)),
              "+r"(sum_at<48>(d, none)), "+r"(sum_at<49>(d, none)), "+r"(sum_at<50>(d, none)), "+r"(sum_at<51>(d, none)),
              "+r"(sum_at<52>(d, none)), "+r"(sum_at<53>(d, none)), "+r"(sum_at<54>(d, none)), "+r"(sum_at<55>(d, none)),
              "+r"(sum_at<56>(d, none)), "+r"(sum_at<57>(d, none)), "+r"(sum_at<58>(d, none)), "+r"(sum_at<59>(d, none)),
              "+r"(sum_at<60>(d, none)), "+r"(sum_at<61>(d, none)), "+r"(sum_at<62>(d, none)), "+r"(sum_at<63>(d, none))
            : "l"(a), "r"(words[0]), "r"(words[1]), "r"(words[2]), "r"(words[3]), "l"(b), "r"(add ? 1 : 0),
              "C"(columns_text<Count>::name), "C"(text::depth), "C"(text::name), "C"(operand_text<B>::name),
              "C"(comment<Count == 16>::begin), "C"(comment<Count == 32>::begin), "C"(comment<Count != 64>::end),
              "C"(comment<Registers>::begin), "C"(comment<Registers>::end_or_begin), "C"(comment<!Registers>::end),
              "C"(text::template rest<Registers>));
    }
};

}  // namespace fewbits
