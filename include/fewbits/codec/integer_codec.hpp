// Decode and encode of one integer code: a value on the grid 2^exponent, saturating, rounded once.
#pragma once

#include <cstdint>

#include "../bits/unpacked.hpp"
#include "../format/facts.hpp"
#include "round_step.hpp"

namespace fewbits {

/// The definition of an integer format's conversions. Integers have no special codes, so every overflow saturates and NaN
/// becomes 0.
template <integer_layout L>
struct integer_codec : integer_facts<L> {
    using facts = integer_facts<L>;

    FEWBITS_HOST_DEVICE static constexpr bool is_nan(std::uint64_t) noexcept { return false; }

    /// The integer a code stands for; codes outside the format's range read as the nearest integer inside.
    FEWBITS_HOST_DEVICE static constexpr int to_integer(std::uint64_t code) noexcept {
        int value = static_cast<int>(code & low_mask(facts::width)) - facts::excess;
        if (facts::excess == 0 && facts::is_signed && value >= (1 << (facts::width - 1))) value -= 1 << facts::width;
        return value < facts::lowest ? facts::lowest : value > facts::highest ? facts::highest : value;
    }

    /// The code of an integer inside [lowest, highest].
    FEWBITS_HOST_DEVICE static constexpr std::uint64_t from_integer(int value) noexcept {
        return static_cast<std::uint64_t>(static_cast<unsigned>(value + facts::excess)) & low_mask(facts::width);
    }

    FEWBITS_HOST_DEVICE static constexpr unpacked unpack(std::uint64_t code) noexcept {
        int const value = to_integer(code);
        if (value == 0) return {};
        return {static_cast<std::uint64_t>(value < 0 ? -value : value), facts::exponent, value < 0,
                number_class::finite};
    }

    FEWBITS_HOST_DEVICE static constexpr std::uint64_t encode(unpacked value, rounding_rule rule,
                                                              overflow_policy) noexcept {
        if (value.kind == number_class::nan || value.kind == number_class::zero) return from_integer(clamp(0));
        std::int64_t const beyond = std::int64_t{1} << 32;  // any magnitude past every layout's range
        std::int64_t magnitude = beyond;
        if (value.kind == number_class::finite &&
            bit_width(value.significand) + value.exponent - facts::exponent <= 32) {
            cut const c = cut_at(value.significand, facts::exponent - value.exponent);
            bool const away = rounds_away(c, (c.whole & 1) != 0, value.negative, rule);
            magnitude = static_cast<std::int64_t>(c.whole) + (away ? 1 : 0);
        }
        return from_integer(clamp(value.negative ? -magnitude : magnitude));
    }

    FEWBITS_HOST_DEVICE static constexpr std::int64_t order(std::uint64_t code) noexcept { return to_integer(code); }

private:
    FEWBITS_HOST_DEVICE static constexpr int clamp(std::int64_t value) noexcept {
        return value < facts::lowest ? facts::lowest : value > facts::highest ? facts::highest : static_cast<int>(value);
    }
};

}  // namespace fewbits
