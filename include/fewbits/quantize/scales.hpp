// Storing a matrix of scales in the type a format keeps them in: rounded once, or block-quantized in turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../matrix/block_storage.hpp"
#include "elements.hpp"
#include "statistics.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// Scales on their way into storage: rows x cols numbers that still are to be divided by `divisor`. Dividing late keeps the two
/// levels of a two-level scale to one rounding each. `invalid` marks blocks whose scale shall be NaN; empty means none.
struct raw_scales {
    std::size_t rows = 0;
    std::size_t cols = 0;
    float divisor = 1.0F;
    std::vector<float> number;
    std::vector<std::uint8_t> invalid;

    raw_scales(std::size_t r, std::size_t c, float d) : rows(r), cols(c), divisor(d), number(r * c) {}
    bool is_invalid(std::size_t i) const noexcept { return !invalid.empty() && invalid[i] != 0; }
    float quotient(std::size_t i) const noexcept { return divisor == 1.0F ? number[i] : div_rn(number[i], divisor); }
};

inline namespace FEWBITS_BASELINE {

/// Stores plain numbers, each rounded to nearest even, saturating.
template <scale_number S>
void store_scales(number_storage<S>& storage, raw_scales const& raw) noexcept {
    for (std::size_t r = 0; r < raw.rows; ++r) {
        for (std::size_t c = 0; c < raw.cols; ++c) {
            std::size_t const i = r * raw.cols + c;
            if constexpr (std::is_same_v<S, float>) {
                storage.set(r, c, raw.quotient(i));
            } else {
                auto const code = raw.is_invalid(i) && S::codec::has_nan
                                      ? S::codec::encode({0, 0, false, number_class::nan}, nearest_even, saturate)
                                      : S::codec::encode(unpack(raw.quotient(i)), nearest_even, saturate);
                storage.set(r, c, S::from_bits(static_cast<unsigned>(code)));
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

/// Stores scales that are themselves a block format: largest magnitude over largest element at every level, elements rounded
/// under the stored outer scale.
template <block_composition B>
void store_scales(block_storage<B>& storage, raw_scales const& given) {
    using element = typename B::element;
    raw_scales raw = given;
    if constexpr (!std::is_same_v<typename B::offset_type, symmetric>) {
        static_assert(offset_extent<B> == per_tensor, "a nested offset is the mean of all scales");
        raw_scales mean(raw.number.empty() ? 0 : 1, raw.number.empty() ? 0 : 1, 1.0F);
        if (!raw.number.empty()) mean.number[0] = mean_quotient(raw);
        store_scales(storage.offsets(), mean);
        for (std::size_t i = 0; i < raw.number.size(); ++i) {
            raw.number[i] = sub_rn(raw.quotient(i), storage.offset(i / raw.cols, i % raw.cols));
        }
        raw.divisor = 1.0F;
    }
    block_position const grid = block_grid(B::block, raw.rows, raw.cols);
    raw_scales outer(grid.row, grid.col, mul_rn(raw.divisor, largest_element<element>()));
    for (std::size_t i = 0; i < raw.number.size(); ++i) {
        block_position const at = block_of(B::block, i / raw.cols, i % raw.cols, raw.cols);
        float& largest = outer.number[at.row * grid.col + at.col];
        largest = (std::max)(largest, magnitude_of(raw.number[i]));
    }
    store_scales(storage.scales(), outer);
    for (std::size_t i = 0; i < raw.number.size(); ++i) {
        std::size_t const row = i / raw.cols;
        std::size_t const col = i % raw.cols;
        std::uint8_t code = 0;
        if (raw.is_invalid(i) && element::codec::has_nan) {
            code = static_cast<std::uint8_t>(element::codec::encode({0, 0, false, number_class::nan}, nearest_even, saturate));
        } else {
            float const quotient = raw.quotient(i);
            encode_elements<element, float>(&quotient, 1, storage.scale(row, col), element_rule{}, 0, &code);
        }
        store_code(storage.row_codes(row), col * element::width, element::width, code);
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
