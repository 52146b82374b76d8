// The limits of this machine: how fast it reads memory and how fast each of its dot-product units multiplies.
//
//   limits [--benchmark_filter=read|peak] [--benchmark_format=json]
//
// read/<working set>/<pages>/threads:<n>/streams:<s>/ahead:<bytes>   bytes_per_second, all threads together
// peak/<unit>/threads:<n>                                            op/s, a multiplication and an addition being two

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include <benchmark/benchmark.h>

#include "read_bandwidth.hpp"

namespace {

using fewbits::this_processor;

std::size_t most_threads() { return std::thread::hardware_concurrency() > 1 ? 2 : 1; }

void register_reads() {
    struct working_set {
        char const* name;
        std::size_t bytes;
    };
    constexpr working_set sets[] = {{"1MiB", 1U << 20}, {"64MiB", 64U << 20}, {"512MiB", 512U << 20}};
    for (working_set const& set : sets) {
        for (bool const huge : {false, true}) {
            for (std::size_t threads = 1; threads <= most_threads(); ++threads) {
                for (std::size_t p = 0; p < std::size(bench::read_patterns); ++p) {
                    auto const [streams, ahead] = bench::read_patterns[p];
                    std::string const label = std::string("read/") + set.name + (huge ? "/2M" : "/4K") + "/threads:" +
                                              std::to_string(threads) + "/streams:" + std::to_string(streams) + "/ahead:" +
                                              std::to_string(ahead);
                    auto const read = [set, huge, threads, p](benchmark::State& state) {
                        bench::area const memory(set.bytes, huge);
                        std::size_t const repeats = (std::size_t{64} << 20) / set.bytes + 1;
                        bench::read_all(memory, p, threads, repeats);
                        for (auto _ : state) bench::read_all(memory, p, threads, repeats);
                        state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(repeats * set.bytes));
                    };
                    benchmark::RegisterBenchmark(label.c_str(), read)->UseRealTime()->MinTime(0.1)->Unit(benchmark::kMillisecond);
                }
            }
        }
    }
}

#if defined(__x86_64__)

/// `times` rounds of one instruction into 12 registers of their own, so that neither latency nor memory counts; two more hold
/// `operand` throughout.
#define PEAK_LOOP(zero, move, multiply, reg)                                                                            \
    asm volatile(".irp i, 0,1,2,3,4,5,6,7,8,9,10,11\n" zero " %%" reg "\\i, %%" reg "\\i, %%" reg "\\i\n.endr\n"          \
                 move " (%1), %%" reg "14\n" move " (%1), %%" reg "15\n"                                                 \
                 ".p2align 5\n1:\n"                                                                                       \
                 ".irp i, 0,1,2,3,4,5,6,7,8,9,10,11\n" multiply " %%" reg "14, %%" reg "15, %%" reg "\\i\n.endr\n"       \
                 "dec %0\njnz 1b\nvzeroupper\n"                                                                          \
                 : "+r"(times)                                                                                            \
                 : "r"(operand)                                                                                           \
                 : "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",      \
                   "xmm10", "xmm11", "xmm14", "xmm15")

constexpr std::size_t accumulators = 12;

FEWBITS_TARGET_BEGIN("avx2,fma")
void fma_ymm(std::size_t times, void const* operand) { PEAK_LOOP("vpxor", "vmovdqu", "vfmadd231ps", "ymm"); }
FEWBITS_TARGET_END

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512bf16,avx2,fma")
void fma_zmm(std::size_t times, void const* operand) { PEAK_LOOP("vpxord", "vmovdqu32", "vfmadd231ps", "zmm"); }
void vnni_zmm(std::size_t times, void const* operand) { PEAK_LOOP("vpxord", "vmovdqu32", "vpdpbusd", "zmm"); }
void bf16_zmm(std::size_t times, void const* operand) { PEAK_LOOP("vpxord", "vmovdqu32", "vdpbf16ps", "zmm"); }
FEWBITS_TARGET_END

/// Palette 1: eight tiles of 16 rows of 64 bytes.
struct alignas(64) tile_configuration {
    std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
    std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

/// 2 x 2 tiles of results from 2 + 2 tiles loaded every round, as a tiled product does. Written as assembly: it needs no -m
/// flag, and compilers have dropped stores to the configuration.
#define TILE_LOOP(multiply)                                                                                             \
    tile_configuration const configuration;                                                                              \
    asm volatile("ldtilecfg (%2)\n"                                                                                       \
                 "tilezero %%tmm0\ntilezero %%tmm1\ntilezero %%tmm2\ntilezero %%tmm3\n"                                  \
                 "1:\n"                                                                                                   \
                 "tileloadd (%1,%3), %%tmm4\ntileloadd (%1,%3), %%tmm6\n" multiply " %%tmm6, %%tmm4, %%tmm0\n"            \
                 "tileloadd (%1,%3), %%tmm7\n" multiply " %%tmm7, %%tmm4, %%tmm1\n"                                       \
                 "tileloadd (%1,%3), %%tmm5\n" multiply " %%tmm6, %%tmm5, %%tmm2\n" multiply " %%tmm7, %%tmm5, %%tmm3\n" \
                 "dec %0\njnz 1b\ntilerelease\n"                                                                         \
                 : "+r"(times)                                                                                            \
                 : "r"(operand), "r"(&configuration), "r"(std::size_t{64})                                               \
                 : "cc", "memory")

void amx_int8(std::size_t times, void const* operand) { TILE_LOOP("tdpbssd"); }
void amx_bf16(std::size_t times, void const* operand) { TILE_LOOP("tdpbf16ps"); }

struct unit {
    char const* name;
    bool here;
    void (*run)(std::size_t times, void const* operand);
    std::size_t operations;  ///< a round
    std::uint32_t ones;      ///< in the unit's own type, repeated
    std::uint32_t varied;    ///< bits of them that are drawn: with equal numbers a unit runs cooler, and up to a fifth faster
};

void register_peaks() {
    auto const cpu = this_processor();
    unit const units[] = {
        {"fma_fp32_avx2", cpu.avx2, fma_ymm, accumulators * 8 * 2, 0x3f800000, 0x807fffff},
        {"fma_fp32_avx512", cpu.avx512, fma_zmm, accumulators * 16 * 2, 0x3f800000, 0x807fffff},
        {"vpdpbusd_int8", cpu.avx512, vnni_zmm, accumulators * 64 * 2, 0x01010101, 0xffffffff},
        {"vdpbf16ps", cpu.avx512_bf16, bf16_zmm, accumulators * 32 * 2, 0x3f803f80, 0x807f807f},
        {"amx_int8", cpu.amx, amx_int8, std::size_t{4} * 16 * 16 * 64 * 2, 0x01010101, 0xffffffff},
        {"amx_bf16", cpu.amx, amx_bf16, std::size_t{4} * 16 * 16 * 32 * 2, 0x3f803f80, 0x807f807f},
    };
    for (unit const& u : units) {
        if (!u.here) continue;
        for (std::size_t threads = 1; threads <= most_threads(); ++threads) {
            auto const peak = [u, threads](benchmark::State& state) {
                alignas(64) std::uint32_t operand[256];
                std::mt19937 bits(1);
                for (std::uint32_t& word : operand) word = u.ones ^ (static_cast<std::uint32_t>(bits()) & u.varied);
                std::size_t const rounds = u.operations > 10000 ? 20000 : 400000;
                for (auto _ : state) fewbits::threads(threads).run(threads, [&](std::size_t) { u.run(rounds, operand); });
                state.counters["op/s"] = benchmark::Counter(static_cast<double>(u.operations * rounds * threads),
                                                            benchmark::Counter::kIsIterationInvariantRate);
            };
            std::string const label = std::string("peak/") + u.name + "/threads:" + std::to_string(threads);
            benchmark::RegisterBenchmark(label.c_str(), peak)->UseRealTime()->MinTime(0.2)->Unit(benchmark::kMillisecond);
        }
    }
}

#else

void register_peaks() {}

#endif

}  // namespace

int main(int argc, char** argv) {
    register_reads();
    register_peaks();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
