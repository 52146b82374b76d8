// Sums of some segments for all rows and panels of a tile, two registers of rows by two of panels at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tile_steps.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx512bf16,avx2,fma,f16c,bmi2,amx-tile,amx-int8,amx-bf16")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace amx {

/// What tile_stream gives, all of it made beforehand: where a segment takes several products in a row on one sum, four sums at once keep
/// them from waiting for each other, and each tile that is loaded serves two.
template <class Dot>
class tile_batch {
public:
    /// Segments taken together: their sums stay in a nearest cache.
    static constexpr std::size_t most = sums_at_once;

    tile_batch(panel_tile const& t, panel_segment const* segments, std::size_t count, std::size_t rows) noexcept {
        lines_ahead ahead(t, count);
        for (std::size_t g = 0; g < count; ++g) {
            if (rows > register_rows) add_segment<2>(t, segments[g], sums_[g]);
            else add_segment<1>(t, segments[g], sums_[g]);
            ahead.fetch();
        }
    }

    /// The next 16 x 16 sums; those of segments beyond the last are nothing.
    template <int I>
    [[gnu::always_inline]] std::int32_t const* next() noexcept {
        std::int32_t const* const sums = sums_[I] + at_ * register_rows * panel_rows;
        if constexpr (I == most - 1) ++at_;
        return sums;
    }

private:
    template <int Registers>
    static void add_segment(panel_tile const& t, panel_segment const& segment, std::int32_t* sums) noexcept {
        constexpr std::size_t columns = columns_of(Dot::path);
        constexpr std::size_t place = register_rows * panel_rows;
        zero<0>();
        zero<1>();
        zero<2>();
        zero<3>();
        std::size_t const step = columns_at_once(Dot::path, t.granule);
        for (std::size_t k = segment.begin; k < segment.end; k += step) multiply_step<Dot, Registers>(t, (k - t.first) / columns);
        store<0>(sums, line_bytes);
        store<1>(sums + place, line_bytes);
        if constexpr (Registers == 2) {
            store<2>(sums + 2 * place, line_bytes);
            store<3>(sums + 3 * place, line_bytes);
        }
    }

    alignas(line_bytes) std::int32_t sums_[most][most_rows * panels_at_once * panel_rows];
    std::size_t at_ = 0;
};

}  // namespace amx
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
