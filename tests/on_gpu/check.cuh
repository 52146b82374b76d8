// What the tests on a GPU share: counting, memory with a border that nobody may write, random numbers.
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <fewbits/cuda.hpp>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace on_gpu {

namespace fb = fewbits;

/// The formats that are tried: one of each kind, or all where the program is made for the whole catalogue (minutes of compiling), or few
/// where it is only to be seen that it compiles.
#if defined(ON_GPU_CATALOGUE)
using formats = fb::all_block_formats;
#elif defined(ON_GPU_FEW)
using formats = fb::type_list<fb::nvfp4, fb::int4_g128>;
#else
using formats = fb::type_list<fb::mxfp8_e4m3, fb::mxfp6_e3m2, fb::mxfp4, fb::nvfp4, fb::nf4_b64_dq, fb::int8_row, fb::int8_column, fb::int5_g32,
                              fb::int4_g128, fb::uint4_g128, fb::e4m3_tile_128x128, fb::e4m3_tile_1x128, fb::e4m3_tensor, fb::bitnet, fb::q4_0,
                              fb::q4_k, fb::q6_k, fb::tq1_0>;
#endif

struct tally {
    int done = 0;
    int wrong = 0;
    void expect(bool right, std::string const& what) {
        ++done;
        if (right) return;
        ++wrong;
        std::printf("WRONG: %s\n", what.c_str());
    }
};

void check_quantize(cudaStream_t stream, tally& results);
void check_products(cudaStream_t stream, tally& results);

class stream {
public:
    stream() { fb::check_cuda("cudaStreamCreate", cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
    stream(stream const&) = delete;
    stream& operator=(stream const&) = delete;
    ~stream() { cudaStreamDestroy(stream_); }
    operator cudaStream_t() const { return stream_; }

private:
    cudaStream_t stream_ = nullptr;
};

inline void wait(cudaStream_t stream) { fb::check_cuda("cudaStreamSynchronize", cudaStreamSynchronize(stream)); }

inline std::vector<float> random_numbers(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> numbers(count);
    for (float& x : numbers) x = normal(random);
    return numbers;
}

/// A matrix of numbers in device memory, `gap` of them between its rows; what nobody stored is all ones, a NaN.
template <class T>
class dense {
public:
    dense(cudaStream_t stream, std::size_t rows, std::size_t cols, std::size_t gap)
        : rows_(rows), cols_(cols), stride_(cols + gap), memory_(rows * stride_ * sizeof(T)) {
        fb::check_cuda("cudaMemsetAsync", cudaMemsetAsync(memory_.data(), 0xFF, memory_.size(), stream));
    }
    dense(cudaStream_t stream, std::vector<T> const& from, std::size_t rows, std::size_t cols, std::size_t gap)
        : dense(stream, rows, cols, gap) {
        fb::check_cuda("cudaMemcpy2DAsync", cudaMemcpy2DAsync(memory_.data(), stride_ * sizeof(T), from.data(), cols * sizeof(T),
                                                              cols * sizeof(T), rows, cudaMemcpyHostToDevice, stream));
    }
    fb::matrix_view<T> view() const { return {reinterpret_cast<T*>(memory_.data()), rows_, cols_, stride_}; }
    fb::matrix_view<T const> values() const { return {reinterpret_cast<T const*>(memory_.data()), rows_, cols_, stride_}; }
    /// Row by row, waiting for the stream; whether the gaps are as they were.
    std::pair<std::vector<T>, bool> take(cudaStream_t stream) const {
        std::vector<T> all(rows_ * stride_), kept(rows_ * cols_);
        fb::check_cuda("cudaMemcpyAsync", cudaMemcpyAsync(all.data(), memory_.data(), memory_.size(), cudaMemcpyDeviceToHost, stream));
        wait(stream);
        bool untouched = true;
        for (std::size_t r = 0; r < rows_; ++r) {
            std::memcpy(kept.data() + r * cols_, all.data() + r * stride_, cols_ * sizeof(T));
            auto const* const gap = reinterpret_cast<unsigned char const*>(all.data() + r * stride_ + cols_);
            for (std::size_t i = 0; i < (stride_ - cols_) * sizeof(T); ++i) untouched = untouched && gap[i] == 0xFF;
        }
        return {std::move(kept), untouched};
    }

private:
    std::size_t rows_, cols_, stride_;
    fb::device_memory memory_;
};

template <class To, class From>
std::vector<To> as(std::vector<From> const& from) {
    std::vector<To> to(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) to[i] = static_cast<To>(static_cast<float>(from[i]));
    return to;
}

template <class T>
bool same_bytes(std::vector<T> const& a, std::vector<T> const& b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

}  // namespace on_gpu
