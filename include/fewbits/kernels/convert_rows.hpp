// Rows of floats into codes and back, packed or not, by the program of one instruction set: a tag says which.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "../packing/trits.hpp"
#include "../target/detect.hpp"
#include "portable/decode.hpp"
#include "portable/encode.hpp"
#include "portable/pack_codes.hpp"

#if defined(__x86_64__)
#include "avx2/decode.hpp"
#include "avx2/encode.hpp"
#include "avx2/pack_codes.hpp"
#include "avx512/decode.hpp"
#include "avx512/encode.hpp"
#include "avx512/pack_codes.hpp"
#include "avx512/unpack_trits.hpp"
#endif

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// function(tag) with the tag of the widest instruction set of `machine` that conversions are written for.
template <class Function>
auto on_processor(processor const& machine, Function&& function) {
#if defined(__x86_64__)
    if (runs(machine, isa::avx512{})) return function(isa::avx512{});
    if (runs(machine, isa::avx2{})) return function(isa::avx2{});
#endif
    static_cast<void>(machine);
    return function(isa::portable{});
}

/// encode_row of one instruction set; formats that vector code does not know, by the portable program.
template <scalar T, class Isa>
void encode_row_on(Isa, float const* values, std::size_t count, encoding const& how, std::uint64_t first, std::byte* codes) noexcept {
#if defined(__x86_64__)
    if constexpr (is_inside_fp32<T> && std::is_base_of_v<isa::avx512, Isa>) {
        return avx512::encode_row<T>(values, count, how, first, codes);
    } else if constexpr (is_inside_fp32<T> && std::is_base_of_v<isa::avx2, Isa>) {
        return avx2::encode_row<T>(values, count, how, first, codes);
    }
#endif
    encode_row<T>(values, count, how, first, codes);
}

template <scalar T, class Isa>
void decode_row_on(Isa, std::byte const* codes, std::size_t count, float* out) noexcept {
#if defined(__x86_64__)
    if constexpr (decodes_rows<T> && std::is_base_of_v<isa::avx512, Isa>) {
        return avx512::decode_row<T>(codes, count, out);
    } else if constexpr (decodes_rows<T> && std::is_base_of_v<isa::avx2, Isa>) {
        return avx2::decode_row<T>(codes, count, out);
    }
#endif
    decode_row<T>(codes, count, out);
}

template <int Width, class Isa>
void pack_codes_on(Isa, std::uint8_t const* codes, std::size_t count, std::byte* out) noexcept {
#if defined(__x86_64__)
    if constexpr (std::is_base_of_v<isa::avx512, Isa>) {
        return avx512::pack_codes<Width>(codes, count, out);
    } else if constexpr (std::is_base_of_v<isa::avx2, Isa>) {
        return avx2::pack_codes<Width>(codes, count, out);
    }
#endif
    pack_codes<Width>(codes, count, out);
}

template <int Width, class Isa>
void unpack_codes_on(Isa, std::byte const* packed, std::size_t count, std::uint8_t* codes) noexcept {
#if defined(__x86_64__)
    if constexpr (std::is_base_of_v<isa::avx512, Isa>) {
        return avx512::unpack_codes<Width>(packed, count, codes);
    } else if constexpr (std::is_base_of_v<isa::avx2, Isa>) {
        return avx2::unpack_codes<Width>(packed, count, codes);
    }
#endif
    unpack_codes<Width>(packed, count, codes);
}

/// Ternary digits as codes, see packing/trits.hpp.
inline void unpack_trits(processor const& machine, std::byte const* bytes, std::size_t count, std::uint8_t* codes) noexcept {
#if defined(__x86_64__)
    if (machine.avx512) return avx512::unpack_trits(bytes, count, codes);
#endif
    static_cast<void>(machine);
    unpack_trits(bytes, count, codes);
}

/// Codes to convert before they are packed, or after they are unpacked: they stay in the nearest cache.
inline constexpr std::size_t conversion_chunk = 2048;

/// Encodes `count` floats into the packed stream that begins at `packed`; how.seed and `first` as in encode_row.
template <scalar T, class Isa>
void encode_packed_on(Isa isa, float const* values, std::size_t count, encoding const& how, std::uint64_t first,
                      std::byte* packed) noexcept {
    if constexpr (T::width == 8 || (T::width == 16 && std::endian::native == std::endian::little)) {
        encode_row_on<T>(isa, values, count, how, first, packed);
    } else {
        if (T::width > 8 && count != 0) packed[stream_bytes(count, T::width) - 1] = std::byte{0};  // the padding
        std::byte codes[conversion_chunk * code_bytes<T>];
        for (std::size_t i = 0; i < count; i += conversion_chunk) {
            std::size_t const part = count - i < conversion_chunk ? count - i : conversion_chunk;
            encode_row_on<T>(isa, values + i, part, how, first + i, codes);
            if constexpr (T::width < 8) {
                pack_codes_on<T::width>(isa, reinterpret_cast<std::uint8_t const*>(codes), part, packed + i / 8 * T::width);
            } else {
                for (std::size_t j = 0; j < part; ++j) {
                    std::uint16_t code = 0;
                    std::memcpy(&code, codes + 2 * j, 2);
                    store_code(packed, (i + j) * T::width, T::width, code);
                }
            }
        }
    }
}

/// Decodes `count` codes of the packed stream that begins at `packed`.
template <scalar T, class Isa>
void decode_packed_on(Isa isa, std::byte const* packed, std::size_t count, float* out) noexcept {
    if constexpr (T::width == 8 || (T::width == 16 && std::endian::native == std::endian::little)) {
        decode_row_on<T>(isa, packed, count, out);
    } else {
        std::byte codes[conversion_chunk * code_bytes<T>];
        for (std::size_t i = 0; i < count; i += conversion_chunk) {
            std::size_t const part = count - i < conversion_chunk ? count - i : conversion_chunk;
            if constexpr (T::width < 8) {
                unpack_codes_on<T::width>(isa, packed + i / 8 * T::width, part, reinterpret_cast<std::uint8_t*>(codes));
            } else {
                for (std::size_t j = 0; j < part; ++j) {
                    auto const code = static_cast<std::uint16_t>(load_code(packed, (i + j) * T::width, T::width));
                    std::memcpy(codes + 2 * j, &code, 2);
                }
            }
            decode_row_on<T>(isa, codes, part, out + i);
        }
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
