// The product with dense bf16 weights, turned into vectors of pairs, in AMX tiles; few rows of activations stay with AVX-512.
#pragma once

#include <cstddef>
#include <string_view>

#include "../avx512/dense_product.hpp"
#include "bf16_product.hpp"
#include "turn_rows.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace amx {

template <class = void>
panel_engine dense_engine(bool split) noexcept {
    panel_engine engine = bf16_engine(split);
    engine.to_pairs = &avx512::to_pairs<avx512::pair_order::as_they_stand>;
    engine.pairs_of_bf16 = &avx512::pairs_of_bf16<avx512::pair_order::as_they_stand>;
    engine.pairs_of_codes = &avx512::words_of_codes<avx512::pair_order::as_they_stand>;
    engine.turn_rows = &turn_rows;
    return engine;
}

/// |error| <= 1e-5 * sum |a||w| of the dequantised operands wherever the elements of both sides, the two bf16 of a float and the
/// products stay within the normal range of fp32 or are 0: tiles take smaller ones for 0. An infinity of w times a number that is
/// taken as two bf16 may be NaN. Sums are rounded in another order than AVX-512's: a row's bits depend on whether M is beyond 7.
struct dense_product {
    using isa = fewbits::isa::amx;
    static constexpr std::size_t vector_rows = 7;  ///< up to which AVX-512 is faster: turning rows for tiles takes longer
    static constexpr std::string_view name = "amx/dense_product";
    static constexpr std::string_view reason =
        "w is dense bf16: pairs of bf16 in AMX tiles, a float on the other side split into two bf16, sums of at most 256 columns, "
        "added up in fp32 over 16384 of K, over 4096 where floats are split, then in double";
    static bool available(processor const& here) noexcept { return bf16_product::available(here); }
    static constexpr bool supports(operand_facts const&, operand_facts const& w) noexcept { return w.dense == dense_form::upper_halves; }
    template <class = void>
    static void run(product const& p) {
        if (p.m() <= vector_rows) return avx512::dense_product::run(p);
        activation_form const form = avx512::bf16_product::form_of(p.a.facts());
        run_panels(p, dense_engine(form.split), form);
    }
};

}  // namespace amx
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
