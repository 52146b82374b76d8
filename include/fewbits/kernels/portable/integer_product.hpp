// The product of two integer formats to the bit: exact small integers held as fp32, exact sums, one fma per shared group.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "blocking.hpp"
#include "combine.hpp"
#include "widened_product.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace portable {

/// The part of a shared group that lies in one chunk of K: columns [begin, end) of the chunk.
struct segment {
    std::size_t begin, end;
    bool opens, closes;  ///< the group begins, ends here
};

/// One block of the integer product and its scratch.
class integer_block {
public:
    integer_block(product const& p, block const& b)
        : p_(p), b_(b), tiles_(b.strips() * (strip_columns / tile_columns) * b.row_tiles()),
          rows_(b.padded_rows() * chunk_depth), strip_(strip_size), y_(tiles_ * tile_size),
          fraction_(p.a.facts().fraction + p.w.facts().fraction) {
        std::fill_n(y_.get(), tiles_ * tile_size, 0.0F);
    }

    void run() {
        for (std::size_t first = 0; first < p_.k(); first += chunk_depth) {
            std::size_t const depth = std::min(chunk_depth, p_.k() - first);
            cut(first, depth);
            read_activations(p_, reading::elements, b_, first, depth, rows_.get());
            read_scales_a(first);
            std::size_t tile = 0;
            for (std::size_t n = 0; n < b_.cols; n += strip_columns) {
                std::size_t const cols = std::min(strip_columns, b_.cols - n);
                p_.w.read_strip(reading::elements, {b_.n + n, cols, first, depth}, strip_.get());
                read_scales_w(n, cols, first);
                for (std::size_t t = 0; t * tile_columns < cols; ++t) {
                    for (std::size_t r = 0; r < b_.row_tiles(); ++r) multiply(t, r, tile++);
                }
            }
        }
        finish_block(p_, b_, y_.get());
    }

private:
    void cut(std::size_t first, std::size_t depth) {
        segments_.clear();
        for (std::size_t k = first; k < first + depth;) {
            std::size_t const end = shared_group_end(p_.a.facts(), p_.w.facts(), k, p_.k());
            segment const s{k - first, std::min(end, first + depth) - first, !open_, end <= first + depth};
            open_ = !s.closes;
            segments_.push_back(s);
            k = first + s.end;
        }
        bool const whole = std::all_of(segments_.begin(), segments_.end(), [](auto s) { return s.opens && s.closes; });
        if (!whole && carried_.empty()) carried_.resize(tiles_ * tile_size);
    }

    void read_scales_a(std::size_t first) {
        std::size_t const padded = b_.padded_rows();
        scales_a_.assign(segments_.size() * padded, 0.0F);
        for (std::size_t s = 0; s < segments_.size(); ++s) {
            if (segments_[s].closes) {
                p_.a.read_scales(b_.m, b_.rows, first + segments_[s].begin, scales_a_.data() + s * padded);
            }
        }
    }

    void read_scales_w(std::size_t n, std::size_t cols, std::size_t first) {
        scales_w_.assign(segments_.size() * strip_columns, 0.0F);
        for (std::size_t s = 0; s < segments_.size(); ++s) {
            if (segments_[s].closes) {
                p_.w.read_scales(b_.n + n, cols, first + segments_[s].begin, scales_w_.data() + s * strip_columns);
            }
        }
    }

    void multiply(std::size_t t, std::size_t r, std::size_t tile) {
        float const* const a = rows_.get() + r * tile_rows * chunk_depth;
        float const* const w = strip_.get() + t * tile_stride;
        alignas(64) float sums[tile_size];
        for (std::size_t s = 0; s < segments_.size(); ++s) {
            segment const g = segments_[s];
            multiply_tile(g.end - g.begin, a + g.begin, w + g.begin * tile_columns, sums);
            if (!g.opens || !g.closes) carry(g, carried_.data() + tile * tile_size, sums);
            if (!g.closes) continue;
            combine_tile(sums, scales_a_.data() + s * b_.padded_rows() + r * tile_rows,
                         scales_w_.data() + s * strip_columns + t * tile_columns, fraction_, y_.get() + tile * tile_size);
        }
    }

    /// Sums of a group longer than a chunk: exact in double up to K = 2^37, rounded once where the group ends.
    static void carry(segment g, double* total, float* sums) noexcept {
        if (g.opens) std::fill_n(total, tile_size, 0.0);
        add_tile(sums, total);
        if (!g.closes) return;
        for (std::size_t i = 0; i < tile_size; ++i) sums[i] = static_cast<float>(total[i]);
    }

    product const& p_;
    block b_;
    std::size_t tiles_;
    scratch<float> rows_;
    scratch<float> strip_;
    scratch<float> y_;
    int fraction_;
    std::vector<double> carried_;
    std::vector<segment> segments_;
    std::vector<float> scales_a_;
    std::vector<float> scales_w_;
    bool open_ = false;
};

struct integer_product {
    using isa = fewbits::isa::portable;
    static constexpr std::string_view name = "portable/integer_product";
    static constexpr std::string_view reason =
        "both sides are exact integers: exact sums over each shared group of K, one fma with the scales, defined to the bit";
    static constexpr bool available(processor const&) noexcept { return true; }
    static constexpr bool supports(operand_facts const& a, operand_facts const& w) noexcept {
        return is_exact_pair(a, w);
    }
    template <class = void>
    static void run(product const& p) {
        for_each_block(p, [&](block const& b) { integer_block(p, b).run(); });
    }
};

}  // namespace portable
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
