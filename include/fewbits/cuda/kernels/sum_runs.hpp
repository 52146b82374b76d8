// Sums in double over runs of 1024 values in order, then over the runs in order: the same bits whatever the device.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../matrix/matrix_view.hpp"
#include "../../quantize/statistics.hpp"
#include "../device_target.hpp"
#include "../quantize/target.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// sums[i] = the sum of values [1024 * i, 1024 * (i + 1)) of a matrix of T, row-major, from left to right; of magnitudes or as they are.
template <device_value T, bool Magnitudes>
struct sum_value_runs : on_sm_80 {
    static constexpr unsigned threads = 128;
    static constexpr unsigned blocks_per_multiprocessor = 4;
    static constexpr std::size_t shared_bytes = 0;

    struct arguments {
        matrix_view<T const> from;
        double* sums;
        std::size_t runs;
    };

    static constexpr std::size_t runs_of(std::size_t count) noexcept { return (count + run_sum::length - 1) / run_sum::length; }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::size_t const run = static_cast<std::size_t>(m.block_index()) * threads + m.thread();
        if (run >= a.runs) return;
        std::size_t const count = a.from.rows * a.from.cols;
        std::size_t const first = run * run_sum::length;
        std::size_t left = count - first < run_sum::length ? count - first : run_sum::length;
        std::size_t row = first / a.from.cols;
        std::size_t col = first % a.from.cols;
        double sum = 0;
        for (; left > 0; ++row, col = 0) {
            while (left > 0 && col < a.from.cols) {
                std::size_t const there = a.from.cols - col < left ? a.from.cols - col : left;
                unsigned const some = there < run_columns ? static_cast<unsigned>(there) : run_columns;
                float values[run_columns];
                load_run(a.from.row(row) + col, some, values);
                unrolled<run_columns>([&](auto i) {
                    std::uint32_t const bits = bit_cast<std::uint32_t>(values[i.value]);
                    float const x = Magnitudes ? bit_cast<float>(bits & 0x7FFFFFFFU) : values[i.value];
                    if (static_cast<unsigned>(i.value) < some) sum += static_cast<double>(x);
                });
                left -= some;
                col += some;
            }
        }
        a.sums[run] = sum;
    }
};

/// The mean of `count` values whose runs were summed, rounded once to fp32.
FEWBITS_DEVICE float mean_of_runs(double const* sums, std::size_t runs, std::size_t count) {
    double total = 0;
    for (std::size_t i = 0; i < runs; ++i) total += sums[i];
    return static_cast<float>(total / static_cast<double>(count));
}

/// The scale of a matrix whose scale is its mean magnitude.
template <block_composition B>
struct store_mean_scale : on_sm_80 {
    static_assert(B::method == scale_method::absmean && B::block == per_tensor);
    static constexpr unsigned threads = 32;
    static constexpr unsigned blocks_per_multiprocessor = 1;
    static constexpr std::size_t shared_bytes = 0;

    struct arguments {
        double const* sums;
        std::size_t runs;
        std::size_t count;
        quantize_target<B> to;
    };

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        if (m.thread() != 0) return;
        float const mean = mean_of_runs(a.sums, a.runs, a.count);
        a.to.numbers_of(mean, 0.0F, is_finite(mean), {0, 0}, true);
    }
};

/// The mean of numbers, stored as fp32.
struct store_mean : on_sm_80 {
    static constexpr unsigned threads = 32;
    static constexpr unsigned blocks_per_multiprocessor = 1;
    static constexpr std::size_t shared_bytes = 0;

    struct arguments {
        double const* sums;
        std::size_t runs;
        std::size_t count;
        std::byte* to;
    };

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        if (m.thread() == 0) store_aligned(a.to, mean_of_runs(a.sums, a.runs, a.count));
    }
};

}  // namespace fewbits

FEWBITS_PRECISE_END
