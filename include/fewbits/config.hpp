// The library's only macros: version, host/device marking, the baseline namespace, precise and target regions.
#pragma once

#define FEWBITS_VERSION 100 // major * 10000 + minor * 100 + patch

// Code marked HOST_DEVICE runs on the host and, under nvcc, in kernels. Code marked DEVICE is a kernel's own; where nvcc does not
// compile it, it is an ordinary function that a model of the machine can run.
#if defined(__CUDACC__)
#define FEWBITS_HOST_DEVICE __host__ __device__
#define FEWBITS_DEVICE __device__ __forceinline__
#else
#define FEWBITS_HOST_DEVICE
#define FEWBITS_DEVICE inline
#endif

// Functions live in an inline namespace named after the instruction set their unit was compiled for, so that units built
// with different -m flags never share a body; types live in fewbits itself and cross between such units.
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512DQ__)
#define FEWBITS_BASELINE built_for_v4
#elif defined(__AVX2__) && defined(__FMA__)
#define FEWBITS_BASELINE built_for_v3
#elif defined(__AVX__)
#define FEWBITS_BASELINE built_for_avx
#else
#define FEWBITS_BASELINE built_for_v1
#endif

// A precise region: rounded float arithmetic stays as written, also under -ffast-math and where the target has fused
// multiply-add. g++ never inlines across its border where floating point is involved, so nothing fuses at the call either.
// nvcc's front end does not know the pragma and warns unless told not to.
#if defined(__clang__)
#define FEWBITS_PRECISE_BEGIN                                                                                          \
    _Pragma("float_control(push)") _Pragma("float_control(precise, on)") _Pragma("clang fp contract(off)")
#define FEWBITS_PRECISE_END _Pragma("float_control(pop)")
#elif defined(__CUDACC__) && defined(__GNUC__)
#define FEWBITS_PRECISE_BEGIN                                                                                          \
    _Pragma("nv_diagnostic push") _Pragma("nv_diag_suppress 1675") _Pragma("GCC push_options")                        \
        _Pragma("GCC optimize(\"no-fast-math\", \"fp-contract=off\")")
#define FEWBITS_PRECISE_END _Pragma("GCC pop_options") _Pragma("nv_diagnostic pop")
#elif defined(__GNUC__)
#define FEWBITS_PRECISE_BEGIN                                                                                          \
    _Pragma("GCC push_options") _Pragma("GCC optimize(\"no-fast-math\", \"fp-contract=off\")")
#define FEWBITS_PRECISE_END _Pragma("GCC pop_options")
#else
#define FEWBITS_PRECISE_BEGIN
#define FEWBITS_PRECISE_END
#endif

// A target region: its functions are compiled for the instruction sets named, whatever flags the unit has, and are precise.
// Only code of the same region inlines what stands in it; vectors neither enter nor leave by value. g++ 12 takes the
// deliberately undefined operands of its own intrinsics for uninitialised variables.
//   FEWBITS_TARGET_BEGIN("avx2,fma") ... FEWBITS_TARGET_END
#define FEWBITS_PRAGMA(...) _Pragma(#__VA_ARGS__)
#if defined(__clang__)
#define FEWBITS_TARGET_BEGIN(sets)                                                                                     \
    FEWBITS_PRECISE_BEGIN                                                                                              \
    FEWBITS_PRAGMA(clang attribute push(__attribute__((target(sets))), apply_to = function))
#define FEWBITS_TARGET_END _Pragma("clang attribute pop") FEWBITS_PRECISE_END
#else
#define FEWBITS_TARGET_BEGIN(sets)                                                                                     \
    FEWBITS_PRECISE_BEGIN FEWBITS_PRAGMA(GCC target(sets))                                                             \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wuninitialized\"")                               \
        _Pragma("GCC diagnostic ignored \"-Wmaybe-uninitialized\"")
#define FEWBITS_TARGET_END _Pragma("GCC diagnostic pop") FEWBITS_PRECISE_END
#endif
