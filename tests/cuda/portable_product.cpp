// The product of any pair as the device does it, over the emulator: every way to multiply, its borders, what may not be written.
#include "any_product.hpp"

#include <array>

namespace fb = fewbits;

namespace {

using cuda_test::any_matrix;
using cuda_test::bias_of;
using cuda_test::multiply;
using cuda_test::same_bits;
using cuda_test::worst_error;
using cuda_test::y_gap;

constexpr double bound = 1e-5;

struct int8_g20 final : fb::block_scaled<int8_g20, fb::int_n<8>, fb::along_k(20), float> {};

}  // namespace

TEST_CASE("the device's products keep the bound") {
    CHECK(worst_error<fb::bf16, fb::int4_g128>(70, 130, 256) < bound);
    CHECK(worst_error<fb::bf16, fb::int4_g128>(3, 5, 77) < bound);
    CHECK(worst_error<float, fb::int4_g128>(3, 5, 288) < bound);
    CHECK(worst_error<fb::fp16, fb::mxfp4>(3, 5, 160) < bound);
    CHECK(worst_error<fb::bf16, fb::int8_row>(3, 5, 100) < bound);
    CHECK(worst_error<float, float>(66, 130, 100) < bound);
    CHECK(worst_error<fb::bf16, fb::bf16>(5, 6, 129) < bound);
    CHECK(worst_error<fb::mxfp8_e4m3, fb::mxfp6_e2m3>(5, 6, 96) < bound);
    CHECK(worst_error<fb::e4m3_tile_1x128, fb::e4m3_tile_128x128>(5, 140, 300) < bound);
    CHECK(worst_error<float, fb::q2_k>(5, 6, 256) < bound);
    CHECK(worst_error<fb::int8_column, fb::uint4_g128>(5, 6, 200) < bound);
    CHECK(worst_error<int8_g20, fb::nf4_b64>(5, 6, 100) < bound);
    CHECK(worst_error<fb::e4m3, fb::e3m2>(5, 6, 100) < bound);  // a byte each, as they are
}

TEST_CASE("rows of numbers may lie apart, aligned or not") {
    for (std::size_t const gap : {std::size_t{0}, std::size_t{3}, std::size_t{8}}) {
        for (std::size_t const k : {std::size_t{96}, std::size_t{75}}) {
            CHECK(worst_error(any_matrix<fb::bf16>(5, k, 1, gap), any_matrix<fb::int4_g128>(6, k, 2), k) < bound);
            CHECK(worst_error(any_matrix<float>(5, k, 1), any_matrix<float>(6, k, 2, gap), k) < bound);
        }
    }
}

TEST_CASE("a product over no columns is the bias, and a product without rows nothing") {
    auto const bias = bias_of(4);
    auto const y = multiply(any_matrix<fb::bf16>(2, 0, 1), any_matrix<fb::int4_g128>(4, 0, 2), 0, bias.data());
    auto const integers = multiply(any_matrix<fb::int8_row>(2, 0, 1), any_matrix<fb::int8_row>(4, 0, 2), 0, bias.data());
    for (std::size_t j = 0; j < 4; ++j) {
        CHECK(y[j] == bias[j]);
        CHECK(integers[j + 4 + y_gap] == bias[j]);
    }
    CHECK(fb::portable_product<fb::bf16, fb::int4_g128>::blocks_for(0, 4) == 0);
}

TEST_CASE("results of 16 bits are rounded once") {
    CHECK(same_bits<fb::int8_row, fb::int4_g128, fb::bf16>(20, 40, 448));
    CHECK(same_bits<fb::int8_row, fb::int4_g128, fb::fp16>(20, 40, 448));
    // A tie that the bias, far below, takes away.
    for (float const sign : {1.0F, -1.0F}) {
        std::array<float, 1> const tiny{sign * 0x1p-40F};
        CHECK(fb::result_of<fb::bf16>(1.0F + 0x1p-8F, tiny.data(), 0).bits() == (sign > 0 ? 0x3F81U : 0x3F80U));
        CHECK(fb::result_of<fb::fp16>(1.0F + 0x1p-11F, tiny.data(), 0).bits() == (sign > 0 ? 0x3C01U : 0x3C00U));
    }
}

namespace {

/// Whether y is no number exactly in row `row` (of a) or column `col` (of w), where they are given.
template <class A, class W>
bool spreads(any_matrix<A> const& a, any_matrix<W> const& w, std::size_t k, std::size_t row, std::size_t col) {
    auto const y = multiply(a, w, k, nullptr);
    bool right = true;
    for (std::size_t i = 0; i < a.rows(); ++i) {
        for (std::size_t j = 0; j < w.rows(); ++j) {
            bool const finite = std::abs(y[i * (w.rows() + y_gap) + j]) <= std::numeric_limits<float>::max();
            right = right && finite == !(i == row || j == col);
        }
    }
    return right;
}

/// Sets element (2, 70) of F to a code.
template <class F>
any_matrix<F> with_code(unsigned code) {
    any_matrix<F> q(5, 90, 3);
    fb::store_code(q.q.storage().row_codes(2), 70 * F::element::width, F::element::width, code);
    return q;
}

}  // namespace

TEST_CASE("what is no number stays in its row and column") {
    std::size_t const k = 90;
    std::size_t const none = 99;
    any_matrix<fb::bf16> const plain(4, k, 1);
    CHECK(spreads(plain, with_code<fb::mxfp8_e4m3>(0x7F), k, none, 2));
    CHECK(spreads(plain, with_code<fb::mxfp8_e4m3>(0xFF), k, none, 2));
    CHECK(spreads(plain, with_code<fb::mxfp8_e5m2>(0x7C), k, none, 2));  // infinity
    CHECK(spreads(plain, with_code<fb::mxfp8_e5m2>(0xFE), k, none, 2));
    auto scale = any_matrix<fb::mxfp4>(5, k, 3);
    scale.q.storage().scales().set(2, 1, fb::e8m0::from_bits(255));
    CHECK(spreads(plain, scale, k, none, 2));
    for (float const x : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
        any_matrix<float> floats(4, k, 1);
        floats.first()[k + 89] = x;
        CHECK(spreads(floats, any_matrix<fb::mxfp4>(5, k, 3), k, 1, none));
    }
    // The largest numbers are rounded to no infinity.
    any_matrix<float> huge(4, k, 1);
    huge.first()[k + 89] = std::numeric_limits<float>::max();
    any_matrix<float> small(5, k, 3);
    for (std::size_t j = 0; j < 5; ++j) small.first()[j * k + 89] = 0.3F;
    CHECK(spreads(huge, small, k, none, none));
}

TEST_CASE("each format is multiplied the way that is meant for it") {
    static_assert(fb::is_exact_product<fb::int8_row, fb::q6_k>);
    static_assert(!fb::is_exact_product<fb::int8_row, fb::int8_column> && !fb::is_exact_product<fb::int8_row, fb::uint4_g128>);
    static_assert(!fb::is_exact_product<fb::bf16, fb::int8_row> && !fb::is_exact_product<fb::mxfp4, fb::int8_row>);
    using fb::operand_form;
    static_assert(fb::product_operand<fb::nvfp4, false>::form == operand_form::elements && fb::product_operand<fb::nvfp4, false>::terms == 1);
    static_assert(fb::product_operand<fb::nf4_b64, false>::form == operand_form::elements && fb::product_operand<fb::nf4_b64, false>::terms == 2);
    static_assert(fb::product_operand<fb::iq4_nl, false>::form == operand_form::elements && fb::product_operand<fb::iq4_nl, false>::terms == 1);
    static_assert(fb::product_operand<fb::q4_k, false>::form == operand_form::values && fb::product_operand<fb::q4_k, false>::terms == 2);
    static_assert(fb::product_operand<fb::int8_column, false>::form == operand_form::values);
    static_assert(fb::product_operand<float, false>::terms == 2 && fb::product_operand<fb::fp16, false>::terms == 2);
    static_assert(fb::product_operand<fb::bf16, false>::direct && fb::product_operand<fb::int8_row, true>::direct);
    SUCCEED();
}

namespace {

/// Machines on which something is left out.
class without_barriers : public simt::machine {
public:
    using simt::machine::machine;
    void barrier() {}
};
class waits_for_less : public simt::machine {
public:
    using simt::machine::machine;
    template <int Left>
    void copy_wait(fb::number<Left>) {
        simt::machine::copy_wait(fb::number<Left + 1>{});
    }
};
/// Takes operands for matrices whose rows lie as they are, in order.
class knows_no_order : public simt::machine {
public:
    using simt::machine::machine;
    void load_matrices(std::uint32_t (&out)[4], std::byte const* row) {
        auto const at = static_cast<std::size_t>(row - shared());
        simt::machine::load_matrices(out, shared() + (at ^ at / 128 % 8 * 16));
    }
};
class forgets_the_second_term : public simt::machine {
public:
    using simt::machine::machine;
    void multiply_bf16(float (&d)[4], std::uint32_t const (&a)[4], std::uint32_t const (&b)[2], float const (&c)[4]) {
        if (++count_ % 16 < 4) simt::machine::multiply_bf16(d, a, b, c);
        else simt::machine::multiply_bf16(d, a, {}, c);
    }

private:
    unsigned count_ = 0;
};

}  // namespace

TEST_CASE("the emulator sees that tiles need their barriers, waits and places") {
    CHECK_FALSE((worst_error<fb::bf16, fb::int4_g128, without_barriers>(70, 70, 256) < bound));
    CHECK_FALSE((worst_error<fb::bf16, fb::int4_g128, waits_for_less>(70, 70, 256) < bound));
    CHECK_FALSE((worst_error<fb::bf16, fb::int4_g128, knows_no_order>(5, 6, 96) < bound));
    CHECK_FALSE((worst_error<float, float, forgets_the_second_term>(5, 6, 96) < bound));
}
