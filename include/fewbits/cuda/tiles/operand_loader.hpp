// One side's way from global memory into the operands of matrix instructions, a step of K at a time.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <numeric>

#include "../numbers/conversions.hpp"
#include "../operands/float8_operand.hpp"
#include "operand_tile.hpp"

namespace fewbits {

/// `Rows` rows of X by `Chunks` runs of 16 bytes of the operand, for a block of `Threads`. Facts say what the operand is (product_operand);
/// its scales are for every `Unit` columns.
///
/// Stored bytes are copied to one of several stages, asynchronously where rows begin on 16 bytes and hold multiples of 16; from there
/// they are decoded into one of two operands, unless they are the operand as they are. The order is: copy(0), copy(1), then for every
/// step copy(step + 2) while step is multiplied and step + 1 decoded; a barrier between two steps.
template <class X, class Facts, unsigned Rows, int Chunks, unsigned Unit, unsigned Threads>
class operand_loader {
    using facts = Facts;
    using tile = operand_tile<Chunks>;
    static constexpr unsigned chunk_columns = facts::chunk_columns;
    static constexpr unsigned chunk_bytes = chunk_columns * facts::width / 8;
    static constexpr unsigned columns = Chunks * chunk_columns;  ///< of a step
    static constexpr unsigned step_bytes = Chunks * chunk_bytes;
    static constexpr unsigned unaligned = step_bytes % 16 == 0 ? 0 : 16 - std::gcd(step_bytes, 16U);  ///< at most, a step's first byte
    static constexpr unsigned raw_pitch = (step_bytes + unaligned + 15) / 16 * 16;
    static constexpr unsigned pieces = facts::direct ? Chunks : raw_pitch / 16;
    static constexpr unsigned slots = std::bit_ceil(pieces);  ///< threads for a row, of which `pieces` copy
    static constexpr unsigned turns = (Rows * slots + Threads - 1) / Threads;
    static constexpr unsigned stages = facts::direct ? 3 : 2;
    static constexpr unsigned term_bytes = Rows * tile::row_bytes;
    static constexpr unsigned stage_bytes = facts::direct ? term_bytes : Rows * raw_pitch;
    static constexpr unsigned scale_count = facts::has_scales ? columns / Unit * Rows : 0;
    static constexpr unsigned operands_at = stages * stage_bytes;
    static constexpr unsigned scales_at = operands_at + (facts::direct ? 0 : 2 * facts::terms * term_bytes);
    static constexpr unsigned table_at = scales_at + 2 * scale_count * 4;
    static constexpr unsigned run = Rows * Chunks / Threads;  ///< chunks of a row that a thread decodes
    static_assert(facts::direct || run * Threads == Rows * Chunks);
    static constexpr bool cuts_bytes = facts::direct && facts::width < 8;  ///< K may end within one

public:
    static constexpr unsigned terms = facts::terms;
    static constexpr bool has_scales = facts::has_scales;
    using scale_type = typename facts::scale_type;
    static constexpr std::size_t shared_bytes = table_at + (facts::has_table ? 4U << facts::width : 0U);
    static constexpr unsigned held = has_scales ? (scale_count + Threads - 1) / Threads : 1;  ///< scales of a step that a thread brings

    FEWBITS_DEVICE operand_loader(product_side<X> const& side, std::size_t first_row, unsigned depth, std::byte* shared)
        : side_(&side), first_row_(first_row), depth_(depth),
          rows_(side.rows - first_row < Rows ? static_cast<unsigned>(side.rows - first_row) : Rows), shared_(shared) {
        if constexpr (facts::blocks) {
            base_ = side.view.codes;
            pitch_ = side.view.row_bytes;
        } else {
            base_ = reinterpret_cast<std::byte const*>(side.data);
            pitch_ = side.stride * sizeof(X);
        }
        row_bytes_ = static_cast<unsigned>(stream_bytes(depth, facts::width));
        bool const whole = !cuts_bytes || depth * facts::width % 8 == 0;
        aligned_ = !facts::trits && whole && (reinterpret_cast<std::uintptr_t>(base_) | pitch_ | row_bytes_) % 16 == 0;
    }

    /// The table of codes, if there is one; a barrier has to follow.
    template <class Machine>
    FEWBITS_DEVICE void prepare(Machine& m) const {
        if constexpr (facts::has_table) {
            for (unsigned code = m.thread(); code < 1U << facts::width; code += Threads) {
                auto const number = static_cast<float>(facts::element::from_bits(code));
                if constexpr (facts::form == operand_form::values) table()[code] = bit_cast<std::uint32_t>(number);
                else if constexpr (facts::form == operand_form::float8) table()[code] = nearest_8bit_pair<4>(number, 0.0F);
                else table()[code] = two_bf16(number);
            }
        }
    }

    template <class Machine>
    FEWBITS_DEVICE void copy(Machine& m, unsigned step) const {
        unsigned const piece = m.thread() % slots;
        unsigned const first = m.thread() / slots;
        unsigned const at = step * step_bytes / 16 * 16 + piece * 16;
        auto const to = [&](unsigned row) {
            return stage(step) + (facts::direct ? tile::place(row, piece) : row * raw_pitch + piece * 16);
        };
        if (slots != pieces && piece >= pieces) return;
        if (aligned_) {
            std::byte const* from = base_ + (first_row_ + first) * pitch_ + at;
            repeated<turns>([&](unsigned turn) {
                unsigned const row = first + turn * (Threads / slots);
                if (turns * (Threads / slots) > Rows && row >= Rows) return;
                bool const inside = row < rows_ && at < row_bytes_;
                m.copy16(to(row), from + turn * (Threads / slots) * pitch_, inside);
            });
        } else {
            rolled(first, Rows, Threads / slots, [&](unsigned row) {
                *reinterpret_cast<word4*>(to(row)) = {};
                if (row < rows_) gather(first_row_ + row, at, to(row));
            });
        }
    }

    /// This thread's scales of a step, no_scale outside of the matrix; `keep` puts them where the others see them.
    template <class Machine>
    FEWBITS_DEVICE void fetch_scales(Machine& m, unsigned step, scale_type (&scales)[held]) const {
        if constexpr (has_scales) {
            repeated<held>([&](unsigned h) {
                unsigned const i = m.thread() + h * Threads;
                unsigned const row = i % Rows;
                unsigned const column = step * columns + i / Rows * Unit;
                bool const inside = i < scale_count && row < rows_ && column < depth_;
                scales[h] = facts::no_scale;
                if (inside) scales[h] = facts::template read_scale<Unit>(side_->view, first_row_ + row, column, depth_);
            });
        }
    }
    template <class Machine>
    FEWBITS_DEVICE void keep(Machine& m, unsigned step, scale_type const (&scales)[held]) const {
        if constexpr (has_scales) {
            repeated<held>([&](unsigned h) {
                unsigned const i = m.thread() + h * Threads;
                if (i >= scale_count) return;
                scales_of(step)[i] = scales[h];
                if constexpr (facts::scale_signs != 0) move_signs(step, i, scales_of(step)[i]);
            });
        }
    }

    /// Makes the operand of a step from its stage.
    template <class Machine>
    FEWBITS_DEVICE void decode(Machine& m, unsigned step) const {
        if constexpr (!facts::direct) {
            unsigned const row = m.thread() * run / Chunks;
            unsigned const chunk = m.thread() * run % Chunks;
            unsigned const column = step * columns + chunk * chunk_columns;
            std::byte const* const from = stage(step) + row * raw_pitch + step * step_bytes % 16 + chunk * chunk_bytes;
            block_numbers const numbers = read_numbers(row, column);
            auto const to = [&](unsigned j, unsigned t) {
                return reinterpret_cast<word4*>(operands(step) + t * term_bytes + tile::place(row, chunk + j));
            };
            repeated<run>([&](unsigned j) {
                std::uint32_t words[terms][4];
                convert(from + j * chunk_bytes, row, column + j * chunk_columns, numbers, words);
                repeated<terms>([&](unsigned t) {
                    *to(j, t) = {words[t][0], words[t][1], words[t][2], words[t][3]};
                });
            });
            if ((step + 1) * columns > depth_) {
                rolled(0, run * terms, 1, [&](unsigned i) { cut(column + i / terms * chunk_columns, *to(i / terms, i % terms)); });
            }
        }
    }

    /// What is multiplied in a step: an operand_tile for each term.
    FEWBITS_DEVICE std::byte const* term(unsigned step, unsigned t) const {
        if constexpr (facts::direct) return stage(step);
        else return operands(step) + t * term_bytes;
    }
    /// The scale of row `row` of the block for columns [unit * Unit, (unit + 1) * Unit) of a step.
    FEWBITS_DEVICE scale_type scale_of(unsigned step, unsigned unit, unsigned row) const {
        return scales_of(step)[unit * Rows + row];
    }
    /// The factor that all of the matrix has besides.
    FEWBITS_DEVICE float outer_scale() const { return facts::outer_scale(side_->view); }

private:
    /// What the columns that a thread decodes have in common.
    struct block_numbers {
        float scale;
        float offset;
    };

    FEWBITS_DEVICE std::byte* stage(unsigned step) const { return shared_ + step % stages * stage_bytes; }
    FEWBITS_DEVICE std::byte* operands(unsigned step) const { return shared_ + operands_at + step % 2 * (terms * term_bytes); }
    FEWBITS_DEVICE scale_type* scales_of(unsigned step) const {
        return reinterpret_cast<scale_type*>(shared_ + scales_at) + step % 2 * scale_count;
    }
    FEWBITS_DEVICE std::uint32_t* table() const { return reinterpret_cast<std::uint32_t*>(shared_ + table_at); }

    /// Up to 16 bytes of a row from byte `at` on, one after the other.
    FEWBITS_DEVICE void gather(std::size_t row, unsigned at, std::byte* to) const {
        rolled(at, at + 16 < row_bytes_ ? at + 16 : row_bytes_, 1, [&](unsigned b) { to[b - at] = stored_byte(row, b); });
    }
    FEWBITS_DEVICE std::byte stored_byte(std::size_t row, unsigned at) const {
        if constexpr (facts::trits) {
            unsigned codes = 0;
            for (unsigned i = 0; i < 4 && 4 * at + i < depth_; ++i) codes |= side_->view.code(row, 4 * at + i) << (2 * i);
            return static_cast<std::byte>(codes);
        } else {
            auto const stored = static_cast<unsigned>(base_[row * pitch_ + at]);
            bool const last = cuts_bytes && at == row_bytes_ - 1;
            return static_cast<std::byte>(last ? stored & 0xFFU >> (7 - (depth_ * facts::width - 1) % 8) : stored);
        }
    }

    /// Scales of 16 codes of 4 bits give their signs to these, which are in the stage.
    FEWBITS_DEVICE void move_signs(unsigned step, unsigned number, scale_type& scales) const {
        rolled(0, (scales & facts::scale_signs) != 0 ? 4 : 0, 1, [&](unsigned i) {
            if ((scales >> (8 * i) & 0x80U) == 0) return;
            unsigned const column = number / Rows * Unit + i * 16;
            std::byte* const codes = stage(step) + tile::place(number % Rows, column / chunk_columns) + column % chunk_columns / 2;
            repeated<2>([&](unsigned w) { reinterpret_cast<std::uint32_t*>(codes)[w] ^= 0x88888888U; });
        });
        scales &= ~facts::scale_signs;
    }

    /// Whether a thread's columns are of one block, and its offset of the same one.
    static constexpr bool run_in_block = [] {
        if constexpr (facts::form != operand_form::values || !facts::blocks) return false;
        else return !X::block.linear && X::block.cols % (run * chunk_columns) == 0 && offset_extent<X> == X::block;
    }();

    FEWBITS_DEVICE block_numbers read_numbers(unsigned row, unsigned column) const {
        if constexpr (facts::form == operand_form::values && facts::blocks) {
            std::size_t const r = first_row_ + (row < rows_ ? row : 0);
            unsigned const c = column < depth_ ? column : depth_ - 1;
            return {side_->view.scale(r, c), side_->view.offset(r, c)};
        } else {
            return {};
        }
    }

    FEWBITS_DEVICE void convert(std::byte const* from, unsigned row, unsigned column, block_numbers const& numbers,
                                std::uint32_t (&words)[terms][4]) const {
        using element = typename facts::element;
        if constexpr (facts::form == operand_form::bytes || facts::form == operand_form::float8) {
            repeated<2>([&](unsigned half) {
                std::uint64_t const codes = load_eight<facts::width>(from + half * facts::width);
                std::uint32_t bytes[2] = {};
                if constexpr (facts::form == operand_form::bytes) integers_to_bytes<element>(codes, bytes);
                else if constexpr (!facts::has_table) codes_to_float8<element>(codes, bytes);
                else repeated<8>([&](unsigned i) { bytes[i / 4] |= table()[code_at<facts::width>(codes, i)] << (i % 4 * 8); });
                words[0][2 * half] = bytes[0];
                words[0][2 * half + 1] = bytes[1];
            });
        } else if constexpr (!facts::blocks) {
            convert_numbers(from, words);
        } else if constexpr (facts::form == operand_form::values) {
            convert_values(load_eight<facts::width>(from), row, column, numbers, words);
        } else if constexpr (!facts::has_table) {
            codes_to_bf16<element>(load_eight<facts::width>(from), words[0]);
        } else {
            std::uint64_t const codes = load_eight<facts::width>(from);
            repeated<4>([&](unsigned p) {
                std::uint32_t const low = table()[code_at<facts::width>(codes, 2 * p)];
                std::uint32_t const high = table()[code_at<facts::width>(codes, 2 * p + 1)];
                words[0][p] = permute_bytes(low, high, 0x5410);
                if constexpr (terms == 2) words[1][p] = permute_bytes(low, high, 0x7632);
            });
        }
    }

    FEWBITS_DEVICE void convert_values(std::uint64_t codes, unsigned row, unsigned column, block_numbers numbers,
                                       std::uint32_t (&words)[terms][4]) const {
        float value[8];
        repeated<8>([&](unsigned i) {
            if constexpr (!run_in_block) numbers = read_numbers(row, column + i);
            auto const number = bit_cast<float>(table()[code_at<facts::width>(codes, i)]);
            value[i] = quantized_view<X>::scaled(number, numbers.scale, numbers.offset);
        });
        sums_of_bf16(value, words);
    }

    /// Numbers of a dense matrix.
    FEWBITS_DEVICE static void convert_numbers(std::byte const* from, std::uint32_t (&words)[terms][4]) {
        float value[8];
        repeated<8>([&](unsigned i) {
            if constexpr (std::is_same_v<X, float>) value[i] = reinterpret_cast<float const*>(from)[i];
            else if constexpr (facts::halves) value[i] = from_fp16(reinterpret_cast<std::uint16_t const*>(from)[i]);
            else value[i] = static_cast<float>(reinterpret_cast<X const*>(from)[i]);
        });
        sums_of_bf16(value, words);
    }

    /// A chunk of columns from `column` on becomes zero beyond the last.
    FEWBITS_DEVICE void cut(unsigned column, word4& chunk) const {
        unsigned const left = depth_ <= column ? 0 : (depth_ - column) * (128 / chunk_columns);  // bits
        repeated<4>([&](unsigned w) {
            chunk.at[w] &= left >= 32 * (w + 1) ? ~0U : left <= 32 * w ? 0U : (1U << left % 32) - 1;
        });
    }

    product_side<X> const* side_;
    std::size_t first_row_;
    unsigned depth_;
    unsigned rows_;  ///< of the block's that there are
    std::byte* shared_;
    std::byte const* base_;
    std::size_t pitch_;
    unsigned row_bytes_;
    bool aligned_;
};

}  // namespace fewbits
