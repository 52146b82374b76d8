// The product of two integer formats to the bit in AMX tiles of bytes; few rows of activations stay with AVX-512.
#pragma once

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
        run_panels(p, integer_engine(), {.apart = true});
    }
};

}  // namespace amx
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
