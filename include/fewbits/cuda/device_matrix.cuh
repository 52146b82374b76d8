// Quantized and packed matrices that own device memory.
#pragma once

#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "../matrix/quantized_matrix.hpp"
#include "error.cuh"
#include "fragments/fragment_weights.hpp"
#include "operands/operands.hpp"

namespace fewbits {

/// Device memory of the current device, freed with its owner. cudaFree waits for the device, so a program makes what it needs beforehand.
class device_memory {
public:
    device_memory() = default;
    /// Throws cuda_error where there is none, or no device.
    explicit device_memory(std::size_t bytes) : bytes_(bytes) {
        if (bytes != 0) check_cuda("cudaMalloc", cudaMalloc(reinterpret_cast<void**>(&data_), bytes));
    }
    device_memory(device_memory&& other) noexcept : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    device_memory& operator=(device_memory&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~device_memory() { cudaFree(data_); }  // of null: nothing; an error has nobody to go to

    std::byte* data() const noexcept { return data_; }
    std::size_t size() const noexcept { return bytes_; }
    std::span<std::byte> bytes() const noexcept { return {data_, bytes_}; }

private:
    std::byte* data_ = nullptr;
    std::size_t bytes_ = 0;
};

/// rows x cols elements of block format F in device memory: the streams of quantized_matrix<F>, each on 256 bytes.
template <block_format F>
class device_matrix {
public:
    using format = F;
    static constexpr std::size_t stream_count = quantized_view<F>::streams;

    device_matrix() = default;
    /// Allocates; bytes hold anything until they are stored. Throws std::invalid_argument for what no address space holds, cuda_error.
    device_matrix(std::size_t rows, std::size_t cols) : rows_(rows), cols_(cols) {
        auto const sizes = quantized_matrix<F>::stream_sizes(rows, cols);
        std::size_t all = 0;
        for (std::size_t i = 0; i < stream_count; ++i) {
            begin_[i] = all;
            size_[i] = sizes[i];
            all += (sizes[i] + 255) / 256 * 256;
        }
        memory_ = device_memory(all);
    }

    std::size_t rows() const noexcept { return rows_; }
    std::size_t cols() const noexcept { return cols_; }

    /// In the order of quantized_matrix::streams().
    std::array<std::span<std::byte>, stream_count> streams() const noexcept {
        std::array<std::span<std::byte>, stream_count> all;
        for (std::size_t i = 0; i < stream_count; ++i) all[i] = memory_.bytes().subspan(begin_[i], size_[i]);
        return all;
    }
    quantized_view<F> view() const {
        auto const writable = streams();
        std::array<std::span<std::byte const>, stream_count> const all = [&] {
            std::array<std::span<std::byte const>, stream_count> same;
            for (std::size_t i = 0; i < stream_count; ++i) same[i] = writable[i];
            return same;
        }();
        return quantized_view<F>(all, rows_, cols_);
    }
    product_side<F> side() const { return {view(), rows_}; }

    /// Copies a matrix of the host's here; pageable memory may be waited for, as cudaMemcpyAsync has it. Throws std::invalid_argument where
    /// sizes differ or its columns are permuted (activations would have to be too).
    void upload_async(cudaStream_t stream, quantized_matrix<F> const& from) const {
        if (from.rows() != rows_ || from.cols() != cols_) throw std::invalid_argument("upload: the matrices differ in size");
        if (!from.permutation().empty()) throw std::invalid_argument("upload: the columns of the matrix are permuted");
        auto const sources = from.streams();
        auto const targets = streams();
        for (std::size_t i = 0; i < stream_count; ++i) {
            check_cuda("cudaMemcpyAsync",
                       cudaMemcpyAsync(targets[i].data(), sources[i].data(), targets[i].size(), cudaMemcpyHostToDevice, stream));
        }
    }
    /// The reverse; waits for the stream.
    quantized_matrix<F> download(cudaStream_t stream) const {
        quantized_matrix<F> to(rows_, cols_);
        auto const sources = streams();
        std::size_t i = 0;
        auto const copy = [&](std::span<std::byte> stream_of) {
            check_cuda("cudaMemcpyAsync",
                       cudaMemcpyAsync(stream_of.data(), sources[i++].data(), stream_of.size(), cudaMemcpyDeviceToHost, stream));
        };
        copy(to.storage().bytes());
        to.storage().for_each_level(copy);
        check_cuda("cudaStreamSynchronize", cudaStreamSynchronize(stream));
        return to;
    }

private:
    std::size_t rows_ = 0;
    std::size_t cols_ = 0;
    std::array<std::size_t, stream_count> begin_{};
    std::array<std::size_t, stream_count> size_{};
    device_memory memory_;
};

/// Weights of format F (N x K) in the order in which products of few rows read them; made by prepack_async.
template <block_format F>
    requires has_fragments<F>
class device_prepacked {
public:
    using format = F;
    using layout = fragment_weights<F>;

    device_prepacked() = default;
    /// Throws std::invalid_argument where runs of elements under one scale go on from row to row, cuda_error.
    device_prepacked(std::size_t rows, std::size_t cols)
        : rows_(rows), cols_(cols), codes_(layout::code_bytes(rows, cols)), scales_(layout::scale_bytes(rows, cols)),
          offsets_(layout::offset_bytes(rows, cols)), factors_(layout::factor_bytes(rows)) {
        if (!fits_fragments<F>(cols)) throw std::invalid_argument("prepack: blocks of the format do not end with the rows");
    }

    std::size_t rows() const noexcept { return rows_; }
    std::size_t cols() const noexcept { return cols_; }
    std::size_t storage_bytes() const noexcept { return codes_.size() + scales_.size() + offsets_.size() + factors_.size(); }
    std::byte* codes() const noexcept { return codes_.data(); }
    std::byte* scales() const noexcept { return scales_.data(); }
    std::byte* offsets() const noexcept { return offsets_.data(); }  ///< null where the format has none
    float* factors() const noexcept { return reinterpret_cast<float*>(factors_.data()); }
    fragment_view<F> view() const noexcept {
        return {codes(), reinterpret_cast<typename layout::pairs const*>(scales()),
                reinterpret_cast<typename layout::offset_pairs const*>(offsets()), factors(), rows_, cols_};
    }

private:
    std::size_t rows_ = 0;
    std::size_t cols_ = 0;
    device_memory codes_;
    device_memory scales_;
    device_memory offsets_;
    device_memory factors_;
};

}  // namespace fewbits
