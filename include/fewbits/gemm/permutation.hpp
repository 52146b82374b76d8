// A permutation of K on either side: the activations' columns are gathered once into the weights' order, in bounded blocks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../kernels/product.hpp"
#include "../kernels/operand_of.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Which stored column of a pairs with each stored column of w; empty if each pairs with its own.
inline std::vector<std::uint32_t> paired_columns(operand const& a, operand const& w) {
    auto const order_a = a.permutation();
    auto const order_w = w.permutation();
    if (std::equal(order_a.begin(), order_a.end(), order_w.begin(), order_w.end())) return {};
    std::vector<std::uint32_t> stored_at(a.cols());  // where a keeps each logical column
    for (std::size_t j = 0; j < a.cols(); ++j) {
        stored_at[order_a.empty() ? j : order_a[j]] = static_cast<std::uint32_t>(j);
    }
    std::vector<std::uint32_t> columns(a.cols());
    for (std::size_t j = 0; j < a.cols(); ++j) columns[j] = stored_at[order_w.empty() ? j : order_w[j]];
    return columns;
}

/// Rows of activations with their columns gathered, as fp32: the values, or where the pair stays defined to the bit (one
/// scale for all of K) the integers, their scales still read from the source.
struct gathered_rows {
    operand source;
    std::size_t first_row;
    operand_facts facts;
    std::vector<float> values;

    static gathered_rows const& of(operand const& self) noexcept {
        return *static_cast<gathered_rows const*>(self.object());
    }
    static void rows(operand const& self, reading, rectangle part, float* out, std::size_t stride) {
        for (std::size_t i = 0; i < part.rows; ++i) {
            float const* const from = of(self).values.data() + (part.row + i) * self.cols() + part.first;
            std::copy_n(from, part.depth, out + i * stride);
        }
    }
    static void scales(operand const& self, std::size_t row, std::size_t rows, std::size_t, float* out) {
        of(self).source.read_scales(of(self).first_row + row, rows, 0, out);
    }
    static float at(operand const& self, reading, std::size_t row, std::size_t column) {
        return of(self).values[row * self.cols() + column];
    }
};
inline constexpr operand_functions gathered_functions{{}, &gathered_rows::rows, &operand_detail::strip_from_rows,
                                                      &gathered_rows::scales, &gathered_rows::at};

/// Runs `kernel(product)` on blocks of rows whose columns have been gathered. `part` has both operands' facts as the
/// kernel is to see them; a's elements are read fast or, for the reference, through their accessors.
template <class Kernel>
void run_gathered(product const& p, std::vector<std::uint32_t> const& columns, bool by_definition, Kernel const& kernel) {
    operand_facts facts = p.a.facts();
    facts.exact_integers = facts.exact_integers && facts.group == 0;
    facts.exact_in_bf16 = facts.exact_in_bf16 && !facts.grouped;
    facts.grouped = false;
    reading const what = facts.exact_integers && p.w.facts().exact_integers ? reading::elements : reading::values;
    facts.byte_elements = what == reading::elements;
    std::size_t const depth = p.k();
    std::size_t const rows = std::clamp<std::size_t>((std::size_t{1} << 22) / depth, 1, p.m());
    gathered_rows gathered{p.a, 0, facts, std::vector<float>(rows * depth)};
    for (std::size_t first = 0; first < p.m(); first += rows) {
        std::size_t const count = std::min(rows, p.m() - first);
        gathered.first_row = first;
        p.run_on.run(count, [&](std::size_t i) {
            std::vector<float> row(depth);
            if (by_definition) {
                for (std::size_t k = 0; k < depth; ++k) row[k] = p.a.at(what, first + i, k);
            } else {
                for (std::size_t k = 0; k < depth; k += chunk_depth) {
                    p.a.read_rows(what, {first + i, 1, k, std::min(chunk_depth, depth - k)}, row.data() + k, depth);
                }
            }
            for (std::size_t k = 0; k < depth; ++k) gathered.values[i * depth + k] = row[columns[k]];
        });
        product part = p;
        part.a = operand(gathered_functions, &gathered, count, depth, depth).with_facts(gathered.facts);
        part.first_row = p.first_row + first;
        kernel(part);
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
