// What the processor this program runs on can do: asked once, at the first call.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

#include "../config.hpp"
#include "isa.hpp"

namespace fewbits {

/// Instruction sets that the processor has and the operating system keeps the registers of.
struct processor {
    bool avx2 = false;         ///< AVX2, FMA, F16C, BMI2
    bool avx512 = false;       ///< F, BW, DQ, VL, VBMI, VNNI
    bool avx512_bf16 = false;  ///< dot products of bf16 pairs
    bool fast_pairs = false;    ///< and one of them takes no longer than a fused multiply-add
    bool amx = false;          ///< AMX tiles with int8 and bf16, their use granted by the kernel
};

inline namespace FEWBITS_BASELINE {
namespace detect_detail {

#if defined(__x86_64__)

/// Linux hands tile registers only to processes that ask (arch_prctl ARCH_REQ_XCOMP_PERM, feature 18: XTILEDATA).
inline bool ask_for_tiles() noexcept {
#if defined(__linux__) && defined(SYS_arch_prctl)
    constexpr long request_permission = 0x1023;
    constexpr long tile_data = 18;
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
    return false;
#endif
}

/// The register states the operating system saves (XCR0).
inline std::uint64_t saved_states() noexcept {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (std::uint64_t{high} << 32) | low;
}

inline processor ask_processor() noexcept {
    processor found;
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    auto const has = [](unsigned reg, int bit) { return ((reg >> bit) & 1U) != 0; };
    constexpr unsigned auth = 0x68747541;  // AuthenticAMD begins with it
    bool const amd = __get_cpuid(0, &a, &b, &c, &d) != 0 && b == auth;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || !has(c, 27)) return found;  // OSXSAVE
    std::uint64_t const states = saved_states();
    bool const fma = has(c, 12);
    bool const f16c = has(c, 29);
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return found;
    unsigned const leaves = a;
    constexpr std::uint64_t ymm = 0x6;
    constexpr std::uint64_t zmm = 0xE6;
    constexpr std::uint64_t tiles = 0x60000;
    found.avx2 = (states & ymm) == ymm && fma && f16c && has(b, 5) && has(b, 8);
    found.avx512 = found.avx2 && (states & zmm) == zmm && has(b, 16) && has(b, 30) && has(b, 17) && has(b, 31) &&
                   has(c, 1) && has(c, 11);
    bool const amx = found.avx512 && (states & tiles) == tiles && has(d, 24) && has(d, 25) && has(d, 22);
    if (leaves >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0) found.avx512_bf16 = found.avx512 && has(a, 5);
    found.fast_pairs = found.avx512_bf16 && amd;
    found.amx = amx && ask_for_tiles();
    return found;
}

#else

inline processor ask_processor() noexcept { return {}; }

#endif

}  // namespace detect_detail

/// The processor this runs on.
inline processor const& this_processor() noexcept {
    static processor const found = detect_detail::ask_processor();
    return found;
}

/// Whether programs for an instruction set run here.
constexpr bool runs(processor const&, isa::reference) noexcept { return true; }
constexpr bool runs(processor const&, isa::portable) noexcept { return true; }
constexpr bool runs(processor const& p, isa::avx2) noexcept { return p.avx2; }
constexpr bool runs(processor const& p, isa::avx512) noexcept { return p.avx512; }
constexpr bool runs(processor const& p, isa::amx) noexcept { return p.amx; }
constexpr bool runs(processor const&, isa::neon) noexcept {
#if defined(__aarch64__)
    return true;
#else
    return false;
#endif
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
