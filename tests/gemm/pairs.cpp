// Every pair of formats through erased operands: the definition, the exact product, prepacked weights and threads agree.

#include <catch2/catch.hpp>

#include <vector>

#include <fewbits/parallel/threads.hpp>

#include "exact_dot.hpp"
#include "targets.hpp"

using namespace gemm_test;

namespace {

/// On every target: one result for plain and packed weights and any threads; an integer pair's is the reference's.
void check_pair(subject const& a, subject const& w) {
    INFO(a.name << " x " << w.name);
    bool const exact = fb::is_exact_pair(a.plain.facts(), w.plain.facts());
    std::vector<std::vector<float>> results{multiply(a.plain, w.plain, {.target = fb::target_choice::reference})};
    CHECK(same_bits(results[0], multiply(a.packed, w.packed, {.target = fb::target_choice::reference})));
    for (fb::target_choice const target : targets_here()) {
        INFO(name_of(target));
        auto y = multiply(a.plain, w.plain, {.target = target});
        CHECK(same_bits(y, multiply(a.plain, w.packed, {.target = target})));
        CHECK(same_bits(y, multiply(a.packed, w.packed, {.executor = fb::threads(2), .target = target})));
        if (exact) CHECK(same_bits(y, results[0]));
        results.push_back(std::move(y));
    }
    std::size_t outside = 0;
    for (std::size_t m = 0; m < a.plain.rows(); ++m) {
        for (std::size_t n = 0; n < w.plain.rows(); ++n) {
            exact_result const dot = exact_dot(a.plain, m, w.plain, n);
            for (auto const& y : results) outside += within_bound(y[m * w.plain.rows() + n], dot) ? 0U : 1U;
        }
    }
    CHECK(outside == 0);
}

/// The element sums of an integer pair as SEMANTICS spells them, with the standard library's fma.
std::vector<float> by_hand(fb::operand const& a, fb::operand const& w) {
    std::vector<float> y;
    for (std::size_t m = 0; m < a.rows(); ++m) {
        for (std::size_t n = 0; n < w.rows(); ++n) {
            float sum = 0.0F;
            for (std::size_t k = 0; k < a.cols();) {
                float scale_a = 0;
                float scale_w = 0;
                a.read_scales(m, 1, k, &scale_a);
                w.read_scales(n, 1, k, &scale_w);
                std::size_t const end = fb::shared_group_end(a.facts(), w.facts(), k, a.cols());
                double dot = 0;
                for (; k < end; ++k) {
                    dot += static_cast<double>(a.at(fb::reading::elements, m, k)) *
                           static_cast<double>(w.at(fb::reading::elements, n, k));
                }
                sum = std::fma(static_cast<float>(dot), fb::mul_rn(scale_a, scale_w), sum);
            }
            y.push_back(sum);
        }
    }
    return y;
}

}  // namespace

TEST_CASE("every pair: small and ragged") {
    for (std::size_t const k : {std::size_t{1}, std::size_t{70}}) {
        auto const activations = all_subjects(3, k, 11);
        auto const weights = all_subjects(5, k, 500);
        for (auto const& a : activations) {
            for (auto const& w : weights) check_pair(a, w);
        }
    }
}

TEST_CASE("every integer pair is what the text says, to the bit, over several blocks, groups and chunks") {
    auto const activations = all_subjects(13, 549, 3);
    auto const weights = all_subjects(37, 549, 900);
    std::size_t pairs = 0;
    for (auto const& a : activations) {
        for (auto const& w : weights) {
            if (!fb::is_exact_pair(a.plain.facts(), w.plain.facts())) continue;
            INFO(a.name << " x " << w.name);
            auto const y = multiply(a.plain, w.plain, {.target = fb::target_choice::reference});
            for (fb::target_choice const target : targets_here()) {
                INFO(name_of(target));
                CHECK(same_bits(y, multiply(a.plain, w.plain, {.target = target})));
                CHECK(same_bits(y, multiply(a.plain, w.packed, {.executor = fb::threads(3), .target = target})));
            }
            if ((pairs++ % 16) == 0) CHECK(same_bits(y, by_hand(a.plain, w.plain)));
        }
    }
    CHECK(pairs > 100);
}

TEST_CASE("every format against float and itself at sizes beyond one block") {
    auto const activations = all_subjects(197, 389, 5);
    auto const weights = all_subjects(203, 389, 700);
    for (std::size_t i = 0; i < activations.size(); ++i) {
        INFO(activations[i].name);
        for (fb::target_choice const target : targets_here()) {
            INFO(name_of(target));
            auto const y = multiply(activations[i].plain, weights[i].plain, {.target = target});
            CHECK(same_bits(y, multiply(activations[i].plain, weights[i].packed, {.executor = fb::threads(3), .target = target})));
            for (std::size_t const row : {std::size_t{0}, std::size_t{191}, std::size_t{192}, std::size_t{196}}) {
                for (std::size_t const column : {std::size_t{0}, std::size_t{31}, std::size_t{160}, std::size_t{202}}) {
                    auto const exact = exact_dot(activations[i].plain, row, weights[i].plain, column);
                    CHECK(within_bound(y[row * 203 + column], exact));
                }
            }
        }
    }
}

TEST_CASE("K of many chunks and windows of scales, one row and a few") {
    std::size_t const k = 4200;
    auto const weights = all_subjects(19, k, 800);
    for (std::size_t const m : {std::size_t{1}, std::size_t{5}}) {
        auto const activations = all_subjects(m, k, 900);
        for (std::size_t i = 0; i < weights.size(); ++i) {
            for (subject const& a : activations) {
                if (a.name != "float" && a.name != "int8_g32" && a.name != weights[i].name) continue;
                INFO(m << " x " << a.name << " x " << weights[i].name);
                for (fb::target_choice const target : targets_here()) {
                    INFO(name_of(target));
                    auto const y = multiply(a.plain, weights[i].packed, {.target = target});
                    std::size_t outside = 0;
                    for (std::size_t n = 0; n < 19; n += 9) {
                        outside += !within_bound(y[(m - 1) * 19 + n], exact_dot(a.plain, m - 1, weights[i].plain, n));
                    }
                    CHECK(outside == 0);
                }
            }
        }
    }
}
