// Tiles of 16 rows by one panel, a sum for every segment of a chunk, issued ahead of those who read the sums.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tile_steps.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx512bf16,avx2,fma,f16c,bmi2,amx-tile,amx-int8,amx-bf16")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace amx {

/// Segments taken together, made up to a multiple of `sums_at_once` by more of the last one.
inline constexpr std::size_t most_segments = 16;

/// All segments of a tile whose weights are of one term, panel after panel, for 16 rows after 16 rows. Four registers take turns, and
/// four places that they are stored to: of the sums begun with one turn each is stored three steps later, when its products are done,
/// and read one step after.
template <class Dot>
class tile_stream {
public:
    static constexpr std::size_t most = most_segments;

    tile_stream(panel_tile const& t, panel_segment const* segments, std::size_t count, std::size_t rows) noexcept
        : turns_((count + sums_at_once - 1) / sums_at_once), left_(turns_ * panels_at_once * (rows / register_rows)),
          step_(columns_at_once(Dot::path, t.granule) / columns), rows_stride_(register_rows * t.a_stride), strip_stride_(t.strip_stride),
          strips_(t.strips), strip_(t.strips),
          a_{t.a[0] + t.first / columns, t.a[1] + (t.a[1] == nullptr ? 0 : t.first / columns)}, lines_(t, left_) {
        for (std::size_t g = 0; g < turns_ * sums_at_once; ++g) {
            panel_segment const& s = segments[g < count ? g : count - 1];
            begin_[g] = (s.begin - t.first) / columns;
            end_[g] = (s.end - t.first + columns - 1) / columns;
        }
        begin<0>();
        begin<1>();
        begin<2>();
        begin<3>();
        store<0>(sums_[0], line_bytes);
    }

    /// The next 16 x 16 sums, a row after the other; they stay for two steps more. I: how many came before, modulo 4.
    template <int I>
    [[gnu::always_inline]] std::int32_t const* next() noexcept {
        store<(I + 1) % 4>(sums_[(I + 1) % 4], line_bytes);
        if (left_ != 0) begin<I>();
        return sums_[I];
    }

private:
    static constexpr std::size_t columns = columns_of(Dot::path);

    template <int I>
    [[gnu::always_inline]] void begin() noexcept {
        constexpr int a = 4 + I % 2;
        constexpr int w = 6 + I % 2;
        zero<I>();
        std::size_t const end = end_[at_ + I];
        std::size_t i = begin_[at_ + I];
        do {
            load<w>(strip_ + i * line_bytes, line_bytes);
            load<a>(a_[0] + word_of(i), line_bytes);
            dot<Dot, I, a, w>();
            if constexpr (Dot::split) {
                load<a>(a_[1] + word_of(i), line_bytes);
                dot<Dot, I, a, w>();
            }
        } while ((i += step_) < end);
        if constexpr (I == sums_at_once - 1) end_turn();
    }

    [[gnu::always_inline]] void end_turn() noexcept {
        lines_.fetch();
        --left_;
        at_ += sums_at_once;
        if (at_ == turns_ * sums_at_once) next_panel();
    }

    void next_panel() noexcept {
        at_ = 0;
        strip_ += strip_stride_;
        if (++panel_ < panels_at_once) return;
        panel_ = 0;
        strip_ = strips_;
        for (std::uint32_t const*& part : a_) {
            if (part != nullptr) part += rows_stride_;
        }
    }

    std::size_t turns_;
    std::size_t left_;  ///< turns
    std::size_t step_;  ///< vectors
    std::size_t rows_stride_;  ///< words of a
    std::size_t strip_stride_;
    std::byte const* strips_;
    std::byte const* strip_;
    std::uint32_t const* a_[2];
    lines_ahead lines_;
    std::size_t at_ = 0;
    std::size_t panel_ = 0;
    std::size_t begin_[most_segments], end_[most_segments];  ///< vectors of each segment
    alignas(line_bytes) std::int32_t sums_[sums_at_once][register_rows * panel_rows];
};

}  // namespace amx
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
