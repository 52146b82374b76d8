// Integer products as the device does them, over the emulator: the bits that the definition gives.
#include "any_product.hpp"

namespace fb = fewbits;

namespace {

using cuda_test::any_matrix;
using cuda_test::bias_of;
using cuda_test::multiply;
using cuda_test::same_bits;
using cuda_test::y_gap;

// Formats that the catalogue has not: integers that are no signed bytes, groups that no tile fits, sums beyond 32 bits.
struct wide_row final : fb::block_scaled<wide_row, fb::uint_n<8>, fb::per_row, float> {};
struct wide_g48 final : fb::block_scaled<wide_g48, fb::uint_n<8>, fb::along_k(48), fb::fp16> {};
struct int8_g20 final : fb::block_scaled<int8_g20, fb::int_n<8>, fb::along_k(20), float> {};
struct int4_g24 final : fb::block_scaled<int4_g24, fb::int_n<4>, fb::along_k(24), float> {};
struct uneven final : fb::integer<uneven, fb::integer_layout{.width = 8, .lowest = -100, .highest = 155, .excess = 100}> {
    using uneven::integer::integer;
};
struct uneven_row final : fb::block_scaled<uneven_row, uneven, fb::per_row, float> {};
struct int8_g32768 final : fb::block_scaled<int8_g32768, fb::int_n<8>, fb::along_k(32768), float> {};

/// The least of the tiles.
template <class A, class W, class Y>
using smallest_tile = fb::tiled_product<A, W, Y, 64, 64, 4>;

}  // namespace

TEST_CASE("the device's integer products have the bits that the definition gives") {
    CHECK(same_bits<fb::int8_row, fb::int8_row>(1, 3, 1));
    CHECK(same_bits<fb::int8_row, fb::int8_row>(130, 37, 272));
    CHECK(same_bits<fb::int8_row, fb::int4_g128>(20, 130, 448));
    CHECK(same_bits<fb::q8_0, fb::q4_0>(5, 9, 320));
    CHECK(same_bits<fb::mxint8, fb::int3_g32>(4, 16, 100));
    CHECK(same_bits<fb::q8_k, fb::q6_k>(3, 10, 512));  // sixteen columns a group
    CHECK(same_bits<fb::int6_g64, fb::tq1_0>(4, 7, 300));
    CHECK(same_bits<wide_row, fb::int5_g64>(3, 5, 300));
    CHECK(same_bits<fb::int8_row, wide_g48>(3, 5, 300));
    CHECK(same_bits<wide_g48, wide_row>(3, 5, 100));
    CHECK(same_bits<int8_g20, fb::int4_g32>(6, 5, 130));
    CHECK(same_bits<fb::int8_g32, int4_g24>(6, 5, 130));
    CHECK(same_bits<fb::int8_row, uneven_row>(3, 5, 100));
}

TEST_CASE("gemm's reference gives the same bits as the device") {
    any_matrix<fb::int8_row> const a(5, 300, 1);
    any_matrix<fb::int4_g128> const w(7, 300, 2);
    auto const bias = bias_of(7);
    auto const y = multiply(a, w, 300, bias.data());
    std::vector<float> expected(y.size(), -4096.0F);
    fb::gemm(a.q, w.q, fb::matrix_view<float>(expected.data(), 5, 7, 7 + y_gap), {.bias = bias, .target = fb::target_choice::reference});
    CHECK(std::memcmp(y.data(), expected.data(), y.size() * sizeof(float)) == 0);
}

TEST_CASE("integer sums on the device outgrow 32 bits") {
    auto const largest = [](std::size_t k) {
        any_matrix<wide_row> of(2, k, 1);
        for (std::byte& b : of.q.storage().bytes()) b = std::byte{255};
        return of;
    };
    CHECK(same_bits<wide_row, wide_row, float, smallest_tile>(largest(33100), largest(33100), 33100));
    CHECK(same_bits<wide_row, int8_g32768, float, smallest_tile>(largest(16500), any_matrix<int8_g32768>(2, 16500, 4), 16500));
}
