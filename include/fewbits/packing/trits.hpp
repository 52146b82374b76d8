// Five ternary digits in a byte: the byte is the base-3 number whose digit i is value i plus one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../config.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Digits start a new byte every `trit_run` elements, the block length of the formats that use this packing.
inline constexpr std::size_t trit_run = 256;
inline constexpr std::size_t trit_run_bytes = (trit_run + 4) / 5;

/// Bytes that `count` digits fill.
FEWBITS_HOST_DEVICE constexpr std::size_t trit_bytes(std::size_t count) noexcept {
    return count / trit_run * trit_run_bytes + (count % trit_run + 4) / 5;
}

/// 3^digit, digit in 0..4.
FEWBITS_HOST_DEVICE constexpr unsigned power_of_3(std::size_t digit) noexcept {
    return digit == 0 ? 1 : digit == 1 ? 3 : digit == 2 ? 9 : digit == 3 ? 27 : 81;
}

/// Digit `index` as -1, 0 or +1; bytes above 242, which no digits give, read as if reduced modulo 243.
FEWBITS_HOST_DEVICE constexpr int load_trit(std::byte const* bytes, std::size_t index) noexcept {
    auto const byte = static_cast<unsigned>(bytes[index / trit_run * trit_run_bytes + index % trit_run / 5]);
    return static_cast<int>(byte / power_of_3(index % trit_run % 5) % 3) - 1;
}

/// Stores -1, 0 or +1 as digit `index` of bytes that hold digits (zeroed bytes are five times -1).
FEWBITS_HOST_DEVICE constexpr void store_trit(std::byte* bytes, std::size_t index, int value) noexcept {
    std::byte& byte = bytes[index / trit_run * trit_run_bytes + index % trit_run / 5];
    unsigned const power = power_of_3(index % trit_run % 5);
    unsigned const old = static_cast<unsigned>(byte) / power % 3;
    byte = static_cast<std::byte>(static_cast<unsigned>(byte) - old * power + static_cast<unsigned>(value + 1) * power);
}

/// The byte of `count` <= 5 digits, given as integers of two bits in two's complement, and -1 for those that lack.
FEWBITS_HOST_DEVICE constexpr std::byte trits_byte(std::uint8_t const* codes, std::size_t count) noexcept {
    unsigned byte = 0;
    for (std::size_t digit = count; digit-- > 0;) byte = 3 * byte + ((codes[digit] + 1U) & 3U);
    return static_cast<std::byte>(byte);
}

/// Packs `count` digits.
inline void pack_trits(std::uint8_t const* codes, std::size_t count, std::byte* bytes) noexcept {
    for (std::size_t first = 0; first < count; first += trit_run) {
        std::size_t const end = count - first < trit_run ? count : first + trit_run;
        std::size_t i = first;
        for (; i + 5 <= end; i += 5) *bytes++ = trits_byte(codes + i, 5);
        if (i < end) *bytes++ = trits_byte(codes + i, end - i);
    }
}

/// The reverse.
inline void unpack_trits(std::byte const* bytes, std::size_t count, std::uint8_t* codes) noexcept {
    struct digits {
        std::uint8_t code[256][5];
    };
    static constexpr digits table = [] {
        digits made{};
        for (unsigned i = 0; i < 256 * 5; ++i) made.code[i / 5][i % 5] = static_cast<std::uint8_t>((i / 5 / power_of_3(i % 5) % 3 + 3) & 3);
        return made;
    }();
    for (std::size_t first = 0; first < count; first += trit_run) {
        std::size_t const end = count - first < trit_run ? count : first + trit_run;
        std::size_t i = first;
        for (; i + 5 <= end; i += 5) std::memcpy(codes + i, table.code[static_cast<unsigned>(*bytes++)], 5);
        if (i < end) std::memcpy(codes + i, table.code[static_cast<unsigned>(*bytes++)], end - i);
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
