// The shells that turn a layout into a type: one code, explicit conversions, floating-point comparisons.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "../format/concepts.hpp"
#include "../format/name.hpp"
#include "codebook_codec.hpp"
#include "float_codec.hpp"
#include "integer_codec.hpp"

namespace fewbits {

inline namespace FEWBITS_BASELINE {

/// The exact value of a scalar.
template <scalar T>
FEWBITS_HOST_DEVICE constexpr unpacked unpack(T value) noexcept {
    return T::codec::unpack(value.bits());
}

/// The integer nearest to zero from `value`, saturating; NaN gives 0.
template <class I>
FEWBITS_HOST_DEVICE constexpr I to_integer(unpacked value) noexcept {
    constexpr int digits = static_cast<int>(sizeof(I)) * 8 - (std::is_signed_v<I> ? 1 : 0);
    constexpr auto largest = static_cast<I>(low_mask(digits));
    constexpr I lowest = std::is_signed_v<I> ? static_cast<I>(~largest) : I{0};
    if (value.kind == number_class::nan || value.kind == number_class::zero) return I{0};
    bool const beyond = value.kind == number_class::infinity || bit_width(value.significand) + value.exponent > digits;
    if (beyond) return value.negative ? lowest : largest;
    std::uint64_t const magnitude = value.exponent < 0 ? shift_right(value.significand, -value.exponent)
                                                       : value.significand << value.exponent;
    if (!value.negative) return static_cast<I>(magnitude);
    return std::is_signed_v<I> ? static_cast<I>(std::uint64_t{0} - magnitude) : I{0};
}

}  // namespace FEWBITS_BASELINE

/// What every scalar format can do, whatever its kind. `Self` is the format's tag, `Codec` its definition.
template <class Self, class Codec, format_kind Kind>
class scalar_value {
public:
    using self = Self;
    using codec = Codec;
    static constexpr format_kind kind = Kind;
    static constexpr int width = Codec::width;  ///< bits of one code
    static constexpr std::string_view name = type_name<Self>();
    static constexpr overflow_policy default_overflow = width <= 8 ? overflow_policy::saturate : overflow_policy::to_special;

    scalar_value() = default;

    /// Rounds to nearest, ties to even, under the format's default overflow policy.
    template <class V>
        requires(arithmetic<V> || scalar<V>)
    FEWBITS_HOST_DEVICE constexpr explicit scalar_value(V value) noexcept
        : code_(static_cast<storage>(Codec::encode(unpack(value), nearest_even, default_overflow))) {}

    /// The value with this code; bits above `width` are ignored.
    FEWBITS_HOST_DEVICE static constexpr Self from_bits(unsigned bits) noexcept {
        Self value{};
        value.code_ = static_cast<storage>(bits & static_cast<unsigned>(low_mask(width)));
        return value;
    }

    FEWBITS_HOST_DEVICE constexpr unsigned bits() const noexcept { return code_; }

    /// float and double: exact where the format's range allows, else to nearest. Integers: towards zero, saturating, NaN gives 0.
    template <arithmetic V>
    FEWBITS_HOST_DEVICE constexpr explicit operator V() const noexcept {
        unpacked const value = Codec::unpack(code_);
        if constexpr (std::is_same_v<V, bool>) {
            return value.kind != number_class::zero;
        } else if constexpr (std::is_integral_v<V>) {
            return to_integer<V>(value);
        } else if constexpr (std::is_same_v<V, float>) {
            return to_float(value);
        } else {
            return static_cast<V>(to_double(value));
        }
    }

    FEWBITS_HOST_DEVICE friend constexpr bool operator==(Self a, Self b) noexcept {
        return ordered(a, b) && key(a) == key(b);
    }
    FEWBITS_HOST_DEVICE friend constexpr bool operator!=(Self a, Self b) noexcept { return !(a == b); }
    FEWBITS_HOST_DEVICE friend constexpr bool operator<(Self a, Self b) noexcept {
        return ordered(a, b) && key(a) < key(b);
    }
    FEWBITS_HOST_DEVICE friend constexpr bool operator>(Self a, Self b) noexcept { return b < a; }
    FEWBITS_HOST_DEVICE friend constexpr bool operator<=(Self a, Self b) noexcept {
        return ordered(a, b) && key(a) <= key(b);
    }
    FEWBITS_HOST_DEVICE friend constexpr bool operator>=(Self a, Self b) noexcept { return b <= a; }
    // For generic host code; kernels and plain comparisons use the six above.
    friend constexpr std::partial_ordering operator<=>(Self a, Self b) noexcept {
        if (!ordered(a, b)) return std::partial_ordering::unordered;
        return key(a) <=> key(b);
    }

private:
    using storage = std::conditional_t<(width > 8), std::uint16_t, std::uint8_t>;

    FEWBITS_HOST_DEVICE static constexpr std::int64_t key(Self value) noexcept { return Codec::order(value.bits()); }
    FEWBITS_HOST_DEVICE static constexpr bool ordered(Self a, Self b) noexcept {
        return !Codec::is_nan(a.bits()) && !Codec::is_nan(b.bits());
    }

    storage code_;
};

/// A floating-point format of up to 16 bits: `struct name final : minifloat<name, float_layout{...}> { using minifloat::minifloat; };`
template <class Self, float_layout L>
class minifloat : public scalar_value<Self, float_codec<L>, format_kind::minifloat> {
    static_assert(float_facts<L>::width <= 16);

public:
    static constexpr float_layout layout = L;
    using scalar_value<Self, float_codec<L>, format_kind::minifloat>::scalar_value;
};

/// An integer format: `struct name final : integer<name, integer_layout{...}> { using integer::integer; };`
template <class Self, integer_layout L>
class integer : public scalar_value<Self, integer_codec<L>, format_kind::integer> {
public:
    static constexpr integer_layout layout = L;
    using scalar_value<Self, integer_codec<L>, format_kind::integer>::scalar_value;
};

/// A list of values in ascending order: `struct name final : codebook<name, codebook_layout{{...}}> { using codebook::codebook; };`
template <class Self, auto L>
class codebook : public scalar_value<Self, codebook_codec<L>, format_kind::codebook> {
    static_assert(codebook_codec<L>::width <= 8);

public:
    static constexpr auto layout = L;
    using scalar_value<Self, codebook_codec<L>, format_kind::codebook>::scalar_value;
};

}  // namespace fewbits
