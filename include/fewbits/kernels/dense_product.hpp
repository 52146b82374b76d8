// The product with dense weights: both operands lie along K, so tiles of dot products, no packing. What targets have in common.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../bits/integer.hpp"
#include "portable/blocking.hpp"
#include "product.hpp"

namespace fewbits {

/// Rows of w that one row of a is multiplied with at once: as many streams as memory wants.
inline constexpr std::size_t dense_columns = 8;
/// A tile: up to 6 rows of a, then of the powers of two that are left, by 4 of w, 24 sums.
inline constexpr std::size_t dense_rows = 6;
inline constexpr std::size_t dense_pass = 4;

/// A row's part of a chunk of K as it is multiplied: a tile's twelve KiB of a stay in a first-level cache of 32 KiB. With fp32 in
/// vectors of 32 bytes every sum has 64 products, with pairs of 16 bits in vectors of 64 bytes as well.
inline constexpr std::size_t dense_chunk_bytes = 2048;
inline constexpr std::size_t dense_line = 64;
inline constexpr std::size_t dense_chunk_lines = dense_chunk_bytes / dense_line;

/// One row of a by dense_columns of w as they lie in memory, over one chunk of K; nothing is read past `depth`.
struct dense_row {
    std::byte const* a;                     ///< dense_chunk_bytes, zeros after the last column
    std::byte const* w[dense_columns];
    std::byte const* ahead[dense_columns];  ///< where memory is read next, to be prefetched; any address
    std::size_t depth;                      ///< columns
    double* totals;                         ///< += the sums: [column]
};

/// A tile's rows of a by some passes of w over one chunk of K.
struct dense_tile {
    std::byte const* a;         ///< line i of row r at [i * rows + r]
    std::byte const* w;         ///< rows as `widen` writes them
    std::size_t w_stride;       ///< bytes between them
    std::uintptr_t ahead;       ///< rows that memory is read from next, `asked` of them to be prefetched with every pass; any address
    std::size_t ahead_stride;
    std::size_t asked;          ///< 1 to dense_pass
    std::size_t passes;
    std::size_t lines;
    double* totals;             ///< += the sums: [row * totals_stride + column]
    std::size_t totals_stride;
};

/// The functions of one form of w on one instruction set.
struct dense_engine {
    std::size_t columns;                                          ///< of a chunk
    std::size_t bytes;                                            ///< of an element of w in memory; 0: use read_rows, fp32 is widened
    void (*from_memory)(dense_row const& row);                    ///< unless `bytes` is 0
    void (*from_parts)(std::size_t rows, dense_tile const& tile); ///< the same bits
    /// One row's chunk of w, the last vector filled up with zeros.
    void (*widen)(std::byte const* row, std::size_t depth, std::byte* out);
    bool as_it_is;                                                ///< `widen` is a copy
};

inline namespace FEWBITS_BASELINE {
namespace dense_detail {

inline constexpr std::size_t block_groups = 8;  ///< of dense_columns rows of w in a block
inline constexpr std::size_t slab_rows = 88 * dense_rows;
/// Up to here groups of w pass one by one, from memory where no widening is due: the first tile brings them to the first-level
/// cache. Of more rows of a it is tiles of a that stay there, while copies of the groups of a block come from the second level.
inline constexpr std::size_t few_rows = 32;

constexpr std::size_t tile_of(std::size_t left) noexcept {
    return left >= dense_rows ? dense_rows : left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

/// One row's columns [first, first + depth), however many.
inline void read_values(operand const& from, std::size_t row, std::size_t first, std::size_t depth, float* out) {
    for (std::size_t k = 0; k < depth; k += chunk_depth) {
        from.read_rows(reading::values, {row, 1, first + k, std::min(chunk_depth, depth - k)}, out + k, 0);
    }
}

/// A row's columns from `first` on as fp32 or as its upper halves, zeros up to the end of a line; how many lines that makes.
inline std::size_t read_chunk(product const& p, std::size_t columns, std::size_t row, std::size_t first, std::byte* to) {
    alignas(64) float values[dense_chunk_bytes / 2];
    std::size_t const per_line = columns / dense_chunk_lines;
    std::size_t const depth = std::min(columns, p.k() - first);
    std::size_t const lines = (depth + per_line - 1) / per_line;
    read_values(p.a, row, first, depth, values);
    std::fill(values + depth, values + lines * per_line, 0.0F);
    if (per_line * sizeof(float) == dense_line) {
        __builtin_memcpy(to, values, lines * dense_line);
        return lines;
    }
    for (std::size_t i = 0; i < lines * per_line; ++i) {  // the values are bf16: the lower halves are 0
        auto const half = static_cast<std::uint16_t>(bit_cast<std::uint32_t>(values[i]) >> 16);
        __builtin_memcpy(to + i * sizeof half, &half, sizeof half);
    }
    return lines;
}

/// Rows [first, first + rows) of a: chunk after chunk, tile after tile, the lines of a tile's rows side by side.
inline void read_dense_rows(product const& p, std::size_t columns, std::size_t first, std::size_t rows, std::byte* out) {
    p.run_on.run((rows + dense_rows - 1) / dense_rows, [&](std::size_t i) {
        std::size_t const end = std::min(rows, (i + 1) * dense_rows);
        for (std::size_t begin = i * dense_rows, count = 0; begin < end; begin += count) {
            count = tile_of(end - begin);
            for (std::size_t r = 0; r < count; ++r) {
                for (std::size_t k = 0; k < p.k(); k += columns) {
                    alignas(64) std::byte part[dense_chunk_bytes];
                    std::size_t const lines = read_chunk(p, columns, first + begin + r, k, part);
                    std::byte* const to = out + (k / columns * rows + begin) * dense_chunk_bytes + r * dense_line;
                    for (std::size_t l = 0; l < lines; ++l) {
                        __builtin_memcpy(to + l * count * dense_line, part + l * dense_line, dense_line);
                    }
                }
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
        : s_(s), set_(s.rows <= few_rows ? 1 : block_groups), chunks_((s.p.k() + s.engine.columns - 1) / s.engine.columns),
          parts_(set_ * dense_columns * dense_chunk_bytes), totals_(s.rows * stride) {}

    /// Groups [begin, end) of w, a set of them at a time.
    void run(std::size_t begin, std::size_t end) {
        begin_ = begin;
        std::fill_n(totals_.get(), s_.rows * stride, 0.0);
        bool const in_place = s_.engine.bytes != 0 && s_.rows == 1;
        for (std::size_t group = begin; group < end; group += set_) {
            std::size_t const groups = std::min(set_, end - group);
            for (std::size_t c = 0; c < chunks_; ++c) {
                if (in_place) multiply_row(group, c);
                else multiply(group, groups, c);
            }
        }
        std::size_t const column = begin * dense_columns;
        std::size_t const count = std::min(end * dense_columns, s_.p.n()) - column;
        for (std::size_t r = 0; r < s_.rows; ++r) s_.p.finish(s_.p, s_.first + r, column, count, totals_.get() + r * stride);
    }

private:
    static constexpr std::size_t stride = block_groups * dense_columns;

    /// A chunk of a row of w, or of the last row where there is none; beyond the last chunk the first of the rows `groups` on.
    std::byte const* weights(std::size_t row, std::size_t chunk, std::size_t groups = 0) const noexcept {
        operand const& w = s_.p.w;
        if (chunk == chunks_) {
            row += groups * dense_columns;
            chunk = 0;
        }
        return static_cast<std::byte const*>(w.object()) +
               (std::min(row, w.rows() - 1) * w.stride() + chunk * s_.engine.columns) * s_.engine.bytes;
    }

    std::size_t depth(std::size_t chunk) const noexcept { return std::min(s_.engine.columns, s_.p.k() - chunk * s_.engine.columns); }

    void multiply_row(std::size_t group, std::size_t chunk) {
        dense_row row{};
        for (std::size_t i = 0; i < dense_columns; ++i) {
            row.w[i] = weights(group * dense_columns + i, chunk);
            row.ahead[i] = weights(group * dense_columns + i, chunk + 1, 1);
        }
        row.a = s_.a + chunk * dense_chunk_bytes;
        row.depth = depth(chunk);
        row.totals = totals_.get() + (group - begin_) * dense_columns;
        s_.engine.from_memory(row);
    }

    /// The next rows of w are asked for by the first tiles, a few with each pass.
    void multiply(std::size_t group, std::size_t groups, std::size_t chunk) {
        std::size_t const first_row = group * dense_columns;
        std::size_t const rows = groups * dense_columns;
        std::size_t const per_line = s_.engine.columns / dense_chunk_lines;
        std::size_t const memory_stride = s_.p.w.stride() * s_.engine.bytes;
        bool const whole = depth(chunk) % per_line == 0 && first_row + rows <= s_.p.n();
        bool const copied = !s_.engine.as_it_is || set_ > 1 || !whole;
        if (copied) widen(first_row, rows, chunk);
        dense_tile tile{};
        tile.w = copied ? parts_.get() : weights(first_row, chunk);
        tile.w_stride = copied ? dense_chunk_bytes : memory_stride;
        tile.passes = rows / dense_pass;
        tile.lines = (depth(chunk) + per_line - 1) / per_line;
        tile.asked = s_.rows <= dense_rows ? 4 : s_.rows <= 4 * dense_rows ? 2 : 1;
        tile.totals_stride = stride;
        for (std::size_t r = 0, asked = 0, count = 0; r < s_.rows; r += count) {
            count = tile_of(s_.rows - r);
            bool const asks = asked < rows && s_.engine.bytes != 0;
            tile.ahead = reinterpret_cast<std::uintptr_t>(asks ? weights(first_row + asked, chunk + 1, groups) : tile.w);
            tile.ahead_stride = asks ? memory_stride : tile.w_stride;
            asked += tile.passes * tile.asked;
            tile.a = s_.a + (chunk * s_.rows + r) * dense_chunk_bytes;
            tile.totals = totals_.get() + r * stride + (group - begin_) * dense_columns;
            s_.engine.from_parts(count, tile);
        }
    }

    void widen(std::size_t first_row, std::size_t rows, std::size_t chunk) {
        std::size_t const count = depth(chunk);
        if (count < s_.engine.columns) std::fill_n(parts_.get(), rows * dense_chunk_bytes, std::byte{0});
        for (std::size_t i = 0; i < rows; ++i) {
            std::byte* const part = parts_.get() + i * dense_chunk_bytes;
            if (s_.engine.bytes != 0) {
                s_.engine.widen(weights(first_row + i, chunk), count, part);
            } else {
                alignas(64) float values[dense_chunk_bytes / sizeof(float)];
                read_values(s_.p.w, std::min(first_row + i, s_.p.n() - 1), chunk * s_.engine.columns, count, values);
                s_.engine.widen(reinterpret_cast<std::byte const*>(values), count, part);
            }
        }
    }

    dense_slab const& s_;
    std::size_t set_;  ///< groups of w widened at a time
    std::size_t chunks_;
    std::size_t begin_ = 0;
    scratch<std::byte> parts_;
    scratch<double> totals_;
};

}  // namespace dense_detail

/// The whole product by an engine. Each sum of y adds the same products in the same order for every M, N and number of threads.
inline void run_dense(product const& p, dense_engine const& engine) {
    using namespace dense_detail;
    constexpr std::size_t most_bytes = std::size_t{1} << 24;
    std::size_t const row_bytes = (p.k() + engine.columns - 1) / engine.columns * dense_chunk_bytes;
    std::size_t const room = std::clamp(most_bytes / row_bytes / dense_rows * dense_rows, dense_rows, slab_rows);
    std::size_t const slabs = (p.m() + room - 1) / room;
    std::size_t const most = (p.m() + slabs * dense_rows - 1) / (slabs * dense_rows) * dense_rows;
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
