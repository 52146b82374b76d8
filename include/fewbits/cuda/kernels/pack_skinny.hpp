// What products of few rows read, made on the device: weights in the order of fragments, their scales by pairs of rows, activations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../../matrix/quantized_view.hpp"
#include "../decoders.hpp"
#include "../fragments.hpp"
#include "../scale_pairs.hpp"

namespace fewbits {

/// Codes of a quantized matrix (N x K) to tiles (fragment_order.hpp): a warp a tile, a thread what its lane will read. Beyond the matrix
/// codes are 0.
template <block_format F>
    requires has_decoder<typename F::element>
struct pack_fragments {
    using element = typename F::element;
    using tile = fragment_tile<element>;
    static constexpr int architecture = 750;
    static constexpr unsigned threads = 256;
    static constexpr unsigned blocks_per_multiprocessor = 2;
    static constexpr std::size_t shared_bytes = 0;

    struct arguments {
        quantized_view<F> from;
        std::uint32_t* codes;  ///< [panel][tile] tile::words
        std::size_t rows, cols;
    };

    static constexpr std::size_t tiles_of(std::size_t cols) noexcept { return (cols + fragment_columns - 1) / fragment_columns; }
    static constexpr std::size_t panels(std::size_t rows) noexcept { return (rows + fragment_rows - 1) / fragment_rows; }
    static constexpr std::size_t blocks_for(std::size_t rows, std::size_t cols) noexcept {
        return (panels(rows) * tiles_of(cols) * 32 + threads - 1) / threads;
    }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::size_t const tiles = (a.cols + fragment_columns - 1) / fragment_columns;
        std::size_t const all = (a.rows + fragment_rows - 1) / fragment_rows * tiles * 32;
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

/// Activations (M x K) to operands B of m16n8k16, as one bf16 (rounded to nearest where it does not hold the number) or as the sum of two.
template <class T, int Terms, int Tiles>
    requires(std::is_same_v<T, float> || scalar<T>)
struct pack_activations {
    static_assert(Terms == 1 || Terms == 2);
    static constexpr int architecture = 750;
    static constexpr unsigned threads = 256;
    static constexpr unsigned blocks_per_multiprocessor = 2;
    static constexpr std::size_t shared_bytes = 0;

    struct arguments {
        T const* from;
        word2* operand;      ///< [tile][step][n / 8][term][lane]
        std::size_t count;   ///< M, at most 8 * Tiles
        std::size_t cols;    ///< K
        std::size_t stride;  ///< of rows, in elements
    };

    static constexpr std::size_t size(std::size_t cols) noexcept {
        return (cols + fragment_columns - 1) / fragment_columns * fragment_steps * Tiles * Terms * 32;
    }
    static constexpr std::size_t blocks_for(std::size_t cols) noexcept { return (size(cols) / Terms + threads - 1) / threads; }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::size_t const all = (a.cols + fragment_columns - 1) / fragment_columns * fragment_steps * Tiles * 32;
        std::size_t const step = static_cast<std::size_t>(m.blocks()) * threads;
        for (std::size_t i = static_cast<std::size_t>(m.block_index()) * threads + m.thread(); i < all; i += step) {
            auto const lane = static_cast<int>(i % 32);
            std::size_t const tile = i / 32 % Tiles;
            word2 first{};
            word2 second{};
            unrolled<4>([&](auto c) {
                constexpr int reg = c.value / 2;
                constexpr int shift = c.value % 2 * 16;
                tile_place const at = place_b16(lane, reg, c.value % 2);
                std::size_t const row = tile * 8 + static_cast<std::size_t>(at.row);
                std::size_t const col = i / 32 / Tiles * 16 + static_cast<std::size_t>(at.col);
                if (row < a.count && col < a.cols) {
                    auto const x = static_cast<float>(a.from[row * a.stride + col]);
                    std::uint32_t const high = nearest_bf16(x);
                    first.at[reg] |= high << shift;
                    if constexpr (Terms == 2) second.at[reg] |= nearest_bf16(sub_rn(x, bit_cast<float>(high << 16))) << shift;
                }
            });
            std::size_t const to = (i / 32 * Terms) * 32 + static_cast<std::size_t>(lane);
            a.operand[to] = first;
            if constexpr (Terms == 2) a.operand[to + 32] = second;
        }
    }
};

}  // namespace fewbits
