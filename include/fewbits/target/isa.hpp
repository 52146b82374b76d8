// Instruction sets as tags: each derives from the one whose programs it also runs.
#pragma once

#include <string_view>

namespace fewbits::isa {

/// No instruction set: the definitions themselves.
struct reference {
    static constexpr std::string_view name = "reference";
};
/// Whatever the compiler was told to build for.
struct portable {
    static constexpr std::string_view name = "portable";
};
/// AVX2 with FMA, F16C and BMI2 (x86-64-v3).
struct avx2 : portable {
    static constexpr std::string_view name = "avx2";
};
/// AVX-512 F, BW, DQ, VL, VBMI, VNNI.
struct avx512 : avx2 {
    static constexpr std::string_view name = "avx512";
};
/// AMX tiles, int8 and bf16, besides all of AVX-512.
struct amx : avx512 {
    static constexpr std::string_view name = "amx";
};
/// Advanced SIMD of AArch64; no kernel of its own yet, so the portable ones run.
struct neon : portable {
    static constexpr std::string_view name = "neon";
};

}  // namespace fewbits::isa
