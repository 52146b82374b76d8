// The product of any operand with quantized weights in fp32: elements expanded by look-ups, fused multiply-adds.
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

struct widened_product {
    using isa = fewbits::isa::avx512;
    static constexpr std::string_view name = "avx512/widened_product";
    static constexpr std::string_view reason =
        "both sides to fp32, w by look-ups in registers where its scales allow it, sums of at most 64 fused multiply-adds, then in double";
    static bool available(processor const& here) noexcept { return here.avx512; }
    static constexpr bool supports(operand_facts const& a, operand_facts const& w) noexcept {
        return w.dense == dense_form::none && !is_exact_pair(a, w);
    }
    template <class = void>
    static void run(product const& p) {
        panel_engine const engine{.path = panel_path::floats,
                                      .rows = tile_rows_of_panels,
                                      .expand = &expand<panel_path::floats>,
                                      .expand_bytes = &expand_bytes<panel_path::floats>,
                                      .multiply = &multiply<float_dot>,
                                      .multiply_lines = &multiply_lines<float_dot>,
                                      .line_widths = line_widths<float_dot>,
                                      .scales = vector_reader(),
                                      .add_up = &add_up};
        run_widened(p, engine);
    }
};

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
