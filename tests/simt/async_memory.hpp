// What goes on beside a block's threads: the copy engine, barriers that count its bytes, and what products of warpgroups see.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <fewbits/cuda/machine_types.hpp>
#include <functional>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace simt {

/// What memory holds that nobody wrote: as bf16, fp16 or fp32 it is large, as an int8 it is not 0.
inline constexpr int poison = 0xCD;

/// A kernel that does what the machine forbids, or waits for what never comes.
struct kernel_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What a tensor_map holds here: bytes in rows, tiles of box_rows by box_cols of them.
struct tile_source {
    std::uint64_t seal = expected_seal;
    std::byte const* from = nullptr;
    std::uint64_t rows = 0;
    std::uint64_t cols = 0;
    std::uint64_t stride = 0;
    std::uint32_t box_rows = 0;
    std::uint32_t box_cols = 0;
    bool swizzled = true;

    static constexpr std::uint64_t expected_seal = 0x7E45'0B0E'5EA1'ED00;
};

/// A map as the host makes it (cuda/tensor_map.cuh), under the driver's conditions; one that is not swizzled counts columns in words.
inline fewbits::tensor_map make_tensor_map(void const* from, std::size_t rows, std::size_t cols, std::size_t stride, unsigned box_rows,
                                           bool swizzled = true, unsigned box_cols = 128) {
    tile_source const source{tile_source::expected_seal, static_cast<std::byte const*>(from), rows, cols, stride, box_rows, box_cols, swizzled};
    if (reinterpret_cast<std::uintptr_t>(from) % 16 != 0 || stride % 16 != 0) throw kernel_error("tensor map: not aligned to 16 bytes");
    if (rows == 0 || cols == 0 || (rows | cols) >> 32 != 0 || stride >> 40 != 0) throw kernel_error("tensor map: extents out of range");
    if (box_rows == 0 || box_rows > 256) throw kernel_error("tensor map: a box has 1 to 256 rows");
    if (box_cols % 16 != 0 || box_cols == 0 || box_cols > (swizzled ? 128 : 1024)) throw kernel_error("tensor map: columns of a box");
    fewbits::tensor_map map{};
    std::memcpy(&map, &source, sizeof source);
    return map;
}

/// Copies land one at a time, only when somebody waits for a phase whose threads have all arrived, and in random order. Products and the
/// copy engine have a view of shared memory of their own, which gets what threads store at a fence (of any thread).
class async_memory {
public:
    async_memory(std::byte* shared, std::size_t bytes, std::mt19937_64& random)
        : shared_(shared), bytes_(bytes), view_(shared, shared + bytes), random_(&random) {}

    /// fence.proxy.async
    void publish() { view_.assign(shared_, shared_ + bytes_); }
    /// Where a shared address of the machine's (the 18 bits that descriptors hold) is in the products' view.
    std::byte const* seen(std::uint32_t address, std::size_t bytes) const {
        if (address < first_address || address - first_address + bytes > bytes_) throw kernel_error("a product reads outside of shared memory");
        return view_.data() + (address - first_address);
    }
    std::uint32_t address_of(std::byte const* shared) const {
        return first_address + static_cast<std::uint32_t>(shared - shared_);
    }

    // ---- barriers
    void init(std::uint64_t* at, unsigned arrivals, unsigned thread) {
        if (arrivals == 0 || arrivals >= 1U << 20) throw kernel_error("mbarrier.init: 1 to 2^20 - 1 arrive");
        phases_[at] = {arrivals, arrivals, 0, 0, thread, false, {}, {}};
        *at = mark;
    }
    /// fence.mbarrier_init
    void publish_barriers(unsigned thread) {
        for (auto& [at, p] : phases_) p.published = p.published || p.maker == thread;
    }
    void arrive(std::uint64_t* at, unsigned expected_bytes) {
        auto& p = phase_at(at, "mbarrier.arrive");
        if (p.missing == 0) land(p);
        if (p.missing == 0) throw kernel_error("mbarrier.arrive: more than its phase has");
        p.bytes += expected_bytes;
        --p.missing;
        end_phase(p);
    }
    /// An arrival of something that goes on beside the threads: `done` completes that, when somebody waits for the barrier.
    void arrive_later(std::uint64_t* at, std::function<void()> done) {
        phase_at(at, "tcgen05.commit").later.push_back(std::move(done));
    }
    /// Whether a phase of this parity has ended: what has to land for it does.
    bool ended(std::uint64_t* at, unsigned parity) {
        auto& p = phase_at(at, "mbarrier.try_wait");
        if (parity > 1) throw kernel_error("mbarrier.try_wait: a parity is 0 or 1");
        while ((p.number & 1U) == parity && p.missing != 0 && !p.later.empty()) {
            auto const done = std::move(p.later.front());
            p.later.pop_front();
            done();
            --p.missing;
            end_phase(p);
        }
        if ((p.number & 1U) == parity && p.missing == 0) land(p);
        return (p.number & 1U) != parity;
    }

    // ---- the copy engine
    void fetch(std::byte* to, fewbits::tensor_map const& map, std::uint64_t* at, int x, int y) {
        auto& p = phase_at(at, "cp.async.bulk.tensor");
        if (!p.published) throw kernel_error("cp.async.bulk.tensor: a barrier that no fence.mbarrier_init made known");
        tile_source source;
        std::memcpy(static_cast<void*>(&source), &map, sizeof source);
        if (source.seal != tile_source::expected_seal) throw kernel_error("cp.async.bulk.tensor: no tensor map");
        std::size_t const box = std::size_t{source.box_rows} * source.box_cols;
        if (address_of(to) % (source.swizzled ? 1024 : 128) != 0) {
            throw kernel_error("cp.async.bulk.tensor: a swizzled tile not aligned to 1024 bytes, or another to 128");
        }
        if (!source.swizzled) x *= 4;
        if (to < shared_ || to + box > shared_ + bytes_) throw kernel_error("cp.async.bulk.tensor: outside of shared memory");
        std::memset(to, poison, box);
        std::memset(view_.data() + (to - shared_), poison, box);
        p.flying.push_back({to, source, x, y});
    }

    /// Throws where something is on its way that nobody waited for.
    void finish() const {
        for (auto const& [at, p] : phases_) {
            if (!p.flying.empty()) throw kernel_error("the block ends with tiles on their way");
        }
    }

private:
    static constexpr std::uint32_t first_address = 1024;  // none is at 0
    static constexpr std::uint64_t mark = 0xBA44'1E4B'A441'E400;

    struct tile {
        std::byte* to;
        tile_source from;
        int x, y;
    };
    struct phases {
        unsigned arrivals = 0;
        unsigned missing = 0;
        std::int64_t bytes = 0;  ///< expected and not there; less than 0 where they came first
        unsigned number = 0;
        unsigned maker = 0;
        bool published = false;
        std::vector<tile> flying;
        std::deque<std::function<void()>> later;
    };

    phases& phase_at(std::uint64_t* at, char const* what) {
        auto const found = phases_.find(at);
        if (found == phases_.end() || *at != mark) throw kernel_error(std::string(what) + ": no barrier was made here, or it was overwritten");
        return found->second;
    }
    static void end_phase(phases& p) {
        if (p.missing != 0 || p.bytes != 0) return;
        p.missing = p.arrivals;
        ++p.number;
    }
    void land(phases& p) {
        end_phase(p);
        while (p.missing == 0 && !p.flying.empty()) {
            auto const chosen = p.flying.begin() + static_cast<std::ptrdiff_t>((*random_)() % p.flying.size());
            tile const t = *chosen;
            p.flying.erase(chosen);
            copy(t);
            p.bytes -= std::int64_t{t.from.box_rows} * t.from.box_cols;
            end_phase(p);
        }
    }
    void copy(tile const& t) {
        for (std::uint32_t r = 0; r < t.from.box_rows; ++r) {
            for (std::uint32_t c = 0; c < t.from.box_cols; ++c) {
                std::int64_t const row = std::int64_t{t.y} + r;
                std::int64_t const col = std::int64_t{t.x} + c;
                bool const within = row >= 0 && col >= 0 && static_cast<std::uint64_t>(row) < t.from.rows &&
                                    static_cast<std::uint64_t>(col) < t.from.cols;
                std::byte const value = within ? t.from.from[static_cast<std::uint64_t>(row) * t.from.stride + static_cast<std::uint64_t>(col)]
                                               : std::byte{0};
                std::size_t const chunk = t.from.swizzled ? c / 16 ^ r % 8 : c / 16;
                std::size_t const at = static_cast<std::size_t>(t.to - shared_) + r * std::size_t{t.from.box_cols} + chunk * 16 + c % 16;
                shared_[at] = value;
                view_[at] = value;
            }
        }
    }

    std::byte* shared_;
    std::size_t bytes_;
    std::vector<std::byte> view_;
    std::mt19937_64* random_;
    std::map<std::uint64_t*, phases> phases_;
};

}  // namespace simt
