// Codes of at most 8 bits in panels of 16 rows: what the order of panel_order.hpp means for one element.
#pragma once

#include <cstddef>
#include <span>

#include "block_storage.hpp"
#include "huge_pages.hpp"
#include "panel_order.hpp"

namespace fewbits {

/// rows x cols codes of `Width` bits, or ternary digits as 0, 1, 2. Bytes hold anything until they are stored.
template <int Width, bool Trits = false>
class panel_codes {
public:
    panel_codes() = default;
    panel_codes(std::size_t rows, std::size_t cols)
        : panel_bytes_(panel_bytes_of(Width, Trits, cols)),
          bytes_(size(rows, cols)) {}

    /// Bytes of all panels of rows x cols codes.
    static std::size_t size(std::size_t rows, std::size_t cols) {
        return checked_bytes(panels_of(rows), panel_bytes_of(Width, Trits, cols));
    }

    unsigned code(std::size_t row, std::size_t col) const noexcept {
        std::byte const* const panel = lines(row / panel_rows);
        if constexpr (Trits) {
            return static_cast<unsigned>(panel[trit_byte_in_panel(row, col)]) / power_of_3(trit_digit(col)) % 3;
        } else {
            unsigned code = 0;
            for (int i = 0; i < planes.count; ++i) {
                bit_place const at = place_in_panel(Width, planes.at[i], row, col);
                unsigned const bits = static_cast<unsigned>(panel[at.byte]) >> at.shift & ((1U << planes.at[i].bits) - 1);
                code |= bits << planes.at[i].low_bit;
            }
            return code;
        }
    }

    /// Codes that share a byte must not be stored by two threads at once: one panel, one thread.
    void set_code(std::size_t row, std::size_t col, unsigned code) noexcept {
        std::byte* const panel = lines(row / panel_rows);
        if constexpr (Trits) {
            std::byte& byte = panel[trit_byte_in_panel(row, col)];
            unsigned const power = power_of_3(trit_digit(col));
            unsigned const old = static_cast<unsigned>(byte) / power % 3;
            byte = static_cast<std::byte>(static_cast<unsigned>(byte) - old * power + code * power);
        } else {
            for (int i = 0; i < planes.count; ++i) {
                bit_place const at = place_in_panel(Width, planes.at[i], row, col);
                unsigned const mask = ((1U << planes.at[i].bits) - 1) << at.shift;
                unsigned const bits = code >> planes.at[i].low_bit << at.shift & mask;
                panel[at.byte] = static_cast<std::byte>((static_cast<unsigned>(panel[at.byte]) & ~mask) | bits);
            }
        }
    }

    /// Whether everything beyond column `cols` - 1 is zeros: products read it, times zeros, so it must be numbers.
    bool zero_beyond(std::size_t cols) const noexcept {
        constexpr std::size_t whole = Trits ? trit_line_columns : unit_columns;
        std::size_t const end = (cols + whole - 1) / whole * whole;
        std::size_t const rows = panel_bytes_ == 0 ? 0 : bytes_.size() / panel_bytes_ * panel_rows;
        for (std::size_t row = 0; row < rows; ++row) {
            for (std::size_t col = cols; col < end; ++col) {
                if (code(row, col) != 0) return false;
            }
        }
        return true;
    }

    std::size_t panel_bytes() const noexcept { return panel_bytes_; }
    std::byte const* lines(std::size_t panel) const noexcept { return bytes_.data() + panel * panel_bytes_; }
    std::byte* lines(std::size_t panel) noexcept { return bytes_.data() + panel * panel_bytes_; }
    std::span<const std::byte> bytes() const noexcept { return bytes_; }
    std::span<std::byte> bytes() noexcept { return bytes_; }

private:
    static constexpr plane_list planes = planes_of(Width);

    std::size_t panel_bytes_ = 0;
    page_bytes bytes_;
};

}  // namespace fewbits
