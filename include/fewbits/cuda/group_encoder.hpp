// Codes of eight values under one scale: fast where rounding is to nearest and nothing is extreme, else by the host's definition.
#pragma once

#include <cstdint>

#include "../kernels/group_kernels.hpp"
#include "../quantize/elements.hpp"
#include "../quantize/read_row.hpp"
#include "column_runs.hpp"
#include "nearest_codes.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// Elements E under a scale that is stored as S, and an offset (a zero point, or an addend with its sign). The bits are those of the
/// host's encode_group.
template <scalar E, class S, block_offset Kind>
class group_encoder {
public:
    /// `bound`: no magnitude among the values is above it.
    FEWBITS_DEVICE group_encoder(float scale, float offset, float bound, element_rule const& rule)
        : scale_(scale), offset_(offset), none_(!is_finite(scale)) {
        if constexpr (has_nearest_code<E>) {
            std::uint32_t const bits = bit_cast<std::uint32_t>(scale);
            bool const saturating = E::kind != format_kind::minifloat || rule.overflow == overflow_policy::saturate;
            fast_ = rule.mode.mode == rounding::nearest_even && saturating;
            if constexpr (by_product) {
                fast_ = fast_ && (!powers || bits < (254U << 23));  // the reciprocal of 2^127 is subnormal
                factor_ = factor_of<E, powers>(bits);
            } else {
                // Quotients by the rounded reciprocal and one step with exact remainder (kernels/group_quotients.hpp).
                constexpr std::uint32_t up = (127 + 60) << 23;
                constexpr std::uint32_t down = (127 - 60) << 23;
                std::uint32_t const magnitude = bits & 0x7FFFFFFFU;
                bool const moderate = magnitude - down <= up - down && bit_cast<std::uint32_t>(bound) <= up;
                fast_ = fast_ && takes_refined_quotients<E> && (moderate || (magnitude == 0 && Kind != block_offset::zero_point));
                factor_ = magnitude == 0 ? 0.0F : reciprocal_rn(scale);
            }
            if constexpr (E::kind == format_kind::integer) {
                bounds_ = bounds_of<E>(rule.full_range, Kind == block_offset::zero_point ? static_cast<int>(offset) : 0);
            }
        }
    }

    /// The codes of `count` values, each in E::width bits; those that lack are 0. `from`: where the values come from; `index` numbers the
    /// first (row-major).
    template <class T>
    FEWBITS_DEVICE std::uint64_t codes(float const (&values)[run_columns], unsigned count, T const* from, std::uint64_t index,
                                       element_rule const& rule) const {
        std::uint64_t codes = 0;
        if (none_) return 0;  // NaN by its scale alone
        if (fast_) {
            unrolled<run_columns>([&](auto i) { codes |= static_cast<std::uint64_t>(fast_code(values[i.value])) << (i.value * E::width); });
            return count < run_columns ? codes & low_mask(static_cast<int>(count) * E::width) : codes;
        }
        for (unsigned i = 0; i < count; ++i) {
            codes |= static_cast<std::uint64_t>(defined_code(load_value(from + i), index + i, rule)) << (i * E::width);
        }
        return codes;
    }

    /// The code of one value, number `index` of the matrix.
    FEWBITS_DEVICE std::uint32_t code(float x, std::uint64_t index, element_rule const& rule) const {
        return none_ ? 0U : fast_ ? fast_code(x) : defined_code(x, index, rule);
    }

private:
    static constexpr bool powers = is_power_of_two_scale<S> && Kind == block_offset::none;
    static constexpr bool by_product = powers || E::kind == format_kind::codebook;

    FEWBITS_DEVICE std::uint32_t fast_code(float x) const {
        if constexpr (has_nearest_code<E>) {
            if constexpr (Kind == block_offset::minimum) x = sub_rn(x, offset_);
            float const product = mul_rn(x, factor_);
            float const quotient = by_product ? product : fma_rn(fma_rn(-product, scale_, x), factor_, product);
            return nearest_code<E>(quotient, product, bounds_);
        } else {
            return 0;
        }
    }

    FEWBITS_DEVICE std::uint32_t defined_code(float x, std::uint64_t index, element_rule const& rule) const {
        if constexpr (Kind == block_offset::zero_point) {
            return code_with_zero_point<E>(x, scale_, static_cast<int>(offset_), rule_at(rule, index));
        } else if constexpr (Kind == block_offset::minimum) {
            float const above = scaler<E>(scale_)(sub_rn(x, offset_));
            return static_cast<std::uint32_t>(E::codec::encode(unpack(above), rule_at(rule, index), rule.overflow));
        } else {
            return element_definition<E, S>(scale_).code(x, rule, index);
        }
    }

    float scale_;
    float offset_;
    float factor_ = 0.0F;
    integer_bounds bounds_{};
    bool none_;
    bool fast_ = false;
};

/// That of the elements of B.
template <block_composition B>
using encoder_of = group_encoder<typename B::element, typename B::scale_type, offset_kind<B>>;

}  // namespace fewbits

FEWBITS_PRECISE_END
