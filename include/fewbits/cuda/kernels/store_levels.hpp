// Numbers that were found as floats, stored as what a format keeps them in: plain numbers, packed codes, blocks of codes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../device_target.hpp"
#include "../quantize/numbered_blocks.hpp"
#include "../quantize/target.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// Numbers that were found for the blocks of B: a thread stores those of one.
template <block_composition B>
struct store_found_numbers : plain_block<on_sm_80, 4> {
    struct arguments {
        float const* numbers;
        float const* offsets;  ///< or null
        std::uint32_t across;
        std::uint32_t count;
        bool magnitudes;  ///< numbers are what number_of_maximum takes
        quantize_target<B> to;
    };

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::uint32_t const i = m.block_index() * threads + m.thread();
        if (i >= a.count) return;
        float number = a.numbers[i];
        bool const valid = is_valid_number(number, marks_invalid_blocks<typename B::scale_type>);
        if (a.magnitudes) number = number_of_maximum<B>(number, a.to.scale_rule);
        a.to.numbers_of(number, a.offsets == nullptr ? 0.0F : a.offsets[i], valid, {i / a.across, i % a.across}, true);
    }
};

/// rows x cols numbers as super-blocks of S, a thread for each; codes are to nearest even. One that is no number makes its super-block NaN.
template <block_composition S>
    requires is_super_blocks<S>
struct store_super_blocks : on_sm_80 {
    using outer_type = typename S::scale_type;
    using element = typename S::element;
    static constexpr unsigned threads = 128;
    static constexpr unsigned blocks_per_multiprocessor = 4;
    static constexpr std::size_t shared_bytes = 0;

    struct arguments {
        float const* numbers;
        std::size_t rows;
        std::size_t cols;
        float divisor;  ///< of numbers
        std::byte* codes;
        number_place outer;
        std::uint32_t* status;
    };

    FEWBITS_HOST_DEVICE static constexpr std::size_t across(std::size_t cols) noexcept {
        return (cols + S::block.cols - 1) / S::block.cols;
    }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::size_t const i = static_cast<std::size_t>(m.block_index()) * threads + m.thread();
        std::size_t const side_by_side = across(a.cols);
        if (i >= a.rows * side_by_side) return;
        std::size_t const row = i / side_by_side;
        std::size_t const first = i % side_by_side * S::block.cols;
        auto const count = static_cast<unsigned>(a.cols - first < S::block.cols ? a.cols - first : S::block.cols);
        float const* const numbers = a.numbers + row * a.cols + first;
        float largest = 0.0F;
        rolled(0, count, 1, [&](unsigned n) { largest = larger_or_nan(largest, magnitude_of(numbers[n])); });
        float const reach = mul_rn(a.divisor, largest_element<element>());
        stored_number const outer = stored_as<outer_type>(reach == 1.0F ? largest : div_rn(largest, reach), is_finite(largest));
        store_number<outer_type>(a.outer, row, i % side_by_side, outer.code);
        if (!is_finite(largest) && a.status != nullptr) *a.status = 1;
        device_rule const rule({}, element::kind == format_kind::minifloat);
        float const bound = larger_of(largest, div_rn(largest, a.divisor));
        group_encoder<element, float, block_offset::none> const encoder(outer.value, 0.0F, bound, rule);
        std::byte* const line = a.codes + row * stream_bytes(a.cols, element::width) + first / run_columns * element::width;
        rolled(0, count, run_columns, [&](unsigned n) {
            unsigned const some = count - n < run_columns ? count - n : run_columns;
            std::uint64_t codes = 0;
            rolled(0, some, 1, [&](unsigned c) {
                float const number = a.divisor == 1.0F ? numbers[n + c] : div_rn(numbers[n + c], a.divisor);
                codes |= static_cast<std::uint64_t>(encoder.code(number, 0, rule)) << (c * element::width);
            });
            store_run<element::width>(line + n / run_columns * element::width, codes, some);
        });
    }
};

/// rows x cols numbers of S, whose codes are less than a byte; a thread packs eight of a row.
template <scalar S>
    requires(S::width <= 8)
struct store_narrow_numbers : plain_block<on_sm_80, 4> {
    struct arguments {
        float const* numbers;
        std::size_t rows;
        std::size_t cols;
        std::byte* to;
    };

    FEWBITS_HOST_DEVICE static constexpr std::size_t runs_of(std::size_t rows, std::size_t cols) noexcept {
        return rows * ((cols + run_columns - 1) / run_columns);
    }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::size_t const run = static_cast<std::size_t>(m.block_index()) * threads + m.thread();
        if (run >= runs_of(a.rows, a.cols)) return;
        std::size_t const in_row = (a.cols + run_columns - 1) / run_columns;
        std::size_t const row = run / in_row;
        std::size_t const col = run % in_row * run_columns;
        unsigned const count = a.cols - col < run_columns ? static_cast<unsigned>(a.cols - col) : run_columns;
        std::uint64_t codes = 0;
        for (unsigned i = 0; i < count; ++i) {
            codes |= static_cast<std::uint64_t>(stored_as<S>(a.numbers[row * a.cols + col + i], true).code) << (i * S::width);
        }
        store_run<S::width>(a.to + row * stream_bytes(a.cols, S::width) + col * S::width / 8, codes, count);
    }
};

/// Whether S is numbers of a byte in runs of row-major order, each run under an fp32 scale, perhaps less the mean of all.
template <class S>
inline constexpr bool is_runs_of_bytes = false;
template <block_composition S>
inline constexpr bool is_runs_of_bytes<S> =
    S::block.linear && S::element::width == 8 && !S::trits && std::is_same_v<typename S::scale_type, float> &&
    (std::is_same_v<typename S::offset_type, symmetric> || std::is_same_v<typename S::offset_type, minimum<float, +1, per_tensor>>);

/// `count` numbers as blocks of S, a block of threads for each run; the mean is stored already.
template <block_composition S>
    requires is_runs_of_bytes<S>
struct store_number_runs : on_sm_80 {
    static constexpr unsigned threads = 256;
    static constexpr unsigned blocks_per_multiprocessor = 4;
    static constexpr std::size_t shared_bytes = sizeof(float) * (threads / 32);
    static constexpr bool less_mean = !std::is_same_v<typename S::offset_type, symmetric>;

    struct arguments {
        float const* numbers;
        std::size_t count;
        std::byte* codes;
        std::byte* scales;
        std::byte const* mean;
    };

    static constexpr std::size_t blocks_for(std::size_t count) noexcept { return (count + S::block.cols - 1) / S::block.cols; }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::size_t const first = m.block_index() * S::block.cols;
        std::size_t const end = a.count - first < S::block.cols ? a.count : first + S::block.cols;
        float const mean = less_mean ? load_aligned<float>(a.mean) : 0.0F;
        auto const number = [&](std::size_t i) { return less_mean ? sub_rn(a.numbers[i], mean) : a.numbers[i]; };
        float largest = 0.0F;
        for (std::size_t i = first + m.thread(); i < end; i += threads) {
            largest = larger_or_nan(largest, magnitude_of(number(i)));
        }
        unrolled<5>([&](auto i) { largest = larger_or_nan(largest, m.shuffle_xor(largest, 1U << i.value)); });
        auto* const of_warps = reinterpret_cast<float*>(m.shared());
        if (m.lane() == 0) of_warps[m.warp()] = largest;
        m.barrier();
        for (unsigned w = 0; w < threads / 32; ++w) largest = larger_or_nan(largest, of_warps[w]);
        float const scale = div_rn(largest, largest_element<typename S::element>());
        if (m.thread() == 0) store_aligned(a.scales + m.block_index() * std::size_t{4}, scale);
        for (std::size_t i = first + m.thread(); i < end; i += threads) {
            std::uint32_t code = 0;
            if (is_finite(scale)) code = element_definition<typename S::element, float>(scale).code(number(i), {}, 0);
            a.codes[i] = static_cast<std::byte>(code);
        }
    }
};

}  // namespace fewbits

FEWBITS_PRECISE_END
