// Random operands made on the device: words drawn from a pool of valid ones, which the host makes.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fewbits/cuda/device_matrix.cuh>
#include <fewbits/cuda/quantize.cuh>
#include <random>
#include <type_traits>
#include <vector>

namespace bench {

namespace fb = fewbits;

constexpr std::size_t pool_words = 4096;

/// words[i] = one of the pool's, by a hash of i.
static __global__ void draw_words(std::uint32_t* words, std::size_t count, std::uint32_t const* pool, std::uint32_t seed) {
    std::size_t const stride = std::size_t{gridDim.x} * blockDim.x;
    for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += stride) {
        std::uint32_t h = (static_cast<std::uint32_t>(i) ^ seed) * 0x9E3779B1U;
        h = (h ^ (h >> 15)) * 0x85EBCA77U;
        h = (h ^ (h >> 13)) * 0xC2B2AE3DU;
        words[i] = pool[(h ^ (h >> 16)) % pool_words];
    }
}

template <fb::scalar E>
bool stands_for_something(unsigned code) {
    if constexpr (E::kind == fb::format_kind::integer) {
        auto const number = E::codec::to_integer(code);
        return number >= E::codec::lowest && number <= E::codec::highest;
    } else {
        return true;
    }
}

/// Fills memory, of whole words, on one stream.
class random_words {
public:
    explicit random_words(cudaStream_t stream, unsigned seed) : stream_(stream), random_(seed), pool_(pool_words * 4) {}

    /// Numbers: normal ones, or between 0.25 and 1.75 what is to be a scale.
    template <class T>
    void numbers(void* to, std::size_t bytes, bool scales = false) {
        std::normal_distribution<float> normal;
        std::uniform_real_distribution<float> positive(0.25F, 1.75F);
        codes(to, bytes, 8 * sizeof(T), [&] {
            T const number(scales ? positive(random_) : normal(random_));
            if constexpr (std::is_same_v<T, float>) return std::bit_cast<std::uint32_t>(number);
            else return static_cast<std::uint32_t>(number.bits());
        });
    }

    /// Codes of a scalar format: floats are the codes of such numbers, of others any code is as good that stands for something.
    template <fb::scalar E>
    void elements(void* to, std::size_t bytes, bool scales) {
        std::normal_distribution<float> normal;
        std::uniform_real_distribution<float> positive(0.25F, 1.75F);
        if constexpr (E::kind == fb::format_kind::minifloat) {
            codes(to, bytes, E::width, [&] { return static_cast<std::uint32_t>(E(scales ? positive(random_) : normal(random_)).bits()); });
        } else if constexpr (32 % E::width == 0) {
            codes(to, bytes, E::width, [&] {
                unsigned code = 0;
                do code = static_cast<unsigned>(random_()) & ((1U << E::width) - 1U);
                while (!stands_for_something<E>(code));
                return code;
            });
        } else {
            codes(to, bytes, 32, [&] { return static_cast<std::uint32_t>(random_()); });
        }
    }

private:
    template <class Code>
    void codes(void* to, std::size_t bytes, unsigned width, Code const& code) {
        std::vector<std::uint32_t> words(pool_words);
        for (auto& word : words) {
            for (unsigned at = 0; at < 32; at += width) word |= code() << at;
        }
        fb::check_cuda("copy", cudaMemcpyAsync(pool_.data(), words.data(), pool_.size(), cudaMemcpyHostToDevice, stream_));
        draw_words<<<2048, 256, 0, stream_>>>(static_cast<std::uint32_t*>(to), (bytes + 3) / 4,
                                              reinterpret_cast<std::uint32_t const*>(pool_.data()), static_cast<std::uint32_t>(random_()));
        fb::check_cuda("draw_words", cudaGetLastError());
        fb::check_cuda("draw_words", cudaStreamSynchronize(stream_));  // the pool is drawn anew for the next
    }

    cudaStream_t stream_;
    std::mt19937 random_;
    fb::device_memory pool_;
};

/// Numbers in device memory.
template <class T>
class dense_matrix {
public:
    dense_matrix(std::size_t rows, std::size_t cols) : rows_(rows), cols_(cols), memory_(rows * cols * sizeof(T)) {}
    fb::matrix_view<T> view() const { return {reinterpret_cast<T*>(memory_.data()), rows_, cols_}; }
    fb::matrix_view<T const> values() const { return {reinterpret_cast<T const*>(memory_.data()), rows_, cols_}; }
    std::size_t bytes() const { return memory_.size(); }

private:
    std::size_t rows_;
    std::size_t cols_;
    fb::device_memory memory_;
};

template <class T>
void fill(cudaStream_t stream, dense_matrix<T> const& to, unsigned seed) {
    random_words(stream, seed).template numbers<T>(to.view().data, to.bytes());
}

/// The streams of scales S from streams[next] on: numbers, or codes under scales.
template <class S, class Streams>
void fill_levels(random_words& random, Streams const& streams, std::size_t& next, bool scales) {
    if constexpr (std::is_void_v<S>) {
        return;
    } else if constexpr (std::is_same_v<S, float>) {
        random.template numbers<float>(streams[next].data(), streams[next].size(), true);
        ++next;
    } else if constexpr (fb::scalar<S>) {
        random.template elements<S>(streams[next].data(), streams[next].size(), true);
        ++next;
    } else {
        static_assert(!S::trits, "five to the byte are not made here");
        random.template elements<typename S::element>(streams[next].data(), streams[next].size(), scales);
        ++next;
        fill_levels<typename S::scale_type>(random, streams, next, true);
        fill_levels<typename fb::offset_facts<typename S::offset_type>::type>(random, streams, next, true);
    }
}

/// Streams end in whole words: device_matrix has each on 256 bytes.
template <fb::block_format F>
void fill(cudaStream_t stream, fb::device_matrix<F> const& to, unsigned seed) {
    random_words random(stream, seed);
    std::size_t next = 0;
    fill_levels<typename F::composition>(random, to.streams(), next, false);
}

template <fb::block_format F>
std::size_t bytes_of(fb::device_matrix<F> const& matrix) {
    std::size_t all = 0;
    for (auto const& stream : matrix.streams()) all += stream.size();
    return all;
}

}  // namespace bench
