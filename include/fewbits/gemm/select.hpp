// Which kernel runs: the first of an ordered list that takes the pair and the caller's choice of target.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "../kernels/operand_of.hpp"
#include "../kernels/portable/codebook_product.hpp"
#include "../kernels/portable/integer_product.hpp"
#include "../kernels/portable/widened_product.hpp"
#include "../kernels/product.hpp"
#include "../kernels/reference/any_pair.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// A kernel as the selection sees it.
struct kernel_entry {
    std::string_view name;
    std::string_view reason;
    target_choice target;
    bool (*supports)(operand_facts const& a, operand_facts const& w) noexcept;
    void (*run)(product const& p);
};

/// Kernels in order of preference; the last takes every pair.
template <class... Kernels>
struct kernel_list {
    static constexpr std::array<kernel_entry, sizeof...(Kernels)> entries{
        kernel_entry{Kernels::name, Kernels::reason, Kernels::target, &Kernels::supports, &Kernels::run}...};

    static constexpr kernel_entry const& select(operand_facts const& a, operand_facts const& w,
                                                target_choice choice) noexcept {
        for (kernel_entry const& kernel : entries) {
            if ((choice == target_choice::best || kernel.target == choice) && kernel.supports(a, w)) return kernel;
        }
        return entries.back();
    }
};

using gemm_kernels = kernel_list<portable::integer_product, portable::codebook_product, portable::widened_product,
                                 reference::any_pair>;

/// Which kernel runs for a pair and why. A, W: block formats, float or scalar formats.
template <class A, class W>
std::string kernel_name(target_choice choice = target_choice::best) {
    kernel_entry const& kernel = gemm_kernels::select(facts_of<A>(), facts_of<W>(), choice);
    return std::string(kernel.name) + ": " + std::string(kernel.reason);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
