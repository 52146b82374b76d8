// Quantized weights to what products of few rows read, on the device: codes in the order of fragments, scales by pairs of rows, factors.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../scaling/scale_rule.hpp"
#include "../device_target.hpp"
#include "../fragments/fragment_weights.hpp"
#include "../fragments/fragments.hpp"

namespace fewbits {

/// Codes of a quantized matrix (N x K) to tiles (fragment_order.hpp): a warp a tile, a thread what its lane will read. Beyond the matrix
/// codes are 0.
template <block_format F>
    requires has_fragments<F>
struct pack_fragments : plain_block<on_sm_75, 2> {
    using element = typename F::element;
    using tile = fragment_tile<element>;

    struct arguments {
        quantized_view<F> from;
        std::uint32_t* codes;  ///< [panel][tile] tile::words
        std::size_t rows, cols;
    };

    static constexpr std::size_t blocks_for(std::size_t rows, std::size_t cols) noexcept {
        return divided_up(fragment_weights<F>::panels(rows) * fragment_weights<F>::tiles(cols) * 32, threads);
    }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::size_t const tiles = divided_up(a.cols, fragment_columns);
        std::size_t const all = divided_up(a.rows, fragment_rows) * tiles * 32;
        std::size_t const step = static_cast<std::size_t>(m.blocks()) * threads;
        for (std::size_t i = static_cast<std::size_t>(m.block_index()) * threads + m.thread(); i < all; i += step) {
            std::size_t const which = i / 32;
            auto const lane = static_cast<int>(i % 32);
            lane_words<element> words = {};
            unrolled<32>([&](auto c) {
                constexpr int step_of = c.value / 8;
                constexpr int reg = c.value / 2 % 4;
                constexpr int half = c.value % 2;
                tile_place const at = place_a16(lane, reg, half);
                std::size_t const row = which / tiles * fragment_rows + static_cast<std::size_t>(at.row);
                std::size_t const col = which % tiles * fragment_columns + static_cast<std::size_t>(step_of * 16 + at.col);
                if (row < a.rows && col < a.cols) {
                    std::uint32_t code = a.from.code(row, col);
                    if constexpr (has_bf16_pairs<element>) code = kernel_code<element>(code);
                    unrolled<element::width>([&](auto bit) {
                        constexpr auto to = fragment_place<element>(step_of, reg, half, bit.value);
                        words[to.word] |= (code >> bit.value & 1U) << to.bit;
                    });
                }
            });
            unrolled<element::width>([&](auto w) { a.codes[which * tile::words + tile::word_at(w.value, lane)] = words[w.value]; });
        }
    }
};

/// Scales of a quantized matrix (N x K) by pairs of rows, and what the sums of a row are multiplied by: the scale of the whole matrix and
/// the unit of the elements where the scales are kept as stored, NaN where the row holds one. A warp a row. Beyond the matrix scales are 0.
template <block_format F>
    requires has_fragments<F>
struct pack_scales : plain_block<on_sm_75, 2> {
    using weights = fragment_weights<F>;
    using element = typename F::element;
    using scale_type = typename weights::scale_type;

    struct arguments {
        quantized_view<F> from;
        std::byte* scales;  ///< [panel][record][row 0..7] weights::pairs
        typename weights::offset_pairs* offsets;  ///< [panel][record][row 0..7], or null where there are none
        float* factors;     ///< N
        std::size_t rows, cols;
    };

    static constexpr std::size_t blocks_for(std::size_t rows) noexcept {
        return divided_up(weights::panels(rows) * fragment_rows, threads / 32);
    }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::size_t const rows = divided_up(a.rows, fragment_rows) * fragment_rows;
        std::size_t const step = static_cast<std::size_t>(m.blocks()) * (threads / 32);
        for (std::size_t row = static_cast<std::size_t>(m.block_index()) * (threads / 32) + m.warp(); row < rows; row += step) {
            std::uint32_t bad = store_scales_of(m, a, row) ? 1 : 0;
            if constexpr (has_nan_codes) {
                for (std::size_t col = m.lane(); row < a.rows && col < a.cols; col += 32) {
                    if (element::codec::is_nan(a.from.code(row, col))) bad = 1;
                }
            }
            for (unsigned mask = 16; mask != 0; mask /= 2) bad |= m.shuffle_xor(bad, mask);
            if (m.lane() == 0 && row < a.rows) a.factors[row] = bad != 0 ? bit_cast<float>(0x7FC00000U) : factor(a);
        }
    }

private:
    static constexpr bool has_nan_codes = element::kind == format_kind::minifloat && element::codec::has_nan;
    static constexpr float unit = [] {
        if constexpr (has_bf16_pairs<element>) return power_of_two(pair_exponent<element>);
        else return 1.0F;
    }();

    FEWBITS_DEVICE static float factor([[maybe_unused]] arguments const& a) {
        if constexpr (weights::tensor_scale) return mul_rn(a.from.scales.scale(0, 0), unit);
        else return unit;
    }

    /// Returns whether one of this lane's scales is NaN.
    template <class Machine>
    FEWBITS_DEVICE static bool store_scales_of(Machine& m, arguments const& a, std::size_t row) {
        constexpr std::size_t per_tile = weights::per_tile;
        constexpr std::size_t bytes = scale_bytes<scale_type>;
        std::size_t const records = weights::records(a.cols);
        bool bad = false;
        for (std::size_t i = m.lane(); i < records * per_tile; i += 32) {
            std::size_t const col = i * static_cast<std::size_t>(weights::group);
            float value = 0.0F;
            std::uint32_t bits = 0;
            if (row < a.rows && col < a.cols) bits = stored(a, row, col, value);
            if constexpr (weights::offsets != offset_form::none) bad = store_offset(a, row, col, i, value) || bad;
            if (!(value == value)) bad = true, bits = 0;
            std::size_t const record = (row / fragment_rows * records + i / per_tile) * 8 + row % 8;
            std::size_t const within = i % per_tile * 2 + row % fragment_rows / 8;
            std::byte* const to = a.scales + record * sizeof(typename weights::pairs) + within * bytes;
            if constexpr (bytes == 4) *reinterpret_cast<std::uint32_t*>(to) = bits;
            else if constexpr (bytes == 2) *reinterpret_cast<std::uint16_t*>(to) = static_cast<std::uint16_t>(bits);
            else *to = static_cast<std::byte>(bits);
        }
        return bad;
    }

    /// Offset `i` of a row beside its scale; whether it is NaN. The integer nearest to it in units of the scale is taken off the codes.
    FEWBITS_DEVICE static bool store_offset(arguments const& a, std::size_t row, std::size_t col, std::size_t i, float scale) {
        constexpr std::size_t per_tile = weights::per_tile;
        std::size_t const record = (row / fragment_rows * weights::records(a.cols) + i / per_tile) * 8 + row % 8;
        std::size_t const half = row % fragment_rows / 8;
        float const offset = row < a.rows && col < a.cols ? a.from.offset(row, col) : 0.0F;
        float centre = offset;  // a zero point counts codes
        if constexpr (weights::offsets == offset_form::any) centre = scale != 0.0F ? div_rn(-offset, scale) : 0.0F;
        // Codes are counted from their lowest.
        constexpr float lowest = static_cast<float>(kernel_code<element>(static_cast<std::uint32_t>(element::codec::from_integer(0))));
        centre = add_rn(centre, lowest);
        float const whole = centre > 0.0F ? (centre < 127.0F ? static_cast<float>(static_cast<int>(add_rn(centre, 0.5F))) : 127.0F) : 0.0F;
        a.offsets[record].centre[i % per_tile][half] = static_cast<std::uint8_t>(whole);
        if constexpr (weights::offsets == offset_form::any) {
            a.offsets[record].rest[i % per_tile][half] = fma_rn(sub_rn(whole, lowest), scale, offset);
        }
        return !(offset == offset);
    }

    /// The bits that are kept of the scale at (row, col), and its value.
    FEWBITS_DEVICE static std::uint32_t stored(arguments const& a, std::size_t row, std::size_t col, float& value) {
        if constexpr (std::is_same_v<scale_type, float>) {
            value = a.from.scale(row, col);
            return bit_cast<std::uint32_t>(value);
        } else {
            block_position const at = block_of(F::block, row, col, a.cols);
            std::uint32_t const code = a.from.scales.code(at.row, at.col);
            value = static_cast<float>(scale_type::from_bits(code));
            return code;
        }
    }
};

}  // namespace fewbits
