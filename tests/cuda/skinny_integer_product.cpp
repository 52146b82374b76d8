// The integer kernel for few rows, as it is, over the emulator, with what packs its operands, to the bit.
#include <catch2/catch.hpp>
#include <fewbits/cuda/kernels/pack_activations.hpp>
#include <fewbits/cuda/kernels/skinny_integer_product.hpp>
#include <fewbits/formats/all_formats.hpp>
#include <simt/machine.hpp>

#include "packed_weights.hpp"
#include "random_matrix.hpp"

namespace fb = fewbits;

namespace {

/// The definition: exact sums of groups in order, each rounded, multiplied by the product of the scales and added in one.
template <class A, class W>
float product(fb::quantized_matrix<A> const& a, std::size_t i, fb::quantized_matrix<W> const& w, std::size_t j, std::size_t group) {
    float y = 0.0F;
    for (std::size_t first = 0; first < a.cols(); first += group) {
        std::int64_t sum = 0;
        for (std::size_t k = first; k < std::min(first + group, a.cols()); ++k) {
            sum += std::int64_t{A::element::codec::to_integer(a.code(i, k))} * W::element::codec::to_integer(w.code(j, k));
        }
        y = fb::fma_rn(static_cast<float>(sum), fb::mul_rn(a.scale(i, first), w.scale(j, first)), y);
    }
    return y;
}

/// One group of a holds whole groups of w.
template <class A, class W, int Tiles>
bool same_bits(std::size_t m, std::size_t n, std::size_t k) {
    using weights = fb::fragment_weights<W>;
    using kernel = fb::skinny_integer_product<typename W::element, typename weights::scale_type, weights::group, Tiles>;
    auto const a = random_matrices::random_matrix<A>(m, k, 1);
    auto const w = random_matrices::random_matrix<W>(n, k, 2);
    packed_weights<W> const packed(w);
    using pack = fb::pack_integer_activations<A, weights::group, Tiles>;
    std::vector<fb::word2> operand(pack::size(k));
    std::vector<float> scales(pack::groups(k) * m);
    std::vector<std::int32_t> totals(pack::groups(k) * 8 * Tiles, -1);
    simt::launch<pack>(static_cast<unsigned>(pack::blocks_for(k)), 0,
                       {{fb::quantized_view<A>(a.streams(), m, k), m}, operand.data(), scales.data(), totals.data(), 0, m, k}, 8);
    std::vector<float> bias(n);
    for (std::size_t i = 0; i < n; ++i) bias[i] = static_cast<float>(i) * 0.37F - 3;
    std::vector<float> y(m * n, -1e30F);
    typename kernel::arguments const arguments{
        .codes = packed.codes(), .scales = packed.scales(), .operand = operand.data(),
        .a_scales = scales.data(), .totals = totals.data(), .y = y.data(), .bias = bias.data(),
        .factors = packed.factors.data(), .rows = static_cast<int>(n), .count = static_cast<int>(m), .tiles = static_cast<int>(weights::tiles(k)),
        .groups = static_cast<int>(pack::groups(k)), .stride = n};
    simt::launch<kernel>(static_cast<unsigned>(weights::panels(n)), kernel::shared_bytes, arguments, 11);
    std::size_t const group = weights::group == 0 ? k : static_cast<std::size_t>(weights::group);
    bool same = true;
    for (std::size_t i = 0; i < m * n; ++i) {
        float const expected = fb::add_rn(product(a, i / n, w, i % n, group), bias[i % n]);
        same = same && fb::bit_cast<std::uint32_t>(y[i]) == fb::bit_cast<std::uint32_t>(expected);
    }
    return same;
}

}  // namespace

TEST_CASE("integer products of few rows have the bits of the definition") {
    CHECK(same_bits<fb::int8_row, fb::int8_row, 1>(1, 16, 64));
    CHECK(same_bits<fb::int8_row, fb::int8_row, 1>(8, 37, 1000));
    CHECK(same_bits<fb::int8_row, fb::bitnet, 2>(11, 20, 2100));
    CHECK(same_bits<fb::int8_g128, fb::int4_g128, 1>(3, 33, 1100));
    CHECK(same_bits<fb::int8_row, fb::int4_g128, 1>(5, 16, 8500));
    CHECK(same_bits<fb::q8_0, fb::int4_g32, 1>(2, 18, 4800));
    CHECK(same_bits<fb::q8_0, fb::int2_g32, 2>(16, 16, 64));
    CHECK(same_bits<fb::int8_row, fb::int3_g64, 1>(7, 40, 700));
    CHECK(same_bits<fb::int8_row, fb::int5_g64, 1>(1, 16, 130));
    CHECK(same_bits<fb::int8_row, fb::int6_g64, 2>(9, 16, 200));
    CHECK(same_bits<fb::q8_0, fb::q4_0, 1>(4, 16, 320));
}
