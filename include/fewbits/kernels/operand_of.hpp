// The table of functions that reads each kind of matrix, and the operand made from it: all that a format adds to gemm.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include "../codec/exactness.hpp"
#include "../matrix/matrix_view.hpp"
#include "../matrix/prepacked_matrix.hpp"
#include "../matrix/quantized_matrix.hpp"
#include "../scaling/scale_rule.hpp"
#include "bf16_parts.hpp"
#include "integer_scales.hpp"
#include "operand.hpp"
#include "panel_scales.hpp"
#include "portable/decode_panel.hpp"
#include "portable/decode_row.hpp"
#include "portable/strip.hpp"
#include "portable/widen.hpp"

namespace fewbits {

/// What a dense matrix may hold on either side of gemm: float, or a scalar format.
template <class T>
concept dense_element = std::same_as<T, float> || scalar<T>;

inline namespace FEWBITS_BASELINE {

/// Whether every number of a scalar format is also a bf16: 8 significant bits within the exponents of fp32's normal range.
template <scalar T>
inline constexpr bool elements_are_bf16 = [] {
    if constexpr (T::width <= 8) {
        for (unsigned code = 0; code < (1U << T::width); ++code) {
            std::uint32_t const bits = bit_cast<std::uint32_t>(static_cast<float>(T::from_bits(code)));
            bool const tiny = (bits & 0x7F800000U) == 0 && (bits & 0x7FFFFFFFU) != 0;
            if ((bits & 0xFFFFU) != 0 || tiny) return false;
        }
        return true;
    } else {
        return T::kind == format_kind::minifloat && T::layout.exponent_bits == 8 && T::layout.mantissa_bits <= 7;
    }
}();

/// Whether every element of at most 8 bits is nearly the sum of two bf16 (operand_facts::near_bf16_sums).
template <scalar T>
    requires(T::width <= 8)
inline constexpr bool elements_are_near_bf16_sums = [] {
    constexpr std::uint32_t lowest = (127U - 60U) << 23;
    constexpr std::uint32_t highest = (127U + 60U) << 23;
    auto const widened = [](std::uint32_t upper) { return static_cast<double>(bit_cast<float>(upper << 16)); };
    for (unsigned code = 0; code < (1U << T::width); ++code) {
        float const value = static_cast<float>(T::from_bits(code));
        std::uint32_t const bits = bit_cast<std::uint32_t>(value);
        std::uint32_t const magnitude = bits & 0x7FFFFFFFU;
        if (magnitude == 0) continue;
        if (magnitude < lowest || magnitude > highest) return false;
        std::uint16_t const first = bf16_near(bits);
        double const left = static_cast<double>(value) - widened(first) - widened(bf16_rest(bits, first));
        double const size = value < 0 ? -static_cast<double>(value) : static_cast<double>(value);
        if (left > 6e-6 * size || left < -6e-6 * size) return false;
    }
    return true;
}();

/// The elements as integers of 8 bits, signed or not.
template <scalar T>
consteval integer_view bytes_of() {
    integer_view const view = integers_of<T>(9);
    bool const fits = view.lowest == 0 || (view.lowest >= -128 && view.highest <= 127);
    return fits ? view : integer_view{};
}

/// The facts of a format X: a block format, float or a scalar format.
template <class X>
constexpr operand_facts facts_of() noexcept {
    operand_facts facts;
    if constexpr (block_format<X>) {
        using element = typename X::element;
        facts.name = X::name;
        facts.kind = element::kind;
        facts.group = X::block.cols;
        if constexpr (element::kind == format_kind::integer && element::width <= 8 && X::is_symmetric &&
                      X::block.cols != 1 && !X::block.linear) {
            facts.exact_integers = element::layout.exponent <= 0 && element::layout.exponent >= -8;
            facts.fraction = element::layout.exponent;
        }
        if constexpr (element::width <= 8 && X::block.cols != 1 && !X::block.linear) {
            constexpr integer_view as_integers = bytes_of<element>();
            facts.byte_elements = as_integers.exact && as_integers.exponent <= 0 && as_integers.exponent >= -8;
            if (facts.byte_elements && !facts.exact_integers) facts.fraction = as_integers.exponent;
        }
        facts.width = element::width;
        facts.symmetric = X::is_symmetric;
        facts.zero_point = X::has_zero_point;
        if constexpr (element::kind == format_kind::integer) {
            facts.plain_codes = element::layout.exponent == 0 && element::codec::lowest == 0 && element::codec::excess == 0;
        }
        bool const in_panels = element::width <= 8 && !X::trits && !X::block.linear && (X::is_symmetric || offset_extent<X> == X::block);
        facts.grouped = in_panels && X::block.cols % quad_columns == 0;
        facts.looked_up = in_panels && (element::width <= 4 || elements_are_bf16<element>);
        facts.power_scales = is_power_of_two_scale<typename X::scale_type>;
        facts.exact_in_bf16 = facts.grouped && elements_are_bf16<element>;
        if constexpr (element::width <= 8 && X::is_symmetric) {
            facts.near_bf16_sums = facts.grouped && elements_are_near_bf16_sums<element>;
        }
        if (facts.grouped && facts.plain_codes) facts.super_block = super_block_of<X>();
    } else if constexpr (std::is_same_v<X, float>) {
        facts.name = "float";
        facts.dense = dense_form::floats;
    } else {
        facts.name = X::name;
        facts.kind = X::kind == format_kind::codebook ? format_kind::codebook : format_kind::minifloat;
        facts.exact_in_bf16 = elements_are_bf16<X>;
        facts.dense = dense_form::others;
        if constexpr (half_float<X>) {
            if (X::layout.exponent_bits == 5) facts.dense = dense_form::halves;
            if (X::layout.exponent_bits == 8) facts.dense = dense_form::upper_halves;
        }
    }
    return facts;
}

namespace operand_detail {

/// A strip from rows, for every layout that stores rows.
inline void strip_from_rows(operand const& self, reading what, rectangle part, float* out) {
    alignas(64) float rows[strip_size];
    self.read_rows(what, part, rows, chunk_depth);
    make_strip(rows, part.rows, part.depth, out);
}

template <class T>
struct dense {
    static T const* row(operand const& self, std::size_t r) noexcept {
        return static_cast<T const*>(self.object()) + r * self.stride();
    }
    static void rows(operand const& self, reading, rectangle part, float* out, std::size_t stride) {
        for (std::size_t i = 0; i < part.rows; ++i) {
            widen_row(row(self, part.row + i) + part.first, part.depth, out + i * stride);
        }
    }
    static void scales(operand const&, std::size_t, std::size_t rows, std::size_t, float* out) {
        std::fill_n(out, rows, 1.0F);
    }
    static float at(operand const& self, reading, std::size_t row_index, std::size_t column) {
        return static_cast<float>(row(self, row_index)[column]);
    }
    static constexpr operand_functions functions{facts_of<T>(), &rows, &strip_from_rows, &scales, &at};
};

/// What quantized and prepacked matrices have in common: the accessors.
template <class F, class Matrix>
struct stored {
    static Matrix const& matrix(operand const& self) noexcept { return *static_cast<Matrix const*>(self.object()); }
    static void scales(operand const& self, std::size_t row, std::size_t rows, std::size_t column, float* out) {
        constexpr std::size_t band = F::block.rows;
        for (std::size_t i = 0; i < rows; ++i) {
            bool const same = i != 0 && (band == 0 || (row + i) % (band == 0 ? 1 : band) != 0) && !F::block.linear;
            out[i] = same ? out[i - 1] : matrix(self).scale(row + i, column);
        }
    }
    static float at(operand const& self, reading what, std::size_t row, std::size_t column) {
        if (what == reading::values) return matrix(self).value(row, column);
        return static_cast<float>(F::element::from_bits(matrix(self).code(row, column)));
    }
};

/// Panels of a format, where it has them.
template <class F, class Matrix>
struct panels {
    static Matrix const& matrix(operand const& self) noexcept { return *static_cast<Matrix const*>(self.object()); }
    static std::byte const* lines(operand const& self, std::size_t panel) noexcept {
        if constexpr (requires { matrix(self).lines(panel); }) return matrix(self).lines(panel);
        else return nullptr;
    }
    static void codes(operand const& self, std::size_t row, std::size_t first, std::size_t depth, std::uint8_t* out) noexcept {
        if constexpr (requires { matrix(self).row_codes(row); }) {
            if constexpr (F::element::width == 8) {
                __builtin_memcpy(out, matrix(self).row_codes(row) + first, depth);
            } else {
                packed_run const run{matrix(self).row_codes(row), matrix(self).storage().readable(row)};
                expand_codes(F::element::width, run, first, depth, code_table(), out, in_a_row{});
            }
        }
    }
    static void scales(operand const& self, scale_reader const& reader, std::size_t panel, std::size_t first, std::size_t count,
                       float* scale, float* offset) noexcept {
        if constexpr (requires { matrix(self).levels(); }) {
            read_panel_scales<F>(matrix(self).levels(), self.rows(), panel, first, count, reader, scale, offset);
        } else {
            auto const& levels = matrix(self).storage();
            read_row_scales<F>(levels.scales(), levels.offsets(), self.rows(), panel, first, count, scale, offset);
        }
    }
    /// The levels of a prepacked matrix or of one stored row by row.
    static auto const& levels(operand const& self) noexcept {
        if constexpr (requires { matrix(self).levels(); }) return matrix(self).levels();
        else return matrix(self).storage();
    }
    static void integers(operand const& self, scale_reader const& reader, std::size_t panel, std::size_t first, std::size_t count,
                         std::uint32_t* scale, std::uint32_t* minimum) noexcept {
        read_integers(levels(self).scales(), self.rows(), panel, first, count, reader, false, scale);
        read_integers(levels(self).offsets(), self.rows(), panel, first, count, reader, true, minimum);
    }
    static void factors(operand const& self, scale_reader const& reader, std::size_t panel, std::size_t first, std::size_t count,
                        float* scale, float* minimum) noexcept {
        read_factors(levels(self).scales(), self.rows(), panel, first, count, reader, scale);
        read_factors(levels(self).offsets(), self.rows(), panel, first, count, reader, minimum);
        constexpr bool taken_off = offset_facts<typename F::offset_type>::sign < 0;
        for (std::size_t i = 0; i < count * panel_rows; ++i) minimum[i] = taken_off ? -minimum[i] : minimum[i];
    }
    static panel_place stored_scales(operand const& self, std::size_t panel) noexcept {
        if constexpr (requires { matrix(self).levels(); }) return stored_panel_scales<F>(matrix(self).levels(), panel);
        else return {};
    }
    static void fetch_scales(operand const& self, std::size_t panel, std::size_t first, std::size_t count) noexcept {
        if constexpr (requires { matrix(self).levels(); }) {
            fetch_panel_scales<F>(matrix(self).levels(), self.rows(), self.cols(), panel, first, count);
        }
    }
    static constexpr panel_functions functions() noexcept {
        if constexpr (facts_of<F>().grouped || facts_of<F>().looked_up) {
            panel_functions all{F::element::width, &value_table<typename F::element>, &lines, &codes, &scales, nullptr, nullptr,
                                &stored_scales, &fetch_scales};
            if constexpr (facts_of<F>().super_block != 0) {
                all.integers = &integers;
                all.factors = &factors;
            }
            return all;
        } else {
            return {};
        }
    }
};

template <class F>
struct quantized : stored<F, quantized_matrix<F>> {
    static void rows(operand const& self, reading what, rectangle part, float* out, std::size_t stride) {
        decode_rows(quantized::matrix(self), what, part, out, stride);
    }
    static constexpr operand_functions functions{facts_of<F>(), &rows, &strip_from_rows, &quantized::scales,
                                                 &quantized::at, panels<F, quantized_matrix<F>>::functions()};
};

template <class F>
struct prepacked : stored<F, prepacked_matrix<F>> {
    static void strip(operand const& self, reading what, rectangle part, float* out) {
        decode_panel(prepacked::matrix(self), what, part, out);
    }
    static void rows(operand const& self, reading what, rectangle part, float* out, std::size_t stride) {
        for (std::size_t i = 0; i < part.rows; ++i) {
            for (std::size_t k = 0; k < part.depth; ++k) {
                out[i * stride + k] = prepacked::at(self, what, part.row + i, part.first + k);
            }
        }
    }
    static constexpr operand_functions functions{facts_of<F>(), &rows, &strip, &prepacked::scales, &prepacked::at,
                                                 panels<F, prepacked_matrix<F>>::functions()};
};

}  // namespace operand_detail

/// A matrix as gemm takes it. It refers to the matrix (a view: to its data), which has to outlive it.
template <class T>
    requires dense_element<std::remove_const_t<T>>
operand make_operand(matrix_view<T> const& view) noexcept {
    return {operand_detail::dense<std::remove_const_t<T>>::functions, view.data, view.rows, view.cols, view.stride};
}
template <class F>
operand make_operand(quantized_matrix<F> const& q) noexcept {
    return {operand_detail::quantized<F>::functions, &q, q.rows(), q.cols(), 0, q.permutation()};
}
template <class F>
operand make_operand(prepacked_matrix<F> const& q) noexcept {
    return {operand_detail::prepacked<F>::functions, &q, q.rows(), q.cols(), 0, q.permutation()};
}
inline operand make_operand(operand const& already) noexcept { return already; }

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
