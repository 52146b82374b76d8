// The product where the weights' elements are exact in bf16: dot products of bf16 pairs, a float on the other side as two bf16.
#pragma once

#include <string_view>

#include "../../target/detect.hpp"
#include "../panel_product.hpp"
#include "expand_panel.hpp"
#include "multiply_lines.hpp"
#include "multiply_panel.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// Whether a's elements can be multiplied as they stand, their scales applied to the sums.
constexpr bool keeps_scales_apart(operand_facts const& a) noexcept { return a.grouped && a.symmetric && a.exact_in_bf16; }

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
    static void run(product const& p) {
        bool const apart = keeps_scales_apart(p.a.facts());
        bool const whole = p.a.facts().exact_in_bf16 && (apart || !p.a.facts().grouped);
        panel_engine const engine{panel_path::pairs, tile_rows_of_panels, &expand<panel_path::pairs>,
                                  &expand_bytes<panel_path::pairs>, whole ? &multiply<pair_dot<false>> : &multiply<pair_dot<true>>,
                                  whole ? &multiply_lines<pair_dot<false>> : &multiply_lines<pair_dot<true>>, vector_reader,
                                  &expand_shifted, &expand_bytes_shifted, &centre_offsets};
        run_panels(p, engine, {.apart = apart, .split = !whole});
    }
};

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
