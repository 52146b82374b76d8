// Arithmetic on sizes that come from a file, and the check that weights are finite.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace perplexity {

/// a * b, or nothing when it does not fit.
inline std::optional<std::size_t> checked_product(std::size_t a, std::size_t b) {
    if (a != 0 && b > SIZE_MAX / a) return std::nullopt;
    return a * b;
}

/// a + b, or nothing when it does not fit.
inline std::optional<std::size_t> checked_sum(std::size_t a, std::size_t b) {
    if (b > SIZE_MAX - a) return std::nullopt;
    return a + b;
}

/// The index of the first NaN or infinity (decided on bits), or values.size().
inline std::size_t first_not_finite(std::span<const float> values) {
    for (std::size_t i = 0; i < values.size(); ++i)
        if ((std::bit_cast<std::uint32_t>(values[i]) & 0x7f800000u) == 0x7f800000u) return i;
    return values.size();
}

}  // namespace perplexity
