// Scales and offsets of blocks as kernels store them: rounded to their type where they are whole bytes, else floats for a later kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../../quantize/elements.hpp"
#include "../../quantize/scale_numbers.hpp"
#include "../numbers/column_runs.hpp"
#include "../numbers/nearest_codes.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// Whether a number of type S is whole bytes: threads may then store neighbours.
template <class S>
inline constexpr bool is_whole_bytes = [] {
    if constexpr (std::is_same_v<S, float>) return true;
    else if constexpr (scalar<S>) return S::width % 8 == 0;
    else return false;
}();

/// Whether S is numbers of a byte under one fp32 scale for the whole tensor.
template <class S>
inline constexpr bool is_under_tensor_scale = false;
template <block_composition S>
inline constexpr bool is_under_tensor_scale<S> = S::block == per_tensor && S::element::width == 8 && !S::trits &&
                                                 std::is_same_v<typename S::scale_type, float> &&
                                                 std::is_same_v<typename S::offset_type, symmetric>;

/// Whether S is codes along rows in super-blocks, each under one number of whole bytes.
template <class S>
inline constexpr bool is_super_blocks = false;
template <block_composition S>
inline constexpr bool is_super_blocks<S> =
    S::block.rows == 1 && !S::block.linear && S::block.cols > 0 && S::block.cols % run_columns == 0 && !S::trits &&
    is_whole_bytes<typename S::scale_type> && !is_power_of_two_scale<typename S::scale_type> &&
    std::is_same_v<typename S::offset_type, symmetric>;

/// As what a kernel that finds numbers of type S stores them: themselves where they are whole bytes, else fp32.
template <class S>
struct stored_type {
    using type = std::conditional_t<is_whole_bytes<S>, S, float>;
};
template <class S>
    requires is_under_tensor_scale<S>
struct stored_type<S> {
    using type = typename S::element;
};
template <>
struct stored_type<void> {
    using type = float;
};

/// Whether S is powers of two with fp32's exponents.
template <class S>
inline constexpr bool has_fp32_exponents = [] {
    if constexpr (is_power_of_two_scale<S>) return S::codec::exponent_bits == 8 && S::codec::bias == 127;
    else return false;
}();

/// Whether S is a minifloat that nearest_codes covers.
template <class S>
inline constexpr bool is_small_minifloat = [] {
    if constexpr (scalar<S>) return has_nearest_codes<S> && S::kind == format_kind::minifloat;
    else return false;
}();

/// A matrix of numbers, row after row.
struct number_place {
    std::byte* bytes = nullptr;
    std::size_t row_bytes = 0;
};

/// What a number becomes.
struct stored_number {
    std::uint32_t code;
    float value;
};

inline namespace FEWBITS_BASELINE {

/// `number`, no NaN, rounded to nearest even, saturating. Where it is not `valid` NaN, and code 0 where the type has none.
template <scale_number S>
FEWBITS_DEVICE stored_number stored_as(float number, bool valid) {
    float const nan = bit_cast<float>(0x7FC00000U);
    if constexpr (std::is_same_v<S, float>) {
        float const stored = valid ? number : nan;
        return {bit_cast<std::uint32_t>(stored), stored};
    } else {
        constexpr unpacked not_a_number{0, 0, false, number_class::nan};
        constexpr std::uint64_t nan_code = S::codec::has_nan ? S::codec::encode(not_a_number, nearest_even, saturate) : 0;
        if (!valid) return {static_cast<std::uint32_t>(nan_code), nan};
        std::uint32_t const bits = bit_cast<std::uint32_t>(number);
        std::uint32_t code = 0;
        if constexpr (has_fp32_exponents<S>) {
            code = bits >> 23;  // the numbers of such scales are powers of two, or 0
        } else if constexpr (is_small_minifloat<S>) {
            using rounding = minifloat_rounding<S>;
            rounding const rounded(mul_rn(number, power_of_two(rounding::lift)));
            std::uint32_t const sign = bits & 0x80000000U;
            code = (rounded.byte() & 0xFFU) | sign >> (32 - S::width);
            if constexpr (!S::codec::has_negative_zero) code = (rounded.byte() & 0xFFU) == 0 ? 0 : code;
            return {code, bit_cast<float>(bit_cast<std::uint32_t>(mul_rn(rounded.value(), power_of_two(-rounding::lift))) | sign)};
        } else {
            code = static_cast<std::uint32_t>(S::codec::encode(unpack(number), nearest_even, saturate));
        }
        if constexpr (device_value<S>) {
            return {code, widened<S>(code)};
        } else if constexpr (has_fp32_exponents<S>) {
            return {code, bit_cast<float>(code == 0 ? 0x00400000U : code << 23)};
        } else {
            return {code, static_cast<float>(S::from_bits(code))};
        }
    }
}

/// Stores a code of type S at (row, col).
template <scale_number S>
FEWBITS_DEVICE void store_number(number_place const& to, std::size_t row, std::size_t col, std::uint32_t code) {
    std::byte* const line = to.bytes + row * to.row_bytes;
    if constexpr (std::is_same_v<S, float>) store_aligned(line + col * 4, code);
    else if constexpr (S::width == 16) store_aligned(line + col * 2, static_cast<std::uint16_t>(code));
    else line[col] = static_cast<std::byte>(code);
}

/// The code of a quotient under the one scale of the tensor.
template <scalar E>
FEWBITS_DEVICE stored_number stored_under(float outer, float number, bool valid) {
    bool const under_number = is_finite(outer);
    stored_number const inner = stored_as<E>(under_number ? scaler<E>(outer)(number) : 0.0F, valid);
    return {inner.code, mul_rn(inner.value, outer)};
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
