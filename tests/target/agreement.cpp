// Units compiled for different processors link into one program, pass matrices to each other and agree.

#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>

#include <gemm/exact_dot.hpp>

#include "unit.hpp"

using namespace target_test;

namespace {

inputs make_inputs() {
    inputs in{9, 70, 300, {}, {}, {}, {}};
    for (std::size_t i = 0; i < in.m * in.k; ++i) in.a.push_back(std::sin(static_cast<float>(i) * 0.37F) * 3.0F);
    for (std::size_t i = 0; i < in.n * in.k; ++i) in.w.push_back(std::cos(static_cast<float>(i) * 0.11F));
    in.a8 = fb::quantize<fb::int8_g32>(fb::matrix_view<float const>(in.a.data(), in.m, in.k));
    in.w4 = fb::prepack(fb::quantize<fb::int4_g32>(fb::matrix_view<float const>(in.w.data(), in.n, in.k)));
    return in;
}

bool runs_here(int level) {
    fb::processor const& here = fb::this_processor();
    return level == 4 ? here.avx512 : level == 3 ? here.avx2 : true;
}

}  // namespace

TEST_CASE("units built with different flags give the same bits in one program") {
    inputs const in = make_inputs();
    auto const w8 = fb::quantize<fb::mxfp8_e4m3>(fb::matrix_view<float const>(in.w.data(), in.n, in.k));
    fb::operand const left = fb::make_operand(fb::matrix_view<float const>(in.a.data(), in.m, in.k));
    fb::operand const right = fb::make_operand(w8);
    std::vector<float> reference(in.m * in.n);
    fb::gemm(in.a8, in.w4, fb::matrix_view<float>(reference.data(), in.m, in.n), {.target = fb::target_choice::reference});
    results const expected = for_any.run(in);
    for (unit const* const built : {&for_any, &for_v3, &for_v4}) {
        INFO("x86-64-v" << built->level);
        if (!runs_here(built->level)) continue;
        results const got = built->run(in);
        CHECK(got.codes == expected.codes);
        REQUIRE(got.integers.size() == 4 * reference.size());
        for (std::size_t i = 0; i < got.integers.size(); i += reference.size()) {
            CHECK(std::memcmp(got.integers.data() + i, reference.data(), reference.size() * sizeof(float)) == 0);
        }
        std::size_t outside = 0;
        for (std::size_t i = 0; i < got.others.size(); ++i) {
            outside += !gemm_test::within_bound(got.others[i], gemm_test::exact_dot(left, i / in.n, right, i % in.n));
        }
        CHECK(outside == 0);
    }
}
