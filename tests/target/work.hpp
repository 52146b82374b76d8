// The work of a unit: encoding, quantizing, products of matrices it makes and of matrices it is given.
#pragma once

#include "unit.hpp"

namespace target_test {

#if defined(__AVX512F__)
constexpr int level_here = 4;
#elif defined(__AVX2__)
constexpr int level_here = 3;
#else
constexpr int level_here = 1;
#endif

/// Not inline: no two units share it.
static results work(inputs const& in) {
    fb::matrix_view<float const> const a(in.a.data(), in.m, in.k);
    fb::matrix_view<float const> const w(in.w.data(), in.n, in.k);
    results out;
    for (float const x : in.a) out.codes.push_back(fb::e4m3(x).bits());
    auto const a8 = fb::quantize<fb::int8_g32>(a);
    auto const w4 = fb::quantize<fb::int4_g32>(w);
    auto const w8 = fb::quantize<fb::mxfp8_e4m3>(w);
    for (std::size_t r = 0; r < in.n; ++r) {
        for (std::size_t c = 0; c < in.k; ++c) out.codes.push_back(w4.code(r, c) << 8 | w8.code(r, c));
    }
    std::vector<float> y(in.m * in.n);
    fb::matrix_view<float> const view(y.data(), in.m, in.n);
    for (auto const target : {fb::target_choice::best, fb::target_choice::portable}) {
        fb::gemm(a8, w4, view, {.target = target});
        out.integers.insert(out.integers.end(), y.begin(), y.end());
        fb::gemm(in.a8, in.w4, view, {.target = target});
        out.integers.insert(out.integers.end(), y.begin(), y.end());
    }
    fb::gemm(a, w8, view);
    out.others = y;
    return out;
}

}  // namespace target_test
