// A permutation of K on the weights, the activations or both: logical columns meet logical columns.

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include <fewbits/parallel/threads.hpp>

#include "exact_dot.hpp"
#include "random_matrix.hpp"

using namespace gemm_test;

namespace {

std::vector<std::uint32_t> random_order(std::size_t count, std::uint32_t seed) {
    std::vector<std::uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0U);
    std::shuffle(order.begin(), order.end(), std::mt19937(seed));
    return order;
}

template <class A, class W>
std::vector<float> multiply(A const& a, W const& w, fb::gemm_options const& options = {}) {
    fb::operand const x = fb::make_operand(a);
    fb::operand const y = fb::make_operand(w);
    std::vector<float> result(x.rows() * y.rows());
    fb::gemm(a, w, fb::matrix_view<float>(result.data(), x.rows(), y.rows()), options);
    return result;
}

/// The values of a matrix in logical column order.
template <class F>
std::vector<float> logical_values(fb::quantized_matrix<F> const& q) {
    std::vector<float> values(q.rows() * q.cols());
    for (std::size_t r = 0; r < q.rows(); ++r) {
        for (std::size_t c = 0; c < q.cols(); ++c) {
            values[r * q.cols() + (q.permutation().empty() ? c : q.permutation()[c])] = q.value(r, c);
        }
    }
    return values;
}

template <class F>
void check(std::vector<float> const& y, std::vector<float> const& a, fb::quantized_matrix<F> const& w, std::size_t m) {
    auto const values = logical_values(w);
    auto const left = fb::make_operand(fb::matrix_view<float const>(a.data(), m, w.cols()));
    auto const right = fb::make_operand(fb::matrix_view<float const>(values.data(), w.rows(), w.cols()));
    std::size_t outside = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
        outside += !within_bound(y[i], exact_dot(left, i / w.rows(), right, i % w.rows()));
    }
    CHECK(outside == 0);
}

}  // namespace

TEST_CASE("a permuted weight meets the activations' logical columns") {
    std::size_t const m = 7;
    std::size_t const n = 35;
    std::size_t const k = 200;
    dense<float> const a(m, k, 1, 0);
    std::vector<float> const values(a.data.begin(), a.data.end());
    fb::for_each(fb::type_list<fb::int4_g128, fb::mxfp4, fb::nf4_b64, fb::uint4_g128>{}, [&]<class F>() {
        INFO(F::name);
        auto w = random_matrix<F>(n, k, 2);
        w.set_permutation(random_order(k, 3));
        auto const y = multiply(a.view(), w);
        check(y, values, w, m);
        check(multiply(a.view(), w, {.target = fb::target_choice::reference}), values, w, m);
        CHECK(y == multiply(a.view(), fb::prepack(w), {.executor = fb::threads(2)}));

        auto const q = random_matrix<fb::mxfp8_e4m3>(m, k, 4);
        check(multiply(q, w), logical_values(q), w, m);
        auto permuted = q;
        permuted.set_permutation(random_order(k, 5));
        check(multiply(permuted, w), logical_values(permuted), w, m);
        permuted.set_permutation(random_order(k, 3));
        check(multiply(permuted, w), logical_values(permuted), w, m);
        auto const plain = random_matrix<F>(n, k, 2);
        check(multiply(permuted, plain), logical_values(permuted), plain, m);
    });
}

TEST_CASE("an integer pair stays to the bit where the activations' scale spans K") {
    std::size_t const k = 300;
    auto const a = random_matrix<fb::int8_row>(9, k, 1);
    auto w = random_matrix<fb::int4_g32>(33, k, 2);
    auto const order = random_order(k, 3);
    w.set_permutation(order);
    fb::quantized_matrix<fb::int8_row> gathered = a;  // a with its columns in the weight's order
    for (std::size_t r = 0; r < 9; ++r) {
        for (std::size_t c = 0; c < k; ++c) fb::store_code(gathered.storage().row_codes(r), c * 8, 8, a.code(r, order[c]));
    }
    auto plain = w;
    plain.set_permutation({});
    auto const expected = multiply(gathered, plain, {.target = fb::target_choice::reference});
    CHECK(multiply(a, w) == expected);
    CHECK(multiply(a, fb::prepack(w), {.executor = fb::threads(3)}) == expected);
    CHECK(multiply(a, w, {.target = fb::target_choice::reference}) == expected);
    // With groups along K on the activations' side the sums no longer group; the bound holds.
    auto const grouped = random_matrix<fb::int8_g32>(9, k, 4);
    check(multiply(grouped, w), logical_values(grouped), w, 9);
    check(multiply(grouped, w, {.target = fb::target_choice::reference}), logical_values(grouped), w, 9);
}
