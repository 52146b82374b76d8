// Codes of eight values under one scale: fast where rounding is to nearest and nothing is extreme, else by the host's definition.
#pragma once

#include <cstdint>

#include "../../kernels/group_quotients.hpp"
#include "../../quantize/elements.hpp"
#include "../../quantize/read_row.hpp"
#include "../numbers/column_runs.hpp"
#include "../numbers/element_numbers.hpp"
#include "../numbers/nearest_codes.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// An element_rule, and whether nearest_codes follow it.
struct device_rule : element_rule {
    bool by_words = false;

    device_rule() = default;
    FEWBITS_HOST_DEVICE device_rule(element_rule const& rule, bool is_minifloat)
        : element_rule(rule),
          by_words(rule.mode.mode == rounding::nearest_even && (!is_minifloat || rule.overflow == overflow_policy::saturate)) {}
};

/// Elements E under a scale that is stored as S, and an offset (a zero point, or an addend with its sign). The bits are those of the
/// host's encode_group.
template <scalar E, class S, block_offset Kind>
class group_encoder {
    static constexpr bool powers = is_power_of_two_scale<S> && Kind == block_offset::none;

public:
    /// `bound`: no magnitude among the values is above it.
    FEWBITS_DEVICE group_encoder(float scale, float offset, float bound, device_rule const& rule) : scale_(scale), offset_(offset) {
        std::uint32_t const bits = bit_cast<std::uint32_t>(scale);
        std::uint32_t const magnitude = bits & 0x7FFFFFFFU;
        none_ = magnitude >= 0x7F800000U;
        if constexpr (has_nearest_codes<E>) {
            constexpr std::uint32_t lift = static_cast<std::uint32_t>(lift_of<E>) << 23;
            if constexpr (powers) {
                // Zeros need no factor; those that would be no normal number take the long way.
                std::uint32_t const factor = (254U << 23) + lift - (bits & 0x7F800000U);
                fast_ = factor - (1U << 23) <= (253U << 23) || bound == 0.0F;
                factor_ = bit_cast<float>(smaller(factor, 254U << 23));
            } else if constexpr (E::kind == format_kind::codebook) {
                fast_ = true;
                scaler<E> const scaled(scale);
                factor_ = scaled(1.0F);
            } else {
                // Quotients by the rounded reciprocal and one step with exact remainder (kernels/group_quotients.hpp).
                constexpr std::uint32_t up = (127 + 60) << 23;
                constexpr std::uint32_t down = (127 - 60) << 23;
                bool const moderate = magnitude - down <= up - down && bit_cast<std::uint32_t>(bound) <= up;
                fast_ = takes_refined_quotients<E> && (moderate || (magnitude == 0 && Kind != block_offset::zero_point));
                lowered_ = mul_rn(scale, power_of_two(-lift_of<E>));
                factor_ = magnitude == 0 ? 0.0F : reciprocal_rn(lowered_);
            }
            fast_ = fast_ && rule.by_words;
            if constexpr (E::kind == format_kind::integer) {
                bounds_ = bounds_of<E>(rule.full_range, Kind == block_offset::zero_point ? static_cast<int>(offset) : 0);
            }
        }
    }

    /// Whether fast_codes are the codes.
    FEWBITS_DEVICE bool is_fast() const { return fast_ && !none_; }
    /// A bound on magnitudes below which no encoder is slow for their sake.
    static constexpr float moderate_bound = 0x1p60F;

    /// The codes of eight values, each in E::width bits.
    FEWBITS_DEVICE std::uint64_t fast_codes(float const (&values)[run_columns]) const {
        if constexpr (has_nearest_codes<E>) {
            float product[run_columns];
            float quotient[run_columns];
            unrolled<run_columns>([&](auto i) { quotient[i.value] = quotient_of(values[i.value], product[i.value]); });
            return eight_codes<E>(quotient, product, bounds_);
        } else {
            return 0;
        }
    }

    /// The codes of `count` values, each in E::width bits; those that lack are 0. `from`: where the values come from; `index` numbers the
    /// first (row-major).
    /// bounded: no magnitude is above the bound the encoder was made with.
    template <class T>
    FEWBITS_DEVICE std::uint64_t codes(float const (&values)[run_columns], unsigned count, T const* from, std::uint64_t index,
                                       device_rule const& rule, bool bounded = true) const {
        if (none_) return 0;  // NaN by its scale alone
        if (fast_ && bounded) {
            std::uint64_t const codes = fast_codes(values);
            return count < run_columns ? codes & low_mask(static_cast<int>(count) * E::width) : codes;
        }
        std::uint64_t codes = 0;
        for (unsigned i = 0; i < count; ++i) {
            codes |= static_cast<std::uint64_t>(defined_code(load_value(from + i), index + i, rule)) << (i * E::width);
        }
        return codes;
    }

    /// The code of one value, number `index` of the matrix.
    FEWBITS_DEVICE std::uint32_t code(float x, std::uint64_t index, device_rule const& rule, bool bounded = true) const {
        if (none_) return 0;
        if (!fast_ || !bounded) return defined_code(x, index, rule);
        float const same[run_columns] = {x, x, x, x, x, x, x, x};
        return static_cast<std::uint32_t>(fast_codes(same)) & static_cast<std::uint32_t>(low_mask(E::width));
    }

    /// The number of the element that one value becomes to nearest even; a zero may have lost its sign.
    FEWBITS_DEVICE float number(float x, device_rule const& rule) const {
        if constexpr (has_nearest_codes<E>) {
            if (is_fast()) {
                float product;
                float const quotient = quotient_of(x, product);
                if constexpr (E::kind == format_kind::codebook) return number_of<E>(codebook_byte<E>(quotient));
                else return nearest_number<E>(quotient, product, bounds_);
            }
        }
        return static_cast<float>(E::from_bits(none_ ? 0U : defined_code(x, 0, rule)));
    }

private:
    /// What x is in units of the scale, lifted, and a product that has its sign.
    FEWBITS_DEVICE float quotient_of(float x, float& product) const {
        if constexpr (Kind == block_offset::minimum) x = sub_rn(x, offset_);
        product = mul_rn(x, factor_);
        if constexpr (powers || E::kind == format_kind::codebook) return product;
        else return fma_rn(fma_rn(-product, lowered_, x), factor_, product);
    }

    FEWBITS_DEVICE std::uint32_t defined_code(float x, std::uint64_t index, device_rule const& rule) const {
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
    float lowered_ = 0.0F;  ///< the scale in units that are lifted
    float factor_ = 0.0F;
    integer_bounds bounds_{};
    bool none_ = false;
    bool fast_ = false;
};

/// That of the elements of B.
template <block_composition B>
using encoder_of = group_encoder<typename B::element, typename B::scale_type, offset_kind<B>>;

}  // namespace fewbits

FEWBITS_PRECISE_END
