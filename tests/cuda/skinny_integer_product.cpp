// The integer kernel for few rows, as it is, over the emulator, against the host's product: the same bits.
#include <catch2/catch.hpp>
#include <cstring>
#include <fewbits/cuda/kernels/skinny_integer_product.hpp>
#include <fewbits/fewbits.hpp>
#include <random>
#include <simt/machine.hpp>

namespace fb = fewbits;

namespace {

std::size_t up(std::size_t n, std::size_t to) { return (n + to - 1) / to; }

template <class F>
fb::quantized_matrix<F> random_matrix(std::size_t rows, std::size_t cols, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(rows * cols);
    for (float& x : values) x = normal(random) * (random() % 8 == 0 ? 20.0F : 1.0F);
    return fb::quantize<F>(fb::matrix_view<const float>(values.data(), rows, cols));
}

template <class F>
int integer(fb::quantized_matrix<F> const& q, std::size_t r, std::size_t c) {
    return r < q.rows() && c < q.cols() ? F::element::codec::to_integer(q.code(r, c)) : 0;
}

template <class W>
std::vector<fb::word4> pack_codes(fb::quantized_matrix<W> const& w) {
    using tile = fb::byte_tile<typename W::element>;
    std::size_t const tiles = up(w.cols(), 64);
    std::vector<fb::word4> out(up(w.rows(), 16) * tiles * tile::bytes / 16);
    auto* const words = &out[0].at[0];
    for (std::size_t block = 0; block < up(w.rows(), 16) * tiles; ++block) {
        for (int i = 0; i < 32 * 32; ++i) {
            int const lane = i / 32, step = i / 16 % 2, reg = i / 4 % 4, byte = i % 4;
            auto const at = fb::place_a8(lane, reg, byte);
            std::size_t const r = block / tiles * 16 + static_cast<std::size_t>(at.row);
            std::size_t const c = block % tiles * 64 + static_cast<std::size_t>(step * 32 + at.col);
            auto const code = static_cast<unsigned>(integer(w, r, c) + fb::byte_bias<typename W::element>);
            for (int bit = 0; bit < tile::width; ++bit) {
                auto const place = tile::place_of(step, reg, byte, bit);
                words[block * tile::words + tile::word_at(place.word, lane)] |= (code >> bit & 1U) << place.bit;
            }
        }
    }
    return out;
}

/// Activations as the operand B, their scales and their sums, for groups of `group` columns.
template <int Tiles>
struct packed_activations {
    std::vector<fb::word2> operand;
    std::vector<float> scales;
    std::vector<std::int32_t> totals;

    template <class A>
    packed_activations(fb::quantized_matrix<A> const& a, std::size_t group) {
        std::size_t const groups = up(a.cols(), group);
        operand.resize(up(a.cols(), 64) * 2 * Tiles * 32);
        for (std::size_t i = 0; i < operand.size(); ++i) {
            for (int b = 0; b < 8; ++b) {
                auto const at = fb::place_b8(static_cast<int>(i % 32), b / 4, b % 4);
                std::size_t const n = i / 32 % Tiles * 8 + static_cast<std::size_t>(at.row);
                std::size_t const c = i / 32 / Tiles * 32 + static_cast<std::size_t>(at.col);
                operand[i].at[b / 4] |= (static_cast<std::uint32_t>(integer(a, n, c)) & 0xFFU) << b % 4 * 8;
            }
        }
        for (std::size_t g = 0; g < groups; ++g) {
            for (std::size_t r = 0; r < a.rows(); ++r) scales.push_back(a.scale(r, g * group));
            for (std::size_t r = 0; r < 8 * Tiles; ++r) {
                std::int32_t total = 0;
                for (std::size_t c = g * group; c < std::min((g + 1) * group, a.cols()); ++c) total += integer(a, r, c);
                totals.push_back(total);
            }
        }
    }
};

/// Group: of the refinement of both sides' groups.
template <class A, class W, int Group, int Tiles>
bool same_bits(std::size_t m, std::size_t n, std::size_t k) {
    using kernel = fb::skinny_integer_product<typename W::element, float, Group, Tiles>;
    auto const a = random_matrix<A>(m, k, 1);
    auto const w = random_matrix<W>(n, k, 2);
    std::size_t const group = Group == 0 ? k : Group;
    std::size_t const groups = up(k, group);
    std::size_t const records = up(groups, kernel::per_tile);
    auto const codes = pack_codes(w);
    packed_activations<Tiles> const operand(a, group);
    std::vector<fb::scale_pairs<float, kernel::per_tile>> scales(up(n, 16) * records * 8);
    for (std::size_t r = 0; r < n; ++r) {
        for (std::size_t g = 0; g < groups; ++g) {
            auto& record = scales[(r / 16 * records + g / kernel::per_tile) * 8 + r % 8];
            record.at[g % kernel::per_tile * 2 + r % 16 / 8] = fb::bit_cast<std::uint32_t>(w.scale(r, g * group));
        }
    }
    std::vector<float> const factors(n, 1.0F);
    std::vector<float> bias(n);
    for (std::size_t i = 0; i < n; ++i) bias[i] = static_cast<float>(i) * 0.37F - 3;
    std::vector<float> y(m * n, -1e30F);
    typename kernel::arguments const arguments{
        .codes = reinterpret_cast<std::byte const*>(codes.data()), .scales = scales.data(), .operand = operand.operand.data(),
        .a_scales = operand.scales.data(), .totals = operand.totals.data(), .y = y.data(), .bias = bias.data(),
        .factors = factors.data(), .rows = static_cast<int>(n), .count = static_cast<int>(m), .tiles = static_cast<int>(up(k, 64)),
        .groups = static_cast<int>(groups), .stride = n};
    simt::launch<kernel>(static_cast<unsigned>(up(n, 16)), kernel::shared_bytes, arguments, 11);
    std::vector<float> expected(m * n);
    fb::gemm(a, w, fb::matrix_view<float>(expected.data(), m, n), {.bias = bias, .target = fb::target_choice::reference});
    return std::memcmp(y.data(), expected.data(), y.size() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("integer products of few rows have the host's bits") {
    CHECK(same_bits<fb::int8_row, fb::int8_row, 0, 1>(1, 16, 64));
    CHECK(same_bits<fb::int8_row, fb::int8_row, 0, 1>(8, 37, 1000));
    CHECK(same_bits<fb::int8_row, fb::bitnet, 0, 2>(11, 20, 2100));
    CHECK(same_bits<fb::int8_g128, fb::int4_g128, 128, 1>(3, 33, 1100));
    CHECK(same_bits<fb::int8_row, fb::int4_g128, 128, 1>(5, 16, 8500));
    CHECK(same_bits<fb::q8_0, fb::int4_g32, 32, 1>(2, 18, 4800));
    CHECK(same_bits<fb::q8_0, fb::int2_g32, 32, 2>(16, 16, 64));
    CHECK(same_bits<fb::int8_row, fb::int3_g64, 64, 1>(7, 40, 700));
    CHECK(same_bits<fb::int8_row, fb::int5_g64, 64, 1>(1, 16, 130));
    CHECK(same_bits<fb::int8_row, fb::int6_g64, 64, 2>(9, 16, 200));
    CHECK(same_bits<fb::q8_0, fb::q4_0, 32, 1>(4, 16, 320));
}
