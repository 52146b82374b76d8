// Products of floats of 8 bits over the emulator: which pairs are such, what their elements become, the bound, ragged borders, NaN.
#include <fewbits/cuda/kernels/float8_product.hpp>

#include "any_product.hpp"

namespace fb = fewbits;

namespace {

using cuda_test::any_matrix;

/// Sums of FP8 as Ada's and Hopper's tensor cores are known to add them.
class thirteen_bits : public simt::machine {
public:
    thirteen_bits(simt::block& where, unsigned blocks, unsigned thread) : machine(where, blocks, thread) { float8_bits = 13; }
};

template <class A, class W, class Y>
using kernel = fb::float8_product<A, W, Y>;

template <class A, class W, class Machine = simt::machine>
double worst(std::size_t m, std::size_t n, std::size_t k) {
    return cuda_test::worst_error<A, W, Machine, kernel>(any_matrix<A>(m, k, 1), any_matrix<W>(n, k, 2), k);
}

struct int5_g32 final : fb::block_scaled<int5_g32, fb::int_n<5>, fb::along_k(32), float> {};

/// Whether codes_to_float8 gives each code of E its number.
template <class E>
bool widens() {
    bool right = true;
    for (unsigned first = 0; first < 1U << E::width; ++first) {
        std::uint64_t codes = 0;
        for (unsigned i = 0; i < 8; ++i) codes |= std::uint64_t{(first + 3 * i) & ((1U << E::width) - 1)} << (i * E::width);
        std::uint32_t out[2];
        fb::codes_to_float8<E>(codes, out);
        for (unsigned i = 0; i < 8; ++i) {
            auto const expected = static_cast<double>(static_cast<float>(E::from_bits((first + 3 * i) & ((1U << E::width) - 1))));
            right = right && simt::float8_number<4>(out[i / 4] >> (i % 4 * 8)) == expected;
        }
    }
    return right;
}

}  // namespace

TEST_CASE("pairs of floats of 8 bits, and of what becomes such, are told by their elements") {
    static_assert(fb::is_float8_product<fb::e4m3_row, fb::e5m2_tensor> && fb::is_float8_product<fb::e4m3_tile_1x128, fb::e4m3_tile_128x128>);
    static_assert(fb::is_float8_product<fb::e4m3_row, fb::mxfp4> && fb::is_float8_product<fb::mxfp8_e5m2, fb::int4_g128>);
    static_assert(fb::is_float8_product<fb::mxfp6_e3m2, fb::bitnet> && fb::is_float8_product<fb::e4m3, fb::mxfp6_e2m3>);
    static_assert(!fb::is_float8_product<fb::bf16, fb::e4m3_row> && !fb::is_float8_product<fb::e4m3_row, fb::int8_row>);
    static_assert(!fb::is_float8_product<fb::e4m3_row, fb::nvfp4>);        // two scales to an instruction
    static_assert(!fb::is_float8_product<fb::int8_row, fb::int4_g128>);    // integers have a product of their own
    static_assert(!fb::is_float8_product<fb::e4m3_row, fb::uint4_g128>);   // zero points
    static_assert(!fb::has_float8<fb::e4m3_ieee> && !fb::has_float8<fb::e3m4> && !fb::has_float8<fb::e4m3_fnuz> && !fb::has_float8<fb::nf4>);
    CHECK(widens<fb::e2m1>());
    CHECK(widens<fb::int_n<4>>());
    CHECK(widens<fb::uint_n<4>>());
    CHECK(widens<fb::int_n<3>>());
    CHECK(widens<fb::int_n<2>>());
}

TEST_CASE("products of floats of 8 bits are right on every border") {
    CHECK(worst<fb::e4m3_row, fb::e5m2_tensor>(130, 70, 272) < 1e-5);
    CHECK(worst<fb::e4m3_tile_1x128, fb::e4m3_tile_128x128>(5, 140, 300) < 1e-5);
    CHECK(worst<fb::e4m3_row, fb::mxfp4>(20, 9, 192) < 1e-5);
    CHECK(worst<fb::mxfp8_e4m3, fb::int4_g128>(3, 5, 77) < 1e-5);
    CHECK(worst<fb::mxfp8_e5m2, int5_g32>(3, 5, 100) < 1e-5);
    CHECK(worst<fb::e4m3, fb::bitnet>(3, 5, 160) < 1e-5);
}

TEST_CASE("sums of floats of 8 bits in few bits keep their bound") {
    CHECK(worst<fb::e4m3_row, fb::e4m3_row, thirteen_bits>(20, 20, 512) < 0x1p-6);
    CHECK(worst<fb::e4m3_row, fb::e4m3_row, thirteen_bits>(20, 20, 512) > 1e-6);
}

TEST_CASE("a code that is no number stays in its row") {
    any_matrix<fb::mxfp8_e4m3> a(3, 64, 1);
    fb::store_code(a.q.storage().row_codes(1), 40 * 8, 8, 0x7FU);
    auto const y = cuda_test::multiply<float, simt::machine, kernel>(a, any_matrix<fb::mxfp4>(4, 64, 2), 64, nullptr);
    for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t j = 0; j < 4; ++j) CHECK((std::abs(y[i * (4 + cuda_test::y_gap) + j]) < 1e30F) == (i != 1));
    }
}
