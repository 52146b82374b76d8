// NVIDIA's own conversions, where the toolkit is installed, as one more oracle: nearest even, saturating, on the host.
#include "../oracle/tally.hpp"
#include "../oracle/under_test.hpp"

#include <catch2/catch.hpp>

// The toolkit's headers are not clean under the project's warnings.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#if __has_include(<cuda_fp4.h>)
    #include <cuda_fp4.h>
    #include <cuda_fp6.h>
    #include <cuda_fp8.h>
#elif __has_include("/usr/local/cuda/include/cuda_fp4.h")
    #include "/usr/local/cuda/include/cuda_fp4.h"
    #include "/usr/local/cuda/include/cuda_fp6.h"
    #include "/usr/local/cuda/include/cuda_fp8.h"
#endif
#pragma GCC diagnostic pop

#if defined(__CUDA_FP4_H__)

using namespace oracle;

namespace {

template <class T, class Theirs> void compare(Theirs theirs, bool negatives, fb::rounding mode = fb::nearest_even) {
    tally t;
    for (std::uint64_t bits = 0; bits <= 0xffff'ffffU; bits += 8191) {
        if (!negatives && bits >= 0x8000'0000U) break;
        auto const pattern = static_cast<std::uint32_t>(bits);
        if ((pattern & 0x7f80'0000U) == 0x7f80'0000U) continue;
        float const x = std::bit_cast<float>(pattern);
        unsigned const ours = fb::round_to<T>(x, mode, fb::saturate).bits();
        unsigned const want = theirs(x);
        t.expect(
            ours == want, [&](auto& out) { out << T::name << ' ' << x << " -> " << ours << ", the toolkit " << want; });
    }
    REQUIRE_TALLY(t);
}

} // namespace

TEST_CASE("the CUDA toolkit's conversions", "[codec][cuda]") {
    compare<fb::e4m3>([](float x) { return unsigned{__nv_cvt_float_to_fp8(x, __NV_SATFINITE, __NV_E4M3)}; }, true);
    compare<fb::e5m2>([](float x) { return unsigned{__nv_cvt_float_to_fp8(x, __NV_SATFINITE, __NV_E5M2)}; }, true);
    compare<fb::e3m2>([](float x) { return unsigned{__nv_cvt_float_to_fp6(x, __NV_E3M2, cudaRoundNearest)}; }, true);
    compare<fb::e2m3>([](float x) { return unsigned{__nv_cvt_float_to_fp6(x, __NV_E2M3, cudaRoundNearest)}; }, true);
    compare<fb::e8m0>([](float x) { return unsigned{__nv_cvt_float_to_e8m0(x, __NV_SATFINITE, cudaRoundZero)}; }, false,
        fb::toward_zero);
    compare<fb::e8m0>([](float x) { return unsigned{__nv_cvt_float_to_e8m0(x, __NV_SATFINITE, cudaRoundPosInf)}; },
        false, fb::upward);
    compare<fb::e2m1>([](float x) { return unsigned{__nv_cvt_float_to_fp4(x, __NV_E2M1, cudaRoundNearest)}; }, true);
}

#else

TEST_CASE("the CUDA toolkit's conversions: not installed here", "[codec][cuda]") { SUCCEED(); }

#endif
