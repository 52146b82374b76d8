// Loops whose arrays of vectors stay in registers.
#pragma once

#include <cstddef>
#include <utility>

#include "../../config.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// f(0), f(1), ... f(Count - 1) without a loop: what `unrolled` is where products also have bf16, whose functions a
/// region without does not inline.
template <std::size_t Count, class F>
[[gnu::always_inline]] inline void repeated(F const& f) noexcept {
    [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) { (f(I), ...); }(std::make_index_sequence<Count>{});
}

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
