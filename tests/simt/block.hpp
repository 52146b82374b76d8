// A block of threads as fibers in random order, with the shared memory, barriers and exchanges of a block.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "async_memory.hpp"
#include "fiber.hpp"
#include "tensor_memory.hpp"
#include "warpgroup.hpp"

namespace simt {

inline constexpr unsigned warp_lanes = 32;

class block;

/// Blocks that run at the same time and see each other's shared memory, and their barrier.
struct cluster {
    std::vector<block*> blocks;
    unsigned arrived = 0;
    std::uint64_t generation = 0;
};

/// One block. Threads run one at a time, each until it waits; whose turn it is, a seed decides: any order is legal, since nothing
/// but the barriers orders threads, so a missing one shows.
class block {
public:
    block(unsigned index, unsigned threads, std::size_t shared_bytes, std::uint64_t seed, cluster& among)
        : index_(index), threads_(threads), warps_((threads + warp_lanes - 1) / warp_lanes), random_(seed),
          shared_bytes_(shared_bytes), shared_(new_shared(shared_bytes)), memory_(shared_.get(), shared_bytes, random_),
          tensor_(memory_, random_), warpgroups_((threads + 127) / 128), products_(threads), cluster_(&among),
          rank_(static_cast<unsigned>(among.blocks.size())) {
        among.blocks.push_back(this);
        if (threads % warp_lanes != 0) throw kernel_error("a block of " + std::to_string(threads) + " threads is no whole number of warps");
    }

    block(block const&) = delete;
    block& operator=(block const&) = delete;

    /// body(thread) is to run in every thread.
    void start(std::function<void(unsigned)> body) {
        body_ = std::move(body);
        for (unsigned t = 0; t < threads_; ++t) {
            fibers_.push_back(std::make_unique<fiber>([this, t] {
                try {
                    body_(t);
                } catch (std::exception const& error) {
                    if (error_.empty()) error_ = error.what();
                }
            }));
            waiting_.push_back({});
        }
        living_ = threads_;
    }
    /// One turn of one thread, the first from a random place on that can go on; whether there was one. Throws kernel_error.
    bool step() {
        auto const start = static_cast<unsigned>(random_() % threads_);
        for (unsigned i = 0; i < threads_; ++i) {
            unsigned const t = (start + i) % threads_;
            if (fibers_[t]->ended() || (waiting_[t].ready && !waiting_[t].ready())) continue;
            fibers_[t]->resume();
            if (!error_.empty()) throw kernel_error(error_);
            if (fibers_[t]->ended()) --living_;
            return true;
        }
        return false;
    }
    unsigned living() const noexcept { return living_; }  ///< threads that have not ended
    /// What they wait for.
    std::string waits() const {
        std::map<std::string, unsigned> counts;
        for (unsigned t = 0; t < threads_; ++t) ++counts[fibers_[t]->ended() ? "ended" : waiting_[t].what];
        std::string text;
        for (auto const& [what, count] : counts) text += (text.empty() ? "" : ", ") + std::to_string(count) + " threads: " + what;
        return text;
    }
    /// When all have ended; throws kernel_error where they should not have.
    void finish() const {
        memory_.finish();
        tensor_.finish();
        for (auto const& p : products_) p.finish();
        unsigned registers = 0;
        for (auto const& w : warpgroups_) {
            w.finish();
            registers += w.registers * 128;
        }
        // They are what the block had at the start, all threads alike, in eights.
        if (registers > std::min(65536 / threads_ / 8 * 8, 256U) * threads_) throw kernel_error("setmaxnreg: more registers than the block has");
    }

    unsigned index() const noexcept { return index_; }
    unsigned threads() const noexcept { return threads_; }
    std::byte* shared() noexcept { return shared_.get(); }
    std::mt19937_64& random() noexcept { return random_; }
    async_memory& memory() noexcept { return memory_; }
    tensor_memory& tensor() noexcept { return tensor_; }
    warpgroup_log& warpgroup(unsigned thread) { return warpgroups_.at(thread / 128); }
    pending_products& products(unsigned thread) { return products_.at(thread); }

    /// Throws unless [at, at + bytes) is shared memory and aligned.
    void check_shared(void const* at, std::size_t bytes, std::size_t alignment, char const* what) const {
        auto const first = reinterpret_cast<std::uintptr_t>(shared_.get());
        auto const place = reinterpret_cast<std::uintptr_t>(at);
        if (place < first || place + bytes > first + shared_bytes_) throw kernel_error(std::string(what) + ": outside of shared memory");
        if (place % alignment != 0) throw kernel_error(std::string(what) + ": not aligned to " + std::to_string(alignment) + " bytes");
    }

    /// Lets others run until ready() holds; `what` is for the message of a deadlock.
    template <class Ready>
    void wait_until(unsigned thread, char const* what, Ready ready) {
        waiting_[thread] = {what, ready};
        fibers_[thread]->pause();
        waiting_[thread] = {};
    }

    /// Barrier `id` of `count` threads: nobody leaves before all have come.
    void barrier(unsigned thread, unsigned id, unsigned count) {
        if (id >= barriers_.size()) throw kernel_error("barrier " + std::to_string(id) + ": there are 16");
        if (count == 0 || count % warp_lanes != 0 || count > threads_) {
            throw kernel_error("barrier of " + std::to_string(count) + " threads in a block of " + std::to_string(threads_));
        }
        auto& b = barriers_[id];
        if (b.arrived != 0 && b.count != count) throw kernel_error("barrier " + std::to_string(id) + ": threads disagree how many come");
        b.count = count;
        std::uint64_t const mine = b.generation;
        if (++b.arrived == count) {
            b.arrived = 0;
            ++b.generation;
        }
        wait_until(thread, "a barrier", [&b, mine] { return b.generation != mine; });
    }

    // ---- the cluster
    cluster const& among() const noexcept { return *cluster_; }
    unsigned rank() const noexcept { return rank_; }
    /// Nobody leaves before all threads of the cluster have come or ended.
    void cluster_barrier(unsigned thread) {
        cluster& c = *cluster_;
        std::uint64_t const mine = c.generation;
        ++c.arrived;
        wait_until(thread, "barrier.cluster", [&c, mine] {
            unsigned living = 0;
            for (block const* b : c.blocks) living += b->living();
            if (c.generation == mine && c.arrived == living) {
                c.arrived = 0;
                ++c.generation;
            }
            return c.generation != mine;
        });
    }
    /// What lies in block `rank` of the cluster where `at` is here.
    template <class T>
    T read_shared(T const* at, unsigned rank) {
        check_shared(at, sizeof(T), alignof(T), "ld.shared::cluster");
        block& from = *cluster_->blocks.at(rank);
        if (from.living() == 0) throw kernel_error("ld.shared::cluster: of a block that has ended");
        T value;
        std::memcpy(&value, from.shared() + (reinterpret_cast<std::byte const*>(at) - shared()), sizeof value);
        return value;
    }

    /// Every lane of the warp gives a value and gets those of all 32; throws where lanes are not at the same instruction.
    template <class T>
    std::array<T, warp_lanes> exchange(unsigned thread, char const* what, T const& value) {
        static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= slot_bytes);
        auto& w = exchanges_.at(thread / warp_lanes);
        if (w.arrived != 0 && std::strcmp(w.what, what) != 0) {
            throw kernel_error(std::string("lanes of one warp at different instructions: ") + w.what + " and " + what);
        }
        w.what = what;
        std::uint64_t const mine = w.generation;
        // Lanes may be an exchange ahead of others, never two.
        auto& slots = w.slots[mine % 2];
        std::memcpy(slots[thread % warp_lanes].data(), &value, sizeof(T));
        if (++w.arrived == warp_lanes) {
            w.arrived = 0;
            ++w.generation;
        }
        wait_until(thread, what, [&w, mine] { return w.generation != mine; });
        std::array<T, warp_lanes> all;
        for (unsigned lane = 0; lane < warp_lanes; ++lane) std::memcpy(&all[lane], slots[lane].data(), sizeof(T));
        return all;
    }

private:
    static constexpr std::align_val_t shared_alignment{1024};
    static constexpr std::size_t slot_bytes = 64;

    struct free_shared {
        void operator()(std::byte* p) const { ::operator delete(p, shared_alignment); }
    };
    static std::byte* new_shared(std::size_t bytes) {
        auto* const memory = static_cast<std::byte*>(::operator new(bytes, shared_alignment));
        if (bytes != 0) std::memset(memory, poison, bytes);
        return memory;
    }
    struct waiting {
        char const* what = nullptr;
        std::function<bool()> ready;
    };
    struct barrier_state {
        unsigned arrived = 0;
        unsigned count = 0;
        std::uint64_t generation = 0;
    };
    struct exchange_state {
        unsigned arrived = 0;
        char const* what = "";
        std::uint64_t generation = 0;
        std::array<std::array<std::byte, slot_bytes>, warp_lanes> slots[2];
    };

    unsigned index_;
    unsigned threads_;
    unsigned warps_;
    std::mt19937_64 random_;
    std::size_t shared_bytes_;
    std::unique_ptr<std::byte, free_shared> shared_;
    async_memory memory_;
    tensor_memory tensor_;
    std::vector<warpgroup_log> warpgroups_;
    std::vector<pending_products> products_;
    std::vector<std::unique_ptr<fiber>> fibers_;
    std::vector<waiting> waiting_;
    std::array<barrier_state, 16> barriers_{};
    std::vector<exchange_state> exchanges_ = std::vector<exchange_state>(warps_);
    std::function<void(unsigned)> body_;
    std::string error_;
    cluster* cluster_;
    unsigned rank_;
    unsigned living_ = 0;
};

}  // namespace simt
