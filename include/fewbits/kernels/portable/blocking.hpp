// How a product is cut into independent blocks of M and N, never of K, and the scratch one block needs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <new>
#include <utility>

#include "../product.hpp"
#include "strip.hpp"

namespace fewbits {

/// Cache-line aligned uninitialised memory.
template <class T>
class scratch {
public:
    scratch() noexcept : data_(nullptr) {}
    explicit scratch(std::size_t count)
        : data_(count == 0 ? nullptr : static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t{64}))) {}
    scratch(scratch&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
    scratch& operator=(scratch&& other) noexcept {
        std::swap(data_, other.data_);
        return *this;
    }
    ~scratch() { ::operator delete(data_, std::align_val_t{64}); }
    T* get() const noexcept { return data_; }

private:
    T* data_;
};

inline namespace FEWBITS_BASELINE {

/// One block of y: rows [m, m + rows), columns [n, n + cols).
struct block {
    std::size_t m, rows, n, cols;

    std::size_t row_tiles() const noexcept { return (rows + tile_rows - 1) / tile_rows; }
    std::size_t padded_rows() const noexcept { return row_tiles() * tile_rows; }
    std::size_t strips() const noexcept { return (cols + strip_columns - 1) / strip_columns; }
};

/// Rows of a block: its activations are decoded once per block of columns, its weights once per block of rows.
inline constexpr std::size_t block_rows = 192;
/// Most sums of a block: bounds the scratch of a thread to about 400 KiB.
inline constexpr std::size_t block_sums = 32768;

/// Cuts y into blocks and runs `f(block)` for each. How it is cut never changes a bit of the result.
template <class F>
void for_each_block(product const& p, F const& f) {
    std::size_t const row_blocks = (p.m() + block_rows - 1) / block_rows;
    std::size_t const rows = ((p.m() + row_blocks - 1) / row_blocks + tile_rows - 1) / tile_rows * tile_rows;
    std::size_t const workers = p.run_on.concurrency();
    std::size_t const tasks_wanted = workers == 1 ? 1 : 2 * workers;
    std::size_t const most = std::max(block_sums / rows / strip_columns, std::size_t{1});  // strips of a block
    std::size_t const strips = (p.n() + strip_columns - 1) / strip_columns;
    std::size_t const fair = (strips * row_blocks + tasks_wanted - 1) / tasks_wanted;
    std::size_t const col_blocks = (strips + std::min(most, fair) - 1) / std::min(most, fair);
    std::size_t const cols = (strips + col_blocks - 1) / col_blocks * strip_columns;
    std::size_t const across = (p.n() + cols - 1) / cols;
    std::size_t const down = (p.m() + rows - 1) / rows;
    p.run_on.run(across * down, [&](std::size_t i) {
        std::size_t const m = i / across * rows;
        std::size_t const n = i % across * cols;
        f(block{m, std::min(rows, p.m() - m), n, std::min(cols, p.n() - n)});
    });
}

/// Decodes the block's activations for one chunk of K: padded_rows() rows, chunk_depth apart, zeros below the last.
inline void read_activations(product const& p, reading what, block const& b, std::size_t first, std::size_t depth,
                             float* rows) {
    p.a.read_rows(what, {b.m, b.rows, first, depth}, rows, chunk_depth);
    std::fill(rows + b.rows * chunk_depth, rows + b.padded_rows() * chunk_depth, 0.0F);
}

/// Hands the finished sums of a block to the epilogue, row by row. sums: tiles in the order strip, tile of the strip,
/// tile of rows.
template <class Sum>
void finish_block(product const& p, block const& b, Sum const* sums) {
    scratch<Sum> line(b.strips() * strip_columns);
    for (std::size_t i = 0; i < b.rows; ++i) {
        Sum const* const in_tile = sums + i / tile_rows * tile_size + i % tile_rows * tile_columns;
        for (std::size_t j = 0; j < b.cols; j += tile_columns) {
            Sum const* const from = in_tile + j / tile_columns * b.row_tiles() * tile_size;
            std::copy_n(from, tile_columns, line.get() + j);
        }
        p.finish(p, b.m + i, b.n, b.cols, line.get());
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
