// The product where the weights' elements are sums of two or three bf16, in AMX tiles; few rows of activations stay with AVX-512.
#pragma once

#include <string_view>

#include "../avx512/widened_product.hpp"
#include "bf16_product.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace amx {

/// An element w becomes w0 + w1, all but 6e-6 of it, where a is exact in bf16: products a * w0 and a * w1. Where a is split, a0 + a1 being
/// all but 2^-17 = 7.6e-6 of it, w becomes w0 + w1 + w2, all but 2^-26 of it: a0 and a1 times w0 and w1, and a0 * w2; a1 * w2 is
/// at most 2^-26 of the product. fp32's roundings, 2^-24 each, come on top: in groups of 64 columns up to ten of a sum in tiles, 17
/// within the largest product of tiles, nine of y on the way to double, all of them 2.2e-6 if none cancels.
template <class = void>
panel_engine codebook_engine(bool split) noexcept {
    panel_engine engine = bf16_engine(split);
    engine.terms = split ? 3 : 2;
    engine.line_widths = 0;
    engine.fold = nullptr;
    engine.multiply_folded = nullptr;
    return engine;
}

/// Sums are rounded in another order than AVX-512's: a row's bits depend on whether M is beyond 3.
struct codebook_product {
    using isa = fewbits::isa::amx;
    static constexpr std::string_view name = "amx/codebook_product";
    static constexpr std::string_view reason =
        "w's elements are nearly sums of two bf16: pairs of bf16 in AMX tiles, two products for each bf16 on the other side, five for each "
        "float, which is split into two bf16";
    static bool available(processor const& here) noexcept { return bf16_product::available(here); }
    static constexpr bool supports(operand_facts const& a, operand_facts const& w) noexcept {
        return w.near_bf16_sums && !is_exact_pair(a, w);
    }
    template <class = void>
    static void run(product const& p) {
        if (p.m() <= 3) return avx512::widened_product::run(p);
        activation_form const form = avx512::bf16_product::form_of(p.a.facts());
        run_panels(p, codebook_engine(form.split), form);
    }
};

}  // namespace amx
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
