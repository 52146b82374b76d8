// Rows of floats become codes, one per byte (or per two), in any mode, on any processor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../../codec/round_to.hpp"
#include "../../rounding/philox.hpp"
#include "encode_rounded.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Bytes that a code fills where codes are not packed.
template <scalar T>
inline constexpr std::size_t code_bytes = T::width <= 8 ? 1 : 2;

/// codes[i] = step(values[i], i)
template <scalar T, class Step>
void encode_steps(float const* values, std::size_t count, std::byte* codes, Step step) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        auto const code = static_cast<std::uint16_t>(step(values[i], i));
        if constexpr (code_bytes<T> == 1) {
            codes[i] = static_cast<std::byte>(code);
        } else {
            std::memcpy(codes + 2 * i, &code, 2);
        }
    }
}

/// The codes of `count` floats by the definition. `first` numbers the first float for its random bits.
template <scalar T>
void encode_row_defined(float const* values, std::size_t count, encoding const& how, std::uint64_t first, std::byte* codes) noexcept {
    auto const overflow = how.saturating ? overflow_policy::saturate : overflow_policy::to_special;
    encode_steps<T>(values, count, codes, [&](float x, std::size_t i) {
        rounding_rule rule = how.mode;
        if (how.mode == rounding::random_bits) rule = stochastic{random_word(how.seed, first + i), 32};
        return T::codec::encode(unpack(x), rule, overflow);
    });
}

/// The codes of `count` floats, one per byte, or per two where they are wider than 8 bits. `first` numbers the first float for its
/// random bits.
template <scalar T>
void encode_row(float const* values, std::size_t count, encoding const& how, std::uint64_t first, std::byte* codes) noexcept {
    bool const random = how.mode == rounding::random_bits;
    if constexpr (has_fast_nearest<T>) {
        bool const nearest = T::kind == format_kind::codebook ? !random : how.mode == rounding::nearest_even;
        bool const saturating = how.saturating;
        if (nearest) {
            return encode_steps<T>(values, count, codes, [=](float x, std::size_t) { return encode_nearest<T>(x, saturating); });
        }
    }
    if constexpr (is_inside_fp32<T> && T::kind != format_kind::codebook) {
        encode_steps<T>(values, count, codes, [&](float x, std::size_t i) {
            auto const bits = bit_cast<std::uint32_t>(x);
            return random ? encode_rounded<T, true>(bits, how, random_word(how.seed, first + i)) : encode_rounded<T, false>(bits, how, 0);
        });
    } else {
        encode_row_defined<T>(values, count, how, first, codes);
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
