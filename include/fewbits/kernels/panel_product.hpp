// The product over panels of w by an engine: activations prepared once, then blocks of y shared out among threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "block_queue.hpp"
#include "panel_activations.hpp"
#include "panel_block.hpp"
#include "panel_engine.hpp"
#include "portable/blocking.hpp"
#include "prepare_activations.hpp"
#include "product.hpp"
#include "weight_tables.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace panel_detail {

/// What one thread does until no block is left, engine.blocks at a time: these go through K together, chunk by chunk, so that rows
/// of a are read from a distant cache once for all of them.
inline void run_blocks(shared_state const& state, block_queue& queue, std::size_t part) {
    block_queue::run next = queue.take(part);
    if (next.count == 0) return;
    panel_scratch const shared(state.a, state.engine);
    std::vector<panel_block> blocks;
    blocks.reserve(state.engine.blocks);
    for (; next.count != 0; next = queue.take(part)) {
        while (blocks.size() < next.count) blocks.emplace_back(state, shared);
        for (std::size_t i = 0; i < next.count; ++i) blocks[i].begin((next.first + i) * tile_panels);
        if (state.engine.enter != nullptr) state.engine.enter(state.a.granule);
        for (std::size_t k = 0, step = blocks[0].step_columns(); k < state.p.k(); k += step) {
            for (std::size_t i = 0; i < next.count; ++i) blocks[i].step(k);
        }
        if (state.engine.leave != nullptr) state.engine.leave();
        for (std::size_t r = 0; r < state.rows; ++r) {
            for (std::size_t i = 0; i < next.count; ++i) blocks[i].finish(r);
        }
    }
}

}  // namespace panel_detail

/// The whole product by an engine. Rows of a are taken in slabs, so that their prepared form stays within a few MiB; a row's
/// result depends on no other row.
inline void run_panels(product const& p, panel_engine engine, activation_form form) {
    constexpr std::size_t most_bytes = std::size_t{1} << 24, few_tiles = 2;
    std::size_t const most = std::clamp(most_bytes / bytes_of_row(engine.path, form.split, p.k()), engine.rows, engine.most_rows);
    std::size_t const slabs = (p.m() + most - 1) / most;
    std::size_t const slab = (p.m() + slabs * engine.rows - 1) / (slabs * engine.rows) * engine.rows;
    std::size_t const blocks = (p.n() + tile_width - 1) / tile_width;
    std::size_t const tasks = std::clamp(blocks, std::size_t{1}, p.run_on.concurrency());
    panel_detail::weights_as const way = panel_detail::way_of(engine.path, p.w.facts());
    element_tables tables = panel_detail::has_codes(way) ? panel_detail::tables_of(p.w, engine.path) : element_tables{};
    std::vector<element_tables> rests;
    for (std::size_t t = 1; t < engine.terms; ++t) rests.push_back(panel_detail::tables_of(p.w, engine.path, t));
    bool const is_signed = engine.multiply_signed != nullptr && panel_detail::make_signed(tables, p.w.panels().width);
    if (is_signed) engine.multiply = engine.multiply_signed;
    operand_facts const values{};
    product unscaled = p;  // as a's preparation sees it where no scale of w is left for sums
    if (way != panel_detail::weights_as::elements) unscaled.w = p.w.with_facts(values);
    std::size_t const block = engine.scales.integers != nullptr ? p.w.facts().super_block : 0;
    form.blocks = engine.path == panel_path::bytes && block != 0 && p.a.facts().group % block == 0;
    for (std::size_t first = 0; first < p.m(); first += slab) {
        std::size_t const rows = std::min(slab, p.m() - first);
        panel_activations const a = prepare_activations(unscaled, engine, form, tables.bias, first, rows);
        bool const adds = !a.tiled && panel_detail::adds_only(engine, p.w, tables, rows);
        std::size_t const quads = adds ? a.part_words * line_columns / quad_columns : 0;
        scratch<std::byte> const sums(quads * 2 * static_cast<std::size_t>(p.w.panels().width) * line_bytes);
        if (adds) engine.make_sums(p.w.panels().width, tables, a.part(0), quads, sums.get());
        panel_detail::shared_state const state{p, engine, a, tables, rests.data(), adds ? sums.get() : nullptr, first, rows};
        bool const reads_again = rows > few_tiles * engine.rows;  // a for every run of blocks, from a distant cache
        panel_detail::block_queue queue(blocks, tasks, engine.blocks, reads_again ? engine.blocks : 1);
        p.run_on.run(tasks, [&](std::size_t task) { panel_detail::run_blocks(state, queue, task); });
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
