// Weights as products of few rows read them: which formats, how many bytes, scales of which type.
#pragma once

#include <cstddef>
#include <type_traits>

#include "../../matrix/quantized_view.hpp"
#include "byte_order.hpp"
#include "decoders.hpp"
#include "scale_pairs.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

FEWBITS_HOST_DEVICE constexpr std::size_t divided_up(std::size_t n, std::size_t by) noexcept { return (n + by - 1) / by; }

/// Whether a scale of type S has one number for each of the blocks of a level, and one more for the whole matrix.
template <class S>
inline constexpr bool has_tensor_scale = [] {
    if constexpr (!block_composition<S>) return false;
    else return S::block == per_tensor && std::is_same_v<typename S::scale_type, float> &&
                std::is_same_v<typename S::offset_type, symmetric>;
}();

}  // namespace FEWBITS_BASELINE

/// What kernels keep of a scale of type S: plain numbers as they are stored; under one scale of the whole matrix, which goes to the rows'
/// factors, the stored ones of the blocks; of what else is nested the product, in fp32.
template <class S>
struct kept_scale {
    using type = float;
};
template <scale_number S>
struct kept_scale<S> {
    using type = S;
};
template <block_composition S>
    requires has_tensor_scale<S>
struct kept_scale<S> {
    using type = typename S::element;
};

inline namespace FEWBITS_BASELINE {

/// The offsets that kernels know: of integers of at most 7 bits, one for every scale.
template <block_format F>
inline constexpr offset_form offset_form_of = F::is_symmetric     ? offset_form::none
                                             : F::has_zero_point ? offset_form::whole
                                                                 : offset_form::any;

}  // namespace FEWBITS_BASELINE

/// Weights of format F (N x K) in the order of fragment_order.hpp: panels of 16 rows.
template <block_format F>
struct fragment_weights {
    using element = typename F::element;
    using tile = fragment_tile<element>;
    using scale_type = typename kept_scale<typename F::scale_type>::type;
    static constexpr bool tensor_scale = has_tensor_scale<typename F::scale_type>;
    static constexpr int group = static_cast<int>(F::block.cols);  ///< columns under a scale, 0: all
    static constexpr int per_tile = group == 0 || group >= fragment_columns ? 1 : fragment_columns / group;  ///< scales of a row in a tile
    using pairs = scale_pairs<scale_type, per_tile>;
    static constexpr offset_form offsets = offset_form_of<F>;
    using offset_pairs = fewbits::offset_pairs<offsets, per_tile>;

    static constexpr std::size_t panels(std::size_t rows) noexcept { return divided_up(rows, fragment_rows); }
    static constexpr std::size_t tiles(std::size_t cols) noexcept { return divided_up(cols, fragment_columns); }
    /// Records of scales that a row has.
    FEWBITS_HOST_DEVICE static constexpr std::size_t records(std::size_t cols) noexcept {
        return group == 0 ? 1 : divided_up(cols, static_cast<std::size_t>(per_tile > 1 ? fragment_columns : group));
    }
    static constexpr std::size_t code_bytes(std::size_t rows, std::size_t cols) noexcept {
        return panels(rows) * tiles(cols) * tile::bytes;
    }
    static constexpr std::size_t scale_bytes(std::size_t rows, std::size_t cols) noexcept {
        return panels(rows) * records(cols) * 8 * sizeof(pairs);
    }
    static constexpr std::size_t offset_bytes(std::size_t rows, std::size_t cols) noexcept {
        return offsets == offset_form::none ? 0 : panels(rows) * records(cols) * 8 * sizeof(offset_pairs);
    }
    static constexpr std::size_t factor_bytes(std::size_t rows) noexcept { return rows * sizeof(float); }
};

/// Weights packed so.
template <block_format F>
struct fragment_view {
    std::byte const* codes;                                     ///< [panel][tile]
    typename fragment_weights<F>::pairs const* scales;          ///< [panel][record][row 0..7]
    typename fragment_weights<F>::offset_pairs const* offsets;  ///< the same, null where there are none
    float const* factors;                                       ///< N
    std::size_t rows, cols;
};

inline namespace FEWBITS_BASELINE {

/// Whether F can be held so: elements and offsets that the decoders know, and scales of runs of 16, 32 or 64 k columns or of rows.
template <block_format F>
inline constexpr bool has_fragments = [] {
    constexpr std::size_t group = F::block.cols;
    constexpr bool groups = group == 0 || group == 16 || group == 32 || group % 64 == 0;
    constexpr bool integers = F::element::kind == format_kind::integer && F::element::width < 8;
    constexpr bool offsets = F::is_symmetric || (integers && offset_extent<F> == F::block);
    return has_decoder<typename F::element> && groups && offsets;
}();

/// The same where the matrix matters too: runs that go on from row to row have to end with the rows.
template <block_format F>
constexpr bool fits_fragments(std::size_t cols) noexcept {
    if constexpr (has_fragments<F> && F::block.linear) return cols % F::block.cols == 0;
    else return has_fragments<F>;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
