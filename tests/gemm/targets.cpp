// A choice of target: refused where the processor lacks it, kept to where it has it; formats at the edge of what kernels take.

#include <catch2/catch.hpp>

#include <stdexcept>

#include <fewbits/parallel/threads.hpp>

#include "exact_dot.hpp"
#include "targets.hpp"

using namespace gemm_test;

namespace {

/// Eight bits whose code -128 reads as -127: not every code is an integer of its own.
struct narrow_int8 final : fb::integer<narrow_int8, fb::integer_layout{.width = 8, .lowest = -127, .highest = 127}> {
    using integer::integer;
};
struct narrow_int7 final : fb::integer<narrow_int7, fb::integer_layout{.width = 7, .lowest = -63, .highest = 63}> {
    using integer::integer;
};
/// Minifloats of 5, 7 and 8 bits, the last without a sign.
struct e2m2 final : fb::minifloat<e2m2, fb::float_layout{.exponent_bits = 2, .mantissa_bits = 2, .special = fb::specials::none}> {
    using minifloat::minifloat;
};
struct e3m3 final : fb::minifloat<e3m3, fb::float_layout{.exponent_bits = 3, .mantissa_bits = 3, .special = fb::specials::none}> {
    using minifloat::minifloat;
};
struct unsigned_e4m4 final
    : fb::minifloat<unsigned_e4m4,
                    fb::float_layout{.exponent_bits = 4, .mantissa_bits = 4, .special = fb::specials::none, .is_signed = false}> {
    using minifloat::minifloat;
};

/// Codebooks of numbers that are no bf16, one whose bf16 parts are below the normal range.
struct thirds final : fb::codebook<thirds, fb::codebook_layout<4>{{-1.0F, -1.0F / 3, 1.0F / 3, 1.0F}}> {
    using codebook::codebook;
};
struct tiny final : fb::codebook<tiny, fb::codebook_layout<4>{{-0x1.234566p-120F, -0x1p-120F, 0x1p-120F, 0x1.234566p-120F}}> {
    using codebook::codebook;
};

template <class Element>
struct in_groups final : fb::block_scaled<in_groups<Element>, Element, fb::along_k(32), float> {};

template <class A, class W>
void check_everywhere() {
    INFO(A::name << " x " << W::name);
    auto const a = random_matrix<A>(9, 300, 5);
    auto const w = random_matrix<W>(70, 300, 6);
    auto const packed = fb::prepack(w);
    fb::operand const left = fb::make_operand(a);
    fb::operand const right = fb::make_operand(w);
    auto const reference = multiply(left, right, {.target = fb::target_choice::reference});
    for (fb::target_choice const target : targets_here()) {
        INFO(name_of(target));
        auto const y = multiply(left, right, {.target = target});
        CHECK(same_bits(y, multiply(left, fb::make_operand(packed), {.executor = fb::threads(2), .target = target})));
        if (fb::is_exact_pair(left.facts(), right.facts())) CHECK(same_bits(y, reference));
        std::size_t outside = 0;
        for (std::size_t i = 0; i < y.size(); i += 7) outside += !within_bound(y[i], exact_dot(left, i / 70, right, i % 70));
        CHECK(outside == 0);
    }
}

}  // namespace

TEST_CASE("a target that the processor lacks is an error, the others run") {
    auto const w = random_matrix<fb::int4_g32>(5, 64, 1);
    dense<float> const a(3, 64, 1);
    std::vector<float> y(15);
    fb::processor const& here = fb::this_processor();
    auto const check = [&](fb::target_choice target, bool runs) {
        INFO(name_of(target));
        auto const run = [&] { fb::gemm(a.view(), w, fb::matrix_view<float>(y.data(), 3, 5), {.target = target}); };
        if (runs) CHECK_NOTHROW(run());
        else CHECK_THROWS_AS(run(), std::invalid_argument);
    };
    check(fb::target_choice::reference, true);
    check(fb::target_choice::portable, true);
    check(fb::target_choice::avx2, here.avx2);
    check(fb::target_choice::avx512, here.avx512);
    check(fb::target_choice::amx, here.amx);
}

TEST_CASE("kernel_name keeps to the target") {
    using Catch::Contains;
    fb::processor const& here = fb::this_processor();
    auto const of_pair = [](fb::target_choice target) { return fb::kernel_name<fb::int8_g32, fb::int4_g32>(target); };
    if (here.avx2) CHECK_THAT(of_pair(fb::target_choice::avx2), Contains("avx2/integer_product"));
    if (here.avx2) CHECK_THAT((fb::kernel_name<float, fb::nf4_b64>(fb::target_choice::avx2)), Contains("avx2/widened_product"));
    if (here.avx512) CHECK_THAT(of_pair(fb::target_choice::avx512), Contains("avx512/integer_product"));
    if (here.amx) CHECK_THAT((fb::kernel_name<fb::int8_g64, fb::nf4_b64>()), Contains("amx/codebook_product"));
    CHECK_THAT(of_pair(fb::target_choice::portable), Contains("integer_product") && !Contains("avx"));
}

TEST_CASE("elements no catalogue format has: integers that leave codes out, minifloats of odd widths, without a sign, codebooks") {
    check_everywhere<fb::int8_g32, in_groups<narrow_int8>>();
    check_everywhere<fb::int8_row, in_groups<narrow_int7>>();
    check_everywhere<in_groups<narrow_int8>, fb::int8_g32>();
    check_everywhere<fb::mxfp8_e4m3, in_groups<narrow_int8>>();
    check_everywhere<fb::mxfp8_e4m3, in_groups<narrow_int7>>();
    check_everywhere<fb::mxfp4, in_groups<e2m2>>();
    check_everywhere<fb::mxfp4, in_groups<e3m3>>();
    check_everywhere<fb::mxfp4, in_groups<unsigned_e4m4>>();
    check_everywhere<fb::int8_g32, in_groups<fb::int_n<7>>>();
    check_everywhere<fb::mxfp4, in_groups<fb::int_n<7>>>();
    check_everywhere<fb::mxfp4, in_groups<fb::int_n<5>>>();
    check_everywhere<fb::mxfp4, in_groups<thirds>>();
    check_everywhere<fb::mxfp4, in_groups<fb::dynamic8>>();
    check_everywhere<fb::int8_g32, in_groups<tiny>>();
}

TEST_CASE("a slab of one row is like any other") {
    std::size_t const m = 65, n = 17, k = 60000;  // of floats as two bf16 64 rows fill a slab of AMX
    dense<float> const a(m, k, 1);
    auto const w = fb::prepack(random_matrix<fb::mxfp8_e4m3>(n, k, 2));
    fb::operand const left = fb::make_operand(a.view());
    fb::operand const right = fb::make_operand(w);
    for (fb::target_choice const target : targets_here()) {
        if (target == fb::target_choice::reference) continue;
        INFO(name_of(target));
        auto const y = multiply(left, right, {.executor = fb::threads(2), .target = target});
        for (std::size_t column = 0; column < n; column += 8) {
            CHECK(within_bound(y[(m - 1) * n + column], exact_dot(left, m - 1, right, column)));
        }
    }
}

TEST_CASE("rows with one scale each: several slabs, columns that are not whole, more of them than a chunk has") {
    struct shape {
        std::size_t m, n, k;
    };
    for (shape const s : {shape{300, 70, 1030}, shape{150, 130, 4090}, shape{20, 33, 9000}, shape{90, 17, 9000}}) {
        auto const a = random_matrix<fb::int8_row>(s.m, s.k, 1);
        auto const check = [&](fb::operand const& w) {
            auto const reference = multiply(fb::make_operand(a), w, {.target = fb::target_choice::reference});
            for (fb::target_choice const target : targets_here()) {
                INFO(name_of(target) << " M = " << s.m << ", K = " << s.k);
                CHECK(same_bits(reference, multiply(fb::make_operand(a), w, {.executor = fb::threads(2), .target = target})));
            }
        };
        auto const w8 = random_matrix<fb::int8_row>(s.n, s.k, 2);
        check(fb::make_operand(w8));
        auto const packed8 = fb::prepack(w8);
        check(fb::make_operand(packed8));
        auto const packed2 = fb::prepack(random_matrix<fb::bitnet>(s.n, s.k, 3));
        check(fb::make_operand(packed2));
    }
}

TEST_CASE("the largest products of bytes: sums of two stay exact") {
    auto a = random_matrix<fb::int8_row>(2, 512, 1);
    auto w8 = random_matrix<fb::int8_row>(17, 512, 1);
    auto w7 = random_matrix<in_groups<fb::int_n<7>>>(17, 512, 1);
    for (std::size_t k = 0; k < 512; ++k) {
        for (std::size_t r = 0; r < 2; ++r) fb::store_code(a.storage().row_codes(r), k * 8, 8, r == 0 ? 0x80U : 0x7FU);
        for (std::size_t r = 0; r < 17; ++r) {
            fb::store_code(w8.storage().row_codes(r), k * 8, 8, r % 2 == 0 ? 0x80U : 0x7FU);
            fb::store_code(w7.storage().row_codes(r), k * 7, 7, r % 2 == 0 ? 0x40U : 0x3FU);
        }
    }
    for (fb::operand const& w : {fb::make_operand(w8), fb::make_operand(w7)}) {
        auto const reference = multiply(fb::make_operand(a), w, {.target = fb::target_choice::reference});
        for (fb::target_choice const target : targets_here()) {
            INFO(name_of(target));
            CHECK(same_bits(reference, multiply(fb::make_operand(a), w, {.target = target})));
        }
    }
}
