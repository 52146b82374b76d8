// The names that users' code relies on, each spelled as the documentation spells it.
#include <catch2/catch.hpp>

#include <fewbits/fewbits.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <functional>
#include <limits>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <vector>

namespace fb = fewbits;

namespace {

std::vector<float> wave(std::size_t count) {
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(static_cast<int>(i * 37 % 101) - 50) / 16.0F;
    return values;
}

template <class... T>
constexpr bool all_scalar = (fb::scalar<T> && ...);
template <class... F>
constexpr bool all_blocks = (fb::block_format<F> && ...);

struct own_pool {
    std::size_t loops = 0;
    template <class F>
    void parallel_for(std::size_t count, F&& f) {
        ++loops;
        for (std::size_t i = 0; i < count; ++i) f(i);
    }
};

}  // namespace

// Every name of a format.
static_assert(all_scalar<fb::e4m3, fb::e5m2, fb::e4m3_ieee, fb::e3m4, fb::e4m3_fnuz, fb::e5m2_fnuz, fb::e4m3b11_fnuz, fb::e3m2,
                         fb::e2m3, fb::e2m1, fb::e8m0, fb::bf16, fb::fp16, fb::int_n<1>, fb::int_n<8>, fb::uint_n<1>,
                         fb::uint_n<8>, fb::ternary, fb::binary, fb::nf4>);
static_assert(all_blocks<fb::mxfp8_e4m3, fb::mxfp8_e5m2, fb::mxfp6_e3m2, fb::mxfp6_e2m3, fb::mxfp4, fb::mxint8, fb::nvfp4,
                         fb::nf4_b64, fb::nf4_b64_dq>);
static_assert(all_blocks<fb::int8_tensor, fb::int8_row, fb::int8_column, fb::int8_g128, fb::int6_g64, fb::int5_g64, fb::int4_g32,
                         fb::int4_g64, fb::int4_g128, fb::int3_g64, fb::int2_g32, fb::uint8_tensor, fb::uint4_g128>);
static_assert(all_blocks<fb::e4m3_tensor, fb::e4m3_row, fb::e4m3_tile_1x128, fb::e4m3_tile_128x128, fb::e5m2_tensor,
                         fb::e2m1_tensor, fb::e2m1_row, fb::e2m1_g32, fb::bitnet>);
static_assert(all_blocks<fb::q4_0, fb::q4_1, fb::q5_0, fb::q5_1, fb::q8_0, fb::q2_k, fb::q3_k, fb::q4_k, fb::q5_k, fb::q6_k,
                         fb::q8_k, fb::iq4_nl, fb::iq4_xs, fb::tq1_0, fb::tq2_0>);

// The spellings of PyTorch and ml_dtypes.
static_assert(std::same_as<fb::float8_e4m3fn, fb::e4m3> && std::same_as<fb::float8_e5m2, fb::e5m2>);
static_assert(std::same_as<fb::float8_e4m3, fb::e4m3_ieee> && std::same_as<fb::float8_e3m4, fb::e3m4>);
static_assert(std::same_as<fb::float8_e4m3fnuz, fb::e4m3_fnuz> && std::same_as<fb::float8_e5m2fnuz, fb::e5m2_fnuz>);
static_assert(std::same_as<fb::float8_e4m3b11fnuz, fb::e4m3b11_fnuz> && std::same_as<fb::float4_e2m1fn, fb::e2m1>);
static_assert(std::same_as<fb::float6_e3m2fn, fb::e3m2> && std::same_as<fb::float6_e2m3fn, fb::e2m3>);
static_assert(std::same_as<fb::float8_e8m0fnu, fb::e8m0> && std::same_as<fb::bfloat16, fb::bf16> &&
              std::same_as<fb::float16, fb::fp16>);

// One value: all of it in constant expressions.
static_assert(float(fb::e4m3{0.3F}) == 0.3125F && double(fb::e4m3{0.3F}) == 0.3125 && int(fb::e4m3{3.5F}) == 3);
static_assert(fb::e4m3::from_bits(0x7E).bits() == 0x7E && fb::e4m3::width == 8 && fb::e4m3::name == "e4m3");
static_assert(sizeof(fb::e4m3) == 1 && sizeof(fb::e2m1) == 1 && sizeof(fb::bf16) == 2);
static_assert(std::is_trivially_copyable_v<fb::e4m3> && std::is_trivially_default_constructible_v<fb::e4m3>);
static_assert(!std::is_convertible_v<float, fb::e4m3> && !std::is_convertible_v<fb::e4m3, float>);
static_assert(std::numeric_limits<fb::e4m3>::max() == fb::e4m3{448.0F} && std::numeric_limits<fb::e5m2>::has_infinity);
static_assert(fb::e4m3{1.0F} < fb::e4m3{2.0F} && fb::e4m3{0.0F} == fb::e4m3{-0.0F});
static_assert((fb::e4m3{1.0F} <=> fb::e4m3{2.0F}) == std::partial_ordering::less);
static_assert((std::numeric_limits<fb::e4m3>::quiet_NaN() <=> fb::e4m3{}) == std::partial_ordering::unordered);

// Rounding and overflow belong to the call.
static_assert(float(fb::round_to<fb::e2m1>(2.9F, fb::toward_zero)) == 2.0F);
static_assert(float(fb::round_to<fb::e2m1>(2.9, fb::nearest_even)) == 3.0F && float(fb::round_to<fb::e2m1>(5)) == 4.0F);
static_assert(float(fb::round_to<fb::e2m1>(2.5F, fb::nearest_away)) == 3.0F && float(fb::round_to<fb::e2m1>(2.1F, fb::to_odd)) == 3.0F);
static_assert(float(fb::round_to<fb::e2m1>(2.1F, fb::upward)) == 3.0F && float(fb::round_to<fb::e2m1>(2.9F, fb::downward)) == 2.0F);
static_assert(float(fb::round_to<fb::e5m2>(1.1F, fb::stochastic{0xFFFFFFFF})) == 1.25F);
static_assert(float(fb::round_to<fb::e5m2>(1.1F, fb::stochastic{.bits = 0, .count = 16})) == 1.0F);
static_assert(fb::round_to<fb::e5m2>(1e9F, fb::nearest_even, fb::to_special) == std::numeric_limits<fb::e5m2>::infinity());
static_assert(float(fb::round_to<fb::e5m2>(1e9F, fb::nearest_even, fb::saturate)) == 57344.0F);
static_assert(fb::round_to<fb::e4m3>(fb::bf16{0.3F}) == fb::e4m3{0.3F});  // from any format, one rounding
static_assert(fb::bf16::default_overflow == fb::to_special && fb::e4m3::default_overflow == fb::saturate);

// Block formats are described by constants.
static_assert(fb::nvfp4::bits_per_element == 4.5 && fb::nvfp4::name == "nvfp4");
static_assert(std::same_as<fb::nvfp4::element, fb::e2m1> && fb::nvfp4::block.cols == 16);

// matrix_view<T>{data, rows, cols, stride = cols} converts to matrix_view<const T>.
static_assert(std::is_convertible_v<fb::matrix_view<float>, fb::matrix_view<const float>>);
static_assert(!std::is_convertible_v<fb::matrix_view<const float>, fb::matrix_view<float>>);
static_assert(fb::matrix_view<float>{nullptr, 2, 3}.stride == 3 && fb::matrix_view<float>{nullptr, 2, 3, 8}.stride == 8);

TEST_CASE("a rounding rule is one run-time parameter") {
    for (fb::rounding_rule rule : {fb::rounding_rule(fb::nearest_even), fb::rounding_rule(fb::stochastic{1U << 31})}) {
        CHECK(float(fb::round_to<fb::e4m3>(1.0F, rule)) == 1.0F);
    }
}

TEST_CASE("scalars hash, print and sort") {
    std::unordered_set<fb::e4m3> const set{fb::e4m3{1.0F}, fb::e4m3{1.0F}, fb::e4m3{0.0F}, fb::e4m3{-0.0F}};
    CHECK(set.size() == 2);
    std::ostringstream out;
    out << fb::e4m3{0.3F};
    CHECK(out.str() == "0.3125 (e4m3 0x2a)");
    std::array values{fb::e2m1{3.0F}, fb::e2m1{-1.0F}, fb::e2m1{0.5F}};
    std::ranges::sort(values);
    CHECK(values[0] == fb::e2m1{-1.0F});
}

TEST_CASE("spans are encoded, decoded and addressed in place") {
    std::vector<float> const in = wave(21);
    std::vector<std::byte> packed(fb::packed_size<fb::e2m3>(in.size()));
    fb::encode<fb::e2m3>(in, packed);
    fb::encode<fb::e2m3>(in, packed, fb::nearest_even, fb::saturate);
    std::vector<float> out(in.size());
    fb::decode<fb::e2m3>(packed, out);
    fb::packed_span<fb::e2m3> const span(packed, in.size());
    CHECK(float(fb::e2m3(span[5])) == out[5]);
    CHECK(span.subspan(3, 7).size() == 7);
    span[0] = fb::e2m3{1.0F};
    CHECK(std::ranges::count(span, fb::e2m3{1.0F}) >= 1);
    fb::packed_span<const fb::e2m3> const reading = span;
    CHECK(reading[0] == fb::e2m3{1.0F});
}

TEST_CASE("quantize, its options, and what a quantized matrix tells") {
    std::vector<float> const values = wave(4 * 64);
    fb::matrix_view<const float> const weights{values.data(), 4, 64};
    auto const q = fb::quantize<fb::nvfp4>(weights);
    static_assert(std::same_as<decltype(q), fb::quantized_matrix<fb::nvfp4> const>);
    static_assert(std::same_as<decltype(q.code(0, 0)), unsigned> && std::same_as<decltype(q.value(0, 0)), float>);
    static_assert(std::same_as<decltype(q.scale(0, 0)), float> && std::same_as<decltype(q.offset(0, 0)), float>);
    static_assert(std::same_as<decltype(q.codes()), std::span<const std::byte>>);
    CHECK((q.rows() == 4 && q.cols() == 64));
    CHECK(q.value(1, 2) == float(fb::e2m1::from_bits(q.code(1, 2))) * q.scale(1, 2));
    CHECK(q.storage_bytes() >= q.codes().size());
    CHECK(q.codes().size() == 4 * 32);
    std::vector<float> back(values.size());
    fb::dequantize(q, fb::matrix_view<float>{back.data(), 4, 64});
    CHECK(back[70] == q.value(1, 6));

    (void)fb::quantize<fb::int4_g32>(weights, {.mode = fb::toward_zero});
    (void)fb::quantize<fb::int4_g32>(weights, {.mode = fb::stochastic{}, .seed = 7});
    (void)fb::quantize<fb::mxfp4>(weights, {.scale_rule = fb::scale_rule::ceil});
    (void)fb::quantize<fb::int8_row>(weights, {.mode = fb::nearest_even, .overflow = fb::saturate,
                                               .scale_rule = fb::scale_rule::mse_search, .seed = 1, .executor = fb::threads(2)});
    (void)fb::quantize<fb::int8_row>(weights, {.scale_rule = fb::scale_rule::percentile});
    (void)fb::quantize<fb::int8_row>(weights, {.scale_rule = fb::scale_rule::absmax, .executor = fb::serial});
    (void)fb::quantize<fb::mxfp4>(weights, {.scale_rule = fb::scale_rule::floor});
    auto const errors = fb::error_statistics(weights, q);
    CHECK(errors.sqnr_db > 10);
    CHECK_THROWS_AS(fb::quantize<fb::int8_row>(weights, {.scale_rule = fb::scale_rule::percentile, .percentile = 0}),
                    std::invalid_argument);
}

TEST_CASE("gemm takes quantized, prepacked and float matrices, and its options by name") {
    std::vector<float> const values = wave(8 * 64);
    fb::matrix_view<const float> const activations{values.data(), 3, 64};
    fb::matrix_view<const float> const weights{values.data() + 3 * 64, 5, 64};
    auto const x8 = fb::quantize<fb::mxfp8_e4m3>(activations);
    auto const w = fb::quantize<fb::nvfp4>(weights);
    std::vector<float> result(15), again(15);
    fb::matrix_view<float> const y{result.data(), 3, 5};
    fb::matrix_view<float> const z{again.data(), 3, 5};
    fb::gemm(x8, w, y);
    auto const wp = fb::prepack(w);
    static_assert(std::same_as<decltype(wp), fb::prepacked_matrix<fb::nvfp4> const>);
    fb::gemm(x8, wp, z);
    CHECK(result == again);

    std::vector<float> const bias(5, 0.5F);
    fb::gemm(activations, w, z, {.bias = bias, .executor = fb::threads(2)});
    fb::gemm(activations, w, z, {.target = fb::target_choice::reference});
    fb::gemm(activations, w, z, {.target = fb::target_choice::portable, .compute = fb::compute_choice::exact});
    fb::gemm(activations, w, z, {.executor = fb::serial});
    std::vector<fb::bf16> narrow(3 * 64, fb::bf16{0.25F}), narrow_result(15);
    std::vector<fb::fp16> half(3 * 64, fb::fp16{0.25F}), half_result(15);
    fb::gemm(fb::matrix_view<const fb::bf16>{narrow.data(), 3, 64}, w, fb::matrix_view<fb::bf16>{narrow_result.data(), 3, 5});
    fb::gemm(fb::matrix_view<const fb::fp16>{half.data(), 3, 64}, wp, fb::matrix_view<fb::fp16>{half_result.data(), 3, 5});
    fb::gemm(fb::matrix_view<const fb::bf16>{narrow.data(), 3, 64}, w, y);
    CHECK(float(narrow_result[0]) == float(fb::bf16{result[0]}));
    CHECK_THROWS_AS(fb::gemm(x8, w, fb::matrix_view<float>{result.data(), 5, 3}), std::invalid_argument);
}

TEST_CASE("views are deduced, and convert where a call takes them") {
    std::vector<float> values = wave(4 * 32);
    fb::matrix_view const x{values.data(), 4, 32};
    static_assert(std::same_as<decltype(x), fb::matrix_view<float> const>);
    auto const w = fb::quantize<fb::int8_row>(x);
    auto const again = fb::quantize<fb::int8_row>({values.data(), 4, 32});
    CHECK(std::ranges::equal(w.codes(), again.codes()));
    std::vector<float> result(16);
    fb::gemm(x, w, fb::matrix_view{result.data(), 4, 4});
    CHECK(result[0] > 0);
    auto q = fb::quantize<fb::int8_row>(x);
    CHECK(q.permutation().empty());
    CHECK(q.streams().size() == 2);  // codes and scales
}

TEST_CASE("the executor may be the caller's own parallel_for") {
    own_pool pool;
    std::vector<float> const values = wave(6000 * 64);
    fb::matrix_view<const float> const x{values.data(), 6000, 64};
    (void)fb::quantize<fb::int8_row>(x, {.executor = pool});
    CHECK(pool.loops > 0);
}

TEST_CASE("kernel_name says which kernel runs and why") {
    std::string const integers = fb::kernel_name<fb::int8_row, fb::int4_g32>();
    CHECK(integers.find(": ") != std::string::npos);
    CHECK_FALSE(std::string(fb::kernel_name<float, fb::nf4_b64>()).empty());
    CHECK_FALSE(std::string(fb::kernel_name<fb::bf16, fb::mxfp4>()).empty());
    CHECK(fb::kernel_name<fb::fp16, fb::q4_k>() != integers);
}
