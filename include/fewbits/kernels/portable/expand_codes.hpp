// Densely packed codes of any width become floats, or bytes, through a table with one entry per code.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../../config.hpp"
#include "../../packing/trits.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// A run of packed codes: the bytes of a row and how many of them may be read.
struct packed_run {
    std::byte const* bytes;
    std::size_t readable;
};

/// Eight bytes as a little-endian integer; fewer where the run ends, zeros above them.
inline std::uint64_t load_little(std::byte const* bytes, std::size_t readable) noexcept {
    std::uint64_t word = 0;
    if (std::endian::native == std::endian::little && readable >= 8) {
        std::memcpy(&word, bytes, 8);
        return word;
    }
    for (std::size_t i = 0; i < (readable < 8 ? readable : 8); ++i) {
        word |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
    }
    return word;
}

/// Where the i-th of a run of codes goes; every eight codes from a multiple of 8 on lie side by side.
struct in_a_row {
    std::size_t operator()(std::size_t i) const noexcept { return i; }
};

namespace expand_detail {

/// Eight codes fill Width bytes, so every step of eight begins at the same bit of its byte; with at most 7 bits in front
/// they fit one 64-bit word (Width 8 always begins at bit 0).
template <unsigned Width, class Entry, class Place>
void expand(packed_run run, std::size_t first, std::size_t count, Entry const* table, Entry* out, Place place) noexcept {
    constexpr std::uint64_t mask = (std::uint64_t{1} << Width) - 1;
    std::size_t byte = first / 8 * Width + first % 8 * Width / 8;
    unsigned const shift = static_cast<unsigned>(first % 8 * Width % 8);
    std::size_t i = 0;
    for (; i + 8 <= count && byte + 8 <= run.readable; i += 8, byte += Width) {
        std::uint64_t const word = load_little(run.bytes + byte, 8) >> shift;
        Entry* const to = out + place(i);
        for (unsigned j = 0; j < 8; ++j) to[j] = table[(word >> (j * Width)) & mask];
    }
    for (; i < count; i += 8, byte += Width) {
        std::uint64_t const word = load_little(run.bytes + byte, run.readable - byte) >> shift;
        Entry* const to = out + place(i);
        for (unsigned j = 0; j < 8 && i + j < count; ++j) to[j] = table[(word >> (j * Width)) & mask];
    }
}

}  // namespace expand_detail

/// out[place(i)] = table[code first + i] for i < count; codes are `width` (1 to 8) bits, low bits first.
template <class Entry, class Place>
void expand_codes(int width, packed_run run, std::size_t first, std::size_t count, Entry const* table, Entry* out,
                  Place place) noexcept {
    switch (width) {
        case 1: return expand_detail::expand<1>(run, first, count, table, out, place);
        case 2: return expand_detail::expand<2>(run, first, count, table, out, place);
        case 3: return expand_detail::expand<3>(run, first, count, table, out, place);
        case 4: return expand_detail::expand<4>(run, first, count, table, out, place);
        case 5: return expand_detail::expand<5>(run, first, count, table, out, place);
        case 6: return expand_detail::expand<6>(run, first, count, table, out, place);
        case 7: return expand_detail::expand<7>(run, first, count, table, out, place);
        default: return expand_detail::expand<8>(run, first, count, table, out, place);
    }
}

/// The table that leaves codes as they are.
inline std::uint8_t const* code_table() noexcept {
    struct table {
        std::uint8_t code[256];
        table() noexcept {
            for (unsigned i = 0; i < 256; ++i) code[i] = static_cast<std::uint8_t>(i);
        }
    };
    static table const codes;
    return codes.code;
}

/// The five digits of every byte.
struct trit_table {
    float digit[256][5];
    trit_table() noexcept {
        for (unsigned byte = 0; byte < 256; ++byte) {
            for (std::size_t i = 0; i < 5; ++i) digit[byte][i] = static_cast<float>(byte / power_of_3(i) % 3) - 1.0F;
        }
    }
};

inline trit_table const& trit_values() noexcept {
    static trit_table const table;
    return table;
}

/// out[i] = ternary digit first + i (-1, 0 or 1) for i < count, packed as packing/trits.hpp says.
inline void expand_trits(std::byte const* bytes, std::size_t first, std::size_t count, float* out) noexcept {
    trit_table const& table = trit_values();
    for (std::size_t i = 0; i < count;) {
        std::size_t const in_run = (first + i) % trit_run;
        std::byte const* byte = bytes + (first + i) / trit_run * trit_run_bytes + in_run / 5;
        std::size_t const end = i + (std::min)(count - i, trit_run - in_run);
        for (std::size_t digit = in_run % 5; i < end && digit != 0 && digit < 5; ++digit, ++i) {
            out[i] = table.digit[std::to_integer<unsigned>(*byte)][digit];
            if (digit == 4) ++byte;
        }
        for (; i + 5 <= end; i += 5, ++byte) std::memcpy(out + i, table.digit[std::to_integer<unsigned>(*byte)], 20);
        for (std::size_t digit = 0; i < end; ++digit, ++i) out[i] = table.digit[std::to_integer<unsigned>(*byte)][digit];
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
