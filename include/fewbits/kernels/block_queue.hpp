// The blocks of a product, shared out among threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <vector>

#include "../config.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace panel_detail {

/// The blocks of y, cut into a part for each thread: it takes those of its own in order, so that what it asks memory for is what it
/// reads next, and then those that others have left.
class block_queue {
public:
    /// Blocks are taken `step` at a time, and no fewer than `least` while there are as many.
    block_queue(std::size_t blocks, std::size_t parts, std::size_t step, std::size_t least)
        : blocks_(blocks), step_(step), least_(least), next_(parts) {
        for (std::size_t i = 0; i < parts; ++i) next_[i] = begin_of(i);
    }

    struct run {
        std::size_t first, count;
    };
    /// The next blocks for a thread that is at `part`, its own to begin with: no more than half of what is left there, so that threads
    /// end together. None if all are taken.
    run take(std::size_t& part) noexcept {
        for (std::size_t tried = 0; tried < next_.size(); ++tried, part = (part + 1) % next_.size()) {
            std::size_t const end = begin_of(part + 1);
            for (std::size_t first = next_[part].load(std::memory_order_relaxed); first < end;) {
                std::size_t const count = std::min({step_, std::max(least_, (end - first + 1) / 2), end - first});
                if (next_[part].compare_exchange_weak(first, first + count, std::memory_order_relaxed)) return {first, count};
            }
        }
        return {0, 0};
    }

private:
    std::size_t begin_of(std::size_t part) const noexcept { return part * blocks_ / next_.size(); }

    std::size_t blocks_, step_, least_;
    std::vector<std::atomic<std::size_t>> next_;
};

}  // namespace panel_detail
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
