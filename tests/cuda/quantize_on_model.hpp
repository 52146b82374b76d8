// Quantizing as the device does it, over the emulator, and the host's streams to compare with.
#pragma once

#include <cstring>
#include <fewbits/cuda/steps/quantize_steps.hpp>
#include <fewbits/fewbits.hpp>
#include <random>
#include <simt/machine.hpp>
#include <string>
#include <vector>

namespace on_model {

namespace fb = fewbits;

/// A matrix of T whose rows are `apart` elements longer than its columns.
template <class T>
struct matrix {
    std::size_t rows, cols, stride;
    std::vector<T> data;

    matrix(std::size_t r, std::size_t c, std::size_t apart) : rows(r), cols(c), stride(c + apart), data(r * stride) {}
    T& at(std::size_t r, std::size_t c) { return data[r * stride + c]; }
    fb::matrix_view<T const> view() const { return {data.data(), rows, cols, stride}; }
    /// What the host quantizes: the same values as floats.
    std::vector<float> floats() const {
        std::vector<float> all;
        for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t c = 0; c < cols; ++c) all.push_back(static_cast<float>(data[r * stride + c]));
        }
        return all;
    }
};

/// Values of many magnitudes, ties among them, zeros of both signs, and some blocks that are all zeros or tiny.
template <class T>
matrix<T> values(std::size_t rows, std::size_t cols, std::size_t apart = 0, unsigned seed = 1) {
    std::mt19937 random(seed);
    matrix<T> made(rows, cols, apart);
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < cols; ++c) {
            unsigned const kind = static_cast<unsigned>((r * 7 + c / 32) % 11);
            float x = static_cast<float>(static_cast<int>(random() % 4001) - 2000) / 512.0F;
            if (kind == 3) x = random() % 2 != 0 ? 0.0F : -0.0F;
            if (kind == 5) x *= std::is_same_v<T, fb::fp16> ? 0x1p-20F : 0x1p-140F;
            if (kind == 7) x = static_cast<float>(static_cast<int>(random() % 15) - 7) / 2;
            if (kind == 8 && !std::is_same_v<T, fb::fp16>) x *= 0x1p100F;
            if (kind == 9) x *= 0x1p-9F;
            made.at(r, c) = static_cast<T>(x);
        }
    }
    return made;
}

template <class F>
using streams_of = std::vector<std::vector<std::byte>>;

/// The streams that the device's kernels store.
template <class F, class T, class Machine = simt::machine>
streams_of<F> on_device(matrix<T> const& from, fb::quantize_options const& options = {}, std::uint32_t* status = nullptr) {
    fb::check_device_options<F>(from.rows, from.cols, from.stride, options);
    streams_of<F> made;
    for (std::size_t bytes : fb::quantized_matrix<F>::stream_sizes(from.rows, from.cols)) made.emplace_back(bytes, std::byte{0xCD});
    std::vector<std::span<std::byte>> spans(made.begin(), made.end());
    std::vector<std::byte> scratch(fb::scratch_of<F>(from.rows, from.cols, options).bytes, std::byte{0xCD});
    simt::launcher<Machine> launch;
    fb::quantize_steps<F, T, simt::launcher<Machine>>(launch, from.view(), spans, options, scratch.data(), status).run();
    return made;
}

/// Names the first stream and byte that are not the host's; empty where all are.
template <class F>
std::string difference(streams_of<F> const& device, fb::quantized_matrix<F> const& host) {
    auto const wanted = host.streams();
    for (std::size_t s = 0; s < wanted.size(); ++s) {
        for (std::size_t i = 0; i < wanted[s].size(); ++i) {
            if (device[s][i] != wanted[s][i]) {
                return "stream " + std::to_string(s) + ", byte " + std::to_string(i) + " of " + std::to_string(wanted[s].size()) + ": " +
                       std::to_string(static_cast<int>(device[s][i])) + " is not " + std::to_string(static_cast<int>(wanted[s][i]));
            }
        }
    }
    return "";
}

/// The same for a matrix that both quantize.
template <class F, class T>
std::string compared(matrix<T> const& from, fb::quantize_options const& options = {}) {
    std::vector<float> const floats = from.floats();
    std::uint32_t status = 0;
    auto const device = on_device<F>(from, options, &status);
    std::string const found = difference<F>(device, fb::quantize<F>({floats.data(), from.rows, from.cols}, options));
    return found.empty() && status != 0 ? "status" : found;
}

/// Value (1, 3) is `bad`, so that the host would throw: whether the device says so, marked(matrix, r, c) holds wherever
/// in_block(r, c) does, and everything else is as if the value were 0.
template <class F, class InBlock, class Marked>
bool bad_value_stays(float bad, std::size_t rows, std::size_t cols, InBlock in_block, Marked marked) {
    auto x = values<float>(rows, cols);
    x.at(1, 3) = bad;
    std::uint32_t status = 0;
    auto const device = on_device<F>(x, {}, &status);
    std::vector<std::span<std::byte const>> spans(device.begin(), device.end());
    fb::quantized_view<F> const view(spans, rows, cols);
    x.at(1, 3) = 0;
    auto const host = fb::quantize<F>({x.data.data(), rows, cols});
    bool right = status == 1;
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < cols; ++c) {
            right = right && (in_block(r, c) ? marked(view, r, c) : view.value(r, c) == host.value(r, c));
        }
    }
    return right;
}

}  // namespace on_model
