// One side of a product with its format erased: the few facts that choose a kernel and the few functions that read it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "../format/layout.hpp"

namespace fewbits {

/// How the elements of a dense matrix lie in memory, where vectors read them there.
enum class dense_form : unsigned char {
    none,         ///< no dense matrix
    floats,       ///< fp32
    halves,       ///< IEEE style 16 bits, 5 of them exponent
    upper_halves, ///< the upper 16 bits of a float
    others        ///< a dense matrix all the same: read by operand::read_rows
};

/// What a kernel needs to know of a format to say whether it takes it.
struct operand_facts {
    std::string_view name;
    format_kind kind = format_kind::minifloat;  ///< of the elements
    bool exact_integers = false;  ///< integer elements of at most 8 bits, symmetric, one scale per group along K
    bool byte_elements = false;   ///< elements of any kind, with or without an offset, that are integers in -128..127 or 0..255
    int fraction = 0;             ///< where either is true: the elements are integers times 2^fraction, -8 <= fraction <= 0
    std::size_t group = 0;        ///< columns that share a scale; 0 = the whole row
    int width = 32;               ///< bits of a code
    bool symmetric = true;        ///< no zero point, no minimum
    bool zero_point = false;      ///< an integer zero point, not a minimum
    bool plain_codes = false;     ///< a code stands for itself as an unsigned integer
    bool grouped = false;         ///< stored as codes of at most 8 bits, scales along K constant over whole quads of columns
    bool looked_up = false;       ///< in panels, elements all bf16 or of at most 4 bits, scales and offsets for the same columns
    bool power_scales = false;    ///< every scale is a power of two or no number
    bool exact_in_bf16 = false;   ///< dense or grouped, and every element that is a number is a bf16
    bool near_bf16_sums = false;  ///< symmetric, grouped, every element but for 6e-6 of it the sum of two bf16, all far from fp32's ends
    /// Columns whose scales and minimums are integers times two numbers, at most 256; 0: they are not.
    std::size_t super_block = 0;
    dense_form dense = dense_form::none;
};

/// Columns that a group of a `grouped` format is a multiple of.
inline constexpr std::size_t quad_columns = 16;

/// What is read: the dequantised values, or the elements without their scale (the code's own value).
enum class reading : unsigned char { values, elements };

class operand;
struct scale_reader;

/// A rectangle of an operand: rows [row, row + rows), stored columns [first, first + depth).
struct rectangle {
    std::size_t row, rows, first, depth;
};

/// How a panel's 16 numbers of each group stand in memory, where vectors read them there.
enum class number_form : unsigned char {
    none,    ///< they do not
    floats,  ///< fp32
    halves,  ///< fp16
    powers   ///< of two: the exponent's bits in fp32, all ones no number; lines of four groups as codes have
};

/// Numbers of some panels from their first group on.
struct panel_place {
    std::byte const* first;  ///< panel
    std::size_t stride;      ///< bytes between panels
    number_form form;
};

/// How a `grouped` or `looked_up` operand gives panels of 16 rows (panel_order.hpp).
struct panel_functions {
    int width;                           ///< bits of a code
    float const* (*values)() noexcept;   ///< the value of each code, 2^width of them
    /// The lines of a panel; null where the matrix is stored row by row.
    std::byte const* (*lines)(operand const& self, std::size_t panel) noexcept;
    /// out[k] = the code in `row`, stored column first + k, k < depth; first a multiple of 8.
    void (*codes)(operand const& self, std::size_t row, std::size_t first, std::size_t depth, std::uint8_t* out) noexcept;
    /// scale[16 * i + r], offset[16 * i + r] of groups [first, first + count) of the panel's rows; count <= scale_window.
    void (*scales)(operand const& self, scale_reader const& reader, std::size_t panel, std::size_t first, std::size_t count,
                   float* scale, float* offset) noexcept;
    /// Where facts.super_block: the integers that scales of those groups are, likewise, and those that minimums are, two in a lane:
    /// of every four groups the first with the third in minimum[32 * (i / 4) + r], then the second with the fourth.
    void (*integers)(operand const& self, scale_reader const& reader, std::size_t panel, std::size_t first, std::size_t count,
                     std::uint32_t* scale, std::uint32_t* minimum) noexcept;
    /// And the numbers of super-blocks [first, first + count) that they are to be multiplied by.
    void (*factors)(operand const& self, scale_reader const& reader, std::size_t panel, std::size_t first, std::size_t count,
                    float* scale, float* minimum) noexcept;
    /// Where the scales of panels from this one on are as they are; symmetric formats.
    panel_place (*stored_scales)(operand const& self, std::size_t panel) noexcept;
    /// Asks memory for what `scales` reads of a prepacked matrix.
    void (*fetch_scales)(operand const& self, std::size_t panel, std::size_t first, std::size_t count) noexcept;
};

/// How an operand is read; one table per type of matrix.
struct operand_functions {
    operand_facts facts;
    /// out[i * stride + k] = the element in row `row + i`, stored column `first + k`. Fast. depth <= chunk_depth (tile.hpp).
    void (*rows)(operand const& self, reading what, rectangle part, float* out, std::size_t stride);
    /// The same into one strip as the tiled product wants it (see strip.hpp); depth <= chunk_depth, rows <= strip_columns.
    void (*strip)(operand const& self, reading what, rectangle part, float* out);
    /// out[i] = the whole scale of row `row + i` at stored column `column`.
    void (*scales)(operand const& self, std::size_t row, std::size_t rows, std::size_t column, float* out);
    /// One element through the matrix's own accessors: the definition, slow.
    float (*at)(operand const& self, reading what, std::size_t row, std::size_t column);
    panel_functions panels{};  ///< where facts.grouped or looked_up
};

/// A matrix of any kind as gemm sees it; refers to the matrix or to a view's data, owns nothing.
class operand {
public:
    operand(operand_functions const& functions, void const* object, std::size_t rows, std::size_t cols,
            std::size_t stride, std::span<std::uint32_t const> permutation = {}) noexcept
        : functions_(&functions), facts_(&functions.facts), object_(object), rows_(rows), cols_(cols), stride_(stride),
          permutation_(permutation) {}

    /// The same with other facts, which have to outlive it.
    operand with_facts(operand_facts const& facts) const noexcept {
        operand result = *this;
        result.facts_ = &facts;
        return result;
    }

    operand_facts const& facts() const noexcept { return *facts_; }
    panel_functions const& panels() const noexcept { return functions_->panels; }
    void const* object() const noexcept { return object_; }
    std::size_t rows() const noexcept { return rows_; }
    std::size_t cols() const noexcept { return cols_; }
    std::size_t stride() const noexcept { return stride_; }
    /// Stored column j is logical column permutation()[j]; empty = the identity.
    std::span<std::uint32_t const> permutation() const noexcept { return permutation_; }

    void read_rows(reading what, rectangle part, float* out, std::size_t out_stride) const {
        functions_->rows(*this, what, part, out, out_stride);
    }
    void read_strip(reading what, rectangle part, float* out) const { functions_->strip(*this, what, part, out); }
    void read_scales(std::size_t row, std::size_t rows, std::size_t column, float* out) const {
        functions_->scales(*this, row, rows, column, out);
    }
    float at(reading what, std::size_t row, std::size_t column) const { return functions_->at(*this, what, row, column); }

private:
    operand_functions const* functions_;
    operand_facts const* facts_;
    void const* object_;
    std::size_t rows_;
    std::size_t cols_;
    std::size_t stride_;
    std::span<std::uint32_t const> permutation_;
};

}  // namespace fewbits
