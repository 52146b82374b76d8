// How values become quotients by the scale of their group: one method for a whole row, and the numbers it needs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../bits/rounded.hpp"
#include "../codec/scalar_types.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// All give the same bits as the definition, where they apply. The factors: 1 / scale rounded, 0 for a scale of 0;
/// for codebooks the rounded reciprocal of a magnitude of at least 1e-38.
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

/// What an encoder of groups takes besides: the lowest integer in use, and what minifloats do beyond their largest value.
struct encode_bounds {
    int lowest;
    bool saturating;
};

inline namespace FEWBITS_BASELINE {

/// Groups of `columns` (0: all columns): the shift that takes a column to its group, where vectors of 16 lie within groups; else 0,
/// for numbers of every column.
constexpr int shift_to_group(std::size_t columns) noexcept {
    bool const wide = columns % 16 == 0 && (columns & (columns - 1)) == 0;
    return !wide ? 0 : columns == 0 ? 63 : bit_width(columns) - 1;
}

/// The numbers of groups as kernels take them: as they are, or each for every column of its group, in `each`.
inline float const* numbers_for_kernels(float const* of_groups, std::size_t columns, std::size_t count, std::vector<float>& each) {
    if (columns == 1 || shift_to_group(columns) != 0) return of_groups;
    each.resize(count);
    for (std::size_t i = 0; i < count; i += columns) std::fill_n(each.data() + i, std::min(columns, count - i), *of_groups++);
    return each.data();
}

/// Quotients below 2^-39 are refined inexactly: elements must not see them.
template <scalar E>
inline constexpr bool takes_refined_quotients = [] {
    if constexpr (E::kind == format_kind::minifloat) return E::codec::min_exponent - E::codec::mantissa_bits > -38;
    else return true;
}();

/// Bits of the smallest (but for 0) and the largest magnitude of scales, and of a bound on what they divide.
struct scale_bounds {
    std::uint32_t lowest;
    std::uint32_t highest;
    std::uint32_t values;
};

/// The method that the scales of a row allow: scales and values within 2^+-60 may be refined, and the reciprocal of 2^127 is
/// subnormal, which a processor may flush.
template <scalar E, bool PowersOfTwo>
constexpr quotient_method method_of(scale_bounds bounds) noexcept {
    if (PowersOfTwo) return bounds.highest < (254U << 23) ? quotient_method::product : quotient_method::none;
    if (bounds.highest >= 0x7F800000) return quotient_method::none;
    if (E::kind == format_kind::codebook) return quotient_method::product;
    constexpr std::uint32_t up = (127 + 60) << 23;
    constexpr std::uint32_t down = (127 - 60) << 23;
    bool const moderate = bounds.highest <= up && bounds.lowest >= down && bounds.values <= up;
    return takes_refined_quotients<E> && moderate ? quotient_method::refined : quotient_method::division;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
