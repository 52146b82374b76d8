// The run-time registry: every block format of the library by name, and pairs of activation and weight formats.
#pragma once

#include "projection.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace perplexity {

/// Rounds activations (tokens x inputs) to a format and back to float.
using activation_rounding = std::function<void(const_float_view x, float_view out)>;

/// What kind of numbers a format's elements are; the plot colours by it.
enum class element_kind { integer, minifloat, codebook };

/// One format, as weights under float activations and as activations.
struct format_entry {
    std::string name;
    element_kind kind = element_kind::integer;
    projection_maker weights;
    activation_rounding activations;
    std::string kernel;  // of fewbits::gemm with float activations
};

/// One pair whose product runs on the quantized operands themselves.
struct pair_entry {
    std::string label;  // the field's name for it: W8A8
    std::string activations, weights;
    projection_maker make;
    std::string kernel;
};

/// One row of the table to be.
struct row_request {
    std::string name;    // "int4_g32", or "activations x weights" for a pair
    bool pair = false;
    element_kind kind = element_kind::integer;  // of the weights
    projection_maker make;
    std::string kernel;
};

/// All formats: those of all_block_formats, then bf16 and fp16.
const std::vector<format_entry>& format_registry();
const std::vector<pair_entry>& pair_registry();

/// Unrounded weights and activations: the row everything is compared with.
projection_maker float_projection();

/// The row that `text` asks for: a format, a pair "AxW" (activations x weights), or a pair's label. A pair outside
/// pair_registry() has its activations rounded to A and back to float, which gemm's error bound makes the same product.
/// Throws usage_error for anything else.
row_request find_row(std::string_view text);

/// Every format as weights, then every pair of pair_registry().
std::vector<row_request> default_rows();

}  // namespace perplexity
