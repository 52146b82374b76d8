// The machine that kernels are written for, on the host: every instruction as the PTX ISA defines it, what is asynchronous late.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fewbits/cuda/words.hpp>
#include <fewbits/cuda/machine_types.hpp>
#include <vector>

#include "block.hpp"

namespace simt {

/// One thread's view of a block. The same functions as fewbits::gpu (cuda/ptx/machine.cuh), which compile to one instruction each.
class machine {
public:
    machine(block& where, unsigned blocks, unsigned thread) : block_(&where), blocks_(blocks), thread_(thread) {}
    machine(machine const&) = delete;

    // ---- where am I
    unsigned thread() const noexcept { return thread_; }
    unsigned lane() const noexcept { return thread_ % warp_lanes; }
    unsigned warp() const noexcept { return thread_ / warp_lanes; }
    unsigned block_index() const noexcept { return block_->index(); }
    unsigned blocks() const noexcept { return blocks_; }
    std::byte* shared() const noexcept { return block_->shared(); }

    // ---- barriers
    void barrier() { block_->barrier(thread_, 0, block_->threads()); }
    void barrier(unsigned id, unsigned threads) { block_->barrier(thread_, id, threads); }
    void warp_barrier() { block_->exchange(thread_, "bar.warp.sync", 0); }

    // ---- memory
    fewbits::word4 load_once(void const* global) const {
        check_aligned(global, 16, "ld.global.v4");
        fewbits::word4 all;
        std::memcpy(&all, global, sizeof all);
        return all;
    }

    void atomic_max(std::uint32_t* global, std::uint32_t value) {
        check_aligned(global, 4, "red.max");
        *global = std::max(*global, value);
    }

    /// 16 bytes to shared memory, zeros where not `wanted`; there is nothing of use there before copy_wait.
    void copy16(std::byte* shared, void const* global, bool wanted) {
        block_->check_shared(shared, 16, 16, "cp.async");
        check_aligned(global, 16, "cp.async");
        std::memset(shared, poison, 16);
        open_.push_back({shared, wanted ? global : nullptr});
    }
    void copy_commit() {
        groups_.push_back(open_);
        open_.clear();
    }
    /// Waits until at most `Left` of this thread's groups are on their way.
    template <int Left>
    void copy_wait(fewbits::number<Left>) {
        while (groups_.size() > static_cast<std::size_t>(Left)) {
            for (auto const& c : groups_.front()) {
                if (c.from != nullptr) std::memcpy(c.to, c.from, 16);
                else std::memset(c.to, 0, 16);
            }
            groups_.erase(groups_.begin());
        }
    }

    // ---- warps
    template <class T>
    T shuffle_xor(T value, unsigned mask) {
        auto const all = block_->exchange(thread_, "shfl.xor", shuffled<T>{value, mask});
        auto const& from = all[lane() ^ mask];
        if (mask >= warp_lanes || from.mask != mask) throw kernel_error("shfl.xor: lanes disagree on the mask");
        return from.value;
    }

    /// Four 8 x 8 matrices of 16 bits: lane i gives the address of row i % 8 of matrix i / 8; register r comes from matrix r.
    void load_matrices(std::uint32_t (&out)[4], std::byte const* row) {
        block_->check_shared(row, 16, 16, "ldmatrix");
        auto const rows = block_->exchange(thread_, "ldmatrix", row);
        for (unsigned m = 0; m < 4; ++m) std::memcpy(&out[m], rows[m * 8 + lane() / 4] + lane() % 4 * 4, 4);
        warp_barrier();
    }

    /// d (16 x 8) = a (16 x 16) * b (16 x 8) + c: bf16 in, fp32 sums; here the products are added in double and rounded once.
    void multiply_bf16(float (&d)[4], std::uint32_t const (&a)[4], std::uint32_t const (&b)[2], float const (&c)[4]) {
        auto const all = block_->exchange(thread_, "mma.m16n8k16.bf16", operands{{a[0], a[1], a[2], a[3]}, {b[0], b[1]}});
        for (unsigned i = 0; i < 4; ++i) {
            unsigned const row = lane() / 4 + 8 * (i / 2);
            unsigned const col = lane() % 4 * 2 + i % 2;
            auto sum = static_cast<double>(c[i]);
            for (unsigned k = 0; k < 16; ++k) {
                unsigned const shift = 16 * (k % 2);
                std::uint32_t const x = all[row % 8 * 4 + k % 8 / 2].a[row / 8 + 2 * (k / 8)] >> shift << 16;
                std::uint32_t const y = all[col * 4 + k % 8 / 2].b[k / 8] >> shift << 16;
                sum += static_cast<double>(std::bit_cast<float>(x)) * static_cast<double>(std::bit_cast<float>(y));
            }
            d[i] = static_cast<float>(sum);
        }
    }

    /// d (16 x 8) = a (16 x 32) * b (32 x 8) + c: signed bytes in, 32-bit sums that wrap.
    void multiply_s8(std::int32_t (&d)[4], std::uint32_t const (&a)[4], std::uint32_t const (&b)[2],
                     std::int32_t const (&c)[4]) {
        auto const all = block_->exchange(thread_, "mma.m16n8k32.s8", operands{{a[0], a[1], a[2], a[3]}, {b[0], b[1]}});
        for (unsigned i = 0; i < 4; ++i) {
            unsigned const row = lane() / 4 + 8 * (i / 2);
            unsigned const col = lane() % 4 * 2 + i % 2;
            std::int32_t sum = c[i];
            for (unsigned k = 0; k < 32; k += 4) {
                sum = fewbits::dot_bytes(all[row % 8 * 4 + k % 16 / 4].a[row / 8 + 2 * (k / 16)],
                                         all[col * 4 + k % 16 / 4].b[k / 16], sum);
            }
            d[i] = sum;
        }
    }

private:
    struct copy {
        std::byte* to;
        void const* from;
    };
    template <class T>
    struct shuffled {
        T value;
        unsigned mask;
    };
    struct operands {
        std::array<std::uint32_t, 4> a;
        std::array<std::uint32_t, 2> b;
    };

    static void check_aligned(void const* at, std::size_t alignment, char const* what) {
        if (reinterpret_cast<std::uintptr_t>(at) % alignment != 0) {
            throw kernel_error(std::string(what) + ": not aligned to " + std::to_string(alignment) + " bytes");
        }
    }

    block* block_;
    unsigned blocks_;
    unsigned thread_;
    std::vector<copy> open_;
    std::vector<std::vector<copy>> groups_;
};

/// Runs Kernel::run in every thread of `blocks` blocks, one block after the other in an order that the seed decides. Tests may pass a
/// Machine of their own that leaves something out.
template <class Kernel, class Machine = machine>
void launch(unsigned blocks, std::size_t shared_bytes, typename Kernel::arguments const& arguments, std::uint64_t seed = 1) {
    std::mt19937_64 random(seed);
    std::vector<unsigned> order(blocks);
    for (unsigned b = 0; b < blocks; ++b) order[b] = b;
    std::shuffle(order.begin(), order.end(), random);
    for (unsigned const b : order) {
        block one(b, Kernel::threads, shared_bytes, random());
        one.run([&](unsigned thread) {
            Machine m(one, blocks, thread);
            Kernel::run(m, arguments);
        });
    }
}

}  // namespace simt
