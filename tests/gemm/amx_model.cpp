// The AMX kernels over a model of the tile registers: their logic is tested wherever AVX-512 is, their instructions where AMX is.

#include <catch2/catch.hpp>

#include <vector>

#include <fewbits/parallel/threads.hpp>

#if defined(__x86_64__)

#include "exact_dot.hpp"
#include "targets.hpp"
#include "tile_model.hpp"

using namespace gemm_test;

namespace {

/// What gemm would do on a processor with AMX; false where no AMX kernel takes the pair.
bool multiply_in_tiles(fb::operand const& a, fb::operand const& w, fb::executor run_on, std::vector<float>& y) {
    y.assign(a.rows() * w.rows(), -7.0F);
    fb::product const p{a, w, y.data(), w.rows(), nullptr, &fb::finish_row<float>, run_on, 0};
    if (fb::amx::integer_product::supports(a.facts(), w.facts())) {
        fb::run_panels(p, fb::amx::integer_engine<model_tiles>(), {.apart = true});
        return true;
    }
    if (!fb::amx::bf16_product::supports(a.facts(), w.facts())) return false;
    fb::activation_form const form = fb::avx512::bf16_product::form_of(a.facts());
    fb::run_panels(p, fb::amx::bf16_engine<model_tiles>(form.split), form);
    return true;
}

void check_pair(subject const& a, subject const& w) {
    INFO(a.name << " x " << w.name);
    std::vector<float> y;
    std::vector<float> packed;
    if (!multiply_in_tiles(a.plain, w.plain, {}, y)) return;
    multiply_in_tiles(a.plain, w.packed, fb::threads(2), packed);
    CHECK(same_bits(y, packed));
    if (fb::is_exact_pair(a.plain.facts(), w.plain.facts())) {
        std::vector<float> reference(y.size());
        fb::gemm(a.plain, w.plain, fb::matrix_view<float>(reference.data(), a.plain.rows(), w.plain.rows()),
                 {.target = fb::target_choice::portable});
        CHECK(same_bits(y, reference));
        return;
    }
    std::size_t outside = 0;
    for (std::size_t m = 0; m < a.plain.rows(); m += 3) {
        for (std::size_t n = 0; n < w.plain.rows(); n += 5) {
            outside += within_bound(y[m * w.plain.rows() + n], exact_dot(a.plain, m, w.plain, n)) ? 0U : 1U;
        }
    }
    CHECK(outside == 0);
}

}  // namespace

TEST_CASE("AMX kernels over modelled tiles: ragged shapes of every pair they take") {
    if (!fb::this_processor().avx512_bf16) return;
    struct shape {
        std::size_t m, n, k, step;
    };
    for (shape const s : {shape{5, 17, 70, 3}, shape{37, 83, 549, 17}, shape{16, 64, 1100, 29}}) {
        auto const activations = all_subjects(s.m, s.k, 21);
        auto const weights = all_subjects(s.n, s.k, 800);
        for (std::size_t i = 0; i < activations.size(); ++i) {
            for (std::size_t j = i % s.step; j < weights.size(); j += s.step) check_pair(activations[i], weights[j]);
        }
    }
}

TEST_CASE("the processor's own tiles agree with their model") {
    if (!fb::this_processor().amx) return;
    auto const check = [](std::size_t activations, std::size_t weights) {
        subject const a = subject_of(activations, 37, 549, 5);
        subject const w = subject_of(weights, 83, 549, 6);
        std::vector<float> model;
        if (!multiply_in_tiles(a.plain, w.plain, {}, model)) return;
        INFO(a.name << " x " << w.name);
        std::vector<float> y(model.size());
        fb::gemm(a.plain, w.plain, fb::matrix_view<float>(y.data(), 37, 83), {.target = fb::target_choice::amx});
        CHECK(same_bits(y, model));
    };
    for (std::size_t i = 0; i < subject_count(); ++i) {
        for (std::size_t j = i % 5; j < subject_count(); j += 5) check(i, j);
    }
}

#endif
