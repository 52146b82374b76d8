// Where kernels that quantize store a matrix of format F, under which rules, and how the numbers of a block get there.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../quantize/check_options.hpp"
#include "../../quantize/scale_numbers.hpp"
#include "block_facts.hpp"
#include "group_encoder.hpp"
#include "stored_numbers.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// What the elements of a block are under.
struct block_numbers {
    float scale;
    float offset;
};

/// The part of a kernel's arguments that says where to and how. Streams as quantized_matrix<F>::streams() has them.
template <block_composition B>
struct quantize_target {
    using scale_stored = typename stored_type<typename B::scale_type>::type;
    using offset_type = typename offset_facts<typename B::offset_type>::type;
    using offset_stored = typename stored_type<offset_type>::type;

    std::byte* codes = nullptr;
    std::size_t row_bytes = 0;
    number_place scales{};   ///< of scale_stored
    number_place offsets{};  ///< of offset_stored
    std::byte const* outer = nullptr;  ///< the tensor's scale, where scales lie under one: fp32
    device_rule rule{};
    fewbits::scale_rule scale_rule = fewbits::scale_rule::of_format;
    float divisor = 1.0F;  ///< scale_divisor
    std::uint32_t* status = nullptr;  ///< set to 1 where a value or a given scale is not finite; or null
    matrix_view<float const> given{};  ///< the caller's scales, one for a block; without data where scales are found

    static constexpr bool powers = is_power_of_two_scale<typename B::scale_type>;

    /// Whether the rule wants the sign of the largest magnitude.
    FEWBITS_HOST_DEVICE bool with_sign() const noexcept {
        return B::method != scale_method::range && !powers && scale_rule == scale_rule::signed_absmax && given.data == nullptr;
    }

    /// The numbers of block `at` of which `found` was found; where `stores` they are stored.
    FEWBITS_DEVICE block_numbers numbers_of(block_facts<B> const& found, block_position at, bool stores) const {
        if constexpr (B::method == scale_method::range) {
            return numbers_of(found.width(), found.lowest_value(), found.all_finite(), at, stores);
        } else {
            if (given.data != nullptr) return numbers_given(found.all_finite(), at, stores);
            return numbers_of(number_of(with_sign() ? value_of_key(found.key) : found.largest), 0.0F, found.all_finite(), at, stores);
        }
    }

    /// The same of the scale that the caller gives; `valid`: all values of the block are finite.
    FEWBITS_DEVICE block_numbers numbers_given(bool valid, block_position at, bool stores) const {
        float number = given(at.row, at.col);
        valid = valid && is_finite(number);
        if constexpr (powers) {
            using scale = typename B::scale_type;
            auto const code = static_cast<unsigned>(scale::codec::encode(unpack(number), nearest_even, saturate));
            number = static_cast<float>(scale::from_bits(code));
        }
        return numbers_of(number, 0.0F, valid, at, stores);
    }

    /// The same of the number that the scale is stored from, and the lowest value.
    FEWBITS_DEVICE block_numbers numbers_of(float number, float lowest, bool valid, block_position at, bool stores) const {
        float const quotient = powers || divisor == 1.0F ? number : div_rn(number, divisor);
        stored_number scale{};
        if constexpr (is_under_tensor_scale<typename B::scale_type>) {
            scale = stored_under<scale_stored>(load_aligned<float>(outer), quotient, valid);
        } else {
            scale = stored_as<scale_stored>(quotient, valid);
        }
        stored_number offset{};
        if constexpr (offset_kind<B> == block_offset::zero_point) {
            auto const zero = static_cast<float>(valid ? zero_point_of<typename B::element>(lowest, scale.value) : 0);
            offset = stored_as<offset_stored>(zero, true);
        } else if constexpr (offset_kind<B> == block_offset::minimum) {
            offset = stored_as<offset_stored>(lowest, valid);
        }
        if (stores) {
            store_number<scale_stored>(scales, at.row, at.col, scale.code);
            if constexpr (offset_kind<B> != block_offset::none) store_number<offset_stored>(offsets, at.row, at.col, offset.code);
            if (!valid && status != nullptr) *status = 1;
        }
        return {scale.value, offset_facts<typename B::offset_type>::sign < 0 ? -offset.value : offset.value};
    }

private:
    /// number_of_maximum, the usual rule first.
    FEWBITS_DEVICE float number_of(float largest) const {
        if constexpr (powers && largest_exponent<typename B::element>() >= 0) {
            bool const down = scale_rule != scale_rule::absmax && scale_rule != scale_rule::ceil;
            if (down) return floor_power_of_two(bit_cast<std::uint32_t>(largest), largest_exponent<typename B::element>());
        }
        return number_of_maximum<B>(largest, scale_rule);
    }
};

}  // namespace fewbits

FEWBITS_PRECISE_END
