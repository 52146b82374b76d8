// The product of two matrices in the OCP MX formats or NVFP4 by instructions that multiply by the scales of blocks.
#pragma once

#include <cstddef>
#include <type_traits>

#include "../device_target.hpp"
#include "../operands/block_scaled_operand.hpp"
#include "../tiles/block_scaled_sums.hpp"
#include "../tiles/tile_walk.hpp"

namespace fewbits {

/// y (M x N) = a (M x K) * transpose(w) (N x K) + bias, both with blocks of 32 columns under powers of two, or of 16 under floats of 8
/// bits: elements of 4 bits on both sides go in as they are stored, any others of 8 bits or fewer as floats of 8 bits. Results over
/// at most 128 columns are the tensor cores', how exact is not documented; from there on sums are fp32.
template <class A, class W, gemm_result Y, int Chunks>
    requires(block_scaling_of<A, W> != block_scaling::none)
struct block_scaled_tiles : on_sm_120f {
    static constexpr block_scaling scaling = block_scaling_of<A, W>;
    static constexpr bool float4 = scaling != block_scaling::float8_32;
    using facts_a = block_scaled_operand<A, float4>;
    using facts_w = block_scaled_operand<W, float4>;
    static constexpr unsigned threads = 256;
    static constexpr unsigned blocks_per_multiprocessor = 1;
    static constexpr unsigned rows = 128;                             ///< of either side, for a tile of y
    static constexpr unsigned columns = Chunks * (float4 ? 32 : 16);  ///< of a step
    static constexpr unsigned four_blocks = 4 * static_cast<unsigned>(A::block.cols);
    static constexpr unsigned unit = columns < four_blocks ? columns : four_blocks;  ///< columns under a word of scales
    using arguments = product_arguments<A, W, Y>;

private:
    using loader_a = operand_loader<A, facts_a, rows, Chunks, unit, threads>;
    using loader_w = operand_loader<W, facts_w, rows, Chunks, unit, threads>;
    using products = std::conditional_t<float4, scaled_float4_products<static_cast<int>(A::block.cols)>,
                                        scaled_float8_products<facts_a::exponent_bits, facts_w::exponent_bits>>;
    using sums = block_scaled_sums<loader_a, loader_w, products, rows, rows, Chunks, unit>;
    using walk = tile_walk<loader_a, loader_w, sums, rows, rows, columns>;

public:
    static constexpr std::size_t shared_bytes = walk::shared_bytes;

    static constexpr std::size_t blocks_for(std::size_t m, std::size_t n) noexcept { return walk::blocks_for(m, n); }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& args) {
        walk::run(m, args);
    }
};

/// Runs of 16 bytes in a step of 128 columns, or of 64 where shared memory holds no more.
template <class A, class W, gemm_result Y>
inline constexpr int block_scaled_chunks = [] {
    if constexpr (block_scaling_of<A, W> != block_scaling::float8_32) return 4;
    else return block_scaled_tiles<A, W, Y, 8>::shared_bytes <= block_shared_bytes ? 8 : 4;
}();

/// The kernel of a pair.
template <class A, class W, gemm_result Y = float>
using block_scaled_product = block_scaled_tiles<A, W, Y, block_scaled_chunks<A, W, Y>>;

}  // namespace fewbits
