// What a block's scale depends on: its largest magnitude, its range, its mean magnitude, a percentile.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../bits/rounded.hpp"
#include "../kernels/group_kernels.hpp"
#include "../matrix/matrix_view.hpp"
#include "../parallel/executor.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// A sum in double over runs of 1024 terms in order, then over the runs: the same bits however work is divided.
class run_sum {
public:
    static constexpr std::size_t length = 1024;
    FEWBITS_HOST_DEVICE void add(double term) noexcept {
        run_ = add_rn(run_, term);
        if (++count_ == length) flush();
    }
    FEWBITS_HOST_DEVICE double total() noexcept {
        flush();
        return total_;
    }

private:
    FEWBITS_HOST_DEVICE void flush() noexcept {
        total_ = add_rn(total_, run_);
        run_ = 0;
        count_ = 0;
    }
    double total_ = 0;
    double run_ = 0;
    std::uint32_t count_ = 0;
};

inline namespace FEWBITS_BASELINE {

/// Largest magnitude of the finite values of a block, with its sign where asked for (that of a negative one before that of a positive).
/// `all_finite` turns false where a value is not finite.
inline float largest_magnitude(matrix_view<const float> block, bool& all_finite, bool with_sign = false) noexcept {
    // Magnitudes are ordered like their bits; infinities and NaNs sort above every finite value.
    std::uint32_t largest = 0;
    std::uint32_t largest_finite = 0;
    for (std::size_t r = 0; r < block.rows; ++r) {
        float const* const row = block.row(r);
        for (std::size_t c = 0; c < block.cols; ++c) {
            std::uint32_t const key = magnitude_key(row[c], with_sign);
            std::uint32_t const finite = key < 0xFF000000 ? key : 0;
            largest = larger(largest, key);
            largest_finite = larger(largest_finite, finite);
        }
    }
    all_finite = all_finite && largest < 0xFF000000;
    return value_of_key(largest_finite);
}

/// Smallest and largest finite value of a block, in `lowest` and `highest`, which the caller initialises.
inline void extend_range(matrix_view<const float> block, float& lowest, float& highest) noexcept {
    for (std::size_t r = 0; r < block.rows; ++r) {
        float const* const row = block.row(r);
        for (std::size_t c = 0; c < block.cols; ++c) {
            lowest = row[c] < lowest ? row[c] : lowest;
            highest = row[c] > highest ? row[c] : highest;
        }
    }
}

/// Raises maxima[g] to the largest magnitude in columns [g * width, (g + 1) * width) of x (width 0: all columns), with its sign where
/// asked for. Returns the bits of the largest of all: 0x7F800000 or above where a value is not finite, and then the maxima are of no use.
inline std::uint32_t raise_group_maxima(processor const& machine, matrix_view<const float> x, std::size_t width, float* maxima,
                                        bool with_sign = false) noexcept {
    std::size_t const group = width == 0 ? x.cols : width;
    std::uint32_t largest = 0;
    for (std::size_t r = 0; r < x.rows; ++r) {
        std::uint32_t const of_row = raise_group_maxima(machine, x.row(r), x.cols, group, with_sign, maxima);
        largest = largest < of_row ? of_row : largest;
    }
    return largest;
}

/// The same by the processor's kernels, which do not tell zeros of both signs apart.
inline void extend_range(processor const& machine, matrix_view<const float> block, float& lowest, float& highest) noexcept {
    auto const is_zero = [](float x) { return (bit_cast<std::uint32_t>(x) << 1) == 0; };
    float low = lowest;
    float high = highest;
    for (std::size_t r = 0; r < block.rows; ++r) extend_range(machine, block.row(r), block.cols, low, high);
    bool const first_zero_counts = (is_zero(low) && !is_zero(lowest)) || (is_zero(high) && !is_zero(highest));
    if (first_zero_counts) return extend_range(block, lowest, highest);
    if (!is_zero(low)) lowest = low;  // else it was zero before
    if (!is_zero(high)) highest = high;
}

/// The sum of the magnitudes of values [first, first + count) of a block, row-major, from left to right.
inline double sum_of_run(matrix_view<const float> block, std::size_t first, std::size_t count) noexcept {
    double sum = 0;
    std::size_t row = first / block.cols;
    for (std::size_t col = first % block.cols; count > 0; col = 0, ++row) {
        for (; col < block.cols && count > 0; ++col, --count) sum += static_cast<double>(magnitude_of(block(row, col)));
    }
    return sum;
}

/// sums[i] = the sum of the magnitudes of the i-th of `count` whole runs from value `first` of a block on.
inline void sum_runs(processor const& machine, matrix_view<const float> block, std::size_t first, std::size_t count,
                     double* sums) noexcept {
    std::size_t i = 0;
#if defined(__x86_64__)
    bool const in_rows = block.cols % run_sum::length == 0 || block.stride == block.cols;
    for (; machine.avx512 && in_rows && i + 8 <= count; i += 8) {
        float const* runs[8];
        for (std::size_t l = 0; l < 8; ++l) {
            std::size_t const at = first + (i + l) * run_sum::length;
            runs[l] = block.row(at / block.cols) + at % block.cols;
        }
        double eight[8];
        avx512::sum_magnitudes(runs, run_sum::length, eight);
        for (std::size_t l = 0; l < 8; ++l) sums[i + l] = eight[l];
    }
#endif
    static_cast<void>(machine);
    for (; i < count; ++i) sums[i] = sum_of_run(block, first + i * run_sum::length, run_sum::length);
}

/// Mean magnitude of a block, rounded once to fp32: run_sum's order, wherever `where` has the runs added up.
inline float mean_magnitude(processor const& machine, matrix_view<const float> block, executor const& where) {
    constexpr std::size_t per_task = 64;
    std::size_t const count = block.rows * block.cols;
    std::vector<double> sums(count / run_sum::length);
    where.run((sums.size() + per_task - 1) / per_task, [&](std::size_t task) {
        std::size_t const first = task * per_task;
        sum_runs(machine, block, first * run_sum::length, (std::min)(per_task, sums.size() - first), sums.data() + first);
    });
    double total = 0;
    for (double sum : sums) total += sum;
    std::size_t const rest = count % run_sum::length;
    if (rest != 0) total += sum_of_run(block, count - rest, rest);
    return static_cast<float>(total / static_cast<double>(count));
}

/// Which of `count` >= 1 ascending magnitudes is the smallest that `percent` % of them do not exceed: the ceil(percent/100 * count)-th.
FEWBITS_HOST_DEVICE inline std::size_t percentile_index(double percent, std::size_t count) noexcept {
    double const rank = std::ceil(mul_rn(percent, static_cast<double>(count)) / 100.0);
    std::size_t const index = rank < 1.0 ? 0 : static_cast<std::size_t>(rank) - 1;
    return index < count ? index : count - 1;
}

/// The magnitude that `percent` % of a block's finite magnitudes do not exceed.
inline float percentile_magnitude(matrix_view<const float> block, double percent) {
    std::vector<float> magnitudes;
    magnitudes.reserve(block.rows * block.cols);
    for (std::size_t r = 0; r < block.rows; ++r) {
        for (std::size_t c = 0; c < block.cols; ++c) {
            if (is_finite(block(r, c))) magnitudes.push_back(magnitude_of(block(r, c)));
        }
    }
    if (magnitudes.empty()) return 0.0F;
    std::size_t const index = percentile_index(percent, magnitudes.size());
    std::nth_element(magnitudes.begin(), magnitudes.begin() + static_cast<std::ptrdiff_t>(index), magnitudes.end());
    return magnitudes[index];
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
