// Products with packed weights: activations are packed into the caller's scratch and multiplied, 16 rows at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "../../matrix/matrix_view.hpp"
#include "../kernels/pack_activations.hpp"
#include "../kernels/pack_weights.hpp"
#include "../kernels/skinny_integer_product.hpp"
#include "../kernels/skinny_product.hpp"
#include "../operands/product_operand.hpp"

namespace fewbits {

/// How weights of a format that are packed in fragments are multiplied by activations of a type.
enum class skinny_way : unsigned char { integers, floats, none };

inline constexpr std::size_t skinny_rows = 16;

inline namespace FEWBITS_BASELINE {

/// Products that are defined to the bit go by integers: a group of the activations is whole groups of the weights.
template <class A, block_format W>
inline constexpr skinny_way skinny_way_of = [] {
    if constexpr (!has_fragments<W>) {
        return skinny_way::none;
    } else if constexpr (!is_exact_product<A, W>) {
        return skinny_way::floats;
    } else if constexpr (has_bytes<typename A::element> && has_bytes<typename W::element>) {
        constexpr std::size_t group = W::block.cols;
        constexpr std::size_t unit = group == 0 ? 1 : group;  // nvcc warns of a remainder by 0 that is never taken
        constexpr bool nested = A::block.cols == 0 || (group != 0 && A::block.cols % unit == 0);
        constexpr bool sizes = group == 0 || group == 32 || (group % 64 == 0 && group <= 4096 && 4096 % unit == 0);
        constexpr bool whole = facts_of<A>().fraction == 0 && facts_of<W>().fraction == 0;
        return nested && sizes && whole && !fragment_weights<W>::tensor_scale ? skinny_way::integers : skinny_way::none;
    } else {
        return skinny_way::none;
    }
}();

/// bf16 numbers whose sum an activation becomes: one where it is one. Two leave 2^-17 of it, which the bound allows when the weights are
/// exact; where those are sums of two themselves, or of an element and the rest of an offset, it takes three.
template <class A, block_format W>
inline constexpr int skinny_terms = [] {
    constexpr operand_facts facts = facts_of<A>();
    if (facts.exact_in_bf16 && (!block_format<A> || facts.power_scales)) return 1;
    if (facts.dense == dense_form::halves) return 2;
    return decoder_of<typename W::element>::parts == 1 && offset_form_of<W> != offset_form::any ? 2 : 3;
}();

}  // namespace FEWBITS_BASELINE

/// y (M x N) = a (M x K) * transpose(w) + bias. A launch of a kernel is launch.run<Kernel>(blocks, arguments).
template <class A, block_format W, gemm_result Y, class Launch>
    requires(skinny_way_of<A, W> != skinny_way::none)
class skinny_steps {
public:
    /// Bytes that the packed activations of `rows` rows of `cols` columns take.
    static std::size_t scratch_bytes(std::size_t rows, std::size_t cols) noexcept {
        return rows <= 8 ? room<1>(cols).all : room<2>(cols).all;
    }

    /// Throws std::invalid_argument where sums of K products may not fit 32 bits, or sizes the kernels' integers.
    static void check(std::size_t rows, std::size_t cols) {
        constexpr std::size_t most = std::size_t{1} << 24;
        constexpr bool whole_rows = by_integers && weights::group == 0;
        std::size_t const most_cols = whole_rows ? (std::size_t{1} << 17) - 1 : most;
        if (rows > most || cols > most_cols) {
            throw std::invalid_argument("gemm on the device: packed weights of " + std::to_string(rows) + " x " + std::to_string(cols) +
                                        ", at most " + std::to_string(most) + " x " + std::to_string(most_cols) + " are multiplied");
        }
    }

    static void run(Launch& launch, product_side<A> const& a, fragment_view<W> const& w, matrix_view<Y> y, float const* bias,
                    std::byte* scratch) {
        for (std::size_t first = 0; first < y.rows; first += skinny_rows) {
            std::size_t const count = y.rows - first < skinny_rows ? y.rows - first : skinny_rows;
            if (count <= 8) slab<1>(launch, a, w, {y.row(first), count, y.cols, y.stride}, first, bias, scratch);
            else slab<2>(launch, a, w, {y.row(first), count, y.cols, y.stride}, first, bias, scratch);
        }
    }

private:
    using weights = fragment_weights<W>;
    using element = typename W::element;
    static constexpr bool by_integers = skinny_way_of<A, W> == skinny_way::integers;
    static constexpr int terms = by_integers ? 1 : skinny_terms<A, W>;
    static constexpr bool has_rest = weights::offsets == offset_form::any;
    static constexpr int part = fragment_columns / weights::per_tile;

    /// Where the parts of the scratch begin.
    struct parts {
        std::size_t scales = 0, totals = 0, all = 0;
    };
    static constexpr std::size_t aligned(std::size_t bytes) noexcept { return divided_up(bytes, 16) * 16; }

    template <int Tiles>
    static parts room(std::size_t cols) noexcept {
        if constexpr (by_integers) {
            using pack = pack_integer_activations<A, weights::group, Tiles>;
            std::size_t const scales = pack::size(cols) * sizeof(word2);
            std::size_t const totals = scales + aligned(pack::groups(cols) * skinny_rows * sizeof(float));
            return {scales, totals, totals + aligned(pack::groups(cols) * 8 * Tiles * sizeof(std::int32_t))};
        } else {
            std::size_t const totals = pack_activations<A, terms, Tiles>::size(cols) * sizeof(word2);
            return {0, totals, totals + (has_rest ? aligned(sum_activations<A, part>::size(cols, 8 * Tiles) * sizeof(float)) : 0)};
        }
    }

    template <int Tiles>
    static void slab(Launch& launch, product_side<A> const& a, fragment_view<W> const& w, matrix_view<Y> y, std::size_t first,
                     float const* bias, std::byte* scratch) {
        auto const tiles = static_cast<int>(weights::tiles(w.cols));
        auto const blocks = [](std::size_t count) { return static_cast<unsigned>(count); };
        auto const number = [](std::size_t count) { return static_cast<int>(count); };
        auto* const operand = reinterpret_cast<word2*>(scratch);
        if constexpr (by_integers) {
            using pack = pack_integer_activations<A, weights::group, Tiles>;
            using kernel = skinny_integer_product<element, typename weights::scale_type, weights::group, Tiles, Y>;
            auto* const scales = reinterpret_cast<float*>(scratch + room<Tiles>(w.cols).scales);
            auto* const totals = reinterpret_cast<std::int32_t*>(scratch + room<Tiles>(w.cols).totals);
            launch.template run<pack>(blocks(pack::blocks_for(w.cols)), {a, operand, scales, totals, first, y.rows, w.cols});
            launch.template run<kernel>(blocks(weights::panels(w.rows)),
                                        {.codes = w.codes, .scales = w.scales, .operand = operand, .a_scales = scales, .totals = totals,
                                         .y = y.data, .bias = bias, .factors = w.factors, .rows = number(w.rows), .count = number(y.rows),
                                         .tiles = tiles, .groups = number(pack::groups(w.cols)), .stride = y.stride});
        } else {
            using pack = pack_activations<A, terms, Tiles>;
            using kernel = skinny_product<element, typename weights::scale_type, weights::group, terms, Tiles, Y, weights::offsets>;
            auto* const totals = reinterpret_cast<float*>(scratch + room<Tiles>(w.cols).totals);
            launch.template run<pack>(blocks(pack::blocks_for(w.cols)), {a, operand, first, y.rows, w.cols});
            if constexpr (has_rest) {
                using sum = sum_activations<A, part>;
                launch.template run<sum>(blocks(sum::blocks_for(w.cols, 8 * Tiles)), {a, totals, first, y.rows, w.cols, 8 * Tiles});
            }
            launch.template run<kernel>(blocks(weights::panels(w.rows)),
                                        {.codes = w.codes, .scales = w.scales, .offsets = w.offsets, .operand = operand, .totals = totals,
                                         .y = y.data, .factors = w.factors, .bias = bias, .rows = number(w.rows),
                                         .count = number(y.rows), .tiles = tiles,
                                         .groups = number(weights::records(w.cols)), .stride = y.stride});
        }
    }
};

/// Weights of format W (N x K) to fragments, on the device.
template <block_format W, class Launch>
    requires has_fragments<W>
void pack_steps(Launch& launch, product_side<W> const& from, std::size_t cols, std::byte* codes, std::byte* scales, std::byte* offsets,
                float* factors) {
    using codes_kernel = pack_fragments<W>;
    using scales_kernel = pack_scales<W>;
    launch.template run<codes_kernel>(static_cast<unsigned>(codes_kernel::blocks_for(from.rows, cols)),
                                      {from.view, reinterpret_cast<std::uint32_t*>(codes), from.rows, cols});
    launch.template run<scales_kernel>(static_cast<unsigned>(scales_kernel::blocks_for(from.rows)),
                                       {from.view, scales, reinterpret_cast<typename fragment_weights<W>::offset_pairs*>(offsets), factors,
                                        from.rows, cols});
}

}  // namespace fewbits
