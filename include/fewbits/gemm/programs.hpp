// The programs of gemm, kernels and all, behind two functions that a program of many units may compile once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "permutation.hpp"
#include "select.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// The kernels of a list at work. A template so that kernels, which take a compiler seconds, may be compiled once:
/// `extern template struct fewbits::gemm_programs<>;` in every unit, `template struct fewbits::gemm_programs<>;` in one.
template <class Kernels = gemm_kernels>
struct gemm_programs {
    /// The kernel for a pair of formats on this processor.
    static kernel_entry const& select(operand_facts const& a, operand_facts const& w, target_choice target) noexcept;
    /// The product of two erased operands; what gemm does once both formats are known.
    static void run(product const& p, target_choice target);
};

template <class Kernels>
kernel_entry const& gemm_programs<Kernels>::select(operand_facts const& a, operand_facts const& w, target_choice target) noexcept {
    return Kernels::select(a, w, target);
}

template <class Kernels>
void gemm_programs<Kernels>::run(product const& p, target_choice target) {
    check_target(target);
    if (p.m() == 0 || p.n() == 0) return;
    if (p.k() == 0) {
        std::vector<double> const zeros(p.n(), 0.0);
        for (std::size_t row = 0; row < p.m(); ++row) p.finish(p, row, 0, p.n(), zeros.data());
        return;
    }
    auto const run_part = [&](product const& part) { select(part.a.facts(), part.w.facts(), target).run(part); };
    std::vector<std::uint32_t> const columns = paired_columns(p.a, p.w);
    if (columns.empty()) return run_part(p);
    run_gathered(p, columns, target == target_choice::reference, run_part);
}

/// Which kernel runs for a pair on this processor and why. A, W: block formats, float or scalar formats.
template <class A, class W>
std::string kernel_name(target_choice choice = target_choice::best) {
    kernel_entry const& kernel = gemm_programs<>::select(facts_of<A>(), facts_of<W>(), choice);
    return std::string(kernel.name) + ": " + std::string(kernel.reason);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
