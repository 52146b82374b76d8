// The tile registers of AMX: eight of 16 rows by 64 bytes, one instruction a function. Names of registers are constants.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../config.hpp"

FEWBITS_TARGET_BEGIN("avx512f,amx-tile,amx-int8,amx-bf16")

namespace fewbits {

/// What LDTILECFG loads (Intel SDM, volume 1, section 18.3.1): palette 1, rows and bytes a row of each register.
struct alignas(64) tile_shapes {
    std::uint8_t palette = 1;
    std::uint8_t start_row = 0;
    std::uint8_t reserved[14] = {};
    std::uint16_t row_bytes[16] = {};
    std::uint8_t rows[16] = {};
};
static_assert(sizeof(tile_shapes) == 64);

inline namespace FEWBITS_BASELINE {
namespace amx {

// In assembler, since g++ 12's intrinsics take only literal register numbers and its configuration intrinsic declares 8 of the 64
// bytes as read, so that stores to the rest are dropped.

inline void configure(tile_shapes const& shapes) noexcept { asm volatile("ldtilecfg %0" ::"m"(shapes)); }
inline void release() noexcept { asm volatile("tilerelease" ::: "memory"); }

template <int Tile>
void zero() noexcept {
    asm volatile("tilezero %%tmm%c0" ::"i"(Tile));
}
template <int Tile>
void load(void const* from, std::size_t stride) noexcept {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(Tile) : "memory");
}
template <int Tile>
void store(void* to, std::size_t stride) noexcept {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride), "i"(Tile) : "memory");
}
/// Sum += A * B: int32 += signed bytes of A times unsigned bytes of B, four a lane.
template <int Sum, int A, int B>
void dot_bytes() noexcept {
    asm volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(Sum), "i"(A), "i"(B));
}
/// The same with signed bytes of B.
template <int Sum, int A, int B>
void dot_signed_bytes() noexcept {
    asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(Sum), "i"(A), "i"(B));
}
/// fp32 += pairs of bf16.
template <int Sum, int A, int B>
void dot_pairs() noexcept {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(Sum), "i"(A), "i"(B));
}

/// A product of what the registers happen to hold, to a sum that is cleared or loaded before it is used. After about half a microsecond
/// without any the unit that makes products goes to sleep, and the next one waits for a quarter.
inline void keep_awake() noexcept { dot_bytes<0, 4, 6>(); }

}  // namespace amx
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
