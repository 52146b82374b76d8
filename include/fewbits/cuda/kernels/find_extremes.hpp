// The first pass where blocks reach through all rows: what their scales depend on, put together by atomic maxima.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../matrix/matrix_view.hpp"
#include "../device_target.hpp"
#include "../quantize/target.hpp"

namespace fewbits {

/// Facts as words of which the largest is the fact of all; 0 before anything was seen.
template <block_composition B>
struct fact_words {
    static constexpr std::size_t count = block_facts<B>::range ? 2 : 1;

    /// Floats ordered as words, those that are less first.
    FEWBITS_HOST_DEVICE static std::uint32_t rising(float x) noexcept {
        return static_cast<std::uint32_t>(ordered_key(bit_cast<std::uint32_t>(x))) ^ 0x80000000U;
    }
    FEWBITS_HOST_DEVICE static float of_rising(std::uint32_t word) noexcept {
        return bit_cast<float>(static_cast<std::uint32_t>(ordered_key(word ^ 0x80000000U)));
    }

    FEWBITS_DEVICE static std::uint32_t word(block_facts<B> const& found, std::size_t which, bool with_sign) {
        if constexpr (block_facts<B>::range) return which == 0 ? rising(found.highest) : ~rising(found.lowest);
        else return with_sign && found.all_finite() ? found.key : bit_cast<std::uint32_t>(found.largest) << 1;
    }
    /// The facts of words `stride` apart.
    FEWBITS_DEVICE static block_facts<B> facts(std::uint32_t const* words, [[maybe_unused]] std::size_t stride) {
        block_facts<B> found;
        if constexpr (block_facts<B>::range) {
            found.highest = of_rising(words[0]);
            found.lowest = of_rising(~words[stride]);
        } else {
            found.key = words[0];
            found.largest = bit_cast<float>(words[0] >> 1);
        }
        return found;
    }
};

/// Extremes of a matrix of T for blocks of B that reach through all rows, and, in groups of columns, through B::block.cols of these or
/// all. `Finite`: infinities and NaNs do not count.
template <block_composition B, device_value T, bool Finite>
struct find_extremes : plain_block<on_sm_80, 4> {
    static_assert(B::block.rows == 0 && !block_facts<B>::tells_zeros_apart);
    static constexpr std::size_t width = B::block.cols;
    static constexpr unsigned facts = width % run_columns == 0 ? 1 : run_columns;  ///< of a run

    struct arguments {
        matrix_view<T const> from;
        std::uint32_t* words;   ///< fact_words, each for all blocks
        std::uint32_t grid_cols;
        bool with_sign;
        known_divisor row_runs;
        std::uint32_t row_step;  ///< rows between two of a thread
    };

    /// Runs that are side by side, of a warp each where blocks are narrow.
    static constexpr std::size_t runs_of(std::size_t cols) noexcept {
        std::size_t const runs = (cols + run_columns - 1) / run_columns;
        return width == 0 ? (runs + 31) / 32 * 32 : runs;
    }

    /// Thread t takes run t % runs of rows t / runs, + row_step, ...
    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::uint32_t const index = m.block_index() * threads + m.thread();
        std::uint32_t const first_row = a.row_runs.quotient(index);
        std::size_t const col = std::size_t{index - first_row * a.row_runs.value()} * run_columns;
        unsigned const count = columns_of({col, 0, run_columns}, a.from.cols);
        block_facts<B> found[facts];
        if (first_row < a.row_step && count != 0) {
            for (std::size_t row = first_row; row < a.from.rows; row += a.row_step) {
                float values[run_columns];
                load_run(a.from.row(row) + col, count, values);
                if constexpr (Finite) {
                    unrolled<run_columns>([&](auto i) { values[i.value] = is_finite(values[i.value]) ? values[i.value] : 0.0F; });
                }
                if constexpr (facts == 1) {
                    found[0].add(values, count, 0, a.with_sign);
                } else {
                    unrolled<run_columns>([&](auto i) { found[i.value].add_one(values[i.value], a.with_sign); });
                }
            }
        }
        if constexpr (width == 0) {
            found[0].template share<32>(m, a.with_sign);  // runs of a row are whole warps
            if (m.lane() == 0) raise(m, a, found[0], 0);
        } else if constexpr (facts == 1) {
            if (count != 0) raise(m, a, found[0], col / width);
        } else {
            unrolled<run_columns>([&](auto i) {
                if (i.value < count) raise(m, a, found[i.value], (col + i.value) / width);
            });
        }
    }

private:
    template <class Machine>
    FEWBITS_DEVICE static void raise(Machine& m, arguments const& a, block_facts<B> const& found, std::size_t block) {
        for (std::size_t w = 0; w < fact_words<B>::count; ++w) {
            m.atomic_max(a.words + w * a.grid_cols + block, fact_words<B>::word(found, w, a.with_sign));
        }
    }
};

/// Numbers of blocks from fact_words, stored: a thread for a block.
template <block_composition B>
struct store_extremes : plain_block<on_sm_80, 2> {
    struct arguments {
        std::uint32_t const* words;
        std::uint32_t grid_cols;
        quantize_target<B> to;
    };

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::uint32_t const block = m.block_index() * threads + m.thread();
        if (block >= a.grid_cols) return;
        a.to.numbers_of(fact_words<B>::facts(a.words + block, a.grid_cols), {0, block}, true);
    }
};

/// The tensor's scale over the scales of blocks: the largest magnitude over the largest that both levels reach.
template <block_composition B>
    requires is_under_tensor_scale<typename B::scale_type>
struct store_outer_scale : on_sm_80 {
    static constexpr unsigned threads = 32;
    static constexpr unsigned blocks_per_multiprocessor = 1;
    static constexpr std::size_t shared_bytes = 0;

    struct arguments {
        std::uint32_t const* word;
        float divisor;  ///< of the scales below
        std::byte* to;
    };

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        if (m.thread() != 0) return;
        float const reach = mul_rn(a.divisor, largest_element<typename B::scale_type::element>());
        store_aligned(a.to, div_rn(bit_cast<float>(*a.word >> 1), reach));
    }
};

}  // namespace fewbits
