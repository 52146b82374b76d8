// Products of a tile of a by one of w: what one step of every loop over a chunk of K is made of, and what it prefetches.
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

/// Registers of sums.
inline constexpr std::size_t sums_at_once = 4;

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

/// The two registers of sums that belong to register row `M` of a.
template <class Dot, int M>
inline void add_products(std::uint32_t const* a, std::size_t vectors) noexcept {
    load<4 + M>(a + M * register_rows * vectors, line_bytes);
    dot<Dot, 2 * M, 4 + M, 6>();
    dot<Dot, 2 * M + 1, 4 + M, 7>();
}

/// One instruction's columns, from vector i of the chunk on.
template <class Dot, int Registers>
inline void multiply_step(panel_tile const& t, std::size_t i) noexcept {
    std::size_t const word = word_of(i) + t.first / columns_of(Dot::path);
    for (std::size_t term = 0; term < t.terms; ++term) {
        std::byte const* const vectors = t.strips + term * t.term_stride + i * line_bytes;
        load<6>(vectors, line_bytes);
        load<7>(vectors + t.strip_stride, line_bytes);
        add_products<Dot, 0>(t.a[0] + word, t.a_stride);
        if constexpr (Registers == 2) add_products<Dot, 1>(t.a[0] + word, t.a_stride);
        if (Dot::split && term < 2) {  // of a third term the rest of a makes 2^-26 at most
            add_products<Dot, 0>(t.a[1] + word, t.a_stride);
            if constexpr (Registers == 2) add_products<Dot, 1>(t.a[1] + word, t.a_stride);
        }
    }
}

}  // namespace amx
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
