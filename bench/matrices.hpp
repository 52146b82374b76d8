// Matrices of any format by name, made from floats: what the programs that measure products are given on their command lines.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fewbits/formats/all_formats.hpp>
#include <fewbits/gemm/gemm.hpp>
#include <fewbits/quantize/quantize.hpp>

namespace bench {

namespace fb = fewbits;

/// One matrix in equal copies, its format erased.
struct matrices {
    std::string name;
    std::size_t bytes = 0;                                     ///< of one copy, scales included
    std::vector<fb::operand> copies;                           ///< as gemm takes them
    std::function<float(std::size_t row, std::size_t col)> value;  ///< what the stored codes stand for; owns the copies
};

enum class layout { plain, prepacked };

/// A dense matrix with the accessor of the quantized ones.
template <class T>
struct dense_matrix {
    std::vector<T> values;
    std::size_t rows, cols;

    float value(std::size_t row, std::size_t col) const { return static_cast<float>(values[row * cols + col]); }
};

template <class T>
fb::operand make_operand(dense_matrix<T> const& m) noexcept {
    return make_operand(fb::matrix_view<T const>(m.values.data(), m.rows, m.cols));
}

/// As many copies as have `total_bytes` together, one at least.
template <class Matrix>
void keep_copies(matrices& m, Matrix matrix, std::size_t total_bytes) {
    auto const all = std::make_shared<std::vector<Matrix>>();
    all->reserve(total_bytes / m.bytes + 1);
    while (all->size() < total_bytes / m.bytes) all->push_back(matrix);
    all->push_back(std::move(matrix));
    for (Matrix const& one : *all) m.copies.push_back(make_operand(one));
    m.value = [all](std::size_t row, std::size_t col) { return all->front().value(row, col); };
}

/// X: a block format, float, or a scalar format.
template <class X>
std::string name_of() {
    if constexpr (std::same_as<X, float>) {
        return "float";
    } else {
        return std::string(X::name);
    }
}

template <class X>
matrices make(fb::matrix_view<float const> from, layout order, std::size_t total_bytes, fb::executor run_on) {
    matrices m;
    m.name = name_of<X>();
    if constexpr (fb::block_format<X>) {
        fb::quantized_matrix<X> q = fb::quantize<X>(from, {.executor = run_on});
        m.bytes = q.storage_bytes();
        if (order == layout::prepacked) {
            keep_copies(m, fb::prepack(q, run_on), total_bytes);
        } else {
            keep_copies(m, std::move(q), total_bytes);
        }
    } else {
        dense_matrix<X> dense{{}, from.rows, from.cols};
        for (std::size_t row = 0; row < from.rows; ++row) {
            for (std::size_t col = 0; col < from.cols; ++col) dense.values.push_back(X(from.data[row * from.stride + col]));
        }
        m.bytes = dense.values.size() * sizeof(X);
        keep_copies(m, std::move(dense), total_bytes);
    }
    return m;
}

/// A format of the catalogue, float and the dense types among them.
struct catalogue_entry {
    std::string name;
    matrices (*make)(fb::matrix_view<float const> from, layout order, std::size_t total_bytes, fb::executor run_on);
};

inline std::vector<catalogue_entry> const& catalogue() {
    static std::vector<catalogue_entry> const all = [] {
        std::vector<catalogue_entry> entries;
        fb::for_each(fb::joined(fb::dense_formats{}, fb::all_block_formats{}), [&]<class X>() {
            entries.push_back({name_of<X>(), &make<X>});
        });
        return entries;
    }();
    return all;
}

inline catalogue_entry const& find(std::string_view name) {
    for (catalogue_entry const& entry : catalogue()) {
        if (entry.name == name) return entry;
    }
    throw std::invalid_argument("no format is called " + std::string(name));
}

}  // namespace bench
