// The values of all codes of a format, one table per byte of a float: what byte permutations look up in.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../codec/scalar_types.hpp"
#include "widen.hpp"

namespace fewbits {

/// fp32's own exponents with a shorter significand.
template <class T>
concept is_upper_half = half_float<T> && T::codec::exponent_bits == 8 && T::codec::bias == 127;

/// The format of the processors' half-precision instructions.
template <class T>
concept is_half_precision = half_float<T> && T::codec::exponent_bits == 5 && T::codec::bias == 15;

/// byte[b][code]: byte b, from the low one up, of the value of `code`; 64 entries at least.
template <scalar T>
    requires(T::width <= 8)
struct value_planes {
    static constexpr std::size_t entries = T::width <= 6 ? 64 : std::size_t{1} << T::width;
    /// Whether bytes 0 and 1 are 0 throughout.
    static constexpr bool upper_half_only = [] {
        if constexpr (T::kind == format_kind::minifloat) {
            return T::codec::min_exponent - T::codec::mantissa_bits >= -133;  // the lowest bit of the upper half
        } else {
            return T::kind == format_kind::integer;
        }
    }();
    alignas(64) std::uint8_t byte[4][entries];

    value_planes() noexcept {
        for (std::size_t code = 0; code < entries; ++code) {
            auto const bits = bit_cast<std::uint32_t>(static_cast<float>(T::from_bits(static_cast<unsigned>(code))));
            for (int b = 0; b < 4; ++b) byte[b][code] = static_cast<std::uint8_t>(bits >> (8 * b));
        }
    }
};

inline namespace FEWBITS_BASELINE {

/// Whether vector code decodes rows of T.
template <scalar T>
inline constexpr bool decodes_rows = T::width <= 8 || is_upper_half<T> || is_half_precision<T>;

template <scalar T>
value_planes<T> const& value_planes_of() noexcept {
    static value_planes<T> const planes;
    return planes;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
