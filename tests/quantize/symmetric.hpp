// One symmetric block format against the definition: scale = largest magnitude / largest element, every code and value.
#pragma once

#include "exact.hpp"

#include <catch2/catch.hpp>

namespace exact {

/// What the test knows about a format: its blocks (0 = the whole axis), the value its largest magnitude meets, and for
/// integers the lowest and highest code.
struct symmetric_facts {
    std::size_t block_rows, block_cols;
    float largest;
    int lowest = 0, highest = 0;
};

struct block_range {
    std::size_t r0, r1, c0, c1;
};
inline block_range block_around(symmetric_facts f, matrix const& x, std::size_t r, std::size_t c) {
    std::size_t const h = f.block_rows == 0 ? x.rows : f.block_rows;
    std::size_t const w = f.block_cols == 0 ? x.cols : f.block_cols;
    return {r / h * h, std::min(x.rows, r / h * h + h), c / w * w, std::min(x.cols, c / w * w + w)};
}

template <class F> void check_symmetric(symmetric_facts f, matrix const& x, fb::quantize_options const& options = {}) {
    using element = typename F::element;
    using scale_type = typename F::scale_type;
    auto const q = fb::quantize<F>(x.view(), options);
    auto const y = dequantized(q);
    tally t;
    matrix scales(x.rows, x.cols);
    for (std::size_t r = 0; r < x.rows; ++r) {
        for (std::size_t c = 0; c < x.cols; ++c) {
            block_range const b = block_around(f, x, r, c);
            if (r != b.r0 || c != b.c0) {
                scales(r, c) = scales(b.r0, b.c0);
            } else {
                float top = 0;
                for (std::size_t i = b.r0; i < b.r1; ++i) {
                    for (std::size_t j = b.c0; j < b.c1; ++j) top = std::max(top, magnitude(x(i, j)));
                }
                float const ratio = div(top, f.largest);
                if constexpr (std::is_same_v<scale_type, float>)
                    scales(r, c) = ratio;
                else
                    scales(r, c) = element_value<scale_type>(nearest_code<scale_type>(wide(ratio)));
            }
            float const scale = scales(r, c);
            float const quotient = scale > 0 ? div(x(r, c), scale) : from_bits(bits(x(r, c)) & 0x8000'0000U);
            unsigned code = 0;
            if constexpr (element::kind == fb::format_kind::integer) {
                int const integer = clamp(nearest_integer(wide(quotient)), f.lowest, f.highest);
                code = static_cast<unsigned>(integer) & ((1U << element::width) - 1);
            } else {
                code = nearest_code<element>(wide(quotient));
            }
            float const value = mul(element_value<element>(code), scale);
            bool const right = q.code(r, c) == code && bits(q.scale(r, c)) == bits(scale) && q.offset(r, c) == 0.0F &&
                               bits(q.value(r, c)) == bits(value) && bits(y(r, c)) == bits(value);
            t.expect(right, [&](auto& out) {
                out << F::name << ' ' << r << ',' << c << " x " << x(r, c) << " scale " << q.scale(r, c) << " want "
                    << scale << " code " << q.code(r, c) << " want " << code;
            });
        }
    }
    REQUIRE_TALLY(t);
}

/// Shapes that fill no tile, single ones, and widths either side of a group.
template <class F> void check_shapes(symmetric_facts f) {
    for (std::size_t cols : {1U, 31U, 64U, 129U, 300U}) check_symmetric<F>(f, rough_matrix(3, cols, cols + 1, 3));
}

} // namespace exact
