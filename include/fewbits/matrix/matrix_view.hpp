// A row-major matrix somebody else owns: data, rows, columns, distance between rows.
#pragma once

#include <cstddef>
#include <type_traits>

#include "../config.hpp"

namespace fewbits {

/// rows x cols elements, row r starting at data + r * stride (stride in elements, at least cols). Non-owning.
template <class T>
struct matrix_view {
    T* data = nullptr;
    std::size_t rows = 0;
    std::size_t cols = 0;
    std::size_t stride = 0;

    constexpr matrix_view() = default;
    FEWBITS_HOST_DEVICE constexpr matrix_view(T* d, std::size_t r, std::size_t c) noexcept
        : data(d), rows(r), cols(c), stride(c) {}
    FEWBITS_HOST_DEVICE constexpr matrix_view(T* d, std::size_t r, std::size_t c, std::size_t s) noexcept
        : data(d), rows(r), cols(c), stride(s) {}
    template <class U>
        requires std::is_same_v<T, U const>
    FEWBITS_HOST_DEVICE constexpr matrix_view(matrix_view<U> other) noexcept
        : data(other.data), rows(other.rows), cols(other.cols), stride(other.stride) {}

    FEWBITS_HOST_DEVICE constexpr T* row(std::size_t r) const noexcept { return data + r * stride; }
    FEWBITS_HOST_DEVICE constexpr T& operator()(std::size_t r, std::size_t c) const noexcept { return row(r)[c]; }
};

}  // namespace fewbits
