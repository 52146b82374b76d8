// A slab of activations as an engine multiplies by them: words of four bytes, rows cut into tiles, K into the groups both sides share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "operand.hpp"
#include "panel_engine.hpp"
#include "portable/blocking.hpp"

namespace fewbits {

/// How the elements of a are to be given.
struct activation_form {
    bool blocks = false; ///< what is needed where scales of w are integers
    bool apart = false;  ///< the elements, their scales apart; otherwise the values
    bool split = false;  ///< path pairs: every value as two bf16
};

/// Rows [first, first + rows) of a slab, multiplied together.
struct row_tile {
    std::size_t first, rows;
};

/// Columns of the longest chunk of K.
inline constexpr std::size_t most_depth = 256 * chunk_depth;

/// A slab of rows, and the groups of K that both sides share.
struct panel_activations {
    std::vector<row_tile> tiles;
    std::size_t rows = 0;                      ///< of all tiles
    std::size_t vectors = 0;                   ///< of a chunk of K: words of a row
    std::size_t depth = 0;                     ///< columns of a chunk
    scratch<std::uint32_t> words;              ///< both parts, chunk after chunk of K, row after row
    std::size_t part_words = 0;                ///< of one
    bool split = false;
    bool tiled = false;                        ///< a chunk's words as panel_engine::tiled has them
    std::vector<panel_segment> segments;
    std::vector<std::size_t> chunk_begin;      ///< of each chunk's segments, and their end
    std::vector<std::uint32_t> group_column;   ///< first column of each shared group
    std::size_t groups = 0;
    std::vector<float> scale;                  ///< [row * groups + group]
    std::vector<std::int32_t> start;           ///< path bytes: -bias * the sum of the group's integers
    std::vector<std::uint32_t> sum;            ///< where scales of w are integers: sums of the groups' integers, two to the word
    std::size_t sum_stride = 0;                ///< words of a row of these: whole super-blocks, zeros for groups that a last one lacks
    std::vector<float> total;                  ///< where w has an offset: the group's sum, on path pairs times scale
    bool scaled = false;                       ///< not all scales are 1
    float unit = 1.0F;
    bool sums_needed = false;                  ///< path bytes: of the integers of groups
    bool as_stored = false;                    ///< bytes or bf16 as they are stored are what is prepared
    bool from_codes = false;                   ///< path pairs: codes are looked up, here
    element_tables tables;
    scratch<float> folded;                     ///< scales that go into elements (folded_scales)
    std::size_t granule = 0;                   ///< columns, a power of two: every segment but the last is a multiple

    std::uint32_t* part(std::size_t i) const noexcept { return words.get() + i * part_words; }
};

inline namespace FEWBITS_BASELINE {

/// What a row takes.
inline std::size_t bytes_of_row(panel_path path, bool split, std::size_t cols) noexcept {
    return (cols + unit_columns) / columns_of(path) * sizeof(std::uint32_t) * (split ? 2 : 1) + cols / 2;
}

/// Vectors of a strip of the engine for K = cols: no more than are needed, and none whose groups lie in two windows of scales.
inline std::size_t vectors_of(panel_engine const& engine, operand_facts const& w, std::size_t cols) noexcept {
    std::size_t const least = strip_vectors(engine.path);
    std::size_t const unit = least * columns_of(engine.path);
    std::size_t const needed = (cols + unit - 1) / unit * least;
    std::size_t const window = w.group == 0 ? needed : scale_window * w.group / columns_of(engine.path) / least * least;
    return std::max(least, std::min({engine.vectors, needed, window}));
}

/// Tiles of engine.rows, then of the powers of two that are left.
inline void cut_rows(panel_activations& a, panel_engine const& engine, std::size_t rows) {
    a.rows = (rows + engine.row_padding - 1) / engine.row_padding * engine.row_padding;
    for (std::size_t first = 0, most = engine.rows; first < a.rows;) {
        if (most > a.rows - first) most = engine.row_padding > 1 ? a.rows - first : most > 4 ? 4 : most / 2;
        else a.tiles.push_back({first, most}), first += most;
    }
}

/// Cuts K at the borders of both groupings, at every chunk and, where sums are rounded, so that none is longer than the engine's.
inline void cut_groups(panel_activations& a, std::size_t group_a, std::size_t group_w, std::size_t block, std::size_t cols,
                       panel_engine const& engine) {
    bool const exact = engine.path == panel_path::bytes;
    std::size_t const depth = a.depth;
    auto const border = [](std::size_t k, std::size_t group, std::size_t end) {
        return group == 0 ? end : std::min(end, (k / group + 1) * group);
    };
    for (std::size_t first = 0; first < cols; first += depth) {
        a.chunk_begin.push_back(a.segments.size());
        std::size_t const chunk_end = std::min(cols, first + depth);
        for (std::size_t k = first; k < chunk_end;) {
            std::size_t const group_end = border(k, group_a, border(k, group_w, cols));
            bool const begins = k == 0 || (group_a != 0 && k % group_a == 0) || (group_w != 0 && k % group_w == 0);
            if (begins || !exact) a.group_column.push_back(static_cast<std::uint32_t>(k));
            std::size_t const end = std::min({group_end, chunk_end, exact ? chunk_end : k + engine.longest});
            std::size_t const scale = group_w == 0 ? 0 : k / group_w % scale_window;
            std::size_t const padded = (end + line_columns - 1) / line_columns * line_columns;
            auto const narrow = [](std::size_t x) { return static_cast<std::uint32_t>(x); };
            bool const begins_block = block != 0 && k % block == 0;
            bool const ends_block = block != 0 && (end == cols || end % block == 0);
            std::size_t const factor = block == 0 ? 0 : k / block % (scale_window * group_w / block);
            a.segments.push_back({narrow(k), narrow(padded), begins || !exact, end == group_end || !exact,
                                  narrow(a.group_column.size() - 1), narrow(scale), begins_block, ends_block, narrow(factor)});
            k = end;
        }
    }
    a.chunk_begin.push_back(a.segments.size());
    a.groups = a.group_column.size();
}

/// The longest run of columns, most_granule at most, that the segments are made of (the last one padded).
inline constexpr std::size_t most_granule = 64;
inline std::size_t common_granule(std::vector<panel_segment> const& segments) noexcept {
    std::size_t granule = most_granule;
    for (panel_segment const& s : segments) {
        while (s.begin % granule != 0) granule /= 2;
    }
    return granule;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
