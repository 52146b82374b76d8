// The product of two integer formats to the bit: bytes four columns a lane, exact sums, one fma for each shared group.
#pragma once

#include <string_view>

#include "../../target/detect.hpp"
#include "../panel_product.hpp"
#include "../portable/integer_product.hpp"
#include "expand_panel.hpp"
#include "multiply_lines.hpp"
#include "multiply_panel.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx2 {

struct integer_product {
    using isa = fewbits::isa::avx2;
    static constexpr std::string_view name = "avx2/integer_product";
    static constexpr std::string_view reason =
        "both sides are exact integers: exact sums of bytes over each shared group, one fma with the scales, defined to the bit";
    static bool available(processor const& here) noexcept { return here.avx2; }
    static constexpr bool supports(operand_facts const& a, operand_facts const& w) noexcept {
        return is_exact_pair(a, w) && w.grouped && a.group % quad_columns == 0;
    }
    template <class = void>
    static void run(product const& p) {
        constexpr std::size_t longest = 65536;  // of K, for which a sum of products of bytes stays within int32
        if (p.k() > longest || !panel_detail::fits_bytes(p.w)) return portable::integer_product::run(p);
        if (p.w.facts().width < 8) run_panels(p, engine<narrow_dot>(), {.apart = true});
        else run_panels(p, engine<wide_dot>(), {.apart = true});
    }

private:
    template <class Dot>
    static panel_engine engine() noexcept {
        return {.path = panel_path::bytes,
                .rows = Dot::rows,
                .expand = &expand<panel_path::bytes>,
                .expand_bytes = &expand_bytes<panel_path::bytes>,
                .multiply = &multiply<Dot>,
                .multiply_lines = &multiply_lines<Dot>,
                .line_widths = every_width,
                .scales = vector_reader()};
    }
};

}  // namespace avx2
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
