// Rows of activations times weights, both under scales of blocks, on sm_100f: tensor cores apply the scales, sums lie in tensor memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../bits/rounded.hpp"
#include "../device_target.hpp"
#include "../machine_types.hpp"
#include "../operands/result.hpp"
#include "../tiles/scaled_tiles.hpp"
#include "../tiles/stage_ring.hpp"
#include "../tiles/warp_roles.hpp"
#include "../unrolled.hpp"

namespace fewbits {

/// y (M x N) = a (M x K) * transpose(w (N x K)), both as the host formats store them: codes and scales row-major, rows of codes a multiple
/// of 16 bytes and from an address that is one. Scales of float4_16 have no sign. Where both have a factor for the whole matrix the sums
/// are multiplied by the product of these.
///
/// The products are those of kind Kind, their sums fp32, as the chip adds them (not known to the bit, and this has run on none).
///
/// A warp has the copy engine fetch 128 bytes of the codes of 128 rows of a and of w, a step, through a ring of Stages. Four warps in turn
/// bring a step's scales into the order of tcgen05.cp. One thread copies these to columns of the stage's own and starts the products; their
/// end is what gives a stage back. Four warps take the sums of a tile while those of the next go to other columns. Blocks stay and take
/// tile after tile; one block has all of a multiprocessor's tensor memory.
template <scalar A, scalar W, block_scaling Kind, gemm_result Y = float, int Stages = 6>
    requires(Kind != block_scaling::none)
struct tensor_memory_product : on_sm_100f {
    static constexpr unsigned threads = 320;
    static constexpr unsigned blocks_per_multiprocessor = 1;
    static constexpr int rows = 128;  ///< of a tile of y
    static constexpr int cols = 128;
    static constexpr int depth = tile_row_bytes * 8 / A::width;  ///< columns of K of a step
    static constexpr int instruction_bytes = 32;                 ///< of a row
    static constexpr int instructions = tile_row_bytes / instruction_bytes;
    static constexpr int each = scales_of_instruction(Kind);
    static constexpr int operand_bytes = rows * tile_row_bytes;
    static constexpr int scale_bytes = each * scale_chunk_bytes;  ///< of an operand and a step
    static constexpr unsigned result_warps = 4;
    static constexpr unsigned scale_warps = 4;
    using ring = stage_ring<Stages, 2 * (operand_bytes + scale_bytes), 1, 2 * operand_bytes, 1>;
    using sum_ring = stage_ring<2, 0, result_warps>;
    static constexpr std::size_t shared_bytes = ring::shared_bytes + sum_ring::shared_bytes + sizeof(word4);
    static constexpr int columns = 512;                              ///< of tensor memory: two tiles of sums, then scales
    static constexpr int scale_columns = each * scale_chunk_columns;  ///< of an operand and a stage
    static_assert(2 * cols + Stages * 2 * scale_columns <= columns);
    static_assert(Stages >= static_cast<int>(scale_warps), "a warp that waits at every fourth step only is never two rounds behind");
    static_assert(A::width == W::width && shared_bytes <= most_shared_bytes);

    struct arguments {
        tensor_map a;  ///< boxes of 128 rows
        tensor_map w;
        std::byte const* a_scales;  ///< [M][scales]
        std::byte const* w_scales;  ///< [N][scales]
        float const* a_factor;      ///< one number, or null for 1
        float const* w_factor;
        Y* y;                       ///< aligned to two numbers
        float const* bias;          ///< N, or null
        int m;
        int n;
        int steps;                  ///< K / depth rounded up, not 0
        int scales;                 ///< of a row
        std::size_t stride;         ///< of y's rows
    };

    /// Blocks that find work; more than multiprocessors have none.
    static constexpr int tiles(int m, int n) noexcept { return tiles_of<rows, cols>(m, n); }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        ring const stages{m.shared()};
        sum_ring const sums{m.shared() + ring::shared_bytes};
        auto* const reserved = reinterpret_cast<std::uint32_t*>(m.shared() + ring::shared_bytes + sum_ring::shared_bytes);
        if (m.warp() == 0) {
            m.reserve_columns(reserved, number<columns>{});
            m.reserve_no_more();
            m.tensor_before_sync();
        }
        stages.prepare(m);
        sums.prepare(m);
        m.tensor_after_sync();
        std::uint32_t const first = *reserved;
        if (m.warp() < result_warps) {
            take_sums(m, a, sums, first);
            if (m.warp() == 0) m.release_columns(first, number<columns>{});
        } else if (m.warp() < result_warps + scale_warps) {
            arrange_scales(m, a, stages);
        } else if (m.warp() == result_warps + scale_warps) {
            if (m.elected()) fetch(m, a, stages);
        } else {
            if (m.elected()) multiply(m, a, stages, sums, first);
        }
    }

private:
    static constexpr int taken = 32;  ///< columns of sums that a warp takes at once

    template <class Machine>
    FEWBITS_DEVICE static void fetch(Machine& m, arguments const& a, ring at) {
        for_each_tile<rows, cols>(m, a.m, a.n, [&](int row, int col) {
            for (int k = 0; k < a.steps; ++k) {
                at.expect(m);
                m.fetch_tile(at.place(), a.a, at.full(), k * tile_row_bytes, row);
                m.fetch_tile(at.place() + operand_bytes, a.w, at.full(), k * tile_row_bytes, col);
                at.advance();
            }
        });
    }

    /// The scales of a step for rows lane, lane + 32, lane + 64 and lane + 96 of an operand, four of a row to the word.
    using step_scales = word4[static_cast<std::size_t>(each)];

    template <class Machine>
    FEWBITS_DEVICE static void arrange_scales(Machine& m, arguments const& a, ring at) {
        unsigned turn = m.warp() - result_warps;  // steps until this warp's
        for_each_tile<rows, cols>(m, a.m, a.n, [&](int row, int col) {
            for (int k = 0; k < a.steps; ++k) {
                if (turn == 0) {
                    step_scales left;
                    step_scales right;
                    load_scales(m, a.a_scales, a.scales, k, row, a.m, left);
                    load_scales(m, a.w_scales, a.scales, k, col, a.n, right);
                    at.wait_empty(m);
                    auto* const to = reinterpret_cast<word4*>(at.place() + 2 * operand_bytes) + m.lane();
                    unrolled<each>([&](auto i) {
                        to[i.value * 32] = left[i.value];
                        to[(each + i.value) * 32] = right[i.value];
                    });
                    m.publish_shared();
                    m.warp_barrier();
                    if (m.lane() == 0) m.arrive(at.full());
                }
                turn = turn == 0 ? scale_warps - 1 : turn - 1;
                at.advance();
            }
        });
    }

    /// Rows past the end have the scales of the last; columns past the end have scales that are no NaN (there the codes are zeros).
    template <class Machine>
    FEWBITS_DEVICE static void load_scales(Machine& m, std::byte const* scales, int of_row, int step, int row, int rows_there,
                                           step_scales& all) {
        bool const aligned = (reinterpret_cast<std::uintptr_t>(scales) | static_cast<std::uintptr_t>(of_row)) % 4 == 0;
        unrolled<4>([&](auto i) {
            int const wanted = row + i.value * 32 + static_cast<int>(m.lane());
            std::byte const* const from = scales + std::ptrdiff_t{wanted < rows_there ? wanted : rows_there - 1} * of_row;
            unrolled<each>([&](auto j) {
                int const first = (step * each + j.value) * 4;
                std::uint32_t word = 0;
                if (aligned) {
                    if (first < of_row) word = *reinterpret_cast<std::uint32_t const*>(from + first);
                } else {
                    unrolled<4>([&](auto b) {
                        if (first + b.value < of_row) word |= static_cast<std::uint32_t>(from[first + b.value]) << (8 * b.value);
                    });
                }
                all[j.value].at[i.value] = word;
            });
        });
    }

    template <class Machine>
    FEWBITS_DEVICE static void multiply(Machine& m, arguments const& a, ring at, sum_ring to, std::uint32_t first) {
        constexpr std::uint32_t instruction = describe_scaled_product<Kind, A, W>(cols);
        std::uint64_t const left = m.scaled_tile(at.place());
        std::uint64_t const scales = m.scale_chunk(at.place() + 2 * operand_bytes);
        for_each_tile<rows, cols>(m, a.m, a.n, [&](int, int) {
            to.wait_empty(m);
            std::uint32_t const sums = first + static_cast<std::uint32_t>(to.stage * cols);
            for (int k = 0; k < a.steps; ++k) {
                at.wait_full(m);
                m.tensor_after_sync();
                std::uint64_t const tile = advance_tile(left, at.stage * ring::spacing);
                std::uint64_t const chunks = advance_tile(scales, at.stage * ring::spacing);
                std::uint32_t const held = first + static_cast<std::uint32_t>(2 * cols + at.stage * 2 * scale_columns);
                unrolled<2 * each>([&](auto i) {
                    constexpr std::uint32_t chunk = i.value * scale_chunk_columns;
                    m.copy_scales(held + chunk, advance_tile(chunks, i.value * scale_chunk_bytes));
                });
                unrolled<instructions>([&](auto i) {
                    constexpr std::uint32_t word = i.value * each / 4 * scale_chunk_columns;
                    constexpr std::uint32_t others = scale_columns + word;
                    constexpr int along_k = i.value * instruction_bytes;
                    m.template multiply_scaled<Kind>(sums, advance_tile(tile, along_k), advance_tile(tile, operand_bytes + along_k),
                                                     instruction | scales_from_byte(i.value * each % 4), held + word, held + others,
                                                     k != 0 || i.value != 0);
                });
                m.arrive_when_done(at.empty());
                at.advance();
            }
            m.arrive_when_done(to.full());
            to.advance();
        });
    }

    template <class Machine>
    FEWBITS_DEVICE static void take_sums(Machine& m, arguments const& a, sum_ring from, std::uint32_t first) {
        std::uint32_t const mine = first + (m.warp() * 32 << 16);
        float factor = 1.0F;
        if (a.a_factor != nullptr) factor = *a.a_factor;
        if (a.w_factor != nullptr) factor = mul_rn(factor, *a.w_factor);
        for_each_tile<rows, cols>(m, a.m, a.n, [&](int row, int col) {
            from.wait_full(m);
            m.tensor_after_sync();
            int const r = row + static_cast<int>(m.thread());
            bool const whole = col + cols <= a.n && a.stride % 2 == 0;
            for (int c = 0; c < cols; c += taken) {
                std::uint32_t sums[taken];
                m.warp_barrier();
                m.load_sums(sums, mine + static_cast<std::uint32_t>(from.stage * cols + c));
                m.wait_sums(sums);
                if (c + taken == cols) {
                    m.tensor_before_sync();
                    m.warp_barrier();
                    from.give_back(m, from.stage);
                }
                if (r < a.m) {
                    if (whole) store<true>(a, factor, r, col + c, sums);
                    else store<false>(a, factor, r, col + c, sums);
                }
            }
            from.advance();
        });
        m.tensor_before_sync();
        m.barrier(1, result_warps * 32);
        m.tensor_after_sync();
    }

    /// Sums of row `row` from column `col` on to their places. Whole: all are there, pairs aligned.
    template <bool Whole>
    FEWBITS_DEVICE static void store(arguments const& a, float factor, int row, int col, std::uint32_t const (&sums)[taken]) {
        Y* const out = a.y + static_cast<std::size_t>(row) * a.stride + col;
        unrolled<taken / 2>([&](auto pair) {
            constexpr int c = pair.value * 2;
            int const there = Whole ? 2 : a.n - col - c;  // columns from this one on
            float y[2] = {};
            float bias[2] = {no_bias, no_bias};
            unrolled<2>([&](auto i) {
                y[i.value] = mul_rn(bit_cast<float>(sums[c + i.value]), factor);
                if (i.value < there && a.bias != nullptr) bias[i.value] = a.bias[col + c + i.value];
            });
            if constexpr (Whole) {
                store_results(out + c, y, bias);
            } else {
                unrolled<2>([&](auto i) {
                    if (i.value < there) out[c + i.value] = result_of<Y>(y[i.value], bias[i.value]);
                });
            }
        });
    }
};

}  // namespace fewbits
