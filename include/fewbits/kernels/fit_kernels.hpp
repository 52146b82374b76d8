// Searches for scales over several blocks side by side, by the program of the processor's instruction set.
#pragma once

#include <cstddef>

#include "../codec/scalar_types.hpp"
#include "../target/detect.hpp"

#if defined(__x86_64__)
#include "avx512/least_squares.hpp"
#endif

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// scales[l] = scale_fit (quantize/candidates.hpp) of the l-th of 16 blocks: x[v * 16 + l] are its values, largest[l], in 2^+-60, their
/// largest magnitude, and `wide` room for as many doubles. False where the processor or E has no such program.
template <scalar E>
bool fit_side_by_side(processor const& machine, float const* x, std::size_t count, float const* largest, double* wide,
                      float* scales) noexcept {
#if defined(__x86_64__)
    if constexpr (avx512::fits_scales<E>) {
        if (machine.avx512) return avx512::fit_scales<E>(x, count, largest, wide, scales), true;
    }
#endif
    static_cast<void>(machine), static_cast<void>(x), static_cast<void>(count), static_cast<void>(largest);
    static_cast<void>(wide), static_cast<void>(scales);
    return false;
}

/// The same for fit_scale_and_minimum of 8 blocks under elements 0 to top; lowest and highest are the ends that it looks for first.
inline bool fit_side_by_side(processor const& machine, double const* x, std::size_t count, double top, double const* lowest,
                             double const* highest, double* scales, double* minimums) noexcept {
#if defined(__x86_64__)
    if (machine.avx512) return avx512::fit_scales_and_minimums(x, count, top, lowest, highest, scales, minimums), true;
#endif
    static_cast<void>(machine), static_cast<void>(x), static_cast<void>(count), static_cast<void>(top), static_cast<void>(lowest);
    static_cast<void>(highest), static_cast<void>(scales), static_cast<void>(minimums);
    return false;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
