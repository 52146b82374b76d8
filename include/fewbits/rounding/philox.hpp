// Counter-based random bits (Philox 4x32-10): the same word for an element whatever the thread, order or device.
#pragma once

#include <cstdint>

#include "../config.hpp"

namespace fewbits {

/// Four 32-bit words: a counter going in, random bits coming out.
struct philox_block {
    std::uint32_t word[4];
};

inline namespace FEWBITS_BASELINE {

/// One block of Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3; SC 2011).
FEWBITS_HOST_DEVICE constexpr philox_block philox4x32_10(philox_block counter, std::uint32_t key0,
                                                         std::uint32_t key1) noexcept {
    for (int round = 0; round < 10; ++round) {
        std::uint64_t const p0 = std::uint64_t{0xD2511F53} * counter.word[0];
        std::uint64_t const p1 = std::uint64_t{0xCD9E8D57} * counter.word[2];
        counter = {{static_cast<std::uint32_t>(p1 >> 32) ^ counter.word[1] ^ key0, static_cast<std::uint32_t>(p1),
                    static_cast<std::uint32_t>(p0 >> 32) ^ counter.word[3] ^ key1, static_cast<std::uint32_t>(p0)}};
        key0 += 0x9E3779B9;
        key1 += 0xBB67AE85;
    }
    return counter;
}

/// The 32 random bits of element `index` (row-major) under `seed`: word index mod 4 of the block numbered index / 4.
FEWBITS_HOST_DEVICE constexpr std::uint32_t random_word(std::uint64_t seed, std::uint64_t index) noexcept {
    std::uint64_t const block = index / 4;
    philox_block const counter{{static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32), 0, 0}};
    philox_block const drawn = philox4x32_10(counter, static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32));
    // No array that is indexed: kernels would keep one in local memory.
    std::uint32_t const low = index % 2 == 0 ? drawn.word[0] : drawn.word[1];
    std::uint32_t const high = index % 2 == 0 ? drawn.word[2] : drawn.word[3];
    return index % 4 < 2 ? low : high;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
