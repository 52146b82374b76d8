// prepack(w): a weight re-ordered once for the products that read panels, its codes still at their own width.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include "../kernels/portable/pack_panel.hpp"
#include "../matrix/prepacked_matrix.hpp"
#include "../parallel/executor.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace prepack_detail {

/// The rows of panel `number` of a matrix of `rows` rows.
struct panel_part {
    std::size_t number;
    std::size_t rows;
    std::size_t first() const noexcept { return number * panel_rows; }
    std::size_t count() const noexcept { return (std::min)(rows - first(), panel_rows); }
};

template <int Width, bool Trits, class B>
void pack_codes(block_storage<B> const& from, panel_part part, std::size_t cols, std::byte* lines) noexcept {
    auto const run = [&](std::size_t r) { return packed_run{from.row_codes(part.first() + r), from.readable(part.first() + r)}; };
    pack_panel<Width, Trits>(run, part.count(), cols, lines);
}

template <scale_number S>
void pack_level(number_storage<S> const& from, panel_numbers<S>& to, panel_part part, std::size_t cols) {
    auto const run = [&](std::size_t r) { return packed_run{from.row_bytes(part.first() + r), from.readable(part.first() + r)}; };
    constexpr int width = panel_numbers<S>::width;
    if constexpr (width <= 8) pack_panel<width, false>(run, part.count(), cols, to.lines(part.number));
    else pack_panel_numbers<width / 8>(run, part.count(), cols, to.lines(part.number));
}

template <block_composition B>
void pack_level(block_storage<B> const& from, panel_blocks<B>& to, panel_part part, std::size_t cols);

/// One panel of the scales and offsets; levels that have no panels go with the first.
template <block_composition B>
void pack_levels(block_levels<B> const& from, panel_levels<B>& to, panel_part part, std::size_t cols) {
    if constexpr (scales_along_rows<B>) {
        pack_level(from.scales(), to.scales(), part, to.groups(cols));
        if constexpr (!std::is_same_v<typename B::offset_type, symmetric>) {
            pack_level(from.offsets(), to.offsets(), part, to.groups(cols));
        }
    } else if (part.number == 0) {
        to = from;
    }
}

template <block_composition B>
void pack_level(block_storage<B> const& from, panel_blocks<B>& to, panel_part part, std::size_t cols) {
    pack_codes<B::element::width, false>(from, part, cols, to.lines(part.number));
    pack_levels<B>(from, to, part, cols);
}

}  // namespace prepack_detail

/// The same N x K weight in panels of 16 rows; gemm gives the same bits with it, sooner. Scales, offsets and the order of
/// columns go with it. Serves every type of activations.
template <block_format F>
prepacked_matrix<F> prepack(quantized_matrix<F> const& w, executor const& run_on = {}) {
    using composition = typename F::composition;
    prepacked_matrix<F> packed(w.rows(), w.cols());
    packed.set_permutation({w.permutation().begin(), w.permutation().end()});
    run_on.run(panels_of(w.rows()), [&](std::size_t p) {
        prepack_detail::panel_part const part{p, w.rows()};
        prepack_detail::pack_codes<F::element::width, F::trits>(w.storage(), part, w.cols(), packed.lines(p));
        prepack_detail::pack_levels<composition>(w.storage(), packed.levels(), part, w.cols());
    });
    return packed;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
