// What tensor cores multiply for each kind of matrix: bytes, elements as bf16 numbers under a scale, or values as sums of bf16 numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../../kernels/operand_of.hpp"
#include "../../kernels/product.hpp"
#include "../numbers/code_chunks.hpp"
#include "operands.hpp"

namespace fewbits {

/// y (M x N) = a (M x K) * transpose(w) (N x K) + bias.
template <class A, class W, class Y>
struct product_arguments {
    product_side<A> a;
    product_side<W> w;
    Y* y;
    float const* bias;   ///< N, or null
    std::size_t stride;  ///< of y's rows, in elements
    std::size_t depth;   ///< K, less than 2^28
};

/// What stands in the operand of the matrix instruction.
enum class operand_form : unsigned char {
    bytes,     ///< integers; their scale is for the sums
    elements,  ///< bf16 numbers, what a code stands for; its scale is for the sums
    float8,    ///< floats of 8 bits, what a code stands for; its scale is for the sums
    values     ///< sums of bf16 numbers: the dequantized value
};

/// What operands have in common whose scales are fp32 factors of sums.
struct float_scales {
    using scale_type = float;
    static constexpr float no_scale = 0.0F;  ///< outside of the matrix
    static constexpr std::uint32_t scale_signs = 0;  ///< bits that the codes' signs have to take over

    /// That of `Columns` columns from (row, column) on.
    template <unsigned Columns, class View>
    FEWBITS_DEVICE static float read_scale(View const& view, std::size_t row, unsigned column, unsigned) {
        return view.scale(row, column);
    }
};

/// The facts of one side X of a product, `Exact` where both sides are integers and the result is defined to the bit, `Third` where sums of
/// two bf16 numbers will not do since those of the other side are rounded too.
template <class X, bool Exact, bool Third = false>
struct product_operand : float_scales {
    static constexpr bool blocks = block_format<X>;
    using element = X;
    static constexpr int width = 8 * static_cast<int>(sizeof(X));
    static constexpr std::size_t group = 0;
    static constexpr unsigned chunk_columns = 8;
    static constexpr bool trits = false;
    static constexpr operand_form form = operand_form::values;
    static constexpr int terms = facts_of<X>().exact_in_bf16 ? 1 : Third ? 3 : 2;
    static constexpr bool rounded = terms != 1 && facts_of<X>().dense != dense_form::halves;
    static constexpr bool direct = facts_of<X>().dense == dense_form::upper_halves;
    static constexpr bool halves = facts_of<X>().dense == dense_form::halves;
    static constexpr bool has_scales = false;
    static constexpr bool has_table = false;
    static constexpr bool has_sign = true;
    static constexpr int fraction = 0;
};
template <block_format X, bool Exact, bool Third>
struct product_operand<X, Exact, Third> : float_scales {
    using element = typename X::element;
    static constexpr bool blocks = true;
    static constexpr int width = element::width;
    static constexpr std::size_t group = X::block.cols;
    static constexpr unsigned chunk_columns = Exact ? 16 : 8;  ///< of the 16 bytes that an instruction takes of a row twice
    static constexpr bool trits = X::trits;
    static constexpr operand_form form = Exact ? operand_form::bytes
                                         : !X::is_symmetric || X::block.linear || group % 16 != 0 ? operand_form::values
                                         : Third && !elements_are_bf16<element>                   ? operand_form::values
                                                                                                  : operand_form::elements;
    static constexpr int terms = Exact || (form == operand_form::elements && elements_are_bf16<element>) ? 1 : Third ? 3 : 2;
    /// Whether the terms are not the numbers, but for what is left of them: 2^-17 by two, 2^-26 by three.
    static constexpr bool rounded = terms != 1;
    /// Stored bytes are the operand as they are.
    static constexpr bool direct = Exact && width == 8 && element::kind == format_kind::integer && [] {
        if constexpr (element::kind == format_kind::integer) return every_code_counts<element> && element::codec::excess == 0;
        else return false;
    }();
    static constexpr bool has_scales = form != operand_form::values;
    /// Elements by a table of the codes in shared memory: numbers as bf16 or two of them, or as fp32 where they are to be scaled.
    static constexpr bool has_table = form == operand_form::values || (form == operand_form::elements && !has_stored_pairs<element>);
    static constexpr bool has_sign = [] {
        if constexpr (element::kind == format_kind::integer) return element::codec::highest <= 127;
        else return true;
    }();
    /// Whether the integers are bytes, with or without a sign.
    static constexpr bool fits_bytes = [] {
        if constexpr (element::kind == format_kind::integer) return element::codec::lowest >= (has_sign ? -128 : 0);
        else return false;
    }();
    static constexpr int fraction = facts_of<X>().fraction;
};

/// Whether SEMANTICS defines the product of these to the bit, as gemm decides it.
template <class A, class W>
inline constexpr bool is_exact_product = is_exact_pair(facts_of<A>(), facts_of<W>());

/// Columns under one of the scales that are for the sums, 0 for all of them.
template <class X, bool Exact, bool Third = false>
inline constexpr std::size_t scale_group =
    product_operand<X, Exact, Third>::has_scales ? product_operand<X, Exact, Third>::group : 0;

/// Whether a has to be sums of three: both sides are rounded.
template <class A, class W>
inline constexpr bool needs_third =
    product_operand<A, is_exact_product<A, W>>::rounded && product_operand<W, is_exact_product<A, W>>::rounded;

/// The common refinement of two groupings of K, 0 for one group; only where one is a multiple of the other is it a grouping.
constexpr std::size_t no_grouping = ~std::size_t{0};
consteval std::size_t refined_group(std::size_t a, std::size_t w) {
    if (a == 0 || w == 0) return a + w;
    return a % w == 0 ? w : w % a == 0 ? a : no_grouping;
}

/// Whether tiles of bytes make an exact product: K falls into groups that are multiples of 16.
template <block_format A, block_format W>
inline constexpr bool has_byte_tiles = [] {
    constexpr std::size_t group = refined_group(scale_group<A, true>, scale_group<W, true>);
    return product_operand<A, true>::fits_bytes && product_operand<W, true>::fits_bytes && group != no_grouping && group % 16 == 0;
}();

}  // namespace fewbits
