// The product of any two matrices on tensor cores, from compute capability 8.0 on: the reference for faster kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <type_traits>

#include "../device_target.hpp"
#include "../tiles/tile_walk.hpp"
#include "element_product.hpp"

namespace fewbits {

/// y (M x N) = a (M x K) * transpose(w) (N x K) + bias, by one of three ways to multiply, which the formats choose:
///
/// Integers on both sides under groups along K: bytes, to the bit what gemm computes. Elements that are bf16 numbers, or sums of two,
/// under groups of multiples of 16: fp32 sums of at most 64 products, times f(sa * sw). Whatever else: the values as sums of bf16
/// numbers. Two leave 2^-17 of an fp32 number, 0.77e-5; where both sides would leave that, a has three. Products of terms that are
/// together beyond the third are not added: they are below 2^-24.
///
/// A block makes a tile of y (tile_walk). RowsA x RowsW: the tile; Chunks: runs of 16 bytes of an operand's row in a step.
template <class A, class W, gemm_result Y, unsigned RowsA, unsigned RowsW, int Chunks>
struct tiled_product : on_sm_80 {
    static constexpr bool exact = is_exact_product<A, W>;
    static constexpr bool third = needs_third<A, W>;
    static constexpr std::size_t group = refined_group(scale_group<A, exact, third>, scale_group<W, exact>);
    static constexpr unsigned columns = Chunks * (exact ? 16 : 8);  ///< of a step
    /// Columns under one scale on both sides; one side's groups need not be multiples of the other's.
    static constexpr unsigned unit =
        static_cast<unsigned>(std::gcd(std::gcd(scale_group<A, exact>, scale_group<W, exact>), std::size_t{columns}));

    static constexpr unsigned threads = 256;
    static constexpr unsigned blocks_per_multiprocessor = RowsA * RowsW == 128 * 128 ? 1 : 2;
    using loader_a = operand_loader<A, product_operand<A, exact, third>, RowsA, Chunks, unit, threads>;
    using loader_w = operand_loader<W, product_operand<W, exact>, RowsW, Chunks, unit, threads>;
    using arguments = product_arguments<A, W, Y>;

private:
    using facts_a = product_operand<A, exact>;
    using facts_w = product_operand<W, exact>;
    using exact_type = exact_sums<loader_a, loader_w, byte_signs<facts_a::has_sign, facts_w::has_sign>, RowsA, RowsW, Chunks, unit, group,
                                  facts_a::fraction + facts_w::fraction>;
    using float_type = float_sums<loader_a, loader_w, bf16_products, RowsA, RowsW, Chunks, unit / 16>;
    using walk = tile_walk<loader_a, loader_w, std::conditional_t<exact, exact_type, float_type>, RowsA, RowsW, columns>;

public:
    static constexpr std::size_t shared_bytes = walk::shared_bytes;

    static constexpr std::size_t blocks_for(std::size_t m, std::size_t n) noexcept { return walk::blocks_for(m, n); }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& args) {
        walk::run(m, args);
    }
};

/// The largest tile and step that a block's shared memory holds on every chip.
template <class A, class W, gemm_result Y>
struct product_choice {
    template <unsigned RowsA, unsigned RowsW, int Chunks>
    static constexpr bool fits = [] {
        using kernel = tiled_product<A, W, Y, RowsA, RowsW, Chunks>;
        return kernel::shared_bytes <= block_shared_bytes && (Chunks == 4 || kernel::columns / kernel::unit <= 2);  // scales want registers
    }();
    static constexpr bool by_elements = [] {
        if constexpr (is_exact_product<A, W>) return !has_byte_tiles<A, W>;
        else return false;
    }();
    static auto choose() {
        if constexpr (by_elements) return std::type_identity<element_product<A, W, Y>>{};
        else if constexpr (fits<128, 128, 8>) return std::type_identity<tiled_product<A, W, Y, 128, 128, 8>>{};
        else if constexpr (fits<128, 128, 4>) return std::type_identity<tiled_product<A, W, Y, 128, 128, 4>>{};
        else if constexpr (fits<64, 128, 4>) return std::type_identity<tiled_product<A, W, Y, 64, 128, 4>>{};
        else return std::type_identity<tiled_product<A, W, Y, 64, 64, 4>>{};
    }
    using type = typename decltype(choose())::type;
};

/// The kernel of any pair.
template <class A, class W, gemm_result Y = float>
using portable_product = typename product_choice<A, W, Y>::type;

}  // namespace fewbits
