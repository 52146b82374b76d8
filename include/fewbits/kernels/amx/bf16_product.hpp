// The product where the weights' elements are exact in bf16, in AMX tiles of pairs; few rows of activations stay with AVX-512.
#pragma once

#include <string_view>

#include "../avx512/bf16_product.hpp"
#include "multiply_tiles.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace amx {

template <class = void>
panel_engine bf16_engine(bool split) noexcept {
    panel_engine engine = avx512::bf16_engine(split);
    engine.rows = most_rows;
    engine.panels = panels_at_once;
    engine.vectors = strip_lines;
    engine.blocks = blocks_together;
    engine.most_rows = rows_of_slab;
    engine.multiply = split ? &multiply<avx512::pair_dot<true>> : &multiply<avx512::pair_dot<false>>;
    engine.fold = &avx512::fold;
    engine.multiply_folded = split ? &multiply_folded<true> : &multiply_folded<false>;
    engine.longest = longest_run;
    engine.row_padding = register_rows;
    engine.shares_ahead = true;
    engine.tiled = true;
    engine.flips = false;
    engine.enter = &enter<panel_path::pairs>;
    engine.leave = &release;
    engine.keep_awake = &keep_awake;
    return engine;
}

/// Sums are rounded in another order than AVX-512's, which takes up to three rows: there a row's bits depend on M.
struct bf16_product {
    using isa = fewbits::isa::amx;
    static constexpr std::string_view name = "amx/bf16_product";
    static constexpr std::string_view reason =
        "w's elements are bf16: pairs of bf16 in AMX tiles, a float on the other side split into two bf16, scales that are powers of two "
        "put into the elements, those of whole rows left to the end, others on sums of at most 256 columns";
    static bool available(processor const& here) noexcept { return here.amx && here.avx512_bf16; }
    static constexpr bool supports(operand_facts const& a, operand_facts const& w) noexcept {
        return avx512::bf16_product::supports(a, w);
    }
    template <class = void>
    static void run(product const& p) {
        if (p.m() <= 3) return avx512::bf16_product::run(p);
        activation_form const form = avx512::bf16_product::form_of(p.a.facts());
        run_panels(p, bf16_engine(form.split), form);
    }
};

}  // namespace amx
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
