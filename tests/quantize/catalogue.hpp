// Every block format of the catalogue behind run-time functions, so that properties are loops and compile once.
#pragma once

#include "exact.hpp"

#include <string>

namespace exact {

/// A quantized matrix, read out through its accessors, and dequantized.
struct outcome {
    std::size_t rows, cols;
    std::vector<unsigned> codes;
    std::vector<float> values, scales, offsets, dequantized;
    std::vector<std::vector<std::byte>> streams;
    std::size_t storage_bytes;
};

struct block_format_under_test {
    std::string name;
    double bits_per_element;
    fb::block_extent block;
    fb::scale_method method;
    bool has_zero_point, has_minimum, is_symmetric;
    bool codebook;               ///< nearest and stochastic only
    bool marks_invalid;          ///< a NaN block instead of an error
    bool power_of_two_scale;     ///< one E8M0 per block
    bool fp32_scale;             ///< one fp32 per block, so nothing is lost when a scale is stored
    bool uses_absmax_as_found;   ///< codes do not see the scale's own rounding (double quantization)
    std::vector<float> elements; ///< value of every code that quantize may give by default, NaN for the others
    outcome (*quantize)(fb::matrix_view<const float>, fb::quantize_options const&);
    fb::quantization_error (*statistics)(fb::matrix_view<const float>, fb::quantize_options const&);
};

/// In the order of all_block_formats.
std::vector<block_format_under_test> const& block_formats();
block_format_under_test const& block_format_named(std::string_view name);

constexpr int slices = 6;
template <int Slice> void append_slice(std::vector<block_format_under_test>& all);

} // namespace exact
