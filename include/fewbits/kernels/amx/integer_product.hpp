// The product of two integer formats to the bit in AMX tiles of bytes; few rows of activations stay with AVX-512.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "../avx512/integer_product.hpp"
#include "multiply_tiles.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace amx {

template <class = void>
panel_engine integer_engine() noexcept {
    panel_engine engine = avx512::integer_engine();
    engine.rows = most_rows;
    engine.panels = panels_at_once;
    engine.vectors = strip_lines;
    engine.blocks = blocks_together;
    engine.most_rows = rows_of_slab;
    engine.multiply = &multiply<avx512::byte_dot>;
    engine.multiply_signed = &multiply<signed_byte_dot>;
    engine.row_padding = register_rows;
    engine.shares_ahead = true;
    engine.tiled = true;
    engine.flips = false;
    engine.enter = &enter<panel_path::bytes>;
    engine.leave = &release;
    engine.keep_awake = &keep_awake;
    return engine;
}

/// Bytes of a slab of a that stays in a second-level cache beside the weights of two panels, and the most rows it may have.
inline constexpr std::size_t whole_slab_bytes = std::size_t{1} << 19, whole_slab_rows = 256;
/// Columns up to which whole rows pay however many of them there are.
inline constexpr std::size_t whole_columns = 6144;

/// Whether all of K goes through the registers of sums at once, so that sums pass through memory only once: where one scale on each
/// side is left for the end, and w is not read again for too many slabs.
inline bool takes_whole_rows(product const& p) noexcept {
    bool const one_slab = p.k() <= most_depth && p.m() * p.k() <= whole_slab_bytes;
    return p.a.facts().group == 0 && p.w.facts().group == 0 && (p.k() <= whole_columns || one_slab);
}

template <class = void>
panel_engine whole_row_engine(std::size_t cols) noexcept {
    panel_engine engine = integer_engine();
    engine.vectors = most_depth / columns_of(engine.path);
    engine.blocks = 1;
    engine.most_rows = std::clamp(whole_slab_bytes / std::max(cols, std::size_t{1}), engine.rows, whole_slab_rows);
    return engine;
}

/// Rows of a up to which AVX-512 is faster: tiles have 16.
inline constexpr std::size_t vector_rows = 8;

struct integer_product {
    using isa = fewbits::isa::amx;
    static constexpr std::string_view name = "amx/integer_product";
    static constexpr std::string_view reason =
        "both sides are exact integers: exact sums of bytes in AMX tiles over each shared group, one fma with the scales, defined to "
        "the bit";
    static bool available(processor const& here) noexcept { return here.amx && here.avx512; }
    static constexpr bool supports(operand_facts const& a, operand_facts const& w) noexcept {
        return avx512::integer_product::supports(a, w);
    }
    template <class = void>
    static void run(product const& p) {
        bool const bytes = p.k() <= avx512::integer_product::longest && panel_detail::fits_bytes(p.w);
        if (p.m() <= vector_rows || !bytes) return avx512::integer_product::run(p);
        run_panels(p, takes_whole_rows(p) ? whole_row_engine(p.k()) : integer_engine(), {.apart = true});
    }
};

}  // namespace amx
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
