// Quantizing where scales are searched for or lie in super-blocks: the numbers of all blocks, then these as stored, then the codes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "../kernels/find_magnitudes.hpp"
#include "../kernels/search_scales.hpp"
#include "quantize_way.hpp"

namespace fewbits {

/// The kernels that do so for a matrix of T into format F; what is left as floats is stored by quantize_steps.
template <quantized_on_device F, device_value T, class Launch>
struct quantize_stages {
    using composition = typename F::composition;
    using element = typename F::element;
    using scale = typename F::scale_type;
    using offset = typename offset_facts<typename F::offset_type>::type;

    Launch& launch;
    matrix_view<T const> from;
    std::span<std::span<std::byte> const> streams;
    quantize_options const& options;
    quantize_target<composition> const& to;
    float* numbers;
    float* offsets;
    std::uint32_t* words;
    double* sums;

    void run() {
        find();
        store();
        if constexpr (uses_scale_as_found<composition>) {
            using as_found = blocks<element, F::block, float>;
            std::span<std::byte const> const found[] = {streams[0], std::as_bytes(std::span(numbers, count()))};
            encode_under<as_found>(launch, from, level_view<as_found>(found, from.rows, from.cols), to.codes, to.rule);
        } else {
            std::vector<std::span<std::byte const>> const stored(streams.begin(), streams.end());
            encode_under<composition>(launch, from, quantized_view<F>(stored, from.rows, from.cols), to.codes, to.rule);
        }
    }

private:
    block_position grid() const noexcept { return block_grid(F::block, from.rows, from.cols); }
    std::size_t count() const noexcept { return grid().row * grid().col; }

    void find() {
        numbered_blocks<T> const blocks(from, F::block);
        if constexpr (F::block == per_tensor) {
            launch.clear(words, 16 + sizeof(digit_search));
            find_extremes_of<composition, false>(launch, from, words, false);
            launch.template run<begin_search>(1, {words, numbers, marks_invalid_blocks<scale>});
            if (options.scale_rule == scale_rule::percentile) find_percentile();
            else search_by<searched>();
        } else if constexpr (F::has_minimum) {
            using kernel = fit_minimums<T>;
            launch.template run<kernel>(searching<kernel>(), {blocks, numbers, offsets, largest_element<element>(),
                                                              offset_facts<typename F::offset_type>::sign < 0});
        } else {
            using kernel = find_magnitudes<T>;
            unsigned const lanes = kernel::lanes_for(blocks.block.rows * blocks.block.cols);
            bool const given = to.given.data != nullptr;
            constexpr bool keeps = marks_invalid_blocks<scale> && way_of<composition> != quantize_way::stages;  // super-blocks become NaN
            double const percent = options.scale_rule == scale_rule::percentile && !given ? options.percentile : 100;
            launch.template run<kernel>(blocks_of_threads<kernel>(count() * lanes),
                                        {blocks, numbers, lanes, to.with_sign(), keeps, percent, to.given});
            if (!given) search(blocks);
        }
    }

    template <class Kernel>
    unsigned searching() const noexcept {
        return blocks_of_threads<Kernel>((count() + Kernel::at_once - 1) / Kernel::at_once * Kernel::threads);
    }
    /// What searches for the least squared error.
    using plain_scale = std::conditional_t<scale_number<scale>, scale, float>;
    using searched = std::conditional_t<is_power_of_two_scale<scale>, power_search<element, plain_scale>,
                                        fraction_search<element, plain_scale>>;

    template <class Search>
    void search_by() {
        using kernel = sum_errors<Search, T>;
        static_assert(Search::candidates <= most_errors);
        std::size_t const runs = sum_value_runs<T, true>::runs_of(from.rows * from.cols);
        launch.template run<kernel>(blocks_of_threads<kernel>(runs * Search::candidates), {from, numbers, options.full_range, sums, runs});
        launch.template run<compare_errors<Search>>(1, {sums, runs, numbers, options.full_range});
    }
    void find_percentile() {
        using kernel = count_digits<T>;
        auto* const state = reinterpret_cast<digit_search*>(words + 4);
        auto const rank = static_cast<std::uint32_t>(percentile_index(options.percentile, from.rows * from.cols));
        std::size_t const row_runs = (from.cols + run_columns - 1) / run_columns;
        for (int shift = 24; shift >= 0; shift -= 8) {
            launch.template run<kernel>(blocks_of_threads<kernel>(row_runs * from.rows), {from, state, shift, row_runs});
            launch.template run<choose_digit>(1, {state, shift, rank, numbers});
        }
    }

    template <class Search>
    void search_by(numbered_blocks<T> const& blocks) {
        using kernel = search_scales<Search, T>;
        launch.template run<kernel>(searching<kernel>(), {blocks, numbers, options.full_range});
    }
    void search(numbered_blocks<T> const& blocks) {
        if constexpr (F::method == scale_method::least_squares) {
            if (options.scale_rule == scale_rule::of_format) return search_by<scale_fit<element>>(blocks);
        }
        if (options.scale_rule == scale_rule::mse_search) search_by<searched>(blocks);
    }

    void store() {
        if constexpr (way_of<composition> == quantize_way::stages) {
            store_in_super_blocks<scale>(numbers, to.divisor, 1);
            if constexpr (F::has_minimum) store_in_super_blocks<offset>(offsets, 1.0F, 1 + level_view<scale>::streams);
        } else {
            if constexpr (is_under_tensor_scale<scale>) {
                launch.clear(words, 4);
                find_extremes_of<scale, true>(launch, matrix_view<float const>(numbers, grid().row, grid().col), words, false);
                launch.template run<store_outer_scale<composition>>(1, {words, to.divisor, streams[2].data()});
            }
            using kernel = store_found_numbers<composition>;
            bool const magnitudes = options.scale_rule == scale_rule::percentile;
            launch.template run<kernel>(blocks_of_threads<kernel>(count()),
                                        {numbers, F::has_minimum ? offsets : nullptr, static_cast<std::uint32_t>(grid().col),
                                         static_cast<std::uint32_t>(count()), magnitudes, to});
        }
    }
    /// `stream`: that of the codes; their scales have the next.
    template <class S>
    void store_in_super_blocks(float const* found, float divisor, std::size_t stream) {
        using kernel = store_super_blocks<S>;
        std::size_t const across = kernel::across(grid().col);
        std::size_t const row_bytes = stream_bytes(across, level_view<typename S::scale_type>::width);
        launch.template run<kernel>(blocks_of_threads<kernel>(grid().row * across),
                                    {found, grid().row, grid().col, divisor, streams[stream].data(),
                                     {streams[stream + 1].data(), row_bytes}, to.status});
    }
};

}  // namespace fewbits
