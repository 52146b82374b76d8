// Hopper's kernel for many rows of FP8 times packed weights, as it is, over the emulator, beside gemm; and with something left out.
#include <catch2/catch.hpp>
#include <cmath>
#include <fewbits/cuda/kernels/packed_product.hpp>
#include <fewbits/cuda/operands/float8_operand.hpp>
#include <fewbits/formats/all_formats.hpp>
#include <fewbits/gemm/gemm.hpp>

#include "any_matrix.hpp"
#include "packed_weights.hpp"

namespace fb = fewbits;

namespace {

using cuda_test::any_matrix;

/// What is left out: a wait for products, one for stages, one of lanes for each other, the order of the activations' columns.
enum class lost { nothing, products, filled, lanes, order };
/// Sums of FP8 in 13 bits where `bits` says so, as Hopper's tensor cores are known to add them.
class careless : public simt::machine {
public:
    static inline lost planted = lost::nothing;
    static inline int bits = 0;

    careless(simt::block& where, unsigned blocks, unsigned thread) : machine(where, blocks, thread) { float8_bits = bits; }
    void wait_phase(std::uint64_t* barrier, unsigned parity) {
        if (planted != lost::filled || warp() >= 16) simt::machine::wait_phase(barrier, parity);
    }
    void warp_barrier() {
        if (planted != lost::lanes) simt::machine::warp_barrier();
    }
    template <int Left, class T, std::size_t Count>
    void wait_products(fb::number<Left> left, T (&d)[Count]) {
        if (planted == lost::products) simt::machine::wait_products(fb::number<Left + 1>{}, d);
        else simt::machine::wait_products(left, d);
    }
};

/// 1 where columns are odd.
std::vector<float> bias_of(std::size_t n) {
    std::vector<float> bias(n);
    for (std::size_t i = 0; i < n; ++i) bias[i] = static_cast<float>(i % 2);
    return bias;
}

/// y, rows of n + 3, with that bias.
template <class A, class W, int Tokens, class Y>
std::vector<Y> multiply(any_matrix<A> const& a, any_matrix<W> const& w, std::size_t k, unsigned blocks, unsigned parts) {
    using weights = fb::fragment_weights<W>;
    using facts = fb::float8_operand<A>;
    constexpr int a_group = static_cast<int>(facts::group);
    using kernel = fb::packed_product<typename facts::element, typename W::element, typename weights::scale_type, weights::group, Y, Tokens,
                                      fb::offset_form::none, 2, a_group>;
    using pack = fb::pack_float8_activations<A, a_group>;
    std::size_t const m = a.rows();
    std::size_t const n = w.rows();
    std::size_t const whole = (m + 3) / 4 * 4;
    packed_weights<W> const packed(w.q);
    std::vector<fb::word4> codes(m * pack::words(k));
    std::vector<float> scales(pack::parts(k) * whole, 1e30F);
    simt::launch<pack>(static_cast<unsigned>(pack::blocks_for(m, k)), 0, {a.side(), codes.data(), scales.data(), k, whole});
    if (careless::planted == lost::order) {
        for (fb::word4& four : codes) std::swap(four.at[1], four.at[2]);
    }
    auto const bias = bias_of(n);
    std::vector<Y> y(m * (n + 3), Y(-4096.0F));
    auto const by_panels = [&](void const* from, std::size_t count, int bytes) {
        std::size_t const row = count * static_cast<std::size_t>(bytes);
        return simt::make_tensor_map(from, weights::panels(n), row, row, kernel::panels, false, static_cast<unsigned>(bytes));
    };
    auto const numbers = [&] {
        if (a_group == 0) return fb::tensor_map{};
        return simt::make_tensor_map(scales.data(), pack::parts(k), m * 4, whole * 4, kernel::numbers, false, Tokens * 4);
    }();
    typename kernel::arguments const arguments{
        .a = simt::make_tensor_map(codes.data(), m, pack::words(k) * 16, pack::words(k) * 16, Tokens),
        .codes = by_panels(packed.codes(), weights::tiles(k), kernel::code_bytes),
        .scales = by_panels(packed.scales(), weights::records(k), kernel::scale_bytes),
        .offsets = {},
        .numbers = numbers,
        .y = y.data(), .factors = packed.factors.data(), .a_scales = scales.data(), .bias = bias.data(), .m = static_cast<int>(m),
        .n = static_cast<int>(n), .steps = static_cast<int>((k + kernel::columns - 1) / kernel::columns), .stride = n + 3};
    simt::launch<kernel, careless>(blocks * parts, kernel::shared_bytes, arguments, 9, parts);
    return y;
}

/// How far a product is from gemm's of the same matrices, at most, in units of sum |a||w| + |bias|; 1e31 for a NaN, or where something outside
/// of y was written.
template <class A, class W, int Tokens, class Y = float>
double worst_error(std::size_t m, std::size_t n, std::size_t k, unsigned blocks = 2, unsigned parts = 1) {
    any_matrix<A> const a(m, k, 1);
    any_matrix<W> const w(n, k, 2);
    auto const y = multiply<A, W, Tokens, Y>(a, w, k, blocks, parts);
    auto const bias = bias_of(n);
    std::vector<float> host(m * n);
    fb::gemm(a.q, w.q, fb::matrix_view<float>(host.data(), m, n), {.bias = bias, .target = fb::target_choice::reference});
    double worst = 0;
    for (std::size_t i = 0; i < m; ++i) {
        for (std::size_t j = 0; j < n + 3; ++j) {
            auto const got = static_cast<double>(static_cast<float>(y[i * (n + 3) + j]));
            double error = got == -4096.0 ? 0.0 : 1e31;
            if (j < n) {
                auto size = static_cast<double>(bias[j]);
                for (std::size_t c = 0; c < k; ++c) size += std::abs(a.value(i, c) * w.value(j, c));
                error = std::abs(static_cast<double>(host[i * n + j]) - got) / size;
            }
            worst = std::max(worst, error <= 1e30 ? error : 1e31);
        }
    }
    return worst;
}

/// Whether something left out is found out: by the machine itself, or by the result.
bool shows(lost planted) {
    careless::planted = planted;
    bool found = true;
    try {
        found = !(worst_error<fb::e4m3_tile_1x128, fb::int4_g32, 32>(9, 250, 700, 1) < 1e-5);
    } catch (simt::kernel_error const&) {
    }
    careless::planted = lost::nothing;
    return found;
}

/// Whether decoded codes of E, of every kind and at every place, are its numbers in units of the decoder's.
template <class E>
bool decodes() {
    using decoder = fb::float8_decoder<E>;
    bool right = true;
    for (unsigned first = 0; first < 1U << E::width; ++first) {
        fb::lane_words<E> words = {};
        unsigned codes[4][4][2];
        fb::unrolled<32>([&](auto c) {
            constexpr int step = c.value / 8;
            constexpr int reg = c.value / 2 % 4;
            constexpr int half = c.value % 2;
            unsigned const code = (first + 5 * c.value) & ((1U << E::width) - 1);
            codes[step][reg][half] = code;
            fb::unrolled<E::width>([&](auto bit) {
                constexpr auto to = fb::fragment_place<E>(step, reg, half, bit.value);
                words[to.word] |= (fb::kernel_code<E>(code) >> bit.value & 1U) << to.bit;
            });
        });
        struct {
        } no_machine;
        fb::unrolled<2>([&](auto step) {
            std::uint32_t fragments[1][4];
            decoder::template decode<step.value>(no_machine, words, fragments);
            for (int r = 0; r < 4; ++r) {
                for (int b = 0; b < 4; ++b) {
                    auto const got = static_cast<float>(decoder::operand::from_bits(fragments[0][r] >> (8 * b) & 0xFFU)) * decoder::unit;
                    unsigned const code = codes[2 * step.value + r / 2][r % 2 + b % 2 * 2][b / 2];
                    right = right && got == static_cast<float>(E::from_bits(code));
                }
            }
        });
    }
    return right;
}

}  // namespace

TEST_CASE("codes become floats of 8 bits by moving their bits") {
    CHECK(decodes<fb::e2m1>());
    CHECK(decodes<fb::e3m2>());
    CHECK(decodes<fb::e2m3>());
    CHECK(decodes<fb::int_n<2>>());
    CHECK(decodes<fb::int_n<3>>());
    CHECK(decodes<fb::int_n<4>>());
    CHECK(decodes<fb::int_n<5>>());
    CHECK(decodes<fb::uint_n<4>>());
    CHECK(decodes<fb::excess_int<4>>());
    CHECK(decodes<fb::ternary>());
    static_assert(fb::has_float8_bytes<fb::e4m3> && fb::has_float8_bytes<fb::e5m2>);
    static_assert(!fb::has_float8_bytes<fb::int_n<6>> && !fb::has_float8_bytes<fb::uint_n<5>> && !fb::has_float8_bytes<fb::nf4>);
    static_assert(!fb::has_float8_bytes<fb::e4m3_ieee> && !fb::has_float8_bytes<fb::e4m3_fnuz> && !fb::has_float8_bytes<fb::e3m4>);
}

TEST_CASE("many rows of FP8 times packed weights are right on every border") {
    double const bound = 1e-5;
    CHECK(worst_error<fb::e4m3_tensor, fb::int4_g128, 128>(130, 280, 200) < bound);
    CHECK(worst_error<fb::e4m3_row, fb::mxfp4, 32>(40, 140, 330) < bound);
    CHECK(worst_error<fb::mxfp8_e5m2, fb::nvfp4, 64>(6, 20, 77) < bound);
    CHECK(worst_error<fb::e4m3_tile_1x128, fb::int4_g32, 32>(33, 257, 264, 3) < bound);
    CHECK(worst_error<fb::e4m3_row, fb::e4m3_row, 32, fb::bf16>(3, 20, 400, 1, 2) < 0x1p-8);  // K shared out among the blocks of a cluster
}

TEST_CASE("sums in few bits of FP8 by packed weights keep their bound") {
    careless::bits = 13;
    double const worst = worst_error<fb::e4m3_row, fb::mxfp4, 32>(20, 20, 512);
    careless::bits = 0;
    CHECK(worst < 0x1p-6);
    CHECK(worst > 1e-6);
}

TEST_CASE("a code that is no number stays in its row of the activations") {
    any_matrix<fb::e4m3_row> a(3, 64, 1);
    fb::store_code(a.q.storage().row_codes(1), 40 * 8, 8, 0x7FU);
    auto const y = multiply<fb::e4m3_row, fb::mxfp4, 32, float>(a, any_matrix<fb::mxfp4>(4, 64, 2), 64, 1, 1);
    for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t j = 0; j < 4; ++j) CHECK((std::abs(y[i * 7 + j]) < 1e30F) == (i != 1));
    }
}

TEST_CASE("what products of FP8 by packed weights wait for they need") {
    CHECK_FALSE(shows(lost::nothing));
    CHECK(shows(lost::filled));
    CHECK(shows(lost::products));
    CHECK(shows(lost::lanes));
    CHECK(shows(lost::order));
}
