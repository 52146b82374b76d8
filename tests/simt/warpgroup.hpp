// Products of warpgroups as one thread sees them: on their way until waited for, their operands in shared memory read no sooner.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <fewbits/cuda/operands/tile_operands.hpp>
#include <functional>
#include <map>
#include <vector>

#include "async_memory.hpp"

namespace simt {

/// The numbers that codes of E are.
template <fewbits::scalar E>
double number_of(std::uint32_t code) {
    if constexpr (E::kind == fewbits::format_kind::integer) {
        return E::codec::to_integer(code);
    } else if constexpr (E::width == 8) {
        static auto const table = [] {
            std::array<double, 256> all;
            for (std::uint32_t c = 0; c < 256; ++c) all[c] = static_cast<double>(static_cast<float>(E::from_bits(c)));
            return all;
        }();
        return table[code];
    } else {
        return static_cast<double>(static_cast<float>(E::from_bits(code)));
    }
}

/// 32 bytes of a row as numbers, `Depth` of them.
template <fewbits::scalar E, std::size_t Depth>
std::array<double, Depth> numbers_of(std::byte const (&bytes)[32]) {
    std::array<double, Depth> all;
    for (std::size_t k = 0; k < Depth; ++k) {
        std::uint32_t code = static_cast<std::uint32_t>(bytes[k * E::width / 8]);
        if constexpr (E::width == 16) code |= static_cast<std::uint32_t>(bytes[k * 2 + 1]) << 8;
        all[k] = number_of<E>(code);
    }
    return all;
}

/// 32 bytes of row `row` of the tile that a descriptor names. The swizzle is of addresses: the chunk's number with that of the row.
inline void read_tile(async_memory const& memory, std::uint64_t descriptor, unsigned row, std::byte (&out)[32]) {
    auto const start = static_cast<std::uint32_t>(descriptor & 0x3FFF) << 4;
    auto const stride = static_cast<std::uint32_t>(descriptor >> 32 & 0x3FFF) << 4;
    if (descriptor >> 62 != 1) throw kernel_error("wgmma: a descriptor of another layout than 128 bytes swizzled");
    if ((descriptor >> 49 & 7) != 0 || start / 128 % 8 != 0) throw kernel_error("wgmma: a tile not aligned to 1024 bytes");
    if (start % 128 % 32 != 0) throw kernel_error("wgmma: a step along K of no multiple of 32 bytes");
    for (unsigned chunk = 0; chunk < 2; ++chunk) {
        std::uint32_t const straight = start + row / 8 * stride + row % 8 * 128 + chunk * 16;
        std::memcpy(out + chunk * 16, memory.seen(straight ^ (straight >> 7 & 7) << 4, 16), 16);
    }
}

/// Sum of products and an addend, as exact as double, or as tensor cores add FP8: every term cut off `bits` bits below the top of the
/// largest one.
template <std::size_t Depth>
double sum_of(std::array<double, Depth> const& a, std::array<double, Depth> const& b, double addend, int bits) {
    double sum = addend;
    if (bits == 0) {
        for (std::size_t k = 0; k < Depth; ++k) sum += a[k] * b[k];
        return sum;
    }
    double largest = std::abs(addend);
    for (std::size_t k = 0; k < Depth; ++k) largest = std::fmax(largest, std::abs(a[k] * b[k]));
    if (largest == 0 || !(largest < 1e300)) return sum_of(a, b, addend, 0);
    double const unit = std::ldexp(1.0, std::ilogb(largest) - (bits - 1));
    sum = std::trunc(addend / unit);
    for (std::size_t k = 0; k < Depth; ++k) sum += std::trunc(a[k] * b[k] / unit);
    return sum * unit;
}

/// The products that one thread has on their way.
class pending_products {
public:
    /// sums(d) are to become what `apply` makes of them; until then d is poisoned.
    template <class T, std::size_t Count>
    void start(T (&d)[Count], std::function<void(std::byte*)> apply) {
        auto* const place = reinterpret_cast<std::byte*>(&d[0]);
        if (!sums_.contains(place)) {
            if (!fenced_) throw kernel_error("wgmma: sums that were read or written without a wgmma.fence after it");
            sums_[place].assign(place, place + sizeof d);
            std::memset(place, poison, sizeof d);
        }
        open_.push_back({place, std::move(apply)});
    }
    void fence() { fenced_ = true; }
    void commit() {
        groups_.push_back(std::move(open_));
        open_.clear();
    }
    void wait(std::size_t left) {
        while (groups_.size() > left) {
            std::vector<product> const group = std::move(groups_.front());
            groups_.pop_front();
            for (product const& p : group) p.apply(sums_[p.place].data());
            for (product const& p : group) {
                if (sums_.contains(p.place) && !on_its_way(p.place)) deliver(p.place);
            }
            fenced_ = false;
        }
    }
    void finish() const {
        if (!groups_.empty() || !open_.empty()) throw kernel_error("a thread ends with products on their way");
    }

private:
    struct product {
        std::byte* place;
        std::function<void(std::byte*)> apply;
    };

    bool on_its_way(std::byte* place) const {
        bool found = false;
        for (product const& p : open_) found = found || p.place == place;
        for (auto const& group : groups_) {
            for (product const& p : group) found = found || p.place == place;
        }
        return found;
    }
    void deliver(std::byte* place) {
        std::vector<std::byte> const& result = sums_[place];
        for (std::size_t i = 0; i < result.size(); ++i) {
            if (place[i] != std::byte{poison}) throw kernel_error("wgmma: sums written while they were on their way");
        }
        std::memcpy(place, result.data(), result.size());
        sums_.erase(place);
    }

    std::vector<product> open_;
    std::deque<std::vector<product>> groups_;
    std::map<std::byte*, std::vector<std::byte>> sums_;
    bool fenced_ = false;
};

/// What the four warps of a warpgroup did together, in order: all have to do the same.
class warpgroup_log {
public:
    void note(unsigned thread, std::string const& what) {
        std::size_t const at = done_[thread % 128]++;
        if (at == log_.size()) log_.push_back(what);
        else if (log_[at] != what) throw kernel_error("warps of one warpgroup at different instructions: " + log_[at] + " and " + what);
    }
    void finish() const {
        for (std::size_t const done : done_) {
            if (done != log_.size()) throw kernel_error("a warp of a warpgroup did not come to: " + log_[done]);
        }
    }

    unsigned registers = 0;  ///< as last set

private:
    std::array<std::size_t, 128> done_{};
    std::vector<std::string> log_;
};

}  // namespace simt
