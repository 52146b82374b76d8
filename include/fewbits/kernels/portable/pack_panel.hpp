// Codes stored row by row become panels: 16 rows at once, whole lines of every plane.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../../bits/integer.hpp"
#include "../../matrix/panel_order.hpp"
#include "expand_codes.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace pack_detail {

inline constexpr std::size_t line_words = line_bytes / 8;

/// Codes or digits as bytes, four columns of 16 rows a line, as the 8-bit plane has them.
template <std::size_t Columns>
struct byte_lines {
    static constexpr std::size_t columns = Columns;
    alignas(64) std::uint64_t words[Columns / line_columns][line_words];

    /// Eight columns of a row from column `col` on; byte i of `codes` is column col + i.
    void set(std::size_t row, std::size_t col, std::uint64_t codes) noexcept {
        if constexpr (std::endian::native == std::endian::big) codes = __builtin_bswap64(codes);
        auto const* const from = reinterpret_cast<std::byte const*>(&codes);
        auto* const to = reinterpret_cast<std::byte*>(words[col / line_columns]) + row * line_columns;
        std::memcpy(to, from, line_columns);
        std::memcpy(to + line_bytes, from + line_columns, line_columns);
    }
};

/// The lowest `bits` bits of every group of `period` bits.
constexpr std::uint64_t low_of_every(int bits, int period) noexcept {
    std::uint64_t mask = 0;
    for (int at = 0; at < 64; at += period) mask |= low_mask(bits) << at;
    return mask;
}

/// Eight codes of Width bits side by side, each moved to a byte of its own: halves move apart, then quarters, then eighths.
template <int Width, int Count = 4>
constexpr std::uint64_t spread(std::uint64_t codes) noexcept {
    constexpr int bits = Count * Width;
    constexpr std::uint64_t low = low_of_every(bits, 16 * Count);
    codes = (codes & low) | (codes & low << bits) << (8 * Count - bits);
    if constexpr (Count == 1) return codes;
    else return spread<Width, Count / 2>(codes);
}

/// Columns [first, first + count) of a row, first a multiple of 8; columns beyond are zeros to the next multiple of 8.
template <int Width, class Lines>
void set_row(Lines& lines, std::size_t row, packed_run run, std::size_t first, std::size_t count) noexcept {
    std::size_t byte = first / 8 * static_cast<std::size_t>(Width);
    std::size_t col = 0;
    for (; col + 8 <= count && byte + 8 <= run.readable; col += 8, byte += Width) {
        lines.set(row, col, spread<Width>(load_little(run.bytes + byte, 8)));
    }
    for (; col < count; col += 8, byte += Width) {
        std::uint64_t const codes = spread<Width>(load_little(run.bytes + byte, run.readable - byte));
        lines.set(row, col, codes & low_mask(static_cast<int>((std::min)(count - col, std::size_t{8})) * 8));
    }
}

/// One unit of 32 columns: the lines of plane I and of those after it, from eight lines of bytes.
template <int Width, int I = 0>
void store_planes(std::uint64_t const (*lines)[line_words], std::byte* out) noexcept {
    constexpr plane p = planes_of(Width).at[I];
    constexpr std::size_t steps = 8 / p.bits;
    constexpr std::uint64_t mask = low_of_every(p.bits, 8);
    for (std::size_t line = 0; line < static_cast<std::size_t>(p.bits); ++line) {
        std::uint64_t word[line_words] = {};
        for (std::size_t step = 0; step < steps; ++step) {
            std::uint64_t const* const from = lines[line * steps + step];
            for (std::size_t i = 0; i < line_words; ++i) word[i] |= (from[i] >> p.low_bit & mask) << static_cast<int>(step) * p.bits;
        }
        std::memcpy(out + (p.line + line) * line_bytes, word, line_bytes);
    }
    if constexpr (I + 1 < planes_of(Width).count) store_planes<Width, I + 1>(lines, out);
}

/// The digits of every byte as bytes 0, 1 or 2, the first lowest.
inline constexpr auto digits_of_byte = [] {
    std::array<std::uint64_t, 256> digits{};
    for (unsigned byte = 0; byte < 256; ++byte) {
        for (std::size_t i = 0; i < 5; ++i) digits[byte] |= std::uint64_t{byte / power_of_3(i) % 3} << (8 * i);
    }
    return digits;
}();

/// Columns [first, first + count) of a row of ternary digits, first a multiple of trit_run; zeros to the next multiple of 8.
template <class Lines>
void set_trits(Lines& lines, std::size_t row, std::byte const* bytes, std::size_t first, std::size_t count) noexcept {
    alignas(8) std::uint8_t digits[Lines::columns + 8];
    std::byte const* byte = bytes + first / trit_run * trit_run_bytes;
    for (std::size_t run = 0; run < count; run += trit_run) {
        std::size_t const end = run + (std::min)(count - run, trit_run);
        for (std::size_t col = run; col < end; col += 5, ++byte) {
            std::uint64_t five = digits_of_byte[std::to_integer<std::size_t>(*byte)];
            if constexpr (std::endian::native == std::endian::big) five = __builtin_bswap64(five);
            std::memcpy(digits + col, &five, 8);
        }
    }
    for (std::size_t col = 0; col < count; col += 8) {
        lines.set(row, col, load_little(reinterpret_cast<std::byte const*>(digits + col), (std::min)(count - col, std::size_t{8})));
    }
}

/// 20 columns of digits from five lines of bytes; no sum exceeds its byte.
inline void store_trits(std::uint64_t const (*lines)[line_words], std::byte* out) noexcept {
    std::uint64_t word[line_words] = {};
    for (std::size_t digit = 0; digit < 5; ++digit) {
        for (std::size_t i = 0; i < line_words; ++i) word[i] += lines[digit][i] * power_of_3(digit);
    }
    std::memcpy(out, word, line_bytes);
}

}  // namespace pack_detail

/// One panel of `rows` <= 16 rows and `cols` columns, whole: run(r) is where row r of it stands, its first code at bit 0.
template <int Width, bool Trits, class RunOfRow>
void pack_panel(RunOfRow const& run, std::size_t rows, std::size_t cols, std::byte* out) noexcept {
    // Runs of trits and lines of trits begin together every 1280 columns.
    pack_detail::byte_lines<Trits ? 5 * trit_run : 256> lines;
    for (std::size_t first = 0; first < cols; first += lines.columns) {
        std::size_t const count = (std::min)(cols - first, lines.columns);
        if (rows < panel_rows || count < lines.columns) std::memset(lines.words, 0, sizeof lines.words);
        for (std::size_t r = 0; r < rows; ++r) {
            if constexpr (Trits) pack_detail::set_trits(lines, r, run(r).bytes, first, count);
            else pack_detail::set_row<Width>(lines, r, run(r), first, count);
        }
        if constexpr (Trits) {
            for (std::size_t col = 0; col < count; col += trit_line_columns, out += line_bytes) {
                pack_detail::store_trits(lines.words + col / line_columns, out);
            }
        } else {
            for (std::size_t col = 0; col < count; col += unit_columns, out += Width * line_bytes) {
                pack_detail::store_planes<Width>(lines.words + col / line_columns, out);
            }
        }
    }
}

/// The same for numbers of `Bytes` whole bytes: column after column; rows that are missing become zeros.
template <std::size_t Bytes, class RunOfRow>
void pack_panel_numbers(RunOfRow const& run, std::size_t rows, std::size_t cols, std::byte* out) noexcept {
    if (rows < panel_rows) std::fill_n(out, cols * panel_rows * Bytes, std::byte{0});
    for (std::size_t r = 0; r < rows; ++r) {
        std::byte const* const from = run(r).bytes;
        for (std::size_t c = 0; c < cols; ++c) std::memcpy(out + (c * panel_rows + r) * Bytes, from + c * Bytes, Bytes);
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
