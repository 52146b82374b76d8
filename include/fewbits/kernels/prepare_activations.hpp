// Rows of a prepared as panel_activations has them: their words, and what their groups add up to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../bits/rounded.hpp"
#include "activation_codes.hpp"
#include "operand.hpp"
#include "panel_activations.hpp"
#include "panel_engine.hpp"
#include "portable/blocking.hpp"
#include "product.hpp"
#include "weight_tables.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace activation_detail {

/// panel_engine::to_bytes
inline void to_bytes(float const* values, float per_unit, std::uint32_t* words) {
    for (std::size_t k = 0; k < chunk_depth; k += 4) {
        std::uint32_t word = 0;
        for (std::size_t j = 0; j < 4; ++j) {
            auto const integer = static_cast<std::int32_t>(values[k + j] * per_unit);  // exact
            word |= (static_cast<std::uint32_t>(integer) & 0xFFU) << (8 * j);
        }
        words[k / 4] = word;
    }
}

/// panel_engine::sum_bytes
inline void sum_bytes(std::uint32_t const* words, std::int32_t* sums) {
    for (std::size_t i = 0; i < chunk_depth / 4; ++i) {
        std::int32_t sum = 0;
        for (unsigned j = 0; j < 4; ++j) sum += static_cast<std::int8_t>(words[i] >> (8 * j) & 0xFFU);
        sums[i] = sum;
    }
}

/// What the parts of a row add up to over each segment of a chunk, from sums of four columns.
inline void total_segments(panel_activations& a, std::size_t row, std::size_t chunk, float const* sums) noexcept {
    std::size_t const first = chunk * a.depth;
    for (std::size_t i = a.chunk_begin[chunk]; i < a.chunk_begin[chunk + 1]; ++i) {
        panel_segment const& s = a.segments[i];
        double total = 0.0;
        for (std::size_t k = (s.begin - first) / line_columns; k < (s.end - first) / line_columns; ++k) {
            total += static_cast<double>(sums[k]);
        }
        a.total[row * a.groups + s.number] = static_cast<float>(total);
    }
}

/// Whether codes of a are its integers as bytes of two's complement.
inline bool codes_are_bytes(operand const& a) noexcept {
    bool const may_be = a.facts().exact_integers && a.facts().grouped && a.panels().width == 8 && a.panels().lines(a, 0) == nullptr;
    if (!may_be) return false;
    element_tables const tables = panel_detail::tables_of(a, panel_path::bytes);
    return tables.plain_integers && tables.flip == 0x80;
}

/// Sums of words of four columns to sums of groups.
inline void sum_groups(panel_activations& a, std::size_t row, std::size_t chunk, std::int32_t const* sums) noexcept {
    std::size_t const first = chunk * a.depth;
    for (std::size_t i = a.chunk_begin[chunk]; i < a.chunk_begin[chunk + 1]; ++i) {
        panel_segment const& s = a.segments[i];
        std::int32_t sum = 0;
        for (std::size_t k = (s.begin - first) / 4; k < (s.end - first) / 4; ++k) sum += sums[k];
        a.start[row * a.groups + s.number] += sum;
    }
}

/// Part of a row, as bytes of integers or bf16, to words; zeros up to chunk_depth columns.
inline void copy_stored(operand const& a, panel_engine const& engine, rectangle part, std::uint32_t* words) {
    if (engine.path == panel_path::bytes) {
        auto* const bytes = reinterpret_cast<std::uint8_t*>(words);
        if (part.depth != 0) a.panels().codes(a, part.row, part.first, part.depth, bytes);
        return static_cast<void>(std::fill(bytes + part.depth, bytes + chunk_depth, std::uint8_t{0}));
    }
    constexpr std::size_t size = sizeof(std::uint16_t);
    alignas(64) std::byte rest[chunk_depth * size] = {};
    auto const* const row = static_cast<std::byte const*>(a.object()) + part.row * a.stride() * size;
    if (part.depth == chunk_depth) return engine.pairs_of_bf16(row + part.first * size, words);
    if (part.depth != 0) std::copy_n(row + part.first * size, part.depth * size, rest);
    engine.pairs_of_bf16(rest, words);
}

/// Words [first, first + count) of a chunk of a row to their places, `count` a multiple of tile_words.
inline void put_words(panel_activations& a, std::size_t part, std::size_t chunk, std::size_t row, std::size_t first,
                      std::uint32_t const* words, std::size_t count) noexcept {
    std::uint32_t* to = a.part(part) + (chunk * a.rows + row) * a.vectors + first;
    if (!a.tiled) {
        __builtin_memcpy(to, words, count * sizeof(std::uint32_t));
        return;
    }
    std::size_t const place = row % tile_lines;
    to += place * tile_words - place * a.vectors + first * (tile_lines - 1);
    for (std::size_t i = 0; i < count; i += tile_words, to += tile_lines * tile_words) {
        __builtin_memcpy(to, words + i, tile_words * sizeof(std::uint32_t));
    }
}

/// Row `row` of a slab that begins at row `first` of p.a: its words, and what its groups add up to.
inline void prepare_row(panel_activations& a, product const& p, panel_engine const& engine, activation_form form, std::size_t first,
                        std::size_t row) {
    std::size_t const depth = a.depth;
    auto const to_bytes = engine.to_bytes != nullptr ? engine.to_bytes : &activation_detail::to_bytes;
    auto const sum_bytes = engine.sum_bytes != nullptr ? engine.sum_bytes : &activation_detail::sum_bytes;
    int const fraction = engine.path == panel_path::bytes ? p.a.facts().fraction : 0;
    float const per_unit = bit_cast<float>(static_cast<std::uint32_t>(127 - fraction) << 23);
    std::size_t const count = chunk_depth / columns_of(engine.path);
    float values[chunk_depth];
    alignas(64) std::uint32_t words[2][chunk_depth];
    std::int32_t integer_sums[most_depth / line_columns];
    float sums[most_depth / line_columns];
    for (std::size_t chunk = 0; chunk * depth < p.k(); ++chunk) {
        for (std::size_t k = 0; k < depth; k += chunk_depth) {
            std::size_t const column = chunk * depth + k;
            std::size_t const known = column < p.k() ? std::min(chunk_depth, p.k() - column) : 0;
            rectangle const part{first + row, 1, column, known};
            if (a.as_stored) {
                copy_stored(p.a, engine, part, words[0]);
            } else if (!a.from_codes || !look_up_codes(p.a, a.tables, engine, a.folded.get(), row, part, words[0])) {
                auto const what = form.apart ? reading::elements : reading::values;
                if (known != 0) p.a.read_rows(what, part, values, 0);
                std::fill(values + known, values + chunk_depth, 0.0F);
                float* const totals = a.total.empty() ? nullptr : sums + k / line_columns;
                if (engine.path == panel_path::bytes) to_bytes(values, per_unit, words[0]);
                else if (engine.path == panel_path::pairs) engine.to_pairs(values, words[0], a.split ? words[1] : nullptr, totals);
                else __builtin_memcpy(words[0], values, sizeof values);
            }
            if (a.sums_needed) sum_bytes(words[0], integer_sums + k / line_columns);
            for (std::size_t i = 0; i < (a.split ? 2U : 1U); ++i) {
                put_words(a, i, chunk, row, k / columns_of(engine.path), words[i], count);
            }
        }
        if (a.sums_needed) sum_groups(a, row, chunk, integer_sums);
        if (!a.total.empty() && engine.path == panel_path::pairs) total_segments(a, row, chunk, sums);
    }
}

/// Zeros where the last rows are less than engine.row_padding.
inline void pad_rows(panel_activations& a, std::size_t rows, std::size_t padding, std::size_t chunks) {
    std::size_t const whole = rows / padding * padding;
    for (std::size_t i = 0; i < (a.split ? 2U : 1U); ++i) {
        for (std::size_t c = 0; c < chunks; ++c) {
            std::fill_n(a.part(i) + (c * a.rows + whole) * a.vectors, (a.rows - whole) * a.vectors, 0U);
        }
    }
}

}  // namespace activation_detail

/// Rows [first, first + rows) of p.a, rows of zeros up to a multiple of engine.row_padding. Values have scales 1. `bias`: what is
/// added to the integers of w.
inline panel_activations prepare_activations(product const& p, panel_engine const& engine, activation_form form, int bias,
                                             std::size_t first, std::size_t rows) {
    panel_activations a;
    bool const exact = engine.path == panel_path::bytes;
    if (form.apart && engine.multiply_folded != nullptr) a.folded = activation_detail::folded_scales(p, engine, first, rows);
    form.apart = form.apart && a.folded.get() == nullptr;
    a.scaled = form.apart;
    a.tiled = engine.tiled;
    a.vectors = vectors_of(engine, p.w.facts(), p.k());
    a.depth = a.vectors * columns_of(engine.path);
    cut_rows(a, engine, rows);
    std::size_t const group_a = form.apart ? p.a.facts().group : 0;
    cut_groups(a, group_a, p.w.facts().group, form.blocks ? p.w.facts().super_block : 0, p.k(), engine);
    a.granule = common_granule(a.segments);
    std::size_t const chunks = a.chunk_begin.size() - 1;
    a.split = form.split;
    a.part_words = a.rows * chunks * a.vectors;
    a.words = scratch<std::uint32_t>(a.part_words * (a.split ? 2 : 1));
    activation_detail::pad_rows(a, rows, engine.row_padding, chunks);
    a.scale.assign(a.rows * a.groups, 1.0F);
    if (exact) {
        a.sums_needed = bias != 0 || form.blocks || !p.w.facts().symmetric;
        a.as_stored = form.apart && activation_detail::codes_are_bytes(p.a);
        a.start.assign(a.rows * a.groups, 0);
        a.unit = bit_cast<float>(static_cast<std::uint32_t>(127 + p.a.facts().fraction + p.w.facts().fraction) << 23);
    }
    if (form.blocks) {
        std::size_t const in_block = p.w.facts().super_block / p.w.facts().group;
        a.sum_stride = (a.groups + in_block - 1) / in_block * in_block / 2;
    }
    a.sum.assign(a.rows * a.sum_stride, 0);
    bool const pairs = engine.pairs_of_bf16 != nullptr && p.a.facts().dense == dense_form::upper_halves && p.w.facts().symmetric;
    if (engine.path == panel_path::pairs) {
        a.as_stored = pairs && !form.split;
        a.from_codes = !form.split && p.w.facts().symmetric && activation_detail::looks_up_codes(p.a, engine, form.apart);
        if (a.from_codes) a.tables = panel_detail::tables_of(p.a, engine.path);
    }
    if (!p.w.facts().symmetric) a.total.assign(a.rows * a.groups, 0.0F);
    constexpr std::size_t together = 4;  // rows: less is not worth another thread's time
    p.run_on.run((rows + together - 1) / together, [&](std::size_t t) {
        for (std::size_t r = t * together; r < std::min(rows, (t + 1) * together); ++r) {
            activation_detail::prepare_row(a, p, engine, form, first, r);
            for (std::size_t g = r * a.groups; g < (r + 1) * a.groups; ++g) {
                std::size_t const column = a.group_column[g - r * a.groups];
                bool const same = g != r * a.groups && (group_a == 0 || column % group_a != 0);
                if (form.apart && same) a.scale[g] = a.scale[g - 1];
                else if (form.apart) p.a.read_scales(first + r, 1, column, &a.scale[g]);
                if (!a.total.empty()) a.total[g] = exact ? static_cast<float>(a.start[g]) * a.unit : mul_rn(a.total[g], a.scale[g]);
                if (form.blocks) {  // of every four groups the first with the third, the second with the fourth
                    std::size_t const i = g - r * a.groups;
                    a.sum[r * a.sum_stride + i / 4 * 2 + i % 2] |= (static_cast<std::uint32_t>(a.start[g]) & 0xFFFFU) << (i % 4 / 2 * 16);
                }
                if (exact) a.start[g] *= -bias;
            }
        }
    });
    return a;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
