// Scales and offsets of stored blocks, the same bits as the matrices' accessors give but through tables.
#pragma once

#include <cstddef>

#include "../../matrix/block_storage.hpp"
#include "widen.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// The value of every code of a scalar format of at most 8 bits.
template <scalar T>
float const* value_table() noexcept {
    struct table {
        float value[std::size_t{1} << T::width];
        table() noexcept {
            for (unsigned code = 0; code < (1U << T::width); ++code) value[code] = static_cast<float>(T::from_bits(code));
        }
    };
    static table const values;
    return values.value;
}

template <scale_number S>
float read_number(number_storage<S> const& level, std::size_t row, std::size_t col) noexcept {
    if constexpr (std::is_same_v<S, float>) {
        return level.value(row, col);
    } else if constexpr (S::width <= 8) {
        return value_table<S>()[level.code(row, col)];
    } else if constexpr (half_float<S>) {
        return widen_half(S::from_bits(level.code(row, col)));
    } else {
        return level.value(row, col);
    }
}

/// The number in a level of scales, nested levels multiplied out.
template <block_composition B>
float read_number(block_storage<B> const& level, std::size_t row, std::size_t col) noexcept;

/// The whole scale of element (row, col) of a matrix of `cols` columns whose blocks are those of B.
template <block_composition B, class Scales>
float read_scale(Scales const& scales, std::size_t row, std::size_t col, std::size_t cols) noexcept {
    block_position const at = block_of(B::block, row, col, cols);
    return read_number(scales, at.row, at.col);
}

/// The zero point or the signed minimum of element (row, col); 0 where the format has neither.
template <block_composition B, class Offsets>
float read_offset(Offsets const& offsets, std::size_t row, std::size_t col, std::size_t cols) noexcept {
    if constexpr (std::is_same_v<Offsets, no_storage>) {
        return 0.0F;
    } else {
        block_position const at = block_of(offset_extent<B>, row, col, cols);
        float const stored = read_number(offsets, at.row, at.col);
        return offset_facts<typename B::offset_type>::sign < 0 ? -stored : stored;
    }
}

template <block_composition B>
float read_number(block_storage<B> const& level, std::size_t row, std::size_t col) noexcept {
    using element = typename B::element;
    float code_value = 0.0F;
    if constexpr (element::width <= 8) {
        code_value = value_table<element>()[level.code(row, col)];
    } else {
        code_value = static_cast<float>(element::from_bits(level.code(row, col)));
    }
    return block_levels_view<B>::scaled(code_value, read_scale<B>(level.scales(), row, col, level.cols()),
                                      read_offset<B>(level.offsets(), row, col, level.cols()));
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_PRECISE_END
