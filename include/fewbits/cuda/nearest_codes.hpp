// Nearest-even, saturating codes of finite floats in a few word instructions: for kernels that have no time for the definition.
#pragma once

#include <cstdint>

#include "../kernels/portable/encode_nearest.hpp"
#include "../quantize/elements.hpp"
#include "unrolled.hpp"
#include "words.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Whether nearest_code covers E: what has a sign and a zero, not far from the middle of fp32's range, and small codebooks.
template <scalar E>
inline constexpr bool has_nearest_code = [] {
    if constexpr (!has_fast_nearest<E> || E::width > 8) return false;
    else if constexpr (E::kind == format_kind::minifloat) return E::codec::min_exponent > -100 && E::codec::max_exponent < 100;
    else if constexpr (E::kind == format_kind::integer) return E::codec::exponent > -30 && E::codec::exponent < 30;
    else return E::codec::count <= 16;
}();

/// Entry i of E's midpoints; beyond them infinity.
template <scalar E>
consteval float midpoint_of(int i) {
    return i + 1 < E::codec::count ? make_codebook_table(E::layout).midpoint[i] : bit_cast<float>(0x7F800000U);
}

/// Between which integers a block's elements are cut, and what is added to them to make the code.
struct integer_bounds {
    float lowest = 0.0F;
    float highest = 0.0F;
    std::int32_t addend = 0;
};

/// Those of E with a zero point, or 0 where it has none.
template <scalar E>
    requires(E::kind == format_kind::integer)
FEWBITS_HOST_DEVICE constexpr integer_bounds bounds_of(bool full_range, int zero_point = 0) noexcept {
    constexpr float unit = power_of_two(E::codec::exponent);
    return {static_cast<float>(lowest_element<E>(full_range) - zero_point) * unit,
            static_cast<float>(E::codec::highest - zero_point) * unit, zero_point + E::codec::excess};
}

/// The integer nearest to x within bounds, as a code. Adding 1.5 * 2^23 units rounds to whole units and leaves them in the low bits.
template <scalar E>
FEWBITS_HOST_DEVICE inline std::uint32_t nearest_integer_code(float x, integer_bounds const& bounds) noexcept {
    constexpr float rounder = 1.5F * power_of_two(23 + E::codec::exponent);
    float const inside = smaller_of(larger_of(x, bounds.lowest), bounds.highest);
    std::uint32_t const sum = bit_cast<std::uint32_t>(add_rn(inside, rounder));
    return (sum + static_cast<std::uint32_t>(bounds.addend)) & static_cast<std::uint32_t>(low_mask(E::width));
}

/// The minifloat nearest to x. Adding a power of two that lies as far above x as the mantissas of fp32 and E differ in length
/// rounds to the steps of E and leaves their number in the low bits. The sign is that of `signed_as`: a zero may have lost its own.
template <scalar E>
FEWBITS_HOST_DEVICE inline std::uint32_t nearest_minifloat_code(float x, float signed_as) noexcept {
    using codec = typename E::codec;
    constexpr int m = codec::mantissa_bits;
    constexpr auto first_field = static_cast<std::uint32_t>(codec::min_exponent + 127);  // fp32's exponent field of the smallest normal
    constexpr auto apart = static_cast<std::uint32_t>(23 - m);
    float const magnitude = smaller_of(magnitude_of(x), largest_element<E>());
    std::uint32_t const binade = larger(bit_cast<std::uint32_t>(magnitude) & 0x7F800000U, first_field << 23);
    std::uint32_t const rounder = binade + (apart << 23);
    std::uint32_t const sum = bit_cast<std::uint32_t>(add_rn(magnitude, bit_cast<float>(rounder)));
    std::uint32_t const code = sum - rounder + ((binade >> apart) - (first_field << m));
    std::uint32_t const sign = bit_cast<std::uint32_t>(signed_as) >> (32 - E::width) & static_cast<std::uint32_t>(codec::sign_bit);
    if constexpr (codec::has_negative_zero) return code | sign;
    else return code == 0 ? 0 : code | sign;
}

/// The number of midpoints below x, by halves.
template <scalar E>
FEWBITS_DEVICE std::uint32_t nearest_codebook_code(float x) {
    constexpr int entries = 1 << E::width;
    float middle[std::size_t{entries} - 1];
    unrolled<entries - 1>([&](auto i) { middle[i.value] = midpoint_of<E>(decltype(i)::value); });
    std::uint32_t code = 0;
    unrolled<E::width>([&](auto level) {
        constexpr int half = entries >> (decltype(level)::value + 1);
        bool const above = middle[half - 1] < x;
        code |= above ? static_cast<std::uint32_t>(half) : 0U;
        unrolled<half - 1>([&](auto i) { middle[i.value] = above ? middle[i.value + half] : middle[i.value]; });
    });
    return code;
}

/// The code of a finite x: equal to E::codec::encode to nearest even, saturating, but integers lie within `bounds`. A minifloat has the
/// sign of `signed_as`.
template <scalar E>
    requires has_nearest_code<E>
FEWBITS_DEVICE std::uint32_t nearest_code(float x, float signed_as, integer_bounds const& bounds) {
    static_cast<void>(signed_as);
    static_cast<void>(bounds);
    if constexpr (E::kind == format_kind::integer) return nearest_integer_code<E>(x, bounds);
    else if constexpr (E::kind == format_kind::minifloat) return nearest_minifloat_code<E>(x, signed_as);
    else return nearest_codebook_code<E>(x);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
