// The kernel for few rows, as it is, over the emulator, against the exact product.
#include <catch2/catch.hpp>
#include <fewbits/cuda/fragments.hpp>
#include <fewbits/cuda/kernels/pack_skinny.hpp>
#include <fewbits/cuda/kernels/skinny_product.hpp>
#include <fewbits/fewbits.hpp>
#include <cstring>
#include <random>
#include <simt/machine.hpp>

namespace fb = fewbits;

namespace {

std::vector<float> random_numbers(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> numbers(count);
    for (float& x : numbers) x = normal(random);
    return numbers;
}

std::size_t up(std::size_t n, std::size_t to) { return (n + to - 1) / to; }

/// Codes in the order of the kernel; beyond the matrix whatever stands for code 0.
template <class F>
std::vector<fb::word4> packed_codes(fb::quantized_matrix<F> const& w) {
    using tile = fb::fragment_tile<typename F::element>;
    std::size_t const tiles = up(w.cols(), 64);
    std::vector<fb::word4> out(up(w.rows(), 16) * tiles * tile::bytes / 16);
    auto* const words = &out[0].at[0];
    for (std::size_t block = 0; block < up(w.rows(), 16) * tiles; ++block) {
        for (int i = 0; i < 32 * 32; ++i) {
            int const lane = i / 32, step = i / 8 % 4, reg = i / 2 % 4, half = i % 2;
            auto const at = fb::place_a16(lane, reg, half);
            std::size_t const r = block / tiles * 16 + static_cast<std::size_t>(at.row);
            std::size_t const c = block % tiles * 64 + static_cast<std::size_t>(step * 16 + at.col);
            if (r >= w.rows() || c >= w.cols()) continue;
            std::uint32_t code = w.code(r, c);
            if constexpr (fb::has_bf16_pairs<typename F::element>) code = fb::kernel_code<typename F::element>(code);
            for (int bit = 0; bit < tile::width; ++bit) {
                auto const place = tile::place_of(step, reg, half, bit);
                words[block * tile::words + tile::word_at(place.word, lane)] |= (code >> bit & 1U) << place.bit;
            }
        }
    }
    return out;
}

/// The scales of a matrix in the order of the kernel, from the stored ones: S is their type where one level holds them.
template <class F, class Kernel, class S>
auto pack_scales(fb::quantized_matrix<F> const& w) {
    std::size_t const group = F::block.cols == 0 ? w.cols() : F::block.cols;
    std::size_t const per_row = Kernel::per_tile > 1 ? up(w.cols(), 64) : up(w.cols(), group);
    std::vector<fb::scale_pairs<S, Kernel::per_tile>> out(up(w.rows(), 16) * per_row * 8);
    auto* const bytes = reinterpret_cast<std::byte*>(out.data());
    for (std::size_t r = 0; r < w.rows(); ++r) {
        for (std::size_t g = 0; g < up(w.cols(), group); ++g) {
            std::size_t const record = (r / 16 * per_row + g / Kernel::per_tile) * 8 + r % 8;
            std::size_t const at = (record * Kernel::per_tile + g % Kernel::per_tile) * 2 + r % 16 / 8;
            std::uint32_t bits = 0;
            if constexpr (std::is_same_v<S, float>) {
                float unit = 1.0F;
                if constexpr (fb::has_bf16_pairs<typename F::element>) unit = fb::power_of_two(fb::pair_exponent<typename F::element>);
                bits = fb::bit_cast<std::uint32_t>(w.scale(r, g * group) * unit);
            } else {
                bits = w.storage().scales().code(r, g);
            }
            std::memcpy(bytes + at * fb::scale_bytes<S>, &bits, fb::scale_bytes<S>);
        }
    }
    return out;
}

/// Activations as one or two bf16, in the order of the matrix instruction's operand B.
template <int Terms, int Tiles>
std::vector<std::uint32_t> packed_operand(std::vector<float> const& a, std::size_t m, std::size_t k) {
    std::vector<std::uint32_t> out(up(k, 64) * fb::fragment_steps * Tiles * Terms * 64);
    for (std::size_t step = 0; step < up(k, 64) * 4; ++step) {
        for (int n = 0; n < Tiles * Terms; ++n) {
            for (int lane = 0; lane < 32; ++lane) {
                for (int i = 0; i < 4; ++i) {
                    auto const at = fb::place_b16(lane, i / 2, i % 2);
                    std::size_t const row = static_cast<std::size_t>(at.row + n / Terms * 8);
                    std::size_t const col = step * 16 + static_cast<std::size_t>(at.col);
                    float x = row < m && col < k ? a[row * k + col] : 0.0F;
                    fb::bf16 const high{x};
                    fb::bf16 const term = n % Terms == 0 ? high : fb::bf16{x - static_cast<float>(high)};
                    out[((step * Tiles * Terms + static_cast<std::size_t>(n)) * 32 + static_cast<std::size_t>(lane)) * 2 +
                        static_cast<std::size_t>(i / 2)] |= term.bits() << i % 2 * 16;
                }
            }
        }
    }
    return out;
}

/// The device's kernels that pack write what the packers above write.
template <class F>
void check_codes(fb::quantized_matrix<F> const& w, std::vector<fb::word4> const& expected) {
    using kernel = fb::pack_fragments<F>;
    std::vector<fb::word4> codes(expected.size());
    for (auto& word : codes) word = {{~0U, ~0U, ~0U, ~0U}};
    typename kernel::arguments const arguments{fb::quantized_view<F>(w.streams(), w.rows(), w.cols()), &codes[0].at[0], w.rows(), w.cols()};
    simt::launch<kernel>(static_cast<unsigned>(kernel::blocks_for(w.rows(), w.cols())), 0, arguments, 5);
    REQUIRE(std::memcmp(codes.data(), expected.data(), codes.size() * sizeof codes[0]) == 0);
}

template <int Terms, int Tiles>
void check_operand(std::vector<float> const& a, std::size_t m, std::size_t k, std::vector<std::uint32_t> const& expected) {
    using kernel = fb::pack_activations<float, Terms, Tiles>;
    REQUIRE(kernel::size(k) * 2 == expected.size());
    std::vector<fb::word2> operand(kernel::size(k), fb::word2{{~0U, ~0U}});
    typename kernel::arguments const arguments{a.data(), operand.data(), m, k, k};
    simt::launch<kernel>(static_cast<unsigned>(kernel::blocks_for(k)), 0, arguments, 6);
    REQUIRE(std::memcmp(operand.data(), expected.data(), operand.size() * sizeof operand[0]) == 0);
}

template <class F, int Terms, int Tiles, class S = float, class Machine = simt::machine>
double worst_error(std::size_t m, std::size_t n, std::size_t k) {
    using kernel = fb::skinny_product<typename F::element, S, static_cast<int>(F::block.cols), Terms, Tiles>;
    auto const weights = random_numbers(n * k, 1);
    auto a = random_numbers(m * k, 2);
    if (Terms == 1) {
        for (float& x : a) x = static_cast<float>(fb::bf16{x});
    }
    auto const w = fb::quantize<F>(fb::matrix_view<const float>(weights.data(), n, k));
    auto const codes = packed_codes(w);
    check_codes(w, codes);
    auto const scales = pack_scales<F, kernel, S>(w);
    auto const operand = packed_operand<Terms, Tiles>(a, m, k);
    check_operand<Terms, Tiles>(a, m, k, operand);
    auto const bias = random_numbers(n, 3);
    std::vector<float> y(m * (n + 3), -1e30F);
    // The scale of the whole tensor, where the groups' own numbers leave it out.
    float factor = 1.0F;
    if constexpr (!std::is_same_v<S, float> && requires { w.storage().scales().scales(); }) factor = w.storage().scales().scale(0, 0);
    std::vector<float> const factors(n, factor);
    std::size_t const group = F::block.cols == 0 ? k : F::block.cols;
    typename kernel::arguments const arguments{
        .codes = reinterpret_cast<std::byte const*>(codes.data()), .scales = scales.data(),
        .operand = reinterpret_cast<fb::word2 const*>(operand.data()), .y = y.data(), .factors = factors.data(), .bias = bias.data(), .rows = static_cast<int>(n),
        .count = static_cast<int>(m), .tiles = static_cast<int>(up(k, 64)), .groups = static_cast<int>(kernel::per_tile > 1 ? up(k, 64) : up(k, group)), .stride = n + 3};
    simt::launch<kernel, Machine>(static_cast<unsigned>(up(n, 16)), kernel::shared_bytes, arguments, 7);
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
    CHECK(worst_error<fb::nvfp4, 1, 1, fb::e4m3>(8, 48, 1040) < bound);
    CHECK(worst_error<fb::mxfp4, 2, 1, fb::e8m0>(1, 40, 256) < bound);
    CHECK(worst_error<fb::nf4_b64, 1, 1>(2, 20, 700) < bound);
    CHECK(worst_error<fb::nf4_b64, 2, 2>(13, 16, 640) < bound);
    CHECK(worst_error<fb::iq4_nl, 1, 1, fb::fp16>(7, 16, 320) < bound);
    CHECK(worst_error<fb::q8_0, 1, 1, fb::fp16>(3, 31, 320) < bound);
    CHECK(worst_error<fb::e4m3_row, 2, 2>(9, 5, 50) < bound);
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
    CHECK_FALSE((worst_error<fb::int4_g128, 1, 1, float, careless_machine>(1, 21, 300) < 1e-5));
    CHECK_FALSE((worst_error<fb::nf4_b64, 1, 1, float, careless_machine>(1, 21, 300) < 1e-5));
}
