// The run-time registry: every block format of the library by name, and any two of them as a pair.
#pragma once

#include "quantized.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace perplexity {

/// What kind of numbers a format's elements are; the plot colours by it.
enum class element_kind { integer, minifloat, codebook };

struct format_entry {
    std::string name;
    element_kind kind = element_kind::integer;
    quantizer quantize = nullptr;
    fewbits::operand_facts facts{};  // what fewbits chooses a kernel by
};

/// One row of the table to be.
struct row_request {
    std::string name;  // "int4_g32", or "activations x weights" for a pair
    bool pair = false;
    element_kind kind = element_kind::integer;  // of the weights
    projection_maker make;
    std::string kernel;  // which product runs, and why
};

/// float, bf16, fp16, then all_block_formats. A format is one line of the catalogue: nothing here names it.
const std::vector<format_entry>& format_registry();

/// The field's names for pairs: label, activations, weights.
struct pair_label {
    const char* label;
    const char* activations;
    const char* weights;
};
const std::vector<pair_label>& pair_labels();

/// The row that `text` asks for: a format under float activations, any pair "AxW" (activations x weights), or a pair's
/// label. Throws usage_error for anything else.
row_request find_row(std::string_view text);

/// What everything is compared with: nothing rounded.
row_request reference_row();

/// Every format as weights, then the labelled pairs.
std::vector<row_request> default_rows();

}  // namespace perplexity
