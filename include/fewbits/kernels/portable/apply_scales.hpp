// From a run of elements to dequantised values: one scale, and perhaps one offset, per group of columns.
#pragma once

#include <algorithm>
#include <cstddef>

#include "../../bits/rounded.hpp"
#include "tile.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// What stands beside a block's scale.
enum class block_offset : unsigned char { none, zero_point, minimum };

inline namespace FEWBITS_BASELINE {

/// Scales, and offsets where the format has them, of the groups that a run of at most chunk_depth columns touches.
struct group_scales {
    float scale[chunk_depth];
    float offset[chunk_depth];
};

namespace apply_detail {

/// One group, or (Step 1) one scale per column.
template <std::size_t Step>
void scale_run(block_offset kind, std::size_t count, float const* scale, float const* offset, float* values) noexcept {
    if (kind == block_offset::none) {
        for (std::size_t i = 0; i < count; ++i) values[i] = mul_rn(values[i], scale[i * Step]);
    } else if (kind == block_offset::zero_point) {
        for (std::size_t i = 0; i < count; ++i) {
            values[i] = mul_rn(sub_rn(values[i], offset[i * Step]), scale[i * Step]);
        }
    } else {
        for (std::size_t i = 0; i < count; ++i) {
            values[i] = add_rn(mul_rn(values[i], scale[i * Step]), offset[i * Step]);
        }
    }
}

}  // namespace apply_detail

/// `count` values in place, each step one fp32 rounding: f(x * s), f((x - z) * s) or f(f(x * s) + m). The first value is
/// column `phase` of its group of `group` columns (0 = one group for all); scale[g] and offset[g] belong to the g-th group
/// that is touched and do not overlap `values`.
inline void apply_scales(block_offset kind, std::size_t phase, std::size_t count, std::size_t group, float const* scale,
                         float const* offset, float* values) noexcept {
    if (group == 1) return apply_detail::scale_run<1>(kind, count, scale, offset, values);
    std::size_t length = group == 0 ? count : (std::min)(count, group - phase);
    for (std::size_t g = 0, done = 0; done < count; ++g) {
        float const s = scale[g];
        float const o = kind == block_offset::none ? 0.0F : offset[g];
        apply_detail::scale_run<0>(kind, length, &s, &o, values + done);
        done += length;
        length = (std::min)(group, count - done);
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
