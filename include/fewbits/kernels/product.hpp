// One product y = a * transpose(w) + bias as a kernel receives it: erased operands, an erased result, where to run.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "../parallel/executor.hpp"
#include "../target/detect.hpp"
#include "operand.hpp"

namespace fewbits {

/// Which kernels may be chosen.
enum class target_choice : unsigned char {
    best,       ///< the first kernel of the list that takes the pair and runs here
    portable,   ///< vectorised by the compiler for whatever it was told to build for
    reference,  ///< the definition, slow
    avx2,       ///< as on a processor that has AVX2 and no more; std::invalid_argument where this one has not
    avx512,     ///< as on one with AVX-512
    amx         ///< as on one with AMX
};

/// Sums of a row's columns: totals + rest, one of which may be missing.
struct row_sums {
    double const* totals;
    float const* rest;

    row_sums(double const* all) noexcept : totals(all), rest(nullptr) {}
    row_sums(float const* all) noexcept : totals(nullptr), rest(all) {}
    row_sums(double const* some, float const* others) noexcept : totals(some), rest(others) {}
};

/// The matrices of one product. Shapes have been checked: a is M x K, w is N x K, y is M x N, all of them at least 1.
struct product {
    operand a;
    operand w;
    void* y;                 ///< the first element of the result
    std::size_t y_stride;    ///< elements
    float const* bias;       ///< N values, or null
    /// Writes columns [column, column + count) of one row of a's: the sums plus bias, each rounded once.
    void (*finish)(product const& p, std::size_t row, std::size_t column, std::size_t count, row_sums sums);
    executor run_on;
    std::size_t first_row;   ///< the row of y that a's first row belongs to

    std::size_t m() const noexcept { return a.rows(); }
    std::size_t n() const noexcept { return w.rows(); }
    std::size_t k() const noexcept { return a.cols(); }
};

inline namespace FEWBITS_BASELINE {

/// Whether SEMANTICS defines the pair's result to the bit: integers on both sides, scales constant along K within groups.
constexpr bool is_exact_pair(operand_facts const& a, operand_facts const& w) noexcept {
    return a.exact_integers && w.exact_integers;
}

/// The end of the run that begins at column k and shares one scale on both sides: the common refinement of both groupings.
inline std::size_t shared_group_end(operand_facts const& a, operand_facts const& w, std::size_t k, std::size_t cols) noexcept {
    std::size_t end = cols;
    if (a.group != 0) end = std::min(end, (k / a.group + 1) * a.group);
    if (w.group != 0) end = std::min(end, (k / w.group + 1) * w.group);
    return end;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
