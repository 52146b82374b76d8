// Codes, one per byte (or per two), become floats, on any processor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "read_scale.hpp"
#include "widen.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// out[i] = the value of the i-th code, exact; every NaN is the canonical one of its sign.
template <scalar T>
void decode_row(std::byte const* codes, std::size_t count, float* out) noexcept {
    if constexpr (T::width <= 8) {
        float const* const table = value_table<T>();
        constexpr unsigned mask = (1U << T::width) - 1;
        for (std::size_t i = 0; i < count; ++i) out[i] = table[std::to_integer<unsigned>(codes[i]) & mask];
    } else {
        for (std::size_t i = 0; i < count; ++i) {
            std::uint16_t code = 0;
            std::memcpy(&code, codes + 2 * i, 2);
            if constexpr (half_float<T>) {
                bool const nan = (code & 0x7FFFU) > T::codec::infinity_magnitude;
                out[i] = nan ? bit_cast<float>((code & 0x8000U) << 16 | 0x7FC00000U) : widen_half(T::from_bits(code));
            } else {
                out[i] = static_cast<float>(T::from_bits(code));
            }
        }
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
