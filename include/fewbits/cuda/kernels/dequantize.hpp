// A matrix in a block format to numbers, element by element as the host reads it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../matrix/quantized_view.hpp"
#include "../device_target.hpp"
#include "../numbers/element_numbers.hpp"

namespace fewbits {

/// out (rows x cols of T, row-major) = the values of a matrix in format F, with the bits of the host's dequantize; those that are no T are
/// rounded to nearest even. A thread takes runs of eight columns; what a run's elements share is read once.
template <block_format F, device_value T = float>
struct dequantize_kernel : plain_block<on_sm_80, 2> {
    struct arguments {
        quantized_view<F> from;
        T* out;
        std::size_t rows;
        std::size_t cols;
        std::size_t stride;  ///< of out's rows, in elements
    };

    /// Blocks that a matrix wants so that every thread has a run.
    static constexpr std::size_t blocks_for(std::size_t rows, std::size_t cols) noexcept {
        return (rows * ((cols + run_columns - 1) / run_columns) + threads - 1) / threads;
    }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::size_t const runs = (a.cols + run_columns - 1) / run_columns;
        std::size_t const all = a.rows * runs;
        std::size_t const step = static_cast<std::size_t>(m.blocks()) * threads;
        for (std::size_t i = static_cast<std::size_t>(m.block_index()) * threads + m.thread(); i < all; i += step) {
            std::size_t const row = all >> 32 != 0 ? i / runs : static_cast<std::uint32_t>(i) / static_cast<std::uint32_t>(runs);
            std::size_t const col = (i - row * runs) * run_columns;
            unsigned const count = a.cols - col < run_columns ? static_cast<unsigned>(a.cols - col) : run_columns;
            T* const out = a.out + row * a.stride + col;
            if constexpr (by_runs) {
                std::byte const* const bytes = a.from.codes + row * a.from.row_bytes + col / 8 * F::element::width;
                store_values(load_codes<F::element::width>(bytes, count), scale_at(a, row, col), a.from.offset(row, col), count, out);
            } else {
                for (unsigned c = 0; c < count; ++c) out[c] = narrowed<T>(a.from.value(row, col + c));
            }
        }
    }

private:
    /// Groups along a row that are multiples of a run: one scale and one offset for all of it.
    static constexpr bool by_runs = !F::block.linear && F::block.cols % run_columns == 0 && offset_extent<F> == F::block && !F::trits;

    FEWBITS_DEVICE static float scale_at(arguments const& a, std::size_t row, std::size_t col) {
        if constexpr (scalar<typename F::scale_type>) {
            block_position const at = block_of(F::block, row, col, a.cols);
            return number_of<typename F::scale_type>(a.from.scales.code(at.row, at.col));
        } else {
            return a.from.scale(row, col);
        }
    }
    FEWBITS_DEVICE static void store_values(std::uint64_t codes, float scale, float offset, unsigned count, T* out) {
        float values[run_columns];
        eight_numbers<typename F::element>(codes, values);
        unrolled<run_columns>([&](auto i) { values[i.value] = quantized_view<F>::levels::scaled(values[i.value], scale, offset); });
        store_value_run(out, count, values);
    }
};

}  // namespace fewbits
