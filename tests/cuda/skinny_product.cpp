// The kernel for few rows, as it is, over the emulator, with what packs its operands: against exact sums.
#include <catch2/catch.hpp>
#include <cmath>
#include <fewbits/cuda/kernels/pack_activations.hpp>
#include <fewbits/cuda/kernels/pack_weights.hpp>
#include <fewbits/cuda/kernels/skinny_product.hpp>
#include <fewbits/formats/all_formats.hpp>
#include <simt/machine.hpp>

#include "packed_weights.hpp"
#include "random_matrix.hpp"

namespace fb = fewbits;

namespace {

std::vector<float> random_numbers(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    for (float& x : values) x = normal(random);
    return values;
}

/// The largest error against the sum of magnitudes.
template <class F, int Terms, int Tiles, class Machine = simt::machine>
double worst_error(std::size_t m, std::size_t n, std::size_t k) {
    using weights = fb::fragment_weights<F>;
    using kernel = fb::skinny_product<typename F::element, typename weights::scale_type, weights::group, Terms, Tiles>;
    auto a = random_numbers(m * k, 2);
    if (Terms == 1) {
        for (float& x : a) x = static_cast<float>(fb::bf16{x});
    }
    auto const w = random_matrices::random_matrix<F>(n, k, 1);
    packed_weights<F> const packed(w);
    using pack = fb::pack_activations<float, Terms, Tiles>;
    std::vector<fb::word2> operand(pack::size(k), fb::word2{{~0U, ~0U}});
    simt::launch<pack>(static_cast<unsigned>(pack::blocks_for(k)), 0, {{a.data(), k, m}, operand.data(), 0, m, k}, 6);
    auto const bias = random_numbers(n, 3);
    std::vector<float> y(m * (n + 3), -1e30F);
    typename kernel::arguments const arguments{
        .codes = packed.codes(), .scales = packed.scales(), .offsets = nullptr, .operand = operand.data(), .totals = nullptr, .y = y.data(), .factors = packed.factors.data(),
        .bias = bias.data(), .rows = static_cast<int>(n), .count = static_cast<int>(m), .tiles = static_cast<int>(weights::tiles(k)),
        .groups = static_cast<int>(weights::records(k)), .stride = n + 3};
    simt::launch<kernel, Machine>(static_cast<unsigned>(weights::panels(n)), kernel::shared_bytes, arguments, 7);
    double worst = 0;
    for (std::size_t i = 0; i < m; ++i) {
        for (std::size_t j = 0; j < n; ++j) {
            double sum = bias[j];
            double size = std::abs(static_cast<double>(bias[j]));
            for (std::size_t c = 0; c < k; ++c) {
                double const product = static_cast<double>(a[i * k + c]) * static_cast<double>(w.value(j, c));
                sum += product;
                size += std::abs(product);
            }
            double const error = std::abs(sum - static_cast<double>(y[i * (n + 3) + j])) / size;
            worst = std::max(worst, error <= 1e30 ? error : 1e30);  // a NaN is large
        }
        for (std::size_t j = n; j < n + 3; ++j) REQUIRE(y[i * (n + 3) + j] == -1e30F);
    }
    return worst;
}

}  // namespace

TEST_CASE("products of few rows keep the bound, for every width of codes and every size of group") {
    double const bound = 1e-5;
    CHECK(worst_error<fb::int4_g128, 1, 1>(1, 21, 300) < bound);
    CHECK(worst_error<fb::int4_g32, 2, 1>(5, 16, 640) < bound);
    CHECK(worst_error<fb::int8_row, 1, 1>(8, 33, 130) < bound);
    CHECK(worst_error<fb::int3_g64, 2, 2>(11, 17, 700) < bound);
    CHECK(worst_error<fb::int5_g64, 1, 1>(2, 16, 64) < bound);
    CHECK(worst_error<fb::int6_g64, 1, 2>(16, 16, 100) < bound);
    CHECK(worst_error<fb::int2_g32, 1, 1>(3, 16, 33) < bound);
    CHECK(worst_error<fb::mxfp4, 2, 1>(1, 40, 256) < bound);
    CHECK(worst_error<fb::mxfp6_e2m3, 1, 1>(4, 16, 96) < bound);
    CHECK(worst_error<fb::mxfp8_e4m3, 1, 1>(4, 16, 1) < bound);
    CHECK(worst_error<fb::mxfp8_e5m2, 1, 1>(4, 16, 257) < bound);
    CHECK(worst_error<fb::mxint8, 1, 1>(4, 16, 257) < bound);
    CHECK(worst_error<fb::nvfp4, 1, 1>(8, 48, 1040) < bound);
    CHECK(worst_error<fb::nf4_b64, 1, 1>(2, 20, 700) < bound);
    CHECK(worst_error<fb::nf4_b64, 3, 2>(13, 16, 640) < bound);
    CHECK(worst_error<fb::iq4_nl, 1, 1>(7, 16, 320) < bound);
    CHECK(worst_error<fb::q8_0, 1, 1>(3, 31, 320) < bound);
    CHECK(worst_error<fb::e4m3_row, 2, 2>(9, 5, 50) < bound);
    CHECK(worst_error<fb::e4m3_tile_128x128, 2, 1>(3, 150, 200) < bound);
    CHECK(worst_error<fb::q6_k, 1, 1>(3, 16, 512) < bound);
}

TEST_CASE("a NaN among the weights or their scales makes the row NaN, and no other") {
    using F = fb::mxfp8_e4m3;
    auto w = random_matrices::random_matrix<F>(20, 100, 1);
    fb::store_code(w.storage().row_codes(3), 99 * 8, 8, 0x7F);
    w.storage().scales().set(17, 2, fb::e8m0::from_bits(0xFF));
    packed_weights<F> const packed(w);
    for (std::size_t r = 0; r < 20; ++r) CHECK(std::isnan(packed.factors[r]) == (r == 3 || r == 17));
}

namespace {

/// The machine without some of its barriers.
class careless_machine : public simt::machine {
public:
    using simt::machine::machine;
    void barrier() {}
};

}  // namespace

TEST_CASE("the emulator sees that the sums of warps, and a table, need their barriers") {
    // Planted: without barriers threads add up, or look up, what others have not stored yet.
    CHECK_FALSE((worst_error<fb::int4_g128, 1, 1, careless_machine>(1, 21, 300) < 1e-5));
    CHECK_FALSE((worst_error<fb::nf4_b64, 1, 1, careless_machine>(1, 21, 300) < 1e-5));
}
