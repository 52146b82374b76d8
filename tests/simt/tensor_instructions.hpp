// The instructions of tensor memory as one thread of the model issues them (cuda/ptx/blackwell.cuh).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fewbits/cuda/machine_types.hpp>
#include <fewbits/cuda/tiles/scaled_tiles.hpp>
#include <string>

#include "block.hpp"

namespace simt {

/// A part of the machine. A thread that went past a barrier has to say tcgen05.fence::after_thread_sync before it touches tensor memory, one
/// that read sums has to say tcgen05.fence::before_thread_sync before it arrives anywhere.
class tensor_instructions {
public:
    template <int Count>
    void reserve_columns(std::uint32_t* shared, fewbits::number<Count>) {
        block_->check_shared(shared, 4, 4, "tcgen05.alloc");
        block_->exchange(thread_, "tcgen05.alloc", shared);
        if (thread_ % warp_lanes == 0) *shared = block_->tensor().reserve(Count);
        block_->exchange(thread_, "tcgen05.alloc done", 0);
        touched_ = true;
    }
    void reserve_no_more() {
        block_->exchange(thread_, "tcgen05.relinquish_alloc_permit", 0);
        block_->tensor().reserve_no_more();
    }
    template <int Count>
    void release_columns(std::uint32_t first, fewbits::number<Count>) {
        check_synced("tcgen05.dealloc");
        block_->exchange(thread_, "tcgen05.dealloc", first);
        if (thread_ % warp_lanes == 0) block_->tensor().release(first, Count);
    }

    void tensor_before_sync() { touched_ = false; }
    void tensor_after_sync() { synced_ = false; }
    void arrive_when_done(std::uint64_t* barrier) { block_->tensor().commit(barrier); }

    std::uint64_t scaled_tile(std::byte const* shared) const {
        return fewbits::describe_scaled_tile(block_->memory().address_of(shared));
    }
    std::uint64_t scale_chunk(std::byte const* shared) const { return fewbits::describe_scale_chunk(block_->memory().address_of(shared)); }
    void copy_scales(std::uint32_t to, std::uint64_t chunk) {
        check_synced("tcgen05.cp");
        block_->tensor().copy(to, chunk);
    }
    template <fewbits::block_scaling Kind>
    void multiply_scaled(std::uint32_t d, std::uint64_t a, std::uint64_t w, std::uint32_t instruction, std::uint32_t a_scales,
                         std::uint32_t w_scales, bool add) {
        check_synced("tcgen05.mma");
        constexpr tensor_kind kind = Kind == fewbits::block_scaling::float8_32   ? tensor_kind::mxf8f6f4
                                     : Kind == fewbits::block_scaling::float4_32 ? tensor_kind::mxf4
                                                                                  : tensor_kind::mxf4nvf4;
        block_->tensor().multiply(kind, d, a, w, instruction, a_scales, w_scales, add);
    }

    void load_sums(std::uint32_t (&d)[32], std::uint32_t from) {
        check_synced("tcgen05.ld");
        auto const all = block_->exchange(thread_, "tcgen05.ld", from);
        if (all[0] != from) throw kernel_error("tcgen05.ld: lanes disagree on the address");
        block_->tensor().check_load(from, 32, thread_ / warp_lanes);
        std::memset(d, poison, sizeof d);
        if (loads_ == most_loads) throw kernel_error("tcgen05.ld: the model has eight on their way");
        load_[loads_++] = {d, from};
        touched_ = true;
    }
    void wait_sums(std::uint32_t (&)[32]) {
        block_->exchange(thread_, "tcgen05.wait::ld", 0);
        for (unsigned l = 0; l < loads_; ++l) {
            for (unsigned i = 0; i < 32; ++i) load_[l].to[i] = block_->tensor().word(load_[l].from + i, thread_ % warp_lanes);
        }
        loads_ = 0;
    }

protected:
    tensor_instructions(block& where, unsigned thread) : block_(&where), thread_(thread) {}

    /// This thread came past a barrier, or arrives at one.
    void after_barrier() { synced_ = true; }
    void before_barrier() const {
        if (touched_) throw kernel_error("an arrival after tcgen05 without tcgen05.fence::before_thread_sync");
        if (loads_ != 0) throw kernel_error("an arrival after tcgen05.ld that was not waited for");
    }

    block* block_;
    unsigned thread_;

private:
    struct load {
        std::uint32_t* to;
        std::uint32_t from;
    };
    void check_synced(char const* what) const {
        if (synced_) throw kernel_error(std::string(what) + ": without tcgen05.fence::after_thread_sync since a barrier");
    }

    static constexpr unsigned most_loads = 8;
    load load_[most_loads] = {};  // no container: a thread that waits when the block fails is abandoned
    unsigned loads_ = 0;
    bool synced_ = false;
    bool touched_ = false;
};

}  // namespace simt
