// encode<T> and decode<T>: spans of floats into and out of densely packed scalars.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "../codec/round_to.hpp"
#include "../kernels/portable/encode_nearest.hpp"
#include "../kernels/portable/expand_codes.hpp"
#include "../kernels/portable/read_scale.hpp"
#include "../packing/packed_span.hpp"
#include "../rounding/philox.hpp"
#include "pack_row.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Throws std::invalid_argument unless `bytes` hold `count` packed values of T.
template <scalar T>
void check_packed(char const* verb, std::size_t count, std::size_t bytes) {
    if (bytes < packed_size<T>(count)) {
        throw std::invalid_argument(std::string(verb) + ": " + std::to_string(count) + " values of " + std::string(T::name) +
                                    " need " + std::to_string(packed_size<T>(count)) + " bytes, not " + std::to_string(bytes));
    }
}

/// Code of one float; `index` numbers it for the random bits of a stochastic rule.
template <scalar T>
unsigned encode_one(float value, rounding_rule rule, overflow_policy overflow, std::uint64_t seed, std::uint64_t index) noexcept {
    if constexpr (has_fast_nearest<T>) {
        if (rule.mode == rounding::nearest_even) return encode_nearest<T>(value, overflow == overflow_policy::saturate);
    }
    if (rule.mode == rounding::random_bits) rule = stochastic{random_word(seed, index), 32};
    return static_cast<unsigned>(T::codec::encode(unpack(value), rule, overflow));
}

/// Rounds every float into format T and packs the codes from the first byte of `packed` on; element i takes bits
/// [i * T::width, (i + 1) * T::width) of the little-endian bit stream, and the rest of the last byte becomes 0. stochastic{} draws from
/// Philox under `seed`. Throws std::invalid_argument if `packed` is too small.
template <scalar T>
void encode(std::span<const float> in, std::span<std::byte> packed, rule_for<T> rule = nearest_even,
            overflow_policy overflow = T::default_overflow, std::uint64_t seed = 0) {
    check_packed<T>("encode", in.size(), packed.size());
    if constexpr (T::width > 8) {
        if (!in.empty()) packed[packed_size<T>(in.size()) - 1] = std::byte{0};  // the padding
        for (std::size_t i = 0; i < in.size(); ++i) {
            store_code(packed.data(), i * T::width, T::width, encode_one<T>(in[i], rule, overflow, seed, i));
        }
    } else {
        constexpr std::size_t chunk = 512;  // a multiple of 8, so that every chunk ends on a byte
        std::uint8_t codes[chunk];
        for (std::size_t first = 0; first < in.size(); first += chunk) {
            std::size_t const count = (in.size() - first < chunk) ? in.size() - first : chunk;
            for (std::size_t i = 0; i < count; ++i) {
                codes[i] = static_cast<std::uint8_t>(encode_one<T>(in[first + i], rule, overflow, seed, first + i));
            }
            pack_codes<T::width>(codes, count, packed.data() + first / 8 * T::width);
        }
    }
}

/// The values of out.size() packed codes, exact. Throws std::invalid_argument if `packed` is too small.
template <scalar T>
void decode(std::span<const std::byte> packed, std::span<float> out) {
    check_packed<T>("decode", out.size(), packed.size());
    if constexpr (T::width <= 8) {
        expand_codes(T::width, {packed.data(), packed.size()}, 0, out.size(), value_table<T>(), out.data(), in_a_row{});
    } else {
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i] = static_cast<float>(T::from_bits(load_code(packed.data(), i * T::width, T::width)));
        }
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
