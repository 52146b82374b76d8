// The machine that kernels are written for, on the host: every instruction as the PTX ISA defines it, what is asynchronous late.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fewbits/cuda/machine_types.hpp>
#include <fewbits/cuda/numbers/words.hpp>
#include <vector>

#include "block.hpp"
#include "narrow_products.hpp"
#include "tensor_instructions.hpp"

namespace simt {

/// One thread's view of a block. The same functions as fewbits::gpu (cuda/ptx/machine.cuh), which compile to one instruction each.
class machine : public tensor_instructions {
public:
    machine(block& where, unsigned blocks, unsigned thread) : tensor_instructions(where, thread), blocks_(blocks) {}
    machine(machine const&) = delete;

    // ---- where am I
    unsigned thread() const noexcept { return thread_; }
    unsigned lane() const noexcept { return thread_ % warp_lanes; }
    unsigned warp() const noexcept { return thread_ / warp_lanes; }
    unsigned block_index() const noexcept { return block_->index(); }
    unsigned blocks() const noexcept { return blocks_; }
    std::byte* shared() const noexcept { return block_->shared(); }

    // ---- barriers
    void barrier() { barrier(0, block_->threads()); }
    void barrier(unsigned id, unsigned threads) {
        before_barrier();
        block_->barrier(thread_, id, threads);
        after_barrier();
    }
    void warp_barrier() { block_->exchange(thread_, "bar.warp.sync", 0); }

    // ---- the cluster of blocks
    unsigned cluster_rank() const noexcept { return block_->rank(); }
    unsigned cluster_blocks() const noexcept { return static_cast<unsigned>(block_->among().blocks.size()); }
    void cluster_barrier() { block_->cluster_barrier(thread_); }
    float read_shared(float const* shared, unsigned rank) { return block_->read_shared(shared, rank); }

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

    void atomic_add(std::uint32_t* at, std::uint32_t value) {
        check_aligned(at, 4, "red.add");
        *at += value;
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
        multiply_bytes(d, a, b, c, fewbits::byte_signs<true, true>{});
    }

    /// The same of bytes whose signs are as said.
    template <bool SignedA, bool SignedB>
    void multiply_bytes(std::int32_t (&d)[4], std::uint32_t const (&a)[4], std::uint32_t const (&b)[2], std::int32_t const (&c)[4],
                        fewbits::byte_signs<SignedA, SignedB>) {
        auto const all = block_->exchange(thread_, SignedA ? SignedB ? "mma.m16n8k32.s8" : "mma.m16n8k32.s8.u8"
                                                           : SignedB ? "mma.m16n8k32.u8.s8" : "mma.m16n8k32.u8",
                                          operands{{a[0], a[1], a[2], a[3]}, {b[0], b[1]}});
        auto const number = [](std::uint32_t word, unsigned shift, bool has_sign) {
            auto const byte = static_cast<std::uint8_t>(word >> shift);
            return has_sign ? int{static_cast<std::int8_t>(byte)} : int{byte};
        };
        for (unsigned i = 0; i < 4; ++i) {
            unsigned const row = lane() / 4 + 8 * (i / 2);
            unsigned const col = lane() % 4 * 2 + i % 2;
            auto sum = static_cast<std::uint32_t>(c[i]);
            for (unsigned k = 0; k < 32; ++k) {
                std::uint32_t const x = all[row % 8 * 4 + k % 16 / 4].a[row / 8 + 2 * (k / 16)];
                std::uint32_t const y = all[col * 4 + k % 16 / 4].b[k / 16];
                sum += static_cast<std::uint32_t>(number(x, k % 4 * 8, SignedA) * number(y, k % 4 * 8, SignedB));
            }
            d[i] = static_cast<std::int32_t>(sum);
        }
    }

    /// d += a (16 x 32) * b (32 x 8): floats of 8 bits, sums in fp32.
    template <int ExponentA, int ExponentB>
    void multiply_float8(float (&d)[4], std::uint32_t const (&a)[4], std::uint32_t const (&b)[2],
                         fewbits::float8_exponents<ExponentA, ExponentB>) {
        multiply_narrow<4>(d, "mma.m16n8k32.f8", {{a[0], a[1], a[2], a[3]}, {b[0], b[1]}, 0, 0}, &float8_number<ExponentA>,
                           &float8_number<ExponentB>, [](auto const&, unsigned, unsigned, unsigned) { return 1.0; });
    }
    /// The same times powers of two, one for each row of a and column of b.
    template <int ExponentA, int ExponentB, int First, int LaneA, int LaneB>
    void multiply_scaled_float8(float (&d)[4], std::uint32_t const (&a)[4], std::uint32_t const (&b)[2], std::uint32_t scales_a,
                                std::uint32_t scales_b, fewbits::float8_exponents<ExponentA, ExponentB>,
                                fewbits::scale_place<First, LaneA, LaneB>) {
        static_assert(First >= 0 && First < 4 && LaneA >= 0 && LaneA < 2 && LaneB >= 0 && LaneB < 4);
        multiply_narrow<4>(d, "mma.m16n8k32.mxf8f6f4", {{a[0], a[1], a[2], a[3]}, {b[0], b[1]}, scales_a, scales_b},
                           &float8_number<ExponentA>, &float8_number<ExponentB>,
                           [](auto const& all, unsigned row, unsigned col, unsigned) {
                               return power_scale(all[scale_lane_a(row, LaneA)].scales_a >> (First * 8) & 0xFFU) *
                                      power_scale(all[scale_lane_b(col, LaneB)].scales_b >> (First * 8) & 0xFFU);
                           });
    }
    /// d += a (16 x 64) * b (64 x 8): floats of 4 bits times a scale for every 32 or 16.
    template <int Block, int First, int LaneA, int LaneB>
    void multiply_scaled_float4(float (&d)[4], std::uint32_t const (&a)[4], std::uint32_t const (&b)[2], std::uint32_t scales_a,
                                std::uint32_t scales_b, fewbits::number<Block>, fewbits::scale_place<First, LaneA, LaneB>) {
        static_assert((Block == 32 && First % 2 == 0) || (Block == 16 && First == 0));
        static_assert(First >= 0 && First < 4 && LaneA >= 0 && LaneA < 2 && LaneB >= 0 && LaneB < 4);
        multiply_narrow<8>(d, Block == 32 ? "mma.m16n8k64.mxf4" : "mma.m16n8k64.mxf4nvf4",
                           {{a[0], a[1], a[2], a[3]}, {b[0], b[1]}, scales_a, scales_b}, &float4_number, &float4_number,
                           [](auto const& all, unsigned row, unsigned col, unsigned k) {
                               unsigned const shift = (First + k / Block) * 8;
                               auto const scale = Block == 32 ? &power_scale : &float_scale;
                               return scale(all[scale_lane_a(row, LaneA)].scales_a >> shift & 0xFFU) *
                                      scale(all[scale_lane_b(col, LaneB)].scales_b >> shift & 0xFFU);
                           });
    }

    // ---- barriers in shared memory
    void init_phases(std::uint64_t* barrier, unsigned arrivals) {
        block_->check_shared(barrier, 8, 8, "mbarrier.init");
        block_->memory().init(barrier, arrivals, thread_);
    }
    void publish_phases() { block_->memory().publish_barriers(thread_); }
    void arrive(std::uint64_t* barrier) { arrive_expecting(barrier, 0); }
    void arrive_expecting(std::uint64_t* barrier, unsigned bytes) {
        before_barrier();
        block_->memory().arrive(barrier, bytes);
    }
    void wait_phase(std::uint64_t* barrier, unsigned parity) {
        block_->wait_until(thread_, "mbarrier.try_wait", [this, barrier, parity] { return block_->memory().ended(barrier, parity); });
        after_barrier();
    }

    // ---- tiles
    void fetch_tile(std::byte* shared, fewbits::tensor_map const& map, std::uint64_t* barrier, int x, int y) {
        check_aligned(&map, alignof(fewbits::tensor_map), "cp.async.bulk.tensor");
        block_->memory().fetch(shared, map, barrier, x, y);
    }
    std::uint64_t tile(std::byte const* shared) const { return fewbits::describe_tile(block_->memory().address_of(shared)); }
    void publish_shared() { block_->memory().publish(); }

    // ---- warps and warpgroups
    bool elected() {
        block_->exchange(thread_, "elect.sync", 0);
        return lane() == 0;
    }
    template <int Count>
    void fewer_registers(fewbits::number<Count>) { set_registers(Count); }
    template <int Count>
    void more_registers(fewbits::number<Count>) { set_registers(Count); }

    // ---- products of a warpgroup
    template <class T, std::size_t Count>
    void begin_products(T (&)[Count]) {
        note("wgmma.fence");
        block_->products(thread_).fence();
    }
    void commit_products() {
        note("wgmma.commit_group");
        block_->products(thread_).commit();
    }
    template <int Left, class T, std::size_t Count>
    void wait_products(fewbits::number<Left>, T (&)[Count]) {
        note("wgmma.wait_group");
        block_->products(thread_).wait(static_cast<std::size_t>(Left));
        block_->exchange(thread_, "wgmma.wait_group", 0);
    }
    template <fewbits::scalar A, fewbits::scalar B, class T, std::size_t Count>
    void multiply_tiles(T (&d)[Count], std::uint64_t a, std::uint64_t b, bool add) {
        note("wgmma " + std::to_string(a) + " " + std::to_string(b) + (add ? " added" : ""));
        start<A, B>(d, b, add, [this, a](unsigned row, std::byte (&out)[32]) {
            read_tile(block_->memory(), a, warp() % 4 * 16 + row, out);
        });
    }
    template <fewbits::scalar A, fewbits::scalar B, class T, std::size_t Count>
    void multiply_tiles(T (&d)[Count], std::uint32_t const (&a)[4], std::uint64_t b, bool add) {
        note("wgmma of registers " + std::to_string(b) + (add ? " added" : ""));
        auto const all = block_->exchange(thread_, "wgmma", operands{{a[0], a[1], a[2], a[3]}, {}});
        start<A, B>(d, b, add, [all](unsigned row, std::byte (&out)[32]) {
            for (unsigned k = 0; k < 32; k += 4) {
                std::memcpy(out + k, &all[row % 8 * 4 + k % 16 / 4].a[row / 8 + 2 * (k / 16)], 4);
            }
        });
    }

protected:
    int float8_bits = 0;  ///< how many bits sums of FP8 products keep; 0: all

private:
    void note(std::string const& what) { block_->warpgroup(thread_).note(thread_, what); }
    void set_registers(unsigned count) {
        if (count < 24 || count > 256 || count % 8 != 0) throw kernel_error("setmaxnreg: 24 to 256 registers, a multiple of 8");
        note("setmaxnreg " + std::to_string(count));
        block_->warpgroup(thread_).registers = count;
    }

    /// d, 64 x (2 Count): row_of gives 32 bytes of one of this warp's 16 rows of A.
    template <fewbits::scalar A, fewbits::scalar B, class T, std::size_t Count, class RowOf>
    void start(T (&d)[Count], std::uint64_t b, bool add, RowOf row_of) {
        constexpr auto kind = fewbits::operand_class_of<A>;
        static_assert(kind != fewbits::operand_class::none && kind == fewbits::operand_class_of<B> && Count % 4 == 0);
        constexpr auto depth = static_cast<std::size_t>(fewbits::instruction_depth<A>);
        unsigned const first_row = lane() / 4;
        unsigned const first_col = lane() % 4 * 2;
        block_->products(thread_).start(d, [this, b, add, row_of, first_row, first_col](std::byte* place) {
            auto* const sums = reinterpret_cast<T*>(place);
            std::byte bytes[32];
            std::array<double, depth> rows[2];
            for (unsigned i = 0; i < 2; ++i) {
                row_of(first_row + i * 8, bytes);
                rows[i] = numbers_of<A, depth>(bytes);
            }
            for (unsigned i = 0; i < Count; i += 4) {
                for (unsigned c = 0; c < 2; ++c) {
                    read_tile(block_->memory(), b, i * 2 + first_col + c, bytes);
                    auto const col = numbers_of<B, depth>(bytes);
                    for (unsigned r = 0; r < 2; ++r) {
                        T& sum = sums[i + r * 2 + c];
                        int const bits = kind == fewbits::operand_class::float8 ? float8_bits : 0;
                        double const exact = sum_of(rows[r], col, add ? static_cast<double>(sum) : 0.0, bits);
                        if constexpr (std::is_same_v<T, float>) sum = static_cast<float>(exact);
                        else sum = static_cast<T>(static_cast<std::uint32_t>(static_cast<std::int64_t>(exact)));
                    }
                }
            }
        });
    }

    struct narrow_operands {
        std::array<std::uint32_t, 4> a;
        std::array<std::uint32_t, 2> b;
        std::uint32_t scales_a, scales_b;
    };
    /// d += a * b of numbers in 32 bytes of each row and column, `PerWord` in four: scale(lanes' operands, row, column, k) multiplies each
    /// product.
    template <unsigned PerWord, class Number, class Scale>
    void multiply_narrow(float (&d)[4], char const* what, narrow_operands const& mine, Number number_a, Number number_b, Scale scale) {
        constexpr unsigned width = 32 / PerWord;
        auto const all = block_->exchange(thread_, what, mine);
        for (unsigned i = 0; i < 4; ++i) {
            unsigned const row = lane() / 4 + 8 * (i / 2);
            unsigned const col = lane() % 4 * 2 + i % 2;
            std::array<double, 8 * PerWord> left;
            std::array<double, 8 * PerWord> right;
            for (unsigned k = 0; k < 8 * PerWord; ++k) {
                word_place const at_a = place_of_a(row, k / PerWord);
                word_place const at_b = place_of_b(col, k / PerWord);
                left[k] = number_a(all[at_a.lane].a[at_a.reg] >> (k % PerWord * width) & ((1U << width) - 1)) * scale(all, row, col, k);
                right[k] = number_b(all[at_b.lane].b[at_b.reg] >> (k % PerWord * width) & ((1U << width) - 1));
            }
            d[i] = static_cast<float>(sum_of(left, right, static_cast<double>(d[i]), float8_bits));
        }
    }

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

    unsigned blocks_;
    std::vector<copy> open_;
    std::vector<std::vector<copy>> groups_;
};

/// Runs Kernel::run in every thread of `blocks` blocks, one cluster of `together` blocks after the other in an order that the seed decides.
/// Tests may pass a Machine of their own that leaves something out.
template <class Kernel, class Machine = machine>
void launch(unsigned blocks, std::size_t shared_bytes, typename Kernel::arguments const& arguments, std::uint64_t seed = 1,
            unsigned together = 1) {
    if (blocks % together != 0 || together > 8) throw kernel_error("a grid of no whole clusters, or of more than 8 blocks");
    std::mt19937_64 random(seed);
    std::vector<unsigned> order(blocks / together);
    for (unsigned c = 0; c < order.size(); ++c) order[c] = c;
    std::shuffle(order.begin(), order.end(), random);
    for (unsigned const c : order) {
        cluster among;
        std::vector<std::unique_ptr<block>> all;
        for (unsigned b = c * together; b < (c + 1) * together; ++b) {
            all.push_back(std::make_unique<block>(b, Kernel::threads, shared_bytes, random(), among));
            all.back()->start([&arguments, blocks, one = all.back().get()](unsigned thread) {
                Machine m(*one, blocks, thread);
                Kernel::run(m, arguments);
            });
        }
        for (std::size_t living = all.size(); living != 0;) {
            bool moved = false;
            living = 0;
            for (auto const& one : all) {
                moved = one->step() || moved;
                living += one->living();
            }
            if (living != 0 && !moved) throw kernel_error("deadlock: " + all.front()->waits());
        }
        for (auto const& one : all) one->finish();
    }
}

/// What launches kernels for the steps of an operation (quantize_steps, skinny_steps), in place of a CUDA stream. Kernels whose
/// threads go on to further work get at most three blocks.
template <class Machine = machine>
struct launcher {
    std::uint64_t seed = 7;

    template <class Kernel>
    void run(unsigned blocks, typename Kernel::arguments const& arguments) {
        if constexpr (requires { Kernel::goes_on; }) blocks = std::min(blocks, 3U);
        launch<Kernel, Machine>(blocks, Kernel::shared_bytes, arguments, seed++);
    }
    void clear(void* from, std::size_t bytes) { std::memset(from, 0, bytes); }
};

}  // namespace simt
