// Rows of quantized numbers, dequantised: elements of a matrix, or the scales of a level that are blocks in turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "../kernels/group_kernels.hpp"
#include "../kernels/portable/read_scale.hpp"
#include "../matrix/block_storage.hpp"

namespace fewbits {

/// Room for the scales of a row and its codes, and the same for the levels above; plain numbers need none.
template <class S>
struct read_workspace {};
template <block_composition B>
struct read_workspace<B> {
    std::vector<std::uint8_t> codes;
    std::vector<float> scale;
    std::vector<float> offset;
    std::vector<float> each_scale;  ///< of every column, for narrow groups
    std::vector<float> each_offset;
    read_workspace<typename B::scale_type> scales;
    read_workspace<typename offset_facts<typename B::offset_type>::type> offsets;
};

inline namespace FEWBITS_BASELINE {

/// What stands beside the scales of B.
template <block_composition B>
inline constexpr block_offset offset_kind = is_zero_point<typename B::offset_type>                     ? block_offset::zero_point
                                            : std::is_same_v<typename B::offset_type, symmetric> ? block_offset::none
                                                                                                 : block_offset::minimum;

/// Whether every row of blocks of B is a row of scales, and the offsets lie over the same blocks.
template <block_composition B>
inline constexpr bool has_scales_in_rows = !B::block.linear && offset_extent<B> == B::block;

/// The numbers of one row of a level.
template <scale_number S>
void read_row(processor const& machine, number_storage<S> const& level, std::size_t row, std::size_t count, read_workspace<S>&,
              float* out) {
    if constexpr (std::is_same_v<S, float>) {
        std::memcpy(out, level.row_bytes(row), count * sizeof(float));
    } else {
        on_processor(machine, [&](auto isa) { decode_packed_on<S>(isa, level.row_bytes(row), count, out); });
    }
}
template <block_composition B>
void read_row(processor const& machine, block_storage<B> const& level, std::size_t row, std::size_t count, read_workspace<B>& work,
              float* out);

/// work.scale and work.offset: those of the groups of columns of one row.
template <block_composition B>
    requires(has_scales_in_rows<B>)
void read_scales_of_row(processor const& machine, block_storage<B> const& level, std::size_t row, read_workspace<B>& work) {
    block_position const last = block_of(B::block, row, level.cols() - 1, level.cols());
    work.scale.resize(last.col + 1);
    read_row(machine, level.scales(), last.row, last.col + 1, work.scales, work.scale.data());
    if constexpr (offset_kind<B> != block_offset::none) {
        work.offset.resize(last.col + 1);
        read_row(machine, level.offsets(), last.row, last.col + 1, work.offsets, work.offset.data());
        if constexpr (offset_facts<typename B::offset_type>::sign < 0) {
            for (float& offset : work.offset) offset = -offset;
        }
    }
}

/// The kernels' work on one row, the scales of its groups being in `work`. past_caches: see decode_groups.
template <block_composition B>
void decode_under_scales(block_storage<B> const& level, processor const& machine, std::size_t row, read_workspace<B>& work,
                         bool past_caches, float* out) {
    constexpr block_offset kind = offset_kind<B>;
    std::size_t const cols = level.cols();
    auto const* codes = reinterpret_cast<std::uint8_t const*>(level.row_codes(row));
    if constexpr (B::trits) {
        work.codes.resize(cols);
        unpack_trits(machine, level.row_codes(row), cols, work.codes.data());
        codes = work.codes.data();
    } else if constexpr (B::element::width < 8) {
        work.codes.resize(cols);
        on_processor(machine, [&](auto isa) { unpack_codes_on<B::element::width>(isa, level.row_codes(row), cols, work.codes.data()); });
        codes = work.codes.data();
    }
    float const* const scale = numbers_for_kernels(work.scale.data(), B::block.cols, cols, work.each_scale);
    float const* offset = nullptr;
    if constexpr (kind != block_offset::none) offset = numbers_for_kernels(work.offset.data(), B::block.cols, cols, work.each_offset);
    decode_groups<typename B::element, kind, shift_to_group(B::block.cols)>(machine, codes, cols, scale, offset, past_caches, out);
}

/// Whether the kernels of `machine` decode the rows of B.
template <block_composition B>
constexpr bool decodes_rows_of(processor const& machine) noexcept {
    return has_group_kernels(machine) && has_scales_in_rows<B>;
}

template <block_composition B>
void read_row(processor const& machine, block_storage<B> const& level, std::size_t row, std::size_t count, read_workspace<B>& work,
              float* out) {
    if constexpr (has_scales_in_rows<B>) {
        if (decodes_rows_of<B>(machine)) {
            read_scales_of_row(machine, level, row, work);
            return decode_under_scales(level, machine, row, work, false, out);
        }
    }
    for (std::size_t c = 0; c < count; ++c) out[c] = read_number(level, row, c);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
