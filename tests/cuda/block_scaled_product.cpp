// Products by instructions that multiply by the scales of blocks, over the emulator, against the definition: ragged borders, NaN, signs.
#include <fewbits/cuda/kernels/block_scaled_product.hpp>

#include "any_product.hpp"

namespace fb = fewbits;

namespace {

using cuda_test::any_matrix;
using cuda_test::y_gap;

template <class A, class W, class Y>
using kernel = fb::block_scaled_product<A, W, Y>;

template <class A, class W, class Machine = simt::machine>
double worst(any_matrix<A> const& a, any_matrix<W> const& w, std::size_t k) {
    return cuda_test::worst_error<A, W, Machine, kernel>(a, w, k);
}
template <class A, class W, class Machine = simt::machine>
double worst(std::size_t m, std::size_t n, std::size_t k) {
    return worst<A, W, Machine>(any_matrix<A>(m, k, 1), any_matrix<W>(n, k, 2), k);
}

/// Takes the scales of the first lanes and bytes, wherever they were said to be.
class knows_no_places : public simt::machine {
public:
    using simt::machine::machine;
    template <int Block, int First, int LaneA, int LaneB>
    void multiply_scaled_float4(float (&d)[4], std::uint32_t const (&a)[4], std::uint32_t const (&b)[2], std::uint32_t scales_a,
                                std::uint32_t scales_b, fb::number<Block> block, fb::scale_place<First, LaneA, LaneB>) {
        simt::machine::multiply_scaled_float4(d, a, b, scales_a, scales_b, block, fb::scale_place<0, 0, 0>{});
    }
};
class without_barriers : public simt::machine {
public:
    using simt::machine::machine;
    void barrier() {}
};

}  // namespace

TEST_CASE("pairs that instructions scale by blocks are told by their blocks") {
    using fb::block_scaling;
    static_assert(fb::block_scaling_of<fb::mxfp8_e4m3, fb::mxfp8_e5m2> == block_scaling::float8_32);
    static_assert(fb::block_scaling_of<fb::mxfp8_e4m3, fb::mxfp4> == block_scaling::float8_32);
    static_assert(fb::block_scaling_of<fb::mxfp4, fb::mxfp4> == block_scaling::float4_32);
    static_assert(fb::block_scaling_of<fb::nvfp4, fb::nvfp4> == block_scaling::float4_16);
    static_assert(fb::block_scaling_of<fb::nvfp4, fb::mxfp4> == block_scaling::none);
    static_assert(fb::block_scaling_of<fb::mxfp8_e4m3, fb::mxint8> == block_scaling::none);
    static_assert(fb::block_scaling_of<fb::mxfp8_e4m3, fb::e4m3_row> == block_scaling::none);
    SUCCEED();
}

TEST_CASE("products of blocks that instructions scale are right on every border") {
    CHECK(worst<fb::mxfp8_e4m3, fb::mxfp8_e5m2>(130, 70, 272) < 1e-5);
    CHECK(worst<fb::mxfp8_e4m3, fb::mxfp6_e2m3>(5, 6, 100) < 1e-5);
    CHECK(worst<fb::mxfp4, fb::mxfp4>(130, 140, 256) < 1e-5);
    CHECK(worst<fb::mxfp4, fb::mxfp4>(3, 5, 31) < 1e-5);  // whole bytes for 32 columns
    CHECK(worst<fb::mxfp4, fb::mxfp4>(3, 5, 101) < 1e-5);
    CHECK(worst<fb::nvfp4, fb::nvfp4>(70, 66, 544) < 1e-5);  // scales of both signs
    CHECK(worst<fb::nvfp4, fb::nvfp4>(3, 5, 77) < 1e-5);
}

TEST_CASE("a scale that is NaN is its block's, and none beyond the last matters") {
    std::size_t const k = 80;
    any_matrix<fb::mxfp4> a(3, k, 1);
    a.q.storage().scales().set(1, 2, fb::e8m0::from_bits(255));
    any_matrix<fb::nvfp4> b(3, k, 1);
    fb::store_code(b.q.storage().scales().row_codes(1), 4 * 8, 8, 0xFFU);
    auto const check = [&](auto const& y) {
        for (std::size_t i = 0; i < 3; ++i) {
            for (std::size_t j = 0; j < 4; ++j) CHECK((std::abs(y[i * (4 + y_gap) + j]) < 1e30F) == (i != 1));
        }
    };
    check(cuda_test::multiply<float, simt::machine, kernel>(a, any_matrix<fb::mxfp4>(4, k, 2), k, nullptr));
    check(cuda_test::multiply<float, simt::machine, kernel>(b, any_matrix<fb::nvfp4>(4, k, 2), k, nullptr));
}

TEST_CASE("the emulator sees that scales have their places and tiles their barriers") {
    CHECK_FALSE((worst<fb::nvfp4, fb::nvfp4, knows_no_places>(33, 17, 128) < 1e-5));
    CHECK_FALSE((worst<fb::mxfp4, fb::mxfp4, knows_no_places>(5, 6, 128) < 1e-5));
    CHECK_FALSE((worst<fb::mxfp4, fb::mxfp4, without_barriers>(70, 70, 512) < 1e-5));
}
