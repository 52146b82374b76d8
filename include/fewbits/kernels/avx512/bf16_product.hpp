// The product where the weights' elements are exact in bf16: dot products of bf16 pairs, a float on the other side as two bf16.
#pragma once

#include <string_view>

#include "../../target/detect.hpp"
#include "../panel_product.hpp"
#include "expand_panel.hpp"
#include "multiply_lines.hpp"
#include "multiply_panel.hpp"
#include "prepare_row.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// split: a is given as two bf16.
template <class = void>
panel_engine bf16_engine(bool split) noexcept {
    return {.path = panel_path::pairs,
            .rows = tile_rows_of_panels,
            .expand = &expand<panel_path::pairs>,
            .expand_bytes = &expand_bytes<panel_path::pairs>,
            .multiply = split ? &multiply<pair_dot<true>> : &multiply<pair_dot<false>>,
            .multiply_lines = split ? &multiply_lines<pair_dot<true>> : &multiply_lines<pair_dot<false>>,
            .line_widths = line_widths<pair_dot<false>>,
            .scales = vector_reader(),
            .expand_shifted = &expand_shifted,
            .expand_bytes_shifted = &expand_bytes_shifted,
            .centre = &centre_offsets,
            .to_pairs = &to_pairs<>,
            .pairs_of_bf16 = &pairs_of_bf16<>,
            .pairs_of_codes = &words_of_codes<>,
            .add_up = &add_up};
}

struct bf16_product {
    using isa = fewbits::isa::avx512;
    static constexpr std::string_view name = "avx512/bf16_product";
    static constexpr std::string_view reason =
        "w's elements are bf16: dot products of bf16 pairs in fp32, a float on the other side split into two bf16, scales on sums of "
        "at most 64";
    static bool available(processor const& here) noexcept { return here.avx512_bf16; }
    static constexpr bool supports(operand_facts const&, operand_facts const& w) noexcept {
        return w.grouped && w.exact_in_bf16 && (w.symmetric || (w.plain_codes && w.width <= 5));
    }
    /// Elements that are bf16 are multiplied as they stand, their scales apart; dense bf16 are what they are.
    static constexpr activation_form form_of(operand_facts const& a) noexcept {
        bool const apart = a.grouped && a.symmetric && a.exact_in_bf16;
        return {.apart = apart, .split = !(a.exact_in_bf16 && (apart || !a.grouped))};
    }
    template <class = void>
    static void run(product const& p) {
        activation_form const form = form_of(p.a.facts());
        run_panels(p, bf16_engine(form.split), form);
    }
};

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
