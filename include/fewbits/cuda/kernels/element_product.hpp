// The definition of an exact product, one result to the thread: for groups of K, or integers, that tiles of bytes do not fit.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../device_target.hpp"
#include "../operands/product_operand.hpp"
#include "../operands/result.hpp"

namespace fewbits {

/// y (M x N) = a (M x K) * transpose(w) (N x K) + bias of integers, to the bit what gemm computes, under groupings of any size.
template <block_format A, block_format W, gemm_result Y>
struct element_product : plain_block<on_sm_75, 2> {
    using arguments = product_arguments<A, W, Y>;

    static constexpr std::size_t blocks_for(std::size_t m, std::size_t n) noexcept { return (m * n + threads - 1) / threads; }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::size_t const step = static_cast<std::size_t>(m.blocks()) * threads;
        for (std::size_t i = static_cast<std::size_t>(m.block_index()) * threads + m.thread(); i < a.a.rows * a.w.rows; i += step) {
            std::size_t const row = i / a.w.rows;
            std::size_t const col = i % a.w.rows;
            a.y[row * a.stride + col] = result_of<Y>(sum_of(a, row, col), a.bias, col);
        }
    }

private:
    FEWBITS_DEVICE static float sum_of(arguments const& a, std::size_t row, std::size_t col) {
        constexpr float power = 1.0F / static_cast<float>(1 << -(product_operand<A, true>::fraction + product_operand<W, true>::fraction));
        float sum = 0.0F;
        for (std::size_t k = 0; k < a.depth;) {
            std::size_t const first = k;
            std::int64_t p = 0;
            do {
                p += A::element::codec::to_integer(a.a.view.code(row, k)) * W::element::codec::to_integer(a.w.view.code(col, k));
                ++k;
            } while (k < a.depth && !ends<A::block.cols>(k) && !ends<W::block.cols>(k));
            sum = fma_rn(mul_rn(static_cast<float>(p), power), mul_rn(a.a.view.scale(row, first), a.w.view.scale(col, first)), sum);
        }
        return sum;
    }

    template <std::size_t Group>
    FEWBITS_DEVICE static bool ends(std::size_t k) {
        if constexpr (Group == 0) return false;
        else return k % Group == 0;
    }
};

}  // namespace fewbits
