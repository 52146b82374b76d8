// The product of two integer formats to the bit: bytes four columns a lane, VNNI's exact sums, one fma for each shared group.
#pragma once

#include <string_view>

#include "../../target/detect.hpp"
#include "../panel_product.hpp"
#include "../portable/integer_product.hpp"
#include "../portable/widened_product.hpp"
#include "add_lines.hpp"
#include "expand_panel.hpp"
#include "multiply_lines.hpp"
#include "multiply_panel.hpp"
#include "prepare_row.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

template <class = void>
panel_engine integer_engine() noexcept {
    return {.path = panel_path::bytes,
            .rows = tile_rows_of_panels,
            .expand = &expand<panel_path::bytes>,
            .expand_bytes = &expand_bytes<panel_path::bytes>,
            .multiply = &multiply<byte_dot>,
            .multiply_lines = &multiply_byte_lines<>,
            .line_widths = line_widths<byte_dot>,
            .plain_line_widths = plain_line_widths,
            .scaled_line_widths = scaled_line_widths,
            .make_sums = &make_sums,
            .add_lines = &add_lines,
            .scales = vector_reader(),
            .to_bytes = &to_bytes,
            .sum_bytes = &sum_bytes,
            .flips = true,
            .add_up = &add_up};
}

struct integer_product {
    using isa = fewbits::isa::avx512;
    static constexpr std::string_view name = "avx512/integer_product";
    static constexpr std::string_view reason =
        "elements of both sides are integers: exact sums of bytes by VNNI over each shared group, one fma with the scales, defined to the "
        "bit for integer formats";
    static constexpr std::size_t longest = 65536;  ///< K for which every sum of products of bytes stays within int32
    static constexpr std::size_t longest_with_offset = 256;  ///< a group whose sums are exact in fp32
    static bool available(processor const& here) noexcept { return here.avx512; }
    static constexpr bool supports(operand_facts const& a, operand_facts const& w) noexcept {
        if (!a.byte_elements || !a.symmetric || a.plain_codes || a.group % quad_columns != 0) return false;
        bool const offset_fits = w.symmetric || (w.plain_codes && w.group != 0 && w.group <= longest_with_offset);
        return w.grouped && w.byte_elements && offset_fits;
    }
    template <class = void>
    static void run(product const& p) {
        if (p.k() > longest || !panel_detail::fits_bytes(p.w)) {
            bool const to_the_bit = is_exact_pair(p.a.facts(), p.w.facts());
            return to_the_bit ? portable::integer_product::run(p) : portable::widened_product::run(p);
        }
        run_panels(p, integer_engine(), {.apart = true});
    }
};

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
