// encode<T> and decode<T>: spans of floats into and out of scalars, densely packed or one object each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "../codec/round_to.hpp"
#include "../kernels/convert_rows.hpp"
#include "../packing/packed_span.hpp"
#include "../rounding/philox.hpp"

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

/// What bulk conversions take and give besides packed codes: floats and the 16-bit formats that hold no more than they.
template <class V>
concept bulk_value = std::is_same_v<V, float> || half_float<V>;

/// Where codes of T stand in bulk: packed into bytes, or one object each.
template <class D, class T>
concept bulk_codes = std::is_same_v<D, std::byte> || std::is_same_v<D, T>;

namespace spans_detail {

template <scalar T, class D>
void check_room(char const* verb, std::size_t count, std::span<D> codes) {
    if constexpr (std::is_same_v<std::remove_const_t<D>, T>) {
        if (codes.size() < count) {
            throw std::invalid_argument(std::string(verb) + ": " + std::to_string(count) + " values, but room for " +
                                        std::to_string(codes.size()));
        }
    } else {
        check_packed<T>(verb, count, codes.size());
    }
}

template <scalar T, bool Packed, class Isa>
void encode_floats(Isa isa, float const* in, std::size_t count, encoding const& how, std::uint64_t first, std::byte* out) noexcept {
    if constexpr (Packed) {
        encode_packed_on<T>(isa, in, count, how, first, out);
    } else {
        encode_row_on<T>(isa, in, count, how, first, out);
    }
}

/// Other values than floats become floats first, which is exact, a chunk at a time.
template <scalar T, bool Packed, class V, class Isa>
void encode_values(Isa isa, V const* in, std::size_t count, encoding const& how, std::byte* out) noexcept {
    if constexpr (std::is_same_v<V, float>) {
        encode_floats<T, Packed>(isa, in, count, how, 0, out);
    } else {
        float values[conversion_chunk];
        for (std::size_t i = 0; i < count; i += conversion_chunk) {
            std::size_t const part = count - i < conversion_chunk ? count - i : conversion_chunk;
            decode_row_on<V>(isa, reinterpret_cast<std::byte const*>(in + i), part, values);
            std::byte* const to = out + (Packed ? i / 8 * T::width : i * code_bytes<T>);
            encode_floats<T, Packed>(isa, values, part, how, i, to);
        }
    }
}

template <scalar T, bool Packed, class Isa>
void decode_floats(Isa isa, std::byte const* in, std::size_t count, float* out) noexcept {
    if constexpr (Packed) {
        decode_packed_on<T>(isa, in, count, out);
    } else {
        decode_row_on<T>(isa, in, count, out);
    }
}

template <scalar T, bool Packed, class V, class Isa>
void decode_values(Isa isa, std::byte const* in, std::size_t count, V* out) noexcept {
    if constexpr (std::is_same_v<V, float>) {
        decode_floats<T, Packed>(isa, in, count, out);
    } else {
        encoding const how = make_encoding<V>(nearest_even, V::default_overflow, 0);
        float values[conversion_chunk];
        for (std::size_t i = 0; i < count; i += conversion_chunk) {
            std::size_t const part = count - i < conversion_chunk ? count - i : conversion_chunk;
            decode_floats<T, Packed>(isa, in + (Packed ? i / 8 * T::width : i * code_bytes<T>), part, values);
            encode_row_on<V>(isa, values, part, how, 0, reinterpret_cast<std::byte*>(out + i));
        }
    }
}

}  // namespace spans_detail

/// encode by the program of one instruction set, which the processor must have; the others choose it.
template <scalar T, class V, class D, class Isa>
void encode_on(Isa isa, std::span<V const> in, std::span<D> out, rounding_rule rule, overflow_policy overflow, std::uint64_t seed) {
    spans_detail::check_room<T>("encode", in.size(), out);
    encoding const how = make_encoding<T>(rule, overflow, seed);
    constexpr bool packed = std::is_same_v<D, std::byte>;
    spans_detail::encode_values<T, packed>(isa, in.data(), in.size(), how, reinterpret_cast<std::byte*>(out.data()));
}

/// decode by the program of one instruction set, which the processor must have; the others choose it.
template <scalar T, class D, class V, class Isa>
void decode_on(Isa isa, std::span<D const> in, std::span<V> out) {
    spans_detail::check_room<T>("decode", out.size(), in);
    constexpr bool packed = std::is_same_v<D, std::byte>;
    spans_detail::decode_values<T, packed>(isa, reinterpret_cast<std::byte const*>(in.data()), out.size(), out.data());
}

/// Rounds every float into format T and packs the codes from the first byte of `packed` on; element i takes bits
/// [i * T::width, (i + 1) * T::width) of the little-endian bit stream, and the rest of the last byte becomes 0. stochastic{} draws from
/// Philox under `seed`. Throws std::invalid_argument if `packed` is too small.
template <scalar T>
void encode(std::span<const float> in, std::span<std::byte> packed, rule_for<T> rule = nearest_even,
            overflow_policy overflow = T::default_overflow, std::uint64_t seed = 0) {
    on_processor(this_processor(), [&](auto isa) { encode_on<T>(isa, in, packed, rule, overflow, seed); });
}

/// The same from floats or 16-bit values, rounded once from what they are, into packed bytes or, out[i] for in[i], objects of T.
template <scalar T, class V, class D>
    requires(bulk_value<std::remove_const_t<V>> && bulk_codes<D, T> &&
             !(std::is_same_v<std::remove_const_t<V>, float> && std::is_same_v<D, std::byte>))
void encode(std::span<V> in, std::span<D> out, rule_for<T> rule = nearest_even, overflow_policy overflow = T::default_overflow,
            std::uint64_t seed = 0) {
    on_processor(this_processor(), [&](auto isa) { encode_on<T>(isa, std::span<V const>(in), out, rule, overflow, seed); });
}

/// The values of out.size() packed codes, exact. Throws std::invalid_argument if `packed` is too small.
template <scalar T>
void decode(std::span<const std::byte> packed, std::span<float> out) {
    on_processor(this_processor(), [&](auto isa) { decode_on<T>(isa, packed, out); });
}

/// The same into 16-bit values, rounded once to nearest even.
template <scalar T, half_float V>
void decode(std::span<const std::byte> packed, std::span<V> out) {
    on_processor(this_processor(), [&](auto isa) { decode_on<T>(isa, packed, out); });
}

/// The values of as many objects of T as `out` has room for.
template <scalar T, bulk_value V>
void decode(std::span<const T> in, std::span<V> out) {
    on_processor(this_processor(), [&](auto isa) { decode_on<T>(isa, in, out); });
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
