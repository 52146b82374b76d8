// Whether a product is right: some of its elements beside sums in double of the operands' values, on the host.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fewbits/cuda/device_matrix.cuh>
#include <type_traits>
#include <vector>

#include "data.cuh"

namespace bench {

/// Some rows of a matrix: the first, the last, others between.
struct sampled_rows {
    std::vector<std::size_t> at;
    std::vector<std::vector<double>> values;
    std::vector<double> scales;  ///< of the first element of the row
};

inline std::vector<std::size_t> spread_over(std::size_t rows, std::size_t wanted) {
    std::size_t const count = std::min(rows, wanted);
    std::vector<std::size_t> at(count);
    for (std::size_t i = 0; i < count; ++i) at[i] = count == 1 ? 0 : i * (rows - 1) / (count - 1);
    return at;
}

template <class T>
std::vector<T> row_on_host(fb::matrix_view<T const> from, std::size_t row) {
    std::vector<T> values(from.cols);
    fb::check_cuda("cudaMemcpy", cudaMemcpy(values.data(), from.row(row), from.cols * sizeof(T), cudaMemcpyDeviceToHost));
    return values;
}

template <class T>
double number(T value) {
    if constexpr (std::is_arithmetic_v<T>) return static_cast<double>(value);
    else return static_cast<double>(static_cast<float>(value));
}

template <class T>
sampled_rows sample(cudaStream_t stream, dense_matrix<T> const& from, std::size_t wanted) {
    fb::check_cuda("cudaStreamSynchronize", cudaStreamSynchronize(stream));
    sampled_rows rows{spread_over(from.view().rows, wanted), {}, {}};
    for (std::size_t row : rows.at) {
        auto& values = rows.values.emplace_back();
        for (T value : row_on_host<T>(from.values(), row)) values.push_back(number(value));
        rows.scales.push_back(1.0);
    }
    return rows;
}

template <fb::block_format F>
sampled_rows sample(cudaStream_t stream, fb::device_matrix<F> const& from, std::size_t wanted) {
    auto const matrix = from.download(stream);
    sampled_rows rows{spread_over(from.rows(), wanted), {}, {}};
    for (std::size_t row : rows.at) {
        std::vector<double> values(from.cols());
        for (std::size_t col = 0; col < values.size(); ++col) values[col] = static_cast<double>(matrix.value(row, col));
        rows.values.push_back(std::move(values));
        rows.scales.push_back(static_cast<double>(matrix.scale(row, 0)));
    }
    return rows;
}

/// cuBLASLt may add parts of a sum that it has rounded to bf16.
constexpr double of_bf16_peer = 0x1p-13;

/// The largest error of the sample and what it may be, in units of sum |a||w|.
struct agreement {
    double error = 0;
    double bound = 0;
    bool good() const { return error <= bound; }
};

/// y rounded to 16 bits may be off by 2^-8 of itself more. 32-bit integers are sums without the scales.
template <class Y>
agreement compare(cudaStream_t stream, sampled_rows const& a, sampled_rows const& w, dense_matrix<Y> const& y, double bound) {
    fb::check_cuda("cudaStreamSynchronize", cudaStreamSynchronize(stream));
    agreement found{0, bound};
    constexpr double rounding = std::is_same_v<Y, std::int32_t> ? 0 : sizeof(Y) == 2 ? 0x1p-8 : 0x1p-23;
    for (std::size_t i = 0; i < a.at.size(); ++i) {
        auto const row = row_on_host<Y>(y.values(), a.at[i]);
        for (std::size_t j = 0; j < w.at.size(); ++j) {
            double sum = 0;
            double magnitudes = 0;
            for (std::size_t k = 0; k < a.values[i].size(); ++k) {
                double const product = a.values[i][k] * w.values[j][k];
                sum += product;
                magnitudes += std::fabs(product);
            }
            double const scale = std::is_same_v<Y, std::int32_t> ? a.scales[i] * w.scales[j] : 1.0;
            double const error = std::fabs(scale * number(row[w.at[j]]) - sum) - rounding * std::fabs(sum);
            double const units = error / magnitudes;
            if (!(units <= found.error)) found.error = std::isnan(units) ? HUGE_VAL : units;  // what was never stored is NaN
        }
    }
    return found;
}

}  // namespace bench
