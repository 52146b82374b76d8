// The definition of gemm, for any pair of operands: element by element through the matrices' own accessors.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "../../bits/rounded.hpp"
#include "../product.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace reference {

/// Both operands exact integers: per common group p is exact (a double holds such sums up to K = 2^37), then
/// y = fma(f(p), f(sa*sw), y) from +0.
inline double sum_integers(product const& p, std::size_t m, std::size_t n, float const* a, float const* w) {
    float y = 0.0F;
    for (std::size_t k = 0; k < p.k();) {
        std::size_t const end = shared_group_end(p.a.facts(), p.w.facts(), k, p.k());
        float scale_a = 0.0F;
        float scale_w = 0.0F;
        p.a.read_scales(m, 1, k, &scale_a);
        p.w.read_scales(n, 1, k, &scale_w);
        double dot = 0.0;
        for (; k < end; ++k) dot += static_cast<double>(a[k]) * static_cast<double>(w[k]);
        y = fma_rn(static_cast<float>(dot), mul_rn(scale_a, scale_w), y);
    }
    return static_cast<double>(y);
}

/// Any other pair: each product of two dequantised values is exact in double; the sum is in ascending k, in double.
inline double sum_values(std::size_t depth, float const* a, float const* w) {
    double sum = 0.0;
    for (std::size_t k = 0; k < depth; ++k) sum += static_cast<double>(a[k]) * static_cast<double>(w[k]);
    return sum;
}

inline void multiply(product const& p) {
    bool const exact = is_exact_pair(p.a.facts(), p.w.facts());
    reading const what = exact ? reading::elements : reading::values;
    std::size_t const depth = p.k();
    std::size_t const rows_at_once = std::clamp<std::size_t>((std::size_t{1} << 22) / depth, 1, p.m());
    auto const read = [&](operand const& from, std::size_t row, float* out) {
        for (std::size_t k = 0; k < depth; ++k) out[k] = from.at(what, row, k);
    };
    std::vector<float> a(rows_at_once * depth);
    for (std::size_t first = 0; first < p.m(); first += rows_at_once) {
        std::size_t const rows = std::min(rows_at_once, p.m() - first);
        p.run_on.run(rows, [&](std::size_t i) { read(p.a, first + i, a.data() + i * depth); });
        std::size_t const stripe = 8;
        p.run_on.run((p.n() + stripe - 1) / stripe, [&](std::size_t s) {
            std::vector<float> w(depth);
            for (std::size_t n = s * stripe; n < std::min(p.n(), (s + 1) * stripe); ++n) {
                read(p.w, n, w.data());
                for (std::size_t i = 0; i < rows; ++i) {
                    float const* const row = a.data() + i * depth;
                    double const sum = exact ? sum_integers(p, first + i, n, row, w.data())
                                             : sum_values(depth, row, w.data());
                    p.finish(p, first + i, n, 1, &sum);
                }
            }
        });
    }
}

struct any_pair {
    using isa = fewbits::isa::reference;
    static constexpr std::string_view name = "reference/any_pair";
    static constexpr std::string_view reason = "the definition, for every pair";
    static constexpr bool available(processor const&) noexcept { return true; }
    static constexpr bool supports(operand_facts const&, operand_facts const&) noexcept { return true; }
    template <class = void>
    static void run(product const& p) { multiply(p); }
};

}  // namespace reference
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
