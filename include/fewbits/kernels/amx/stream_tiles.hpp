// Tiles of 16 rows by one panel, a sum for every segment of a chunk, issued ahead of those who read the sums.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../avx512/multiply_panel.hpp"
#include "tiles.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx512bf16,avx2,fma,f16c,bmi2,amx-tile,amx-int8,amx-bf16")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace amx {

/// Rows of one register of a, and of the largest tile.
inline constexpr std::size_t register_rows = 16;
inline constexpr std::size_t most_rows = 2 * register_rows;

/// Columns of K that one instruction takes, where the segments allow it.
constexpr std::size_t columns_at_once(panel_path path, std::size_t granule) noexcept {
    std::size_t const most = 16 * columns_of(path);
    return granule < most ? granule : most;
}

/// Panels of a tile.
inline constexpr std::size_t panels_at_once = 2;

/// Bytes of w that are signed.
struct signed_byte_dot : avx512::byte_dot {};

/// Where a chunk of 16 rows of a has the first row's word for vector i.
constexpr std::size_t word_of(std::size_t i) noexcept { return i / tile_words * (tile_lines * tile_words) + i % tile_words; }

/// What a tile is to prefetch, some lines with each step.
class lines_ahead {
public:
    lines_ahead(panel_tile const& t, std::size_t steps) noexcept
        : first_(t.next[0]), second_(t.next[1]), end_(t.next[0] + t.next_lines * line_bytes),
          lines_((t.next_lines + steps - 1) / steps * line_bytes) {}

    /// Always inlined: g++ drops calls to functions that do nothing else.
    [[gnu::always_inline]] void fetch() noexcept {
        std::byte const* const stop = end_ - first_ < static_cast<std::ptrdiff_t>(lines_) ? end_ : first_ + lines_;
        for (; first_ != stop; first_ += line_bytes, second_ += line_bytes) {
            _mm_prefetch(reinterpret_cast<char const*>(first_), _MM_HINT_T1);
            _mm_prefetch(reinterpret_cast<char const*>(second_), _MM_HINT_T1);
        }
    }

private:
    std::byte const* first_;
    std::byte const* second_;
    std::byte const* end_;
    std::size_t lines_;
};

/// Register Sum += A * B.
template <class Dot, int Sum, int A, int B>
inline void dot() noexcept {
    if constexpr (std::is_same_v<Dot, signed_byte_dot>) dot_signed_bytes<Sum, A, B>();
    else if constexpr (Dot::path == panel_path::bytes) dot_bytes<Sum, A, B>();
    else dot_pairs<Sum, A, B>();
}

/// All segments [0, count) of a tile, panel after panel, for 16 rows after 16 rows. Four registers take turns: one is stored three
/// sums later, when its products are done, and read one sum after that, so that nothing waits.
template <class Dot>
class tile_stream {
public:
    tile_stream(panel_tile const& t, panel_segment const* segments, std::size_t count, std::size_t rows) noexcept
        : segments_(segments), count_(count), left_(count * panels_at_once * (rows / register_rows)),
          step_(columns_at_once(Dot::path, t.granule)), first_(t.first), rows_stride_(register_rows * t.a_stride),
          strip_stride_(t.strip_stride), terms_(t.terms), term_stride_(t.term_stride), strips_(t.strips), strip_(t.strips),
          a_{t.a[0] + t.first / columns, t.a[1] + (t.a[1] == nullptr ? 0 : t.first / columns)},
          lines_(t, left_) {
        for (std::size_t i = 0; i < ahead; ++i) issue();
    }

    /// The next 16 x 16 sums, a row after the other; they stay until some more are asked for.
    [[gnu::always_inline]] std::int32_t const* next() noexcept {
        issue();
        return ring_[(issued_ - ahead - 1) % ring];
    }

private:
    static constexpr std::size_t columns = columns_of(Dot::path);
    static constexpr std::size_t ahead = 4;
    static constexpr std::size_t ring = 8;

    [[gnu::always_inline]] void issue() noexcept {
        switch (issued_ % 4) {
            case 0: issue<0>(); break;
            case 1: issue<1>(); break;
            case 2: issue<2>(); break;
            default: issue<3>();
        }
        ++issued_;
    }

    template <int Sum>
    [[gnu::always_inline]] void issue() noexcept {
        store<(Sum + 1) % 4>(ring_[(issued_ - 3) % ring], line_bytes);
        if (left_ == 0) return;
        --left_;
        constexpr int a = 4 + Sum % 2;
        constexpr int w = 6 + Sum % 2;
        zero<Sum>();
        for (std::size_t k = segments_[at_].begin - first_; k < segments_[at_].end - first_; k += step_) {
            std::size_t const i = k / columns;
            for (std::size_t term = 0; term < terms_; ++term) {
                load<w>(strip_ + term * term_stride_ + i * line_bytes, line_bytes);
                load<a>(a_[0] + word_of(i), line_bytes);
                dot<Dot, Sum, a, w>();
                if (Dot::split && term < 2) {  // of a third term the rest of a makes 2^-26 at most
                    load<a>(a_[1] + word_of(i), line_bytes);
                    dot<Dot, Sum, a, w>();
                }
            }
        }
        lines_.fetch();
        if (++at_ == count_) next_panel();
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

    panel_segment const* segments_;
    std::size_t count_;
    std::size_t left_;
    std::size_t step_;
    std::size_t first_;        ///< column where the strips begin
    std::size_t rows_stride_;  ///< words of a
    std::size_t strip_stride_;
    std::size_t terms_, term_stride_;
    std::byte const* strips_;
    std::byte const* strip_;
    std::uint32_t const* a_[2];
    lines_ahead lines_;
    std::size_t at_ = 0;
    std::size_t panel_ = 0;
    std::size_t issued_ = 0;
    alignas(line_bytes) std::int32_t ring_[ring][register_rows * panel_rows];
};

}  // namespace amx
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
