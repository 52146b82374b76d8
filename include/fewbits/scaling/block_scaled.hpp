// A block format: elements that share scales, the scales being numbers or themselves a block format.
#pragma once

#include <concepts>
#include <string_view>
#include <type_traits>

#include "../format/concepts.hpp"
#include "../format/name.hpp"
#include "../packing/trits.hpp"
#include "extent.hpp"

namespace fewbits {

/// What a scale can be stored as: fp32 or a scalar format.
template <class S>
concept scale_number = std::same_as<S, float> || scalar<S>;

/// No offset: value = f(element * scale).
struct symmetric {};
/// An integer zero point per block, stored as Z: value = f((element - zero point) * scale).
template <scalar Z>
struct zero_point {};
/// An additive minimum M (a number or nested blocks), one per `Extent` (the block's own where empty):
/// value = f(f(element * scale) + sign * M).
template <class M, int Sign = +1, block_extent Extent = block_extent{0, 0, true}>
struct minimum {};

/// How the scale of a block is found from its values when the caller names no rule.
enum class scale_method : unsigned char {
    absmax,        ///< the largest magnitude meets the largest element
    microscaling,  ///< OCP MX: the power of two from the exponent of the largest magnitude
    range,         ///< smallest and largest value meet the ends of the code range
    absmean,       ///< the mean magnitude (BitNet b1.58)
    least_squares  ///< a search for the scale (and minimum) of least squared error
};

/// What a block format fixes besides its composition.
struct block_traits {
    scale_method method = scale_method::absmax;
    bool trits = false;  ///< elements are ternary, packed five to the byte
};

/// Element codes over blocks of `Extent`, with scales of type Scale (fp32, a scalar, or nested blocks over the matrix of
/// scales) and an offset. The unnamed form, for nesting.
template <scalar Element, block_extent Extent, class Scale, class Offset = symmetric, block_traits Traits = block_traits{}>
struct blocks {
    static_assert(Element::width <= 8, "elements of blocks have at most 8 bits");
    using element = Element;
    using scale_type = Scale;
    using offset_type = Offset;
    static constexpr block_extent block = Extent;
    static constexpr scale_method method = Traits.method;
    static constexpr bool trits = Traits.trits;
};

/// Facts of an offset kind: where its numbers are stored and over which blocks.
template <class Offset>
struct offset_facts {
    using type = void;
    static constexpr int sign = 0;
    static constexpr bool own_extent = false;
    static constexpr block_extent extent{};
};
template <class Z>
struct offset_facts<zero_point<Z>> : offset_facts<symmetric> {
    using type = Z;
};
template <class M, int Sign, block_extent Extent>
struct offset_facts<minimum<M, Sign, Extent>> {
    using type = M;
    static constexpr int sign = Sign;
    static constexpr bool own_extent = !(Extent == block_extent{0, 0, true});
    static constexpr block_extent extent = Extent;
};

/// Whether B composes blocks: nested or named.
template <class B>
concept block_composition = requires {
    typename B::element;
    typename B::scale_type;
    typename B::offset_type;
    { B::block } -> std::convertible_to<block_extent>;
};

template <class Offset>
inline constexpr bool is_zero_point = false;
template <class Z>
inline constexpr bool is_zero_point<zero_point<Z>> = true;

/// Over which blocks the offsets of B lie.
template <block_composition B>
inline constexpr block_extent offset_extent =
    offset_facts<typename B::offset_type>::own_extent ? offset_facts<typename B::offset_type>::extent : B::block;

/// Bits that one stored number of type S takes, its own scales included where their share does not depend on the matrix.
template <class S>
consteval double stored_bits() {
    if constexpr (std::is_void_v<S>) {
        return 0;
    } else if constexpr (std::same_as<S, float>) {
        return 32;
    } else if constexpr (scalar<S>) {
        return S::width;
    } else {
        using offset = typename offset_facts<typename S::offset_type>::type;
        double bits = S::trits ? 8.0 * trit_run_bytes / trit_run : S::element::width;
        if (S::block.count() != 0) bits += stored_bits<typename S::scale_type>() / static_cast<double>(S::block.count());
        constexpr std::size_t per_offset = offset_extent<S>.count();
        if (per_offset != 0) bits += stored_bits<offset>() / static_cast<double>(per_offset);
        return bits;
    }
}

/// A named block format: `struct name final : block_scaled<name, element, extent, scale, ...> {};`
template <class Self, scalar Element, block_extent Extent, class Scale, class Offset = symmetric,
          block_traits Traits = block_traits{}>
struct block_scaled : blocks<Element, Extent, Scale, Offset, Traits> {
    static_assert(std::same_as<Offset, symmetric> == (Traits.method != scale_method::range) ||
                      Traits.method == scale_method::least_squares,
                  "a zero point or a minimum needs scale_method::range (or least_squares), and only these have one");
    static_assert(!is_zero_point<Offset> || (Traits.method == scale_method::range && !Element::codec::is_signed),
                  "a zero point goes with unsigned elements and scale_method::range");
    using self = Self;
    using composition = blocks<Element, Extent, Scale, Offset, Traits>;
    static constexpr std::string_view name = type_name<Self>();
    static constexpr bool has_zero_point = is_zero_point<Offset>;
    static constexpr bool has_minimum = !std::same_as<Offset, symmetric> && !has_zero_point;
    static constexpr bool is_symmetric = std::same_as<Offset, symmetric>;
    /// Storage per element; scales shared by a whole row, column or tensor are not counted.
    static constexpr double bits_per_element = stored_bits<composition>();
};

/// A catalogued block format.
template <class F>
concept block_format = block_composition<F> && requires {
    requires std::same_as<typename F::self, F>;
    { F::bits_per_element } -> std::convertible_to<double>;
};

}  // namespace fewbits
