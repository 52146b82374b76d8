// A matrix in a block format to numbers, element by element as the host reads it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../matrix/quantized_view.hpp"
#include "../column_runs.hpp"

namespace fewbits {

/// out (rows x cols of T, row-major) = the values of a matrix in format F, with the bits of the host's dequantize; those that are no T are
/// rounded to nearest even. A thread takes runs of eight columns; what a run's elements share is read once.
template <block_format F, device_value T = float>
struct dequantize_kernel {
    static constexpr int architecture = 750;
    static constexpr unsigned threads = 256;
    static constexpr unsigned blocks_per_multiprocessor = 2;
    static constexpr std::size_t shared_bytes = 0;

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
            std::size_t const row = i / runs;
            std::size_t const first = i % runs * run_columns;
            std::size_t const end = first + run_columns < a.cols ? first + run_columns : a.cols;
            T* const out = a.out + row * a.stride;
            // Groups along a row that are multiples of a run: one scale and one offset for all of it.
            constexpr bool shared = !F::block.linear && F::block.cols % run_columns == 0 && offset_extent<F> == F::block;
            float scale = a.from.scale(row, first);
            float offset = a.from.offset(row, first);
            for (std::size_t col = first; col < end; ++col) {
                if constexpr (!shared) {
                    scale = a.from.scale(row, col);
                    offset = a.from.offset(row, col);
                }
                out[col] = narrowed<T>(quantized_view<F>::value_of(a.from.code(row, col), scale, offset));
            }
        }
    }
};

}  // namespace fewbits
