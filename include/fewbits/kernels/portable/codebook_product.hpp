// The product where a side is a codebook: its decoder is a look-up of the published values, the tiles are the widened ones.
#pragma once

#include <string_view>

#include "widened_product.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace portable {

/// Error bound and order of summation are the widened product's.
struct codebook_product {
    using isa = fewbits::isa::portable;
    static constexpr std::string_view name = "portable/codebook_product";
    static constexpr std::string_view reason =
        "a codebook decoded by table look-up, the other side to fp32, sums of 128 products in fp32, then in double";
    static constexpr bool available(processor const&) noexcept { return true; }
    static constexpr bool supports(operand_facts const& a, operand_facts const& w) noexcept {
        return a.kind == format_kind::codebook || w.kind == format_kind::codebook;
    }
    template <class = void>
    static void run(product const& p) { widened_product::run<>(p); }
};

}  // namespace portable
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
