// The product of two matrices whose elements are floats of 8 bits, or become such exactly, where mma.sync has instructions for them.
#pragma once

#include <cstddef>
#include <numeric>
#include <type_traits>

#include "../device_target.hpp"
#include "../tiles/tile_walk.hpp"

namespace fewbits {

/// y (M x N) = a (M x K) * transpose(w) (N x K) + bias: elements of FP8, or FP4, FP6 and small integers widened to it, on either side,
/// under scales for multiples of 32 columns, rows or the matrix; not where gemm defines the result to the bit.
///
/// Hopper's tensor cores are known to add FP8 products in about 14 bits (each term cut off 13 bits below the largest of an instruction's),
/// and no more is counted on here: sums of at most 128 columns, and never of two blocks, go on in fp32, so that |error| is at most 2^-6
/// of the sum over k of |a w|; 2^-10 is usual. Hopper and sm_100 take the instructions by way of fp16, and have better ones.
template <class A, class W, gemm_result Y, int Chunks>
    requires is_float8_product<A, W>
struct float8_tiles : on_sm_89_or_12x {
    using facts_a = float8_operand<A>;
    using facts_w = float8_operand<W>;
    static constexpr unsigned threads = 256;
    static constexpr unsigned blocks_per_multiprocessor = 1;
    static constexpr unsigned rows = 128;             ///< of either side, for a tile of y
    static constexpr unsigned columns = Chunks * 16;  ///< of a step
    /// Columns under one scale on both sides.
    static constexpr unsigned unit = static_cast<unsigned>(std::gcd(std::gcd(facts_a::group, facts_w::group), std::size_t{columns}));
    using arguments = product_arguments<A, W, Y>;

private:
    using loader_a = operand_loader<A, facts_a, rows, Chunks, unit, threads>;
    using loader_w = operand_loader<W, facts_w, rows, Chunks, unit, threads>;
    using products = float8_products<facts_a::exponent_bits, facts_w::exponent_bits>;
    using sums = float_sums<loader_a, loader_w, products, rows, rows, Chunks, unit / 32>;
    using walk = tile_walk<loader_a, loader_w, sums, rows, rows, columns>;

public:
    static constexpr std::size_t shared_bytes = walk::shared_bytes;

    static constexpr std::size_t blocks_for(std::size_t m, std::size_t n) noexcept { return walk::blocks_for(m, n); }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& args) {
        walk::run(m, args);
    }
};

/// The kernel of a pair, with the longest steps that shared memory holds.
template <class A, class W, gemm_result Y = float>
using float8_product = std::conditional_t<float8_tiles<A, W, Y, 8>::shared_bytes <= block_shared_bytes, float8_tiles<A, W, Y, 8>,
                                          float8_tiles<A, W, Y, 4>>;

}  // namespace fewbits
