// One slice of the catalogue: what each catalogue_<n>.cpp instantiates.
#pragma once

#include "catalogue.hpp"

#include <utility>

namespace exact {

template <class F> outcome quantize_and_read(fb::matrix_view<const float> x, fb::quantize_options const& options) {
    auto const q = fb::quantize<F>(x, options);
    outcome o{q.rows(), q.cols(), {}, {}, {}, {}, std::vector<float>(q.rows() * q.cols()), {}, q.storage_bytes()};
    for (std::size_t r = 0; r < q.rows(); ++r) {
        for (std::size_t c = 0; c < q.cols(); ++c) {
            o.codes.push_back(q.code(r, c));
            o.values.push_back(q.value(r, c));
            o.scales.push_back(q.scale(r, c));
            o.offsets.push_back(q.offset(r, c));
        }
    }
    fb::dequantize(q, fb::matrix_view<float>(o.dequantized.data(), o.rows, o.cols), options.executor);
    for (auto stream : q.streams()) o.streams.emplace_back(stream.begin(), stream.end());
    return o;
}

template <class F>
fb::quantization_error quantize_and_compare(fb::matrix_view<const float> x, fb::quantize_options const& options) {
    return fb::error_statistics(x, fb::quantize<F>(x, options));
}

template <class F> block_format_under_test describe() {
    using element = typename F::element;
    using scale = typename F::scale_type;
    block_format_under_test f{std::string(F::name), F::bits_per_element, F::block, F::method, F::has_zero_point,
        F::has_minimum, F::is_symmetric, element::kind == fb::format_kind::codebook, false,
        std::is_same_v<scale, fb::e8m0>, std::is_same_v<scale, float>, false, {}, &quantize_and_read<F>,
        &quantize_and_compare<F>};
    if constexpr (fb::block_composition<scale>) {
        f.marks_invalid = std::is_same_v<typename scale::element, fb::e4m3>;
        f.uses_absmax_as_found = f.codebook && F::method == fb::scale_method::absmax;
    } else {
        f.marks_invalid = f.power_of_two_scale;
    }
    for (unsigned code = 0; code < 1U << element::width; ++code) {
        float const value = element_value<element>(code);
        // Two's complement leaves its lowest code out by default; ternary never stores the fourth one.
        bool const excess = element::kind == fb::format_kind::integer && element_value<element>(0) < 0;
        bool const left_out = element::kind == fb::format_kind::integer && !excess && F::is_symmetric &&
                              code == 1U << (element::width - 1);
        bool const finite = (bits(value) & 0x7f80'0000U) != 0x7f80'0000U;
        f.elements.push_back(left_out || !finite ? from_bits(0x7fc0'0000U) : value);
    }
    return f;
}

template <int Slice, class... Formats, std::size_t... Index>
void append(fb::type_list<Formats...>, std::index_sequence<Index...>, std::vector<block_format_under_test>& all) {
    (
        [&] {
            if constexpr (Index * slices / sizeof...(Formats) == Slice) all.push_back(describe<Formats>());
        }(),
        ...);
}

template <int Slice> void append_slice(std::vector<block_format_under_test>& all) {
    append<Slice>(fb::all_block_formats{}, std::make_index_sequence<fb::all_block_formats::size>{}, all);
}

} // namespace exact
