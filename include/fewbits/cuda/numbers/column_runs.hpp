// Runs of eight columns: what a thread reads of a matrix of numbers, and the whole bytes it writes of their codes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../../kernels/portable/widen.hpp"
#include "../../packing/trits.hpp"
#include "../../scaling/block_scaled.hpp"
#include "../unrolled.hpp"
#include "words.hpp"

namespace fewbits {

/// What is quantized on the device: fp32 and the 16-bit formats.
template <class T>
concept device_value = std::is_same_v<T, float> || (half_float<T> && (T::codec::exponent_bits == 8 || T::codec::exponent_bits == 5));

/// Columns of a run: codes of any width are then whole bytes.
inline constexpr unsigned run_columns = 8;

inline namespace FEWBITS_BASELINE {

/// Whether `at` lies on Bytes bytes.
template <std::size_t Bytes>
FEWBITS_DEVICE bool lies_on(void const* at) {
    return reinterpret_cast<std::uintptr_t>(at) % Bytes == 0;
}

/// Loads and stores of as many bytes as T has, where the address allows.
template <class T>
FEWBITS_DEVICE T load_aligned(void const* from) {
    T value;
    __builtin_memcpy(&value, __builtin_assume_aligned(from, sizeof(T)), sizeof(T));
    return value;
}
template <class T>
FEWBITS_DEVICE void store_aligned(void* to, T const& value) {
    __builtin_memcpy(__builtin_assume_aligned(to, sizeof(T)), &value, sizeof(T));
}

/// The number whose bits are the lower half of a word.
template <device_value T>
FEWBITS_DEVICE float widened(std::uint32_t bits) {
    if constexpr (T::codec::exponent_bits == 8) return bit_cast<float>(bits << 16);
    else return from_fp16(bits);
}

/// The T nearest to a float, ties to even; beyond its largest value infinity.
template <device_value T>
FEWBITS_DEVICE T narrowed(float x) {
    if constexpr (std::is_same_v<T, float>) return x;
    else if constexpr (T::codec::exponent_bits == 8) return T::from_bits(nearest_bf16(x));
    else return T::from_bits(nearest_fp16(x));
}

/// One number.
template <device_value T>
FEWBITS_DEVICE float load_value(T const* from) {
    if constexpr (std::is_same_v<T, float>) return *from;
    else return widened<T>(from->bits());
}

/// Eight numbers that lie on 16 bytes.
template <device_value T>
FEWBITS_DEVICE void load_whole_run(T const* from, float (&values)[run_columns]) {
    constexpr int per_word = 4 / sizeof(T);  // numbers
    unrolled<run_columns / per_word / 4>([&](auto w) {
        auto const four = load_aligned<word4>(from + w.value * 4 * per_word);
        unrolled<4>([&](auto i) {
            constexpr int at = (decltype(w)::value * 4 + decltype(i)::value) * per_word;
            std::uint32_t const word = four.at[decltype(i)::value];
            if constexpr (std::is_same_v<T, float>) {
                values[at] = bit_cast<float>(word);
            } else {
                values[at] = widened<T>(word);
                if constexpr (T::codec::exponent_bits == 8) values[at + 1] = bit_cast<float>(word & 0xFFFF0000U);
                else values[at + 1] = widened<T>(word >> 16);
            }
        });
    });
}

/// `count` <= 8 numbers, and zeros for those that lack; nothing is read where there are none.
template <device_value T>
FEWBITS_DEVICE void load_run(T const* from, unsigned count, float (&values)[run_columns]) {
    if (count == run_columns && lies_on<16>(from)) {
        load_whole_run(from, values);
    } else {
        unrolled<run_columns>([&](auto i) { values[i.value] = i.value < count ? load_value(from + i.value) : 0.0F; });
    }
}

/// The bytes of eight codes of Width bits where `to` lies on the largest power of two that divides Width.
template <int Width>
FEWBITS_DEVICE void store_whole_run(std::byte* to, std::uint64_t codes) {
    constexpr std::size_t unit = Width & -Width;
    unrolled<Width / unit>([&](auto i) {
        std::uint64_t const part = codes >> (i.value * unit * 8);
        if constexpr (unit == 8) store_aligned(to, part);
        else if constexpr (unit == 4) store_aligned(to, static_cast<std::uint32_t>(part));
        else if constexpr (unit == 2) store_aligned(to + i.value * 2, static_cast<std::uint16_t>(part));
        else to[i.value] = static_cast<std::byte>(part);
    });
}

/// The bytes of `count` <= 8 codes of Width bits, the first in the lowest bits; codes that lack are 0.
template <int Width>
FEWBITS_DEVICE void store_run(std::byte* to, std::uint64_t codes, unsigned count) {
    if (count == run_columns && lies_on<(Width & -Width)>(to)) {
        store_whole_run<Width>(to, codes);
    } else {
        for (unsigned i = 0; i * 8 < count * Width; ++i) to[i] = static_cast<std::byte>(codes >> (i * 8));
    }
}

/// Two numbers as T in a word, the first in the lower half.
template <half_float T>
FEWBITS_DEVICE std::uint32_t narrowed_pair(float first, float second) {
    if constexpr (T::codec::exponent_bits == 8) return nearest_bf16x2(first, second);
    else return nearest_fp16(first) | nearest_fp16(second) << 16;
}

/// `count` <= 8 numbers as T, all at once where they are whole and lie on 16 bytes.
template <device_value T>
FEWBITS_DEVICE void store_value_run(T* to, unsigned count, float const (&values)[run_columns]) {
    if (count == run_columns && lies_on<16>(to)) {
        constexpr int per_word = 4 / sizeof(T);  // numbers
        unrolled<run_columns / per_word / 4>([&](auto w) {
            word4 four;
            unrolled<4>([&](auto i) {
                constexpr int at = (decltype(w)::value * 4 + decltype(i)::value) * per_word;
                if constexpr (std::is_same_v<T, float>) four.at[decltype(i)::value] = bit_cast<std::uint32_t>(values[at]);
                else four.at[decltype(i)::value] = narrowed_pair<T>(values[at], values[at + 1]);
            });
            store_aligned(to + w.value * 4 * per_word, four);
        });
    } else {
        unrolled<run_columns>([&](auto i) {
            if (static_cast<unsigned>(i.value) < count) to[i.value] = narrowed<T>(values[i.value]);
        });
    }
}

/// Where a run of codes of B lies in a row, as whole bytes: eight columns, or the five digits of a byte.
struct run_place {
    std::size_t col;
    std::size_t byte;
    unsigned most;  ///< columns
};
template <block_composition B>
FEWBITS_DEVICE run_place place_of_run(std::size_t run) {
    if constexpr (B::trits) {
        std::size_t const digit = run % trit_run_bytes * 5;
        return {run / trit_run_bytes * trit_run + digit, run, digit + 5 <= trit_run ? 5U : static_cast<unsigned>(trit_run - digit)};
    } else {
        return {run * run_columns, run * B::element::width, run_columns};
    }
}

/// Runs of a row, or of a part of it that begins with a run.
template <block_composition B>
FEWBITS_HOST_DEVICE constexpr std::size_t runs_of_row(std::size_t cols) noexcept {
    return B::trits ? trit_bytes(cols) : (cols + run_columns - 1) / run_columns;
}

/// How many of a run's columns there are.
FEWBITS_DEVICE unsigned columns_of(run_place const& place, std::size_t cols) {
    return place.col >= cols ? 0U : cols - place.col < place.most ? static_cast<unsigned>(cols - place.col) : place.most;
}

/// Stores a run's codes, each in B::element::width bits of `codes`, `to` being the run's first byte.
template <block_composition B>
FEWBITS_DEVICE void store_codes(std::byte* to, std::uint64_t codes, unsigned count) {
    if constexpr (B::trits) {
        unsigned byte = 0;
        for (unsigned digit = count; digit-- > 0;) byte = 3 * byte + ((static_cast<unsigned>(codes >> 2 * digit) + 1U) & 3U);
        *to = static_cast<std::byte>(byte);
    } else {
        store_run<B::element::width>(to, codes, count);
    }
}

}  // namespace FEWBITS_BASELINE

/// n / divisor for n < 2^31 without a division: the reciprocal rounded up is near enough (Granlund and Montgomery 1994).
class known_divisor {
public:
    known_divisor() = default;
    explicit known_divisor(std::uint32_t divisor) : value_(divisor) {
        while (std::uint64_t{1} << shift_ < divisor) ++shift_;
        factor_ = static_cast<std::uint32_t>(((std::uint64_t{1} << (31 + shift_)) + divisor - 1) / divisor);
    }
    FEWBITS_HOST_DEVICE std::uint32_t quotient(std::uint32_t n) const noexcept {
        return static_cast<std::uint32_t>(std::uint64_t{2 * n} * factor_ >> 32) >> shift_;
    }
    FEWBITS_HOST_DEVICE std::uint32_t value() const noexcept { return value_; }

private:
    std::uint32_t factor_ = std::uint32_t{1} << 31;
    std::uint32_t value_ = 1;
    int shift_ = 0;
};

}  // namespace fewbits
