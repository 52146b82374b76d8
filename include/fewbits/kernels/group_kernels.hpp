// What quantize and dequantize do to whole rows, by the program of the processor's instruction set or, without one, a plain loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../bits/rounded.hpp"
#include "../scaling/scale_rule.hpp"
#include "../target/detect.hpp"
#include "convert_rows.hpp"
#include "group_quotients.hpp"
#include "portable/apply_scales.hpp"
#include "portable/encode_nearest.hpp"

#if defined(__x86_64__)
#include "avx2/groups.hpp"
#include "avx512/decode_groups.hpp"
#include "avx512/encode_groups.hpp"
#include "avx512/group_scales.hpp"
#include "avx512/memory.hpp"
#include "avx512/statistics.hpp"
#endif

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Whether the processor has kernels for groups.
inline bool has_group_kernels(processor const& machine) noexcept {
#if defined(__x86_64__)
    return runs(machine, isa::avx2{});
#else
    static_cast<void>(machine);
    return false;
#endif
}

/// Numbers ordered as magnitudes are; of equal magnitudes with their signs the negative one is above.
FEWBITS_HOST_DEVICE inline std::uint32_t magnitude_key(float value, bool with_sign) noexcept {
    std::uint32_t const bits = bit_cast<std::uint32_t>(value);
    return (bits << 1) | (with_sign ? bits >> 31 : 0);
}
FEWBITS_HOST_DEVICE inline float value_of_key(std::uint32_t key) noexcept { return bit_cast<float>(key >> 1 | key << 31); }

/// Raises maxima[g] to the largest magnitude of values [g * group, (g + 1) * group), for the groups that `count` values touch, with its
/// sign where asked for (see magnitude_key). Returns the bits of the largest of all: 0x7F800000 or above where a value is not finite.
inline std::uint32_t raise_group_maxima(processor const& machine, float const* values, std::size_t count, std::size_t group, bool with_sign,
                                        float* maxima) noexcept {
#if defined(__x86_64__)
    if (machine.avx512) {
        return with_sign ? avx512::raise_group_maxima<true>(values, count, group, maxima)
                         : avx512::raise_group_maxima<false>(values, count, group, maxima);
    }
    if (machine.avx2 && group > 1) {
        return with_sign ? avx2::raise_group_maxima<true>(values, count, group, maxima)
                         : avx2::raise_group_maxima<false>(values, count, group, maxima);
    }
#endif
    static_cast<void>(machine);
    std::uint32_t all = 0;
    for (std::size_t first = 0; first < count; first += group, ++maxima) {
        std::size_t const end = count - first < group ? count : first + group;
        std::uint32_t largest = magnitude_key(*maxima, with_sign);
        for (std::size_t i = first; i < end; ++i) largest = larger(largest, magnitude_key(values[i], with_sign));
        *maxima = value_of_key(largest);
        all = larger(all, largest);
    }
    return all >> 1;
}

/// Widens [lowest, highest] to hold `count` finite values. Which zero comes out where both signs occur is left open.
inline void extend_range(processor const& machine, float const* values, std::size_t count, float& lowest, float& highest) noexcept {
#if defined(__x86_64__)
    if (machine.avx512) return avx512::extend_range(values, count, lowest, highest);
    if (machine.avx2) return avx2::extend_range(values, count, lowest, highest);
#endif
    static_cast<void>(machine);
    for (std::size_t i = 0; i < count; ++i) {
        lowest = values[i] < lowest ? values[i] : lowest;
        highest = values[i] > highest ? values[i] : highest;
    }
}

/// out[i] = f(numbers[i] / divisor)
inline void divide(processor const& machine, float const* numbers, std::size_t count, float divisor, float* out) noexcept {
#if defined(__x86_64__)
    if (machine.avx512) return avx512::divide(numbers, count, divisor, out);
#endif
    static_cast<void>(machine);
    for (std::size_t i = 0; i < count; ++i) out[i] = div_rn(numbers[i], divisor);
}

/// Largest magnitudes become 2^max(floor(log2(magnitude)) - emax, -127) in place, 0 stays; emax >= 0.
inline void floor_to_scales(processor const& machine, float* numbers, std::size_t count, int emax) noexcept {
#if defined(__x86_64__)
    if (machine.avx512) return avx512::floor_to_scales(numbers, count, emax);
#endif
    static_cast<void>(machine);
    for (std::size_t i = 0; i < count; ++i) numbers[i] = floor_power_of_two(bit_cast<std::uint32_t>(numbers[i]), emax);
}

/// The factor of one group, see group_quotients; 0 where kernels divide.
template <scalar E, bool PowersOfTwo>
FEWBITS_HOST_DEVICE float factor_of(std::uint32_t scale) noexcept {
    if constexpr (PowersOfTwo) return bit_cast<float>((254U << 23) - (scale & 0x7F800000));
    if constexpr (E::kind != format_kind::codebook) return 0.0F;
    float const magnitude = bit_cast<float>(scale & 0x7FFFFFFF);
    if (scale << 1 == 0) return 0.0F;
    return bit_cast<float>(bit_cast<std::uint32_t>(div_rn(1.0F, magnitude > 1e-38F ? magnitude : 1e-38F)) | (scale & 0x80000000));
}

/// Fills factor[g] (see group_quotients) for `count` scales that divide magnitudes up to `largest`, and says by which method they do.
template <scalar E, bool PowersOfTwo>
quotient_method prepare_factors(processor const& machine, float const* scale, std::size_t count, float largest, float* factor) noexcept {
#if defined(__x86_64__)
    if (machine.avx512) return avx512::prepare_factors<E, PowersOfTwo>(scale, count, largest, factor);
    if constexpr (!avx2::has_nearest_vector<E>) return quotient_method::none;
#endif
    if (!has_group_kernels(machine)) return quotient_method::none;
    std::uint32_t lowest = 0x7FFFFFFF;
    std::uint32_t highest = 0;
    for (std::size_t i = 0; i < count; ++i) {
        std::uint32_t const bits = bit_cast<std::uint32_t>(scale[i]);
        std::uint32_t const magnitude = bits & 0x7FFFFFFF;
        highest = larger(highest, magnitude);
        if (magnitude != 0) lowest = smaller(lowest, magnitude);
        factor[i] = factor_of<E, PowersOfTwo>(bits);
    }
    quotient_method const method = method_of<E, PowersOfTwo>({lowest, highest, bit_cast<std::uint32_t>(largest)});
    return method == quotient_method::refined ? quotient_method::division : method;  // which these kernels do as fast
}

/// codes[i] = the code of values[i] to nearest even, i < count, under group i >> Shift by the method prepared for the groups; Shift is
/// 0, or 4 and more.
template <scalar E, quotient_method How, block_offset Kind, int Shift>
void encode_groups(processor const& machine, float const* values, std::size_t count, group_quotients const& groups,
                   encode_bounds const& bounds, std::uint8_t* codes) noexcept {
#if defined(__x86_64__)
    if (machine.avx512) return avx512::encode_groups<E, How, Kind, Shift>(values, count, groups, bounds, codes);
    if constexpr (avx2::has_nearest_vector<E> && How != quotient_method::refined) {
        avx2::encode_groups<E, How, Kind, Shift>(values, count, groups, bounds, codes);
    }
#endif
}

/// out[i] = codes[i] dequantised, i < count, under scale (and offset) i >> Shift; Shift is 0, or 4 and more. past_caches: nobody reads
/// the values soon, and order_stores comes before other threads do.
template <scalar E, block_offset Kind, int Shift>
void decode_groups(processor const& machine, std::uint8_t const* codes, std::size_t count, float const* scale, float const* offset,
                   bool past_caches, float* out) noexcept {
#if defined(__x86_64__)
    if (machine.avx512) return avx512::decode_groups<E, Kind, Shift>(codes, count, scale, offset, past_caches, out);
    avx2::decode_groups<E, Kind, Shift>(codes, count, scale, offset, out);
#endif
}

/// From as many values on, results are stored past the caches, which would keep none of the first when the last are written.
inline constexpr std::size_t too_many_for_caches = std::size_t{1} << 24;

/// memcpy of what nobody reads soon; order_stores() before other threads read it.
inline void copy_past_caches(processor const& machine, void const* from, std::size_t bytes, void* to) noexcept {
#if defined(__x86_64__)
    if (machine.avx512) return avx512::copy_past_caches(from, bytes, to);
#endif
    static_cast<void>(machine);
    std::memcpy(to, from, bytes);
}

inline void order_stores(processor const& machine) noexcept {
#if defined(__x86_64__)
    if (machine.avx512) avx512::order_stores();
#endif
    static_cast<void>(machine);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
