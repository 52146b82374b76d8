// How values become quotients by the scale of their group: one method for a whole row, and the numbers it needs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../bits/rounded.hpp"
#include "../codec/scalar_types.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// All give the same bits as the definition, where they apply.
enum class quotient_method : unsigned char {
    product,   ///< x times the factor: codebooks, and powers of two, whose reciprocal is exact
    refined,   ///< the rounded quotient from the rounded reciprocal and one step with exact remainder (Markstein 1990)
    division,  ///< a true division; scales of 0 give zeros that keep the sign
    none       ///< scales that no fast method takes
};

/// The groups of a row. factor: what `product` and `refined` multiply by.
struct group_quotients {
    float const* scale;
    float const* factor;
    float const* offset;
};

inline namespace FEWBITS_BASELINE {

/// Quotients below 2^-39 are refined inexactly: elements must not see them.
template <scalar E>
inline constexpr bool takes_refined_quotients = [] {
    if constexpr (E::kind == format_kind::minifloat) return E::codec::min_exponent - E::codec::mantissa_bits > -38;
    else return true;
}();

/// Fills factor[g] for `count` scales and says which method they allow: scales and values within 2^+-60 may be refined. `largest`:
/// a bound on the magnitudes that are divided.
template <scalar E, bool PowersOfTwo>
quotient_method prepare_factors(float const* scale, std::size_t count, float largest, float* factor) noexcept {
    std::uint32_t lowest = 0xFFFFFFFF;
    std::uint32_t highest = 0;
    for (std::size_t i = 0; i < count; ++i) {
        std::uint32_t const bits = bit_cast<std::uint32_t>(scale[i]);
        std::uint32_t const magnitude = bits & 0x7FFFFFFF;
        highest = highest < magnitude ? magnitude : highest;
        lowest = magnitude - 1 < lowest ? magnitude - 1 : lowest;  // 0 wraps to the end
        if constexpr (PowersOfTwo) {
            factor[i] = bit_cast<float>((254U << 23) - (bits & 0x7F800000));
        } else if constexpr (E::kind == format_kind::codebook) {
            float const floor = bit_cast<float>(magnitude);
            std::uint32_t const reciprocal = bit_cast<std::uint32_t>(div_rn(1.0F, floor > 1e-38F ? floor : 1e-38F));
            factor[i] = bit_cast<float>(magnitude == 0 ? 0 : reciprocal | (bits & 0x80000000));
        } else {
            float const reciprocal = div_rn(1.0F, bit_cast<float>(magnitude == 0 ? 0x3F800000 : bits));
            factor[i] = bit_cast<float>(magnitude == 0 ? 0 : bit_cast<std::uint32_t>(reciprocal));
        }
    }
    constexpr std::uint32_t infinity = 0x7F800000;
    if constexpr (PowersOfTwo) return highest < (254U << 23) ? quotient_method::product : quotient_method::none;
    if (highest >= infinity) return quotient_method::none;
    if (E::kind == format_kind::codebook) return quotient_method::product;
    constexpr std::uint32_t up = (127 + 60) << 23;
    constexpr std::uint32_t down = (127 - 60) << 23;
    bool const moderate = highest <= up && lowest >= down && bit_cast<std::uint32_t>(largest) <= up;
    return takes_refined_quotients<E> && moderate ? quotient_method::refined : quotient_method::division;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
