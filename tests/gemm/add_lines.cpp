// Rows times codes of 1 and 2 bits, where a kernel may look sums up instead of multiplying: the reference's bits, at every extreme.

#include <catch2/catch.hpp>

#include <vector>

#include "targets.hpp"

using namespace gemm_test;

namespace {

// clang-format off
struct bits_row final : fb::block_scaled<bits_row, fb::int_n<1>, fb::per_row, float> {};
struct bits_g32 final : fb::block_scaled<bits_g32, fb::int_n<1>, fb::along_k(32), float> {};
struct bits_g16 final : fb::block_scaled<bits_g16, fb::uint_n<1>, fb::along_k(16), fb::fp16> {};
struct pairs_row final : fb::block_scaled<pairs_row, fb::int_n<2>, fb::per_row, float> {};
struct unsigned_pairs_row final : fb::block_scaled<unsigned_pairs_row, fb::uint_n<2>, fb::per_row, float> {};
struct pairs_g128 final : fb::block_scaled<pairs_g128, fb::uint_n<2>, fb::along_k(128), float> {};
struct trits_g256 final : fb::block_scaled<trits_g256, fb::ternary, fb::along_k(256), fb::fp16> {};
// clang-format on

enum class activations { random, lowest, highest, alternating };

template <class A>
fb::quantized_matrix<A> filled(activations how, std::size_t cols) {
    auto a = random_matrix<A>(1, cols, 3);
    for (std::size_t k = 0; k < cols && how != activations::random; ++k) {
        bool const lowest = how == activations::lowest || (how == activations::alternating && k % 3 == 0);
        fb::store_code(a.storage().row_codes(0), k * 8, 8, lowest ? 0x80U : 0x7FU);
    }
    return a;
}

template <class W>
void set_all_codes(fb::quantized_matrix<W>& w, unsigned code) {
    for (std::size_t r = 0; r < w.rows(); ++r) {
        for (std::size_t k = 0; k < w.cols(); ++k) fb::store_code(w.storage().row_codes(r), k * W::element::width, W::element::width, code);
    }
}

template <class A, class W>
void check(fb::quantized_matrix<W> const& w) {
    auto const packed = fb::prepack(w);
    for (activations const how : {activations::random, activations::lowest, activations::highest, activations::alternating}) {
        auto const a = filled<A>(how, w.cols());
        auto const expected = multiply(fb::make_operand(a), fb::make_operand(w), {.target = fb::target_choice::reference});
        for (fb::target_choice const target : targets_here()) {
            INFO(W::name << ' ' << w.rows() << " x " << w.cols() << ' ' << name_of(target) << ' ' << static_cast<int>(how));
            CHECK(same_bits(multiply(fb::make_operand(a), fb::make_operand(packed), {.target = target}), expected));
        }
    }
}

template <class A, class W>
void check_shapes() {
    for (auto const [rows, cols] : {std::array<std::size_t, 2>{5, 1}, {16, 15}, {33, 300}, {70, 549}, {17, 1030}}) {
        auto w = random_matrix<W>(rows, cols, 8);
        check<A>(w);
        for (unsigned const code : {1U << (W::element::width - 1), (1U << W::element::width) - 1}) {
            set_all_codes(w, code);
            check<A>(w);
        }
    }
}

}  // namespace

TEST_CASE("one row times codes of one and two bits is the reference's product") {
    check_shapes<fb::int8_row, fb::bitnet>();
    check_shapes<fb::int8_row, bits_row>();
    check_shapes<fb::int8_g32, bits_g32>();
    check_shapes<fb::int8_g32, bits_g16>();
    check_shapes<fb::int8_row, pairs_row>();
    check_shapes<fb::int8_row, unsigned_pairs_row>();
    check_shapes<fb::int8_g128, pairs_g128>();
    check_shapes<fb::int8_g32, trits_g256>();
}
