// Searches for the one scale of a whole matrix: its values are shared out over the device, run by run and digit by digit.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../quantize/candidates.hpp"
#include "../device_target.hpp"
#include "../quantize/group_encoder.hpp"
#include "../quantize/numbered_blocks.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// The number that a search begins with, from the word that find_extremes raised.
struct begin_search : on_sm_80 {
    static constexpr unsigned threads = 32;
    static constexpr unsigned blocks_per_multiprocessor = 1;
    static constexpr std::size_t shared_bytes = 0;

    struct arguments {
        std::uint32_t const* word;
        float* number;
        bool keeps;  ///< see found_number
    };

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        float const largest = bit_cast<float>(*a.word >> 1);
        if (m.thread() == 0) *a.number = found_number(largest, is_finite(largest), a.keeps);
    }
};

/// errors[i * runs + r] = what candidate i of Search makes of values [1024 * r, 1024 * (r + 1)) of a matrix of T, row-major, in order.
template <class Search, device_value T>
struct sum_errors : plain_block<on_sm_80, 3> {
    using encoder = group_encoder<typename Search::element, typename Search::scale_type, block_offset::none>;
    static constexpr bool goes_on = true;

    struct arguments {
        matrix_view<T const> from;
        float const* number;
        bool full_range;
        double* errors;
        std::size_t runs;
    };

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        if (!is_searched_number(*a.number)) return;
        Search const search{*a.number, a.full_range};
        std::size_t const step = static_cast<std::size_t>(m.blocks()) * threads;
        for (std::size_t i = static_cast<std::size_t>(m.block_index()) * threads + m.thread(); i < a.runs * Search::candidates; i += step) {
            std::size_t const run = i / Search::candidates;
            auto const candidate = static_cast<int>(i % Search::candidates);
            float const scale = search.scale(candidate);
            device_rule const rule({.full_range = a.full_range}, false);
            encoder const rounded(scale, 0.0F, search.largest, rule);
            std::size_t const all = a.from.rows * a.from.cols;
            std::size_t left = all - run * run_sum::length < run_sum::length ? all - run * run_sum::length : run_sum::length;
            std::size_t row = run * run_sum::length / a.from.cols;
            std::size_t col = run * run_sum::length % a.from.cols;
            error_sum sum;
            for (; left > 0; ++row, col = 0) {
                std::size_t const here = a.from.cols - col < left ? a.from.cols - col : left;
                for_each_value(matrix_view<T const>(a.from.row(row) + col, 1, here),
                               [&](float x) { sum.add(x, rounded.number(x, rule), scale); });
                left -= here;
            }
            a.errors[static_cast<std::size_t>(candidate) * a.runs + run] = sum.error.total();
        }
    }
};

/// What Search finds where sum_errors summed.
template <class Search>
struct compare_errors : on_sm_80 {
    static constexpr unsigned threads = 64;
    static constexpr unsigned blocks_per_multiprocessor = 1;
    static constexpr std::size_t shared_bytes = sizeof(double) * Search::candidates;

    struct arguments {
        double const* errors;
        std::size_t runs;
        float* number;
        bool full_range;
    };

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        if (!is_searched_number(*a.number)) return;
        auto* const totals = reinterpret_cast<double*>(m.shared());
        if (m.thread() < Search::candidates) {
            double total = 0;
            for (std::size_t r = 0; r < a.runs; ++r) total = add_rn(total, a.errors[m.thread() * a.runs + r]);
            totals[m.thread()] = total;
        }
        m.barrier();
        if (m.thread() != 0) return;
        Search const search{*a.number, a.full_range};
        typename Search::choice best(search);
        for (int i = 0; i < Search::candidates; ++i) {
            error_sum sum;
            sum.error.add(totals[i]);
            best.take(search, i, sum);
        }
        *a.number = best.number;
    }
};

/// The magnitude of some rank on the way: its leading digits of 8 bits, its rank among those that begin so, and how many of these have
/// which digit next. All 0 before the first.
struct digit_search {
    std::uint32_t found;
    std::uint32_t rank;
    std::uint32_t counts[256];
};

/// Counts the next digits of a matrix of T; the digit is that at bit `shift`.
template <device_value T>
struct count_digits : on_sm_80 {
    static constexpr unsigned threads = 256;
    static constexpr unsigned blocks_per_multiprocessor = 4;
    static constexpr std::size_t shared_bytes = sizeof(std::uint32_t) * 256;
    static constexpr bool goes_on = true;

    struct arguments {
        matrix_view<T const> from;
        digit_search* state;
        int shift;
        std::size_t row_runs;
    };

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        auto* const counts = reinterpret_cast<std::uint32_t*>(m.shared());
        std::uint32_t const found = a.state->found;
        counts[m.thread()] = 0;
        m.barrier();
        std::size_t const step = static_cast<std::size_t>(m.blocks()) * threads;
        std::size_t const runs = a.from.rows * a.row_runs;
        for (std::size_t i = static_cast<std::size_t>(m.block_index()) * threads + m.thread(); i < runs; i += step) {
            std::size_t const col = i % a.row_runs * run_columns;
            unsigned const count = columns_of({col, 0, run_columns}, a.from.cols);
            float values[run_columns];
            load_run(a.from.row(i / a.row_runs) + col, count, values);
            unrolled<run_columns>([&](auto v) {
                std::uint32_t const magnitude = bit_cast<std::uint32_t>(values[v.value]) & 0x7FFFFFFFU;
                bool const begins_so = (magnitude ^ found) >> a.shift >> 8 == 0;
                if (static_cast<unsigned>(v.value) < count && begins_so) m.atomic_add(counts + (magnitude >> a.shift & 0xFFU), 1);
            });
        }
        m.barrier();
        if (counts[m.thread()] != 0) m.atomic_add(a.state->counts + m.thread(), counts[m.thread()]);
    }
};

/// Takes the digit that was counted, and after the last one stores the number, if its matrix has one.
struct choose_digit : plain_block<on_sm_80, 1> {
    struct arguments {
        digit_search* state;
        int shift;
        std::uint32_t first_rank;  ///< among all
        float* number;
    };

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        if (m.thread() == 0) {
            std::uint32_t rank = a.shift == 24 ? a.first_rank : a.state->rank;
            std::uint32_t digit = 0;
            for (; digit < 255 && rank >= a.state->counts[digit]; ++digit) rank -= a.state->counts[digit];
            a.state->found |= digit << a.shift;
            a.state->rank = rank;
            if (a.shift == 0 && is_searched_number(*a.number)) *a.number = bit_cast<float>(a.state->found);
        }
        m.barrier();
        a.state->counts[m.thread()] = 0;
    }
};

}  // namespace fewbits

FEWBITS_PRECISE_END
