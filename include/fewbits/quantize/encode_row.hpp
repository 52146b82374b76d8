// The codes of a row under the scales of its groups: by the processor's kernels where they apply, else by the definition.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "../kernels/group_kernels.hpp"
#include "../matrix/block_storage.hpp"
#include "elements.hpp"
#include "pack_row.hpp"
#include "statistics.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// A run of values and the scales of their groups of `width` columns; the first value is the row-major element `index`, and no magnitude
/// is above `largest`.
struct value_groups {
    float const* values;
    std::size_t count;
    std::size_t width;
    float const* scale;
    float const* offset;  ///< where the format has one
    float largest;
    std::uint64_t index;

    std::size_t groups() const noexcept { return (count + width - 1) / width; }
};

inline namespace FEWBITS_BASELINE {

/// Codes of one group by the definition; S: the type its scale is stored in.
template <scalar E, class S, block_offset Kind>
void encode_group(float const* values, std::size_t count, float scale, float offset, element_rule const& rule,
                  std::uint64_t index, std::uint8_t* codes) noexcept {
    if (!is_finite(scale)) {
        std::fill_n(codes, count, std::uint8_t{0});  // NaN by its scale alone
    } else if constexpr (Kind == block_offset::zero_point) {
        encode_with_zero_point<E>(values, count, scale, offset, rule, index, codes);
    } else if constexpr (Kind == block_offset::minimum) {
        encode_above_minimum<E>(values, count, scale, offset, rule, index, codes);
    } else {
        encode_elements<E, S>(values, count, scale, rule, index, codes);
    }
}

/// How the processor's kernels encode a run, and factor[g] for each of its groups.
template <scalar E, class S, block_offset Kind>
quotient_method prepare_run(processor const& machine, value_groups const& run, element_rule const& rule, std::vector<float>& factor) {
    constexpr bool powers = is_power_of_two_scale<S> && Kind == block_offset::none;
    if (rule.mode.mode != rounding::nearest_even || !has_fast_nearest<E>) return quotient_method::none;
    factor.resize(run.groups());
    return prepare_factors<E, powers>(machine, run.scale, run.groups(), run.largest, factor.data());
}

/// Factors of the groups of a run, and the numbers of its columns where groups are narrow.
struct run_workspace {
    std::vector<float> factor;
    std::vector<float> each_scale;
    std::vector<float> each_factor;
    std::vector<float> each_offset;
};

/// Codes of a run in groups of Columns (0: it is one group), by the method that was prepared for it.
template <scalar E, class S, block_offset Kind, std::size_t Columns>
void encode_run(processor const& machine, quotient_method method, value_groups const& run, element_rule const& rule, run_workspace& work,
                std::uint8_t* codes) {
    if constexpr (has_fast_nearest<E>) {
        auto const numbers = [&](float const* of_groups, std::vector<float>& each) {
            return numbers_for_kernels(of_groups, Columns, run.count, each);
        };
        encode_bounds bounds{0, rule.overflow == overflow_policy::saturate};
        if constexpr (E::kind == format_kind::integer) bounds.lowest = lowest_element<E>(rule.full_range);
        auto const encode = [&](auto* kernel) {
            group_quotients groups{numbers(run.scale, work.each_scale), numbers(work.factor.data(), work.each_factor), nullptr};
            if constexpr (Kind != block_offset::none) groups.offset = numbers(run.offset, work.each_offset);
            kernel(machine, run.values, run.count, groups, bounds, codes);
        };
        constexpr int shift = shift_to_group(Columns);
        if constexpr ((is_power_of_two_scale<S> && Kind == block_offset::none) || E::kind == format_kind::codebook) {
            if (method == quotient_method::product) return encode(&encode_groups<E, quotient_method::product, Kind, shift>);
        } else {
            if (method == quotient_method::refined) return encode(&encode_groups<E, quotient_method::refined, Kind, shift>);
            if (method == quotient_method::division) return encode(&encode_groups<E, quotient_method::division, Kind, shift>);
        }
    }
    for (std::size_t first = 0, g = 0; first < run.count; first += run.width, ++g) {
        std::size_t const count = (std::min)(run.width, run.count - first);
        float const offset = Kind == block_offset::none ? 0.0F : run.offset[g];
        encode_group<E, S, Kind>(run.values + first, count, run.scale[g], offset, rule, run.index + first, codes + first);
    }
}

/// One row of codes as composition B stores them.
template <block_composition B>
void write_codes(processor const& machine, std::uint8_t const* codes, std::size_t count, std::byte* out) noexcept {
    constexpr int width = B::element::width;
    if constexpr (B::trits) {
        pack_row<B>(codes, count, out);
    } else if constexpr (width == 8) {
        std::memcpy(out, codes, count);
    } else {
        on_processor(machine, [&](auto isa) { pack_codes_on<width>(isa, codes, count, out); });
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
