// Searches for the scales of blocks: a thread tries one candidate on all values of a block, and one of a block's threads compares.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../quantize/candidates.hpp"
#include "../device_target.hpp"
#include "../quantize/group_encoder.hpp"
#include "../quantize/numbered_blocks.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// numbers[i], the largest magnitude of block i of a matrix of T, becomes the number that Search (quantize/candidates.hpp) finds: to the
/// bit the host's, since values and candidates are taken in the same order. Marked numbers and zeros stay.
template <class Search, device_value T>
struct search_scales : on_sm_80 {
    using sums = typename Search::sums;
    using encoder = group_encoder<typename Search::element, typename Search::scale_type, block_offset::none>;
    static constexpr unsigned threads = 256;
    static constexpr unsigned blocks_per_multiprocessor = 3;
    static constexpr unsigned candidates = Search::candidates;
    static constexpr unsigned at_once = threads / candidates;  ///< blocks
    static constexpr std::size_t shared_bytes = sizeof(sums) * at_once * candidates;
    static constexpr bool goes_on = true;

    struct arguments {
        numbered_blocks<T> blocks;
        float* numbers;
        bool full_range;
    };

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        auto* const tried = reinterpret_cast<sums*>(m.shared());
        unsigned const thread = m.thread();
        for (std::uint32_t first = m.block_index() * at_once; first < a.blocks.count; first += m.blocks() * at_once) {
            std::uint32_t const mine = first + thread / candidates;
            if (thread < at_once * candidates && mine < a.blocks.count && is_searched_number(a.numbers[mine])) {
                tried[thread] = sums_of(a.blocks.at(mine), search_of(a, mine), static_cast<int>(thread % candidates));
            }
            m.barrier();
            std::uint32_t const chosen = first + thread;
            if (thread < at_once && chosen < a.blocks.count && is_searched_number(a.numbers[chosen])) {
                Search const search = search_of(a, chosen);
                typename Search::choice best(search);
                rolled(0, candidates, 1, [&](unsigned i) { best.take(search, static_cast<int>(i), tried[thread * candidates + i]); });
                a.numbers[chosen] = best.number;
            }
            m.barrier();
        }
    }

private:
    FEWBITS_DEVICE static Search search_of(arguments const& a, std::uint32_t block) {
        if constexpr (requires { Search{0.0F, false}; }) return {a.numbers[block], a.full_range};
        else return {a.numbers[block]};
    }
    FEWBITS_DEVICE static sums sums_of(matrix_view<T const> block, Search const& search, int i) {
        float const scale = search.scale(i);
        device_rule const rule({.full_range = search.full_range}, false);
        encoder const rounded(scale, 0.0F, search.largest, rule);
        sums all;
        for_each_value(block, [&](float x) { all.add(x, rounded.number(x, rule), scale); });
        return all;
    }
};

/// minimum_fit of every block of a matrix of T: numbers[i] its scale and offsets[i] its minimum, or minus that. Where a value is not finite
/// both are NaN.
template <device_value T>
struct fit_minimums : on_sm_80 {
    using sums = minimum_fit::sums;
    static constexpr unsigned threads = 256;
    static constexpr unsigned blocks_per_multiprocessor = 3;
    static constexpr unsigned candidates = minimum_fit::candidates;
    static constexpr unsigned at_once = threads / candidates;  ///< blocks
    static constexpr std::size_t shared_bytes = sizeof(sums) * at_once * candidates;
    static constexpr bool goes_on = true;

    struct arguments {
        numbered_blocks<T> blocks;
        float* numbers;
        float* offsets;
        float top;  ///< the highest code
        bool negates;
    };

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        auto* const tried = reinterpret_cast<sums*>(m.shared());
        unsigned const thread = m.thread();
        for (std::uint32_t first = m.block_index() * at_once; first < a.blocks.count; first += m.blocks() * at_once) {
            std::uint32_t const mine = first + thread / candidates;
            if (thread < at_once * candidates && mine < a.blocks.count) {
                matrix_view<T const> const block = a.blocks.at(mine);
                minimum_fit const fit = fit_of(block, a.top);
                double const inverse = fit.inverse(static_cast<int>(thread % candidates));
                sums all;
                for_each_value(block, [&](float x) { all.add(fit, x, inverse); });
                tried[thread] = all;
            }
            m.barrier();
            std::uint32_t const chosen = first + thread;
            if (thread < at_once && chosen < a.blocks.count) {
                minimum_fit const fit = fit_of(a.blocks.at(chosen), a.top);
                minimum_fit::choice best(fit);
                rolled(0, candidates, 1, [&](unsigned i) { best.take(fit, tried[thread * candidates + i]); });
                bool const finite = fit.highest - fit.lowest < 0x1p200;
                float const minimum = a.negates ? -best.best.minimum : best.best.minimum;
                a.numbers[chosen] = found_number(best.best.scale, finite, false);
                a.offsets[chosen] = found_number(minimum, finite, false);
            }
            m.barrier();
        }
    }

private:
    /// The range is not finite where a value is not.
    FEWBITS_DEVICE static minimum_fit fit_of(matrix_view<T const> block, float top) {
        float lowest = 0.0F;
        float highest = load_value(block.data);
        bool finite = true;
        for_each_value(block, [&](float x) {
            lowest = x < lowest ? x : lowest;
            highest = x > highest ? x : highest;
            finite = finite && is_finite(x);
        });
        if (!finite) highest = bit_cast<float>(0x7F800000U);
        return {static_cast<double>(top), static_cast<double>(lowest), static_cast<double>(highest),
                static_cast<double>(block.rows * block.cols)};
    }
};

}  // namespace fewbits

FEWBITS_PRECISE_END
