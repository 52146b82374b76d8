// The packed storage bit by bit: what the fast code must equal.
#pragma once

#include <fewbits/formats/all_formats.hpp>
#include <fewbits/packing/packed_span.hpp>

#include <cstddef>
#include <random>
#include <vector>

namespace packing_model {

namespace fb = fewbits;
using bytes = std::vector<std::byte>;

inline bool bit(bytes const& data, std::size_t i) {
    return ((static_cast<unsigned>(data[i / 8]) >> (i % 8)) & 1U) != 0;
}

inline unsigned read_bits(bytes const& data, std::size_t first, int width) {
    unsigned code = 0;
    for (int i = 0; i < width; ++i) code |= static_cast<unsigned>(bit(data, first + static_cast<std::size_t>(i))) << i;
    return code;
}

inline void write_bits(bytes& data, std::size_t first, int width, unsigned code) {
    for (int i = 0; i < width; ++i) {
        std::size_t const at = first + static_cast<std::size_t>(i);
        auto const mask = static_cast<std::byte>(1U << (at % 8));
        data[at / 8] = ((code >> i) & 1U) != 0 ? data[at / 8] | mask : data[at / 8] & ~mask;
    }
}

inline bytes random_bytes(std::size_t count, unsigned seed) {
    std::mt19937 engine(seed);
    bytes out(count);
    for (std::byte& b : out) b = static_cast<std::byte>(engine() & 255U);
    return out;
}

} // namespace packing_model
