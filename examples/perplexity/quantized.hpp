// A matrix in some format, the format erased: what a projection stores, and how every format gets one.
#pragma once

#include "projection.hpp"

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

namespace perplexity {

class any_matrix {
public:
    virtual ~any_matrix() = default;
    /// The matrix as fewbits::gemm takes it; valid as long as this object.
    virtual fewbits::operand as_operand() const = 0;
    virtual void dequantize(float_view out) const = 0;
    virtual std::size_t storage_bytes() const = 0;
};

/// What a matrix is quantized for: weights are packed once for the product, activations are used once.
enum class purpose { weights, activations };

using quantizer = std::unique_ptr<any_matrix> (*)(const_float_view x, purpose use);

/// A block format.
template <class F> class block_matrix final : public any_matrix {
public:
    block_matrix(const_float_view x, purpose use)
        : quantized_(fewbits::quantize<F>(x)), packed_(use == purpose::weights) {
        if (packed_) prepacked_ = fewbits::prepack(quantized_);
    }
    fewbits::operand as_operand() const override {
        return packed_ ? fewbits::make_operand(prepacked_) : fewbits::make_operand(quantized_);
    }
    void dequantize(float_view out) const override { fewbits::dequantize(quantized_, out); }
    std::size_t storage_bytes() const override { return quantized_.storage_bytes(); }

private:
    fewbits::quantized_matrix<F> quantized_;
    fewbits::prepacked_matrix<F> prepacked_;
    bool packed_;
};

/// float or a scalar format, without scales: bf16, fp16.
template <class T> class dense_matrix final : public any_matrix {
public:
    dense_matrix(const_float_view x, purpose) : values_(x.rows * x.cols), rows_(x.rows), cols_(x.cols) {
        for (std::size_t r = 0; r < rows_; ++r) convert({x.row(r), cols_}, values_.data() + r * cols_);
    }
    fewbits::operand as_operand() const override {
        return fewbits::make_operand(fewbits::matrix_view<const T>{values_.data(), rows_, cols_, cols_});
    }
    void dequantize(float_view out) const override {
        for (std::size_t r = 0; r < rows_; ++r)
            for (std::size_t c = 0; c < cols_; ++c) out(r, c) = static_cast<float>(values_[r * cols_ + c]);
    }
    std::size_t storage_bytes() const override { return values_.size() * sizeof(T); }

private:
    static void convert(std::span<const float> from, T* to) {
        if constexpr (std::is_same_v<T, float>)
            std::memcpy(to, from.data(), from.size_bytes());
        else
            for (std::size_t i = 0; i < from.size(); ++i) to[i] = fewbits::round_to<T>(from[i]);
    }

    std::vector<T> values_;
    std::size_t rows_, cols_;
};

/// Quantizes into format F: a block format, float, or a scalar format.
template <class F> std::unique_ptr<any_matrix> quantize_as(const_float_view x, purpose use) {
    if constexpr (fewbits::block_format<F>)
        return std::make_unique<block_matrix<F>>(x, use);
    else
        return std::make_unique<dense_matrix<F>>(x, use);
}

/// A projection with weights from `weights`; `activations` may be nullptr: they stay float. Every product is one
/// fewbits::gemm of the two formats.
projection_maker make_projection(quantizer weights, quantizer activations);

}  // namespace perplexity
