// The product with dense weights: both operands lie along K, so tiles of dot products, no packing. What targets have in common.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../bits/integer.hpp"
#include "portable/blocking.hpp"
#include "product.hpp"

namespace fewbits {

/// Rows of w in a tile: as many streams as memory wants. From a cache they come in passes of 4, by up to 6 rows of a: 24 sums.
inline constexpr std::size_t dense_columns = 8;
inline constexpr std::size_t dense_pass = 4;
inline constexpr std::size_t dense_rows = 6;

/// A row's part of a chunk of K as it is multiplied: the ten parts of a pass stay in a first-level cache of 32 KiB. With fp32 in
/// vectors of 32 bytes every sum has 64 products, with pairs of 16 bits in vectors of 64 bytes as well.
inline constexpr std::size_t dense_chunk_bytes = 2048;

/// One tile over one chunk of K.
struct dense_tile {
    std::byte const* a;                   ///< first row, rows dense_chunk_bytes apart; zeros after the last column
    std::byte const* w[dense_columns];
    std::byte const* ahead[dense_columns];///< where memory is read next, to be prefetched; any address
    unsigned ahead_shift;                 ///< log2 of how much longer w is here than in memory
    std::size_t depth;                    ///< columns
    double* totals;                       ///< += the sums: [row * totals_stride + column]
    std::size_t totals_stride;
};

/// The functions of one form of w on one instruction set.
struct dense_engine {
    std::size_t columns;                                                ///< of a chunk
    std::size_t bytes;                                                  ///< of an element of w in memory; 0: use read_rows
    void (*from_memory)(std::size_t rows, dense_tile const& tile);      ///< w as it lies there; reads nothing past `depth`
    /// Rows [column, column + dense_pass) of w as `widen` wrote it; the same bits.
    void (*from_parts)(std::size_t rows, dense_tile const& tile, std::size_t column);
    /// One row's chunk of w, dense_chunk_bytes of it with zeros after the last column.
    void (*widen)(std::byte const* row, std::size_t depth, std::byte* out);
};

inline namespace FEWBITS_BASELINE {
namespace dense_detail {

inline constexpr std::size_t block_groups = 16;         ///< of dense_columns rows of w in a block
inline constexpr std::size_t slab_rows = 32 * dense_rows;
inline constexpr std::size_t cached_bytes = 512 * 1024; ///< of activations that stay in a second-level cache

/// One row's columns [first, first + depth), however many.
inline void read_values(operand const& from, std::size_t row, std::size_t first, std::size_t depth, float* out) {
    for (std::size_t k = 0; k < depth; k += chunk_depth) {
        from.read_rows(reading::values, {row, 1, first + k, std::min(chunk_depth, depth - k)}, out + k, 0);
    }
}

/// Rows [first, first + rows) of a: chunk after chunk, the rows' parts of it dense_chunk_bytes apart.
inline void read_dense_rows(product const& p, std::size_t columns, std::size_t first, std::size_t rows, std::byte* out) {
    bool const pairs = columns * sizeof(float) != dense_chunk_bytes;
    p.run_on.run(rows, [&](std::size_t r) {
        alignas(64) float values[dense_chunk_bytes / 2];
        for (std::size_t k = 0; k < p.k(); k += columns) {
            std::size_t const depth = std::min(columns, p.k() - k);
            std::byte* const to = out + (k / columns * rows + r) * dense_chunk_bytes;
            read_values(p.a, first + r, k, depth, values);
            if (pairs) {
                auto* const halves = reinterpret_cast<std::uint16_t*>(to);
                for (std::size_t i = 0; i < depth; ++i) {  // the values are bf16: the lower halves are 0
                    halves[i] = static_cast<std::uint16_t>(bit_cast<std::uint32_t>(values[i]) >> 16);
                }
                std::fill(halves + depth, halves + columns, std::uint16_t{0});
            } else {
                __builtin_memcpy(to, values, depth * sizeof(float));
                std::fill(to + depth * sizeof(float), to + dense_chunk_bytes, std::byte{0});
            }
        }
    });
}

/// What the blocks of a slab share.
struct dense_slab {
    product const& p;
    dense_engine const& engine;
    std::byte const* a;
    std::size_t first, rows;  ///< of a
};

/// Some columns of y for a slab of rows.
class dense_block {
public:
    explicit dense_block(dense_slab const& s)
        : s_(s), stride_(block_groups * dense_columns), parts_(dense_columns * dense_chunk_bytes), totals_(s.rows * stride_) {}

    /// Groups [begin, end) of w. Few rows stay in the cache while groups of w pass one after the other, each a few long streams;
    /// of many rows only a chunk stays while all groups pass. Neither shows in the result.
    void run(std::size_t begin, std::size_t end) {
        begin_ = begin;
        end_ = end;
        std::fill_n(totals_.get(), s_.rows * stride_, 0.0);
        std::size_t const chunks = (s_.p.k() + s_.engine.columns - 1) / s_.engine.columns;
        if (s_.rows * chunks * dense_chunk_bytes <= cached_bytes) {
            for (std::size_t g = begin; g < end; ++g) {
                for (std::size_t c = 0; c < chunks; ++c) multiply(g, c, c + 1 < chunks ? g : g + 1, c + 1 < chunks ? c + 1 : 0);
            }
        } else {
            for (std::size_t c = 0; c < chunks; ++c) {
                for (std::size_t g = begin; g < end; ++g) multiply(g, c, g + 1 < end ? g + 1 : begin, g + 1 < end ? c : c + 1);
            }
        }
        std::size_t const column = begin * dense_columns;
        std::size_t const count = std::min(end * dense_columns, s_.p.n()) - column;
        for (std::size_t r = 0; r < s_.rows; ++r) s_.p.finish(s_.p, s_.first + r, column, count, totals_.get() + r * stride_);
    }

private:
    /// Row i of a group, or the last row of w where there is none.
    std::byte const* weights(std::size_t group, std::size_t i, std::size_t chunk) const noexcept {
        operand const& w = s_.p.w;
        std::size_t const row = std::min(group * dense_columns + i, w.rows() - 1);
        std::size_t const column = std::min(chunk * s_.engine.columns, w.cols());
        return static_cast<std::byte const*>(w.object()) + (row * w.stride() + column) * s_.engine.bytes;
    }

    void multiply(std::size_t group, std::size_t chunk, std::size_t next_group, std::size_t next_chunk) {
        dense_tile tile;
        bool const in_place = s_.engine.bytes != 0 && s_.rows <= dense_rows;
        std::size_t const first = chunk * s_.engine.columns;
        tile.depth = std::min(s_.engine.columns, s_.p.k() - first);
        tile.totals_stride = stride_;
        tile.ahead_shift = !in_place && s_.engine.bytes * s_.engine.columns < dense_chunk_bytes ? 1 : 0;
        for (std::size_t i = 0; i < dense_columns; ++i) {
            tile.w[i] = in_place ? weights(group, i, chunk) : parts_.get() + i * dense_chunk_bytes;
            tile.ahead[i] = weights(next_group, i, next_chunk);
            if (!in_place) widen(group, i, chunk, tile.depth);
        }
        tile.a = s_.a + chunk * s_.rows * dense_chunk_bytes;
        tile.totals = totals_.get() + (group - begin_) * dense_columns;
        if (in_place) return s_.engine.from_memory(s_.rows, tile);
        for (std::size_t column = 0; column < dense_columns; column += dense_pass) {
            dense_tile part = tile;
            for (std::size_t r = 0; r < s_.rows; r += dense_rows) {
                s_.engine.from_parts(std::min(dense_rows, s_.rows - r), part, column);
                part.a += dense_rows * dense_chunk_bytes;
                part.totals += dense_rows * stride_;
            }
        }
    }

    void widen(std::size_t group, std::size_t i, std::size_t chunk, std::size_t depth) {
        std::byte* const part = parts_.get() + i * dense_chunk_bytes;
        if (s_.engine.bytes != 0) return s_.engine.widen(weights(group, i, chunk), depth, part);
        auto* const values = reinterpret_cast<float*>(part);
        std::size_t const row = std::min(group * dense_columns + i, s_.p.n() - 1);
        read_values(s_.p.w, row, chunk * s_.engine.columns, depth, values);
        std::fill(values + depth, values + s_.engine.columns, 0.0F);
    }

    dense_slab const& s_;
    std::size_t stride_;
    std::size_t begin_ = 0, end_ = 0;
    scratch<std::byte> parts_;
    scratch<double> totals_;
};

}  // namespace dense_detail

/// The whole product by an engine. Each sum of y adds the same products in the same order for every M, N and number of threads.
inline void run_dense(product const& p, dense_engine const& engine) {
    using namespace dense_detail;
    constexpr std::size_t most_bytes = std::size_t{1} << 24;
    std::size_t const row_bytes = (p.k() + engine.columns - 1) / engine.columns * dense_chunk_bytes;
    std::size_t const most = std::clamp(most_bytes / row_bytes / dense_rows * dense_rows, dense_rows, slab_rows);
    std::size_t const groups = (p.n() + dense_columns - 1) / dense_columns;
    std::size_t const workers = p.run_on.concurrency();
    std::size_t const fair = workers == 1 ? groups : (groups + 4 * workers - 1) / (4 * workers);
    std::size_t const blocks = (groups + std::min(fair, block_groups) - 1) / std::min(fair, block_groups);
    scratch<std::byte> const a(std::min(most, p.m()) * row_bytes);
    for (std::size_t first = 0; first < p.m(); first += most) {
        std::size_t const rows = std::min(most, p.m() - first);
        read_dense_rows(p, engine.columns, first, rows, a.get());
        dense_slab const slab{p, engine, a.get(), first, rows};
        p.run_on.run(blocks, [&](std::size_t i) {
            dense_block block(slab);
            block.run(i * groups / blocks, (i + 1) * groups / blocks);
        });
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
