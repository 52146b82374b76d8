// Five ternary digits in a byte: the byte is the base-3 number whose digit i is value i plus one.
#pragma once

#include <cstddef>

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

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
