// Stored scales of two rows, side by side in memory, to two fp32 numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../../matrix/block_storage.hpp"
#include "../numbers/bf16_pairs.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Bytes of one scale of type S as kernels read it: whole ones.
template <scale_number S>
inline constexpr int scale_bytes = (number_storage<S>::width + 7) / 8;

/// How elements have an offset.
enum class offset_form : unsigned char {
    none,
    whole,  ///< a zero point: an integer, taken off the code
    any     ///< a number: the integer nearest to it is taken off the code, what is left is added times the sum of the activations
};

/// `Count` pairs of scales of type S: pair i is the scales of one group for a row (`upper`) and the row eight below (`lower`). NaN does
/// not occur: a row with a NaN in it has a factor that is one.
template <scale_number S, int Count>
struct alignas(scale_bytes<S> * Count * 2 < 16 ? scale_bytes<S> * Count * 2 : 16) scale_pairs {
    static constexpr std::size_t words = (scale_bytes<S> * Count * 2 + 3) / 4;
    using word_type = std::conditional_t<scale_bytes<S> * Count == 1, std::uint16_t, std::uint32_t>;
    word_type at[words];

    /// Bits of scale `I`, counted through the pairs.
    template <int I>
    FEWBITS_HOST_DEVICE std::uint32_t bits() const noexcept {
        constexpr int bytes = scale_bytes<S>;
        if constexpr (bytes == 4) return at[I];
        else if constexpr (bytes == 2) return I % 2 == 0 ? at[I / 2] & 0xFFFFU : at[I / 2] >> 16;
        else return static_cast<std::uint32_t>(at[I / 4]) >> I % 4 * 8 & 0xFFU;
    }

    template <int Pair>
    FEWBITS_HOST_DEVICE void read(float& upper, float& lower) const noexcept {
        if constexpr (std::is_same_v<S, float>) {
            upper = bit_cast<float>(at[2 * Pair]);
            lower = bit_cast<float>(at[2 * Pair + 1]);
        } else if constexpr (S::width == 16 && S::codec::exponent_bits == 8) {
            split(at[Pair], upper, lower);
        } else if constexpr (S::width == 16 && S::codec::exponent_bits == 5) {
            upper = from_fp16(at[Pair]);
            lower = from_fp16(at[Pair] >> 16);
        } else if constexpr (S::kind == format_kind::minifloat && S::codec::mantissa_bits == 0 && !S::codec::has_zero) {
            upper = power<2 * Pair>();
            lower = power<2 * Pair + 1>();
        } else if constexpr (has_bf16_pairs<S>) {
            std::uint32_t const codes = permute_bytes(at[Pair / 2], 0, Pair % 2 == 0 ? 0x4140 : 0x4342);
            split(decode_pair<S>(codes), upper, lower);
        } else {
            upper = static_cast<float>(S::from_bits(bits<2 * Pair>()));
            lower = static_cast<float>(S::from_bits(bits<2 * Pair + 1>()));
        }
    }

private:
    FEWBITS_HOST_DEVICE static void split(std::uint32_t pair, float& upper, float& lower) noexcept {
        upper = bit_cast<float>(pair << 16);
        lower = bit_cast<float>(pair & 0xFFFF0000U);
    }

    /// Powers of two whose code is the exponent field; that of zeros is 2^-127, subnormal in fp32.
    template <int I>
    FEWBITS_HOST_DEVICE float power() const noexcept {
        constexpr int left = 23 - I % 4 * 8;
        auto const word = static_cast<std::uint32_t>(at[I / 4]);
        std::uint32_t const placed = (left >= 0 ? word << (left & 31) : word >> (-left & 31)) & 0x7F800000U;
        return bit_cast<float>(placed < 0x00400000U ? 0x00400000U : placed);
    }
};

/// `Count` pairs of offsets, beside scale_pairs: what is taken off the codes, 0 to 127.
template <offset_form Kind, int Count>
struct offset_pairs {
    std::uint8_t centre[static_cast<std::size_t>(Count)][2];
};
/// And what is left.
template <int Count>
struct offset_pairs<offset_form::any, Count> {
    std::uint8_t centre[static_cast<std::size_t>(Count)][2];
    float rest[static_cast<std::size_t>(Count)][2];
};

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
