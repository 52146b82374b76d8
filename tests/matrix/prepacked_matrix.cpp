// Prepacked matrices against the ones they were made from: every accessor, every format, ragged shapes, any executor.
#include "gemm/random_matrix.hpp"

#include <fewbits/gemm/prepack.hpp>
#include <fewbits/parallel/threads.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <stdexcept>

namespace fb = fewbits;
using gemm_test::random_matrix;

namespace {

using shape = std::array<std::size_t, 2>;
constexpr shape ragged[] = {{1, 1}, {17, 33}, {33, 70}, {40, 549}, {3, 1300}};

/// Not in the loops over formats: an assertion of Catch2's is the slowest thing here to compile.
void expect_none(std::string_view format, shape of, std::size_t wrong) {
    INFO(format << ' ' << of[0] << " x " << of[1]);
    CHECK(wrong == 0);
}

bool differ(float a, float b) { return std::bit_cast<std::uint32_t>(a) != std::bit_cast<std::uint32_t>(b); }

template <class A, class B>
std::size_t differences(A const& a, B const& b) {
    std::size_t wrong = a.rows() != b.rows() || a.cols() != b.cols() || !std::ranges::equal(a.permutation(), b.permutation());
    for (std::size_t r = 0; wrong == 0 && r < a.rows(); ++r) {
        for (std::size_t c = 0; c < a.cols(); ++c) {
            wrong += a.code(r, c) != b.code(r, c) || differ(a.scale(r, c), b.scale(r, c)) ||
                     differ(a.offset(r, c), b.offset(r, c)) || differ(a.value(r, c), b.value(r, c));
        }
    }
    return wrong;
}

template <class F>
std::size_t different_bytes(fb::prepacked_matrix<F> const& a, fb::prepacked_matrix<F> const& b) {
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < a.streams().size(); ++i) wrong += !std::ranges::equal(a.streams()[i], b.streams()[i]);
    return wrong;
}

/// The lines from the definition, an element at a time.
template <class F>
std::size_t wrong_lines(fb::quantized_matrix<F> const& q, fb::prepacked_matrix<F> const& p) {
    fb::prepacked_matrix<F> defined(q.rows(), q.cols());
    std::ranges::fill(defined.streams()[0], std::byte{0});
    for (std::size_t r = 0; r < q.rows(); ++r) {
        for (std::size_t c = 0; c < q.cols(); ++c) defined.set_code(r, c, q.code(r, c));
    }
    return std::ranges::equal(defined.codes(), p.codes()) ? 0 : 1;
}

}  // namespace

TEST_CASE("a prepacked matrix is the matrix it was made from, element for element", "[matrix]") {
    for (shape const s : ragged) {
        fb::for_each(fb::all_block_formats{}, [&]<class F>() {
            auto q = random_matrix<F>(s[0], s[1], 3);
            std::vector<std::uint32_t> order(s[1]);
            std::iota(order.rbegin(), order.rend(), 0U);
            q.set_permutation(order);
            auto const p = fb::prepack(q);
            std::size_t const parallel = different_bytes(p, fb::prepack(q, fb::threads(3)));
            expect_none(F::name, s, differences(p, q) + wrong_lines(q, p) + parallel);
        });
    }
}

TEST_CASE("bits behind a row's last code stay out of the lines", "[matrix]") {
    fb::for_each(fb::type_list<fb::int3_g32, fb::mxfp4, fb::binary_tensor, fb::int5_g32, fb::tq1_0>{}, [&]<class F>() {
        auto q = random_matrix<F>(5, 37, 3);
        auto const clean = fb::prepack(q);
        for (std::size_t r = 0; r < 5; ++r) {
            std::byte& last = q.storage().row_codes(r)[q.storage().row_bytes() - 1];
            if constexpr (F::trits) last = static_cast<std::byte>(std::to_integer<unsigned>(last) % 9 + 9 * 26);
            else last |= static_cast<std::byte>(0xFFU << (37 * F::element::width % 8) & 0xFFU);
        }
        expect_none(F::name, {5, 37}, different_bytes(clean, fb::prepack(q)));
    });
}

TEST_CASE("every byte of ternary digits is read as the storage reads it", "[matrix]") {
    fb::quantized_matrix<fb::tq1_0> q(16, 1280);
    for (std::size_t i = 0; i < q.codes().size(); ++i) q.storage().row_codes(0)[i] = static_cast<std::byte>(i);
    expect_none(fb::tq1_0::name, {16, 1280}, differences(fb::prepack(q), q));
}

TEST_CASE("a code stored in a prepacked matrix changes nothing else", "[matrix]") {
    fb::for_each(fb::all_block_formats{}, [&]<class F>() {
        auto q = random_matrix<F>(19, 70, 3);
        auto p = fb::prepack(q);
        auto const other = random_matrix<F>(19, 70, 8);
        for (auto const [r, c] : {shape{0, 0}, shape{3, 31}, shape{15, 32}, shape{16, 5}, shape{18, 69}}) {
            unsigned const code = other.code(r, c);
            p.set_code(r, c, code);
            if constexpr (F::trits) fb::store_trit(q.storage().row_codes(r), c, F::element::codec::to_integer(code));
            else fb::store_code(q.storage().row_codes(r), c * F::element::width, F::element::width, code);
        }
        expect_none(F::name, {19, 70}, differences(p, q) + different_bytes(p, fb::prepack(q)));
    });
}

TEST_CASE("empty matrices can be prepacked", "[matrix]") {
    for (shape const s : {shape{0, 0}, shape{0, 33}, shape{33, 0}}) {
        fb::for_each(fb::all_block_formats{}, [&]<class F>() {
            expect_none(F::name, s, differences(fb::prepack(fb::quantized_matrix<F>(s[0], s[1])), fb::quantized_matrix<F>(s[0], s[1])));
        });
    }
}

TEST_CASE("prepacking adds at most 2 % to the size of a large matrix", "[matrix]") {
    for (shape const s : {shape{4096, 4096}, shape{14336, 4096}}) {
        fb::for_each(fb::all_block_formats{}, [&]<class F>() {
            auto const plain = fb::quantized_matrix<F>::stream_sizes(s[0], s[1]);
            auto const packed = fb::prepacked_matrix<F>::stream_sizes(s[0], s[1]);
            auto const before = static_cast<double>(std::accumulate(plain.begin(), plain.end(), std::size_t{0}));
            auto const after = static_cast<double>(std::accumulate(packed.begin(), packed.end(), std::size_t{0}));
            expect_none(F::name, s, after > 1.02 * before ? 1 : 0);
        });
    }
}

TEST_CASE("the sizes of streams are known before there are any", "[matrix]") {
    for (shape const s : ragged) {
        fb::for_each(fb::all_block_formats{}, [&]<class F>() {
            auto const q = random_matrix<F>(s[0], s[1], 3);
            auto const compare = [&](auto const& matrix, std::vector<std::size_t> const& sizes) {
                auto const size_of = [](auto stream) { return stream.size(); };
                return std::ranges::equal(matrix.streams(), sizes, {}, size_of) ? 0U : 1U;
            };
            expect_none(F::name, s, compare(q, q.stream_sizes(s[0], s[1])) + compare(fb::prepack(q), fb::prepacked_matrix<F>::stream_sizes(s[0], s[1])));
        });
    }
    CHECK_THROWS_AS(fb::prepacked_matrix<fb::q8_0>::stream_sizes(std::size_t{1} << 62, 64), std::invalid_argument);
    CHECK_THROWS_AS(fb::prepack(fb::quantized_matrix<fb::q8_0>(2, 32)).set_permutation({1, 1}), std::invalid_argument);
}
