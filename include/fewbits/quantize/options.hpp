// What a caller may choose when quantizing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../matrix/matrix_view.hpp"
#include "../parallel/executor.hpp"
#include "../rounding/modes.hpp"
#include "../scaling/scale_rule.hpp"

namespace fewbits {

/// Called as rows get their codes (after all scales are found): `done` of `total` rows, ascending up to total. One call at a
/// time, on whichever thread of the executor finished the rows.
struct progress_callback {
    void (*call)(void* context, std::size_t done, std::size_t total) = nullptr;
    void* context = nullptr;
};

/// Options of quantize(). The defaults give what each format's definition says.
struct quantize_options {
    /// How elements are rounded. stochastic{} draws from Philox under `seed`; its own bits are not used.
    rounding_rule mode{};
    /// What elements beyond the largest value of the format become.
    overflow_policy overflow = overflow_policy::saturate;
    /// How block scales are found.
    fewbits::scale_rule scale_rule = fewbits::scale_rule::of_format;
    /// Percentile of magnitudes that scale_rule::percentile keeps, in (0, 100].
    double percentile = 99.9;
    /// Symmetric integers: use the lowest code too (-2^(N-1)).
    bool full_range = false;
    std::uint64_t seed = 0;
    fewbits::executor executor{};
    progress_callback progress{};
    /// Scales known beforehand (static quantization): one per block, in the shape of the matrix of blocks; they are rounded to
    /// the format's type of scale. Symmetric formats only. quantize_async reads them in device memory.
    matrix_view<const float> scales{};
};

}  // namespace fewbits
