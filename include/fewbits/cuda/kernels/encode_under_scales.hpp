// The second pass where all scales are stored: codes of elements under them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../matrix/matrix_view.hpp"
#include "../../matrix/quantized_view.hpp"
#include "../device_target.hpp"
#include "../quantize/group_encoder.hpp"
#include "../quantize/target.hpp"

namespace fewbits {

/// The scales of `to.given` in place of a level_view: rounded as they are stored, which store_given_scales has done.
template <block_composition B>
struct given_scales {
    quantize_target<B> to;
    std::size_t cols;
    std::size_t row_bytes;  ///< of codes

    FEWBITS_DEVICE float scale(std::size_t row, std::size_t col) const {
        return to.numbers_given(true, block_of(B::block, row, col, cols), false).scale;
    }
    FEWBITS_DEVICE float offset(std::size_t, std::size_t) const { return 0.0F; }
    /// The value there is not finite: its block's scale becomes NaN. Nobody reads what is stored, so codes depend on no thread's turn.
    FEWBITS_DEVICE void refuse(std::size_t row, std::size_t col) const {
        to.numbers_given(false, block_of(B::block, row, col, cols), true);
    }
};

/// The same stored: a thread for a block.
template <block_composition B>
struct store_given_scales : plain_block<on_sm_80, 4> {
    struct arguments {
        quantize_target<B> to;
    };

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::size_t const i = static_cast<std::size_t>(m.block_index()) * threads + m.thread();
        if (i < a.to.given.rows * a.to.given.cols) a.to.numbers_given(true, {i / a.to.given.cols, i % a.to.given.cols}, true);
    }
};

/// Codes of a matrix of T (rows x cols) in blocks of B under scales and offsets that are stored, or scales that are given, with the bits
/// of the host's quantize.
template <block_composition B, device_value T, class Numbers>
struct encode_under_scales : plain_block<on_sm_80, 4> {
    static constexpr bool goes_on = true;  ///< threads go on to further work: fewer blocks will do

    struct arguments {
        matrix_view<T const> from;
        Numbers numbers;
        std::byte* codes;
        device_rule rule;
        known_divisor row_runs;
        std::uint32_t runs;  ///< of all rows
    };

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::uint32_t const step = m.blocks() * threads;
        encoder const of_tensor = encoder_at(a, 0, 0);
        for (std::uint32_t i = m.block_index() * threads + m.thread(); i < a.runs; i += step) {
            std::uint32_t const row = a.row_runs.quotient(i);
            run_place const place = place_of_run<B>(i - row * a.row_runs.value());
            unsigned const count = columns_of(place, a.from.cols);
            T const* const from = a.from.row(row) + place.col;
            float values[run_columns];
            load_run(from, count, values);
            std::uint64_t const index = row * a.from.cols + place.col;
            std::uint64_t codes = 0;
            float const bound = bound_of(values);
            bool const bounded = bound <= encoder::moderate_bound;
            if constexpr (requires { a.numbers.refuse(0, 0); }) {
                for (unsigned c = 0; !is_finite(bound) && c < count; ++c) {
                    if (!is_finite(load_value(from + c))) a.numbers.refuse(row, place.col + c);
                }
            }
            if constexpr (B::block == per_tensor) {
                codes = of_tensor.codes(values, count, from, index, a.rule, bounded);
            } else if constexpr (B::block.cols % run_columns == 0 && !B::trits) {
                codes = encoder_at(a, row, place.col).codes(values, count, from, index, a.rule, bounded);
            } else {
                for (unsigned c = 0; c < count; ++c) {
                    std::uint32_t const code = encoder_at(a, row, place.col + c).code(load_value(from + c), index + c, a.rule, bounded);
                    codes |= static_cast<std::uint64_t>(code) << (c * B::element::width);
                }
            }
            store_codes<B>(a.codes + row * a.numbers.row_bytes + place.byte, codes, count);
        }
    }

private:
    using encoder = encoder_of<B>;

    FEWBITS_DEVICE static encoder encoder_at(arguments const& a, std::size_t row, std::size_t col) {
        return encoder(a.numbers.scale(row, col), a.numbers.offset(row, col), encoder::moderate_bound, a.rule);
    }
    FEWBITS_DEVICE static float bound_of(float const (&values)[run_columns]) {
        float bound = 0.0F;
        unrolled<run_columns>([&](auto i) { bound = larger_or_nan(bound, magnitude_of(values[i.value])); });
        return bound;
    }
};

}  // namespace fewbits
