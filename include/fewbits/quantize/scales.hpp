// Storing a matrix of scales in the type a format keeps them in: rounded once, or block-quantized in turn.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <vector>

#include "../matrix/block_storage.hpp"
#include "../parallel/executor.hpp"
#include "../target/detect.hpp"
#include "elements.hpp"
#include "encode_row.hpp"
#include "statistics.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// Scales on their way into storage: rows x cols numbers that still are to be divided by `divisor`; the first row is row `first` of
/// the whole matrix of scales. Dividing late keeps the two levels of a two-level scale to one rounding each. `invalid` marks blocks
/// whose scale shall be NaN; empty means none.
struct raw_scales {
    std::size_t rows = 0;
    std::size_t cols = 0;
    float divisor = 1.0F;
    std::size_t first = 0;
    std::vector<float> number;
    std::vector<std::uint8_t> invalid;

    raw_scales(std::size_t r, std::size_t c, float d) : rows(r), cols(c), divisor(d), number(r * c) {}
    bool is_invalid(std::size_t i) const noexcept { return !invalid.empty() && invalid[i] != 0; }
    float quotient(std::size_t i) const noexcept { return divisor == 1.0F ? number[i] : div_rn(number[i], divisor); }
};

inline namespace FEWBITS_BASELINE {

template <scalar S>
unsigned nan_code() noexcept {
    return static_cast<unsigned>(S::codec::encode({0, 0, false, number_class::nan}, nearest_even, saturate));
}

/// `count` quotients of row r of `raw`, from column `first` on.
inline void quotients_of_row(processor const& machine, raw_scales const& raw, std::size_t r, std::size_t first, std::size_t count,
                             float* out) noexcept {
    float const* const numbers = raw.number.data() + r * raw.cols + first;
    if (raw.divisor == 1.0F) {
        std::memmove(out, numbers, count * sizeof(float));
    } else {
        divide(machine, numbers, count, raw.divisor, out);
    }
}

/// Stores plain numbers, each rounded to nearest even, saturating.
template <scale_number S>
void store_scales(processor const& machine, number_storage<S>& storage, raw_scales const& raw, executor const&) {
    for (std::size_t r = 0; r < raw.rows; ++r) {
        std::byte* const row = storage.bytes().data() + (storage.row_bytes(raw.first + r) - storage.bytes().data());
        if constexpr (std::is_same_v<S, float>) {
            quotients_of_row(machine, raw, r, 0, raw.cols, reinterpret_cast<float*>(row));
        } else {
            static encoding const how = make_encoding<S>(nearest_even, saturate, 0);
            float quotients[512];
            for (std::size_t c = 0; c < raw.cols; c += std::size(quotients)) {
                std::size_t const count = (std::min)(std::size(quotients), raw.cols - c);
                quotients_of_row(machine, raw, r, c, count, quotients);
                on_processor(machine, [&](auto isa) { encode_packed_on<S>(isa, quotients, count, how, 0, row + c / 8 * S::width); });
            }
            for (std::size_t c = 0; S::codec::has_nan && !raw.invalid.empty() && c < raw.cols; ++c) {
                if (raw.is_invalid(r * raw.cols + c)) storage.set(raw.first + r, c, S::from_bits(nan_code<S>()));
            }
        }
    }
}

/// The mean of the quotients, rounded once to fp32.
inline float mean_quotient(raw_scales const& raw) noexcept {
    if (raw.number.empty()) return 0.0F;
    run_sum sum;
    for (std::size_t i = 0; i < raw.number.size(); ++i) sum.add(static_cast<double>(raw.quotient(i)));
    return static_cast<float>(sum.total() / static_cast<double>(raw.number.size()));
}

/// The magnitudes that the outer scales of nested scales have to reach: the largest of every block of B.
template <block_composition B>
raw_scales outer_scales(processor const& machine, raw_scales const& raw) {
    block_position const grid = block_grid(B::block, raw.rows, raw.cols);
    raw_scales outer(grid.row, grid.col, mul_rn(raw.divisor, largest_element<typename B::element>()));
    outer.first = B::block.rows == 0 || B::block.linear ? 0 : raw.first / B::block.rows;
    matrix_view<const float> const numbers(raw.number.data(), raw.rows, raw.cols);
    if constexpr (B::block.linear) {
        raise_group_maxima(machine, {raw.number.data(), 1, raw.number.size()}, B::block.cols, outer.number.data());
    } else {
        std::size_t const band = B::block.rows == 0 ? raw.rows : B::block.rows;
        for (std::size_t r = 0; r < raw.rows; r += band) {
            matrix_view<const float> const rows(numbers.row(r), (std::min)(band, raw.rows - r), raw.cols);
            raise_group_maxima(machine, rows, B::block.cols, outer.number.data() + r / band * grid.col);
        }
    }
    return outer;
}

/// The codes of row r of `raw` (which holds quotients by now) under the stored outer scales.
template <block_composition B>
void encode_scales(processor const& machine, block_storage<B>& storage, raw_scales const& raw, std::size_t r) {
    using element = typename B::element;
    std::size_t const row = raw.first + r;
    float const* const values = raw.number.data() + r * raw.cols;
    constexpr float unbounded = std::numeric_limits<float>::max();
    std::vector<std::uint8_t> codes(raw.cols);
    std::vector<float> outer(raw.cols);
    run_workspace work;
    for (std::size_t first = 0; first < raw.cols;) {
        std::size_t count = raw.cols;
        std::size_t width = B::block.cols == 0 ? raw.cols : B::block.cols;
        if constexpr (B::block.linear) {  // its runs cross the ends of rows: each by itself
            count = (std::min)(raw.cols - first, width - (row * raw.cols + first) % width);
            width = count;
        }
        value_groups const run{values + first, count, width, outer.data(), nullptr, unbounded, 0};
        for (std::size_t g = 0; g < run.groups(); ++g) outer[g] = storage.scale(row, first + g * width);
        auto const method = prepare_run<element, float, block_offset::none>(machine, run, {}, work.factor);
        constexpr std::size_t columns = B::block.linear ? 0 : B::block.cols;
        encode_run<element, float, block_offset::none, columns>(machine, method, run, {}, work, codes.data() + first);
        first += count;
    }
    for (std::size_t c = 0; element::codec::has_nan && !raw.invalid.empty() && c < raw.cols; ++c) {
        if (raw.is_invalid(r * raw.cols + c)) codes[c] = static_cast<std::uint8_t>(nan_code<element>());
    }
    write_codes<B>(machine, codes.data(), raw.cols, storage.row_codes(row));
}

/// Stores scales under outer scales that are stored already; `raw` holds their quotients from then on.
template <block_composition B>
void store_under_outer_scales(processor const& machine, block_storage<B>& storage, raw_scales& raw, executor const& where) {
    for (std::size_t r = 0; r < raw.rows; ++r) quotients_of_row(machine, raw, r, 0, raw.cols, raw.number.data() + r * raw.cols);
    where.run(raw.rows, [&](std::size_t r) { encode_scales(machine, storage, raw, r); });
}

/// Stores scales that are themselves a block format: largest magnitude over largest element at every level, elements rounded
/// under the stored outer scale.
template <block_composition B>
void store_scales(processor const& machine, block_storage<B>& storage, raw_scales const& given, executor const& where) {
    raw_scales raw = given;
    if constexpr (!std::is_same_v<typename B::offset_type, symmetric>) {
        static_assert(offset_extent<B> == per_tensor, "a nested offset is the mean of all scales");
        raw_scales mean(raw.number.empty() ? 0 : 1, raw.number.empty() ? 0 : 1, 1.0F);
        if (!raw.number.empty()) mean.number[0] = mean_quotient(raw);
        store_scales(machine, storage.offsets(), mean, where);
        float const offset = raw.number.empty() ? 0.0F : storage.offset(0, 0);
        for (std::size_t i = 0; i < raw.number.size(); ++i) raw.number[i] = sub_rn(raw.quotient(i), offset);
        raw.divisor = 1.0F;
    }
    store_scales(machine, storage.scales(), outer_scales<B>(machine, raw), where);
    store_under_outer_scales(machine, storage, raw, where);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
