// Which kernel runs: the first of an ordered list that takes the pair and the caller's choice of target.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include "../kernels/operand_of.hpp"
#include "../kernels/portable/codebook_product.hpp"
#include "../kernels/portable/integer_product.hpp"
#include "../kernels/portable/widened_product.hpp"
#include "../kernels/product.hpp"
#include "../kernels/reference/any_pair.hpp"

#if defined(__x86_64__)
#include "../kernels/amx/bf16_product.hpp"
#include "../kernels/amx/codebook_product.hpp"
#include "../kernels/amx/dense_product.hpp"
#include "../kernels/amx/integer_product.hpp"
#include "../kernels/avx2/dense_product.hpp"
#include "../kernels/avx2/integer_product.hpp"
#include "../kernels/avx2/widened_product.hpp"
#include "../kernels/avx512/bf16_product.hpp"
#include "../kernels/avx512/dense_product.hpp"
#include "../kernels/avx512/integer_product.hpp"
#include "../kernels/avx512/widened_product.hpp"
#endif

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// A kernel as the selection sees it.
struct kernel_entry {
    std::string_view name;
    std::string_view reason;
    bool (*within)(target_choice choice) noexcept;         ///< whether the choice of target lets it run
    bool (*available)(processor const& here) noexcept;
    bool (*supports)(operand_facts const& a, operand_facts const& w) noexcept;
    void (*run)(product const& p);
};

/// Whether programs for Isa are also programs for the target chosen.
template <class Isa>
bool is_within(target_choice choice) noexcept {
    switch (choice) {
        case target_choice::best: return true;
        case target_choice::portable: return std::derived_from<isa::portable, Isa>;
        case target_choice::reference: return std::derived_from<isa::reference, Isa>;
        case target_choice::avx2: return std::derived_from<isa::avx2, Isa>;
        case target_choice::avx512: return std::derived_from<isa::avx512, Isa>;
        default: return std::derived_from<isa::amx, Isa>;
    }
}

/// Throws std::invalid_argument where this processor has not the target that was asked for.
inline void check_target(target_choice choice) {
    processor const& here = this_processor();
    auto const need = [](bool has, std::string_view name) {
        if (!has) throw std::invalid_argument("gemm: this processor has no " + std::string(name));
    };
    if (choice == target_choice::avx2) need(runs(here, isa::avx2{}), isa::avx2::name);
    if (choice == target_choice::avx512) need(runs(here, isa::avx512{}), isa::avx512::name);
    if (choice == target_choice::amx) need(runs(here, isa::amx{}), isa::amx::name);
}

/// Kernels in order of preference; the last takes every pair.
template <class... Kernels>
struct kernel_list {
    static constexpr std::array<kernel_entry, sizeof...(Kernels)> entries{
        kernel_entry{Kernels::name, Kernels::reason, &is_within<typename Kernels::isa>, &Kernels::available, &Kernels::supports,
                     &Kernels::template run<>}...};

    static kernel_entry const& select(operand_facts const& a, operand_facts const& w, target_choice choice) noexcept {
        for (kernel_entry const& kernel : entries) {
            if (kernel.within(choice) && kernel.available(this_processor()) && kernel.supports(a, w)) return kernel;
        }
        return entries.back();
    }
};

#if defined(__x86_64__)
using gemm_kernels = kernel_list<amx::integer_product, amx::bf16_product, amx::dense_product, amx::codebook_product,
                                 avx512::integer_product, avx512::bf16_product, avx512::widened_product, avx512::dense_product,
                                 avx2::integer_product, avx2::widened_product, avx2::dense_product,
                                 portable::integer_product, portable::codebook_product, portable::widened_product,
                                 reference::any_pair>;
#else
using gemm_kernels = kernel_list<portable::integer_product, portable::codebook_product, portable::widened_product,
                                 reference::any_pair>;
#endif

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
