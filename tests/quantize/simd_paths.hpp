// Every processor's kernels against the plain loops: quantize and dequantize of every block format to the same bits.
#pragma once

#include "exact.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <string>
#include <utility>

namespace exact::simd {

/// A matrix of some kind of values, its rows not next to each other.
struct input {
    std::string name;
    std::size_t rows, cols;
    std::vector<float> values;
    std::size_t stride() const { return cols + 3; }
    fb::matrix_view<const float> view() const { return {values.data(), rows, cols, stride()}; }
};

/// Shapes and magnitudes that a block format may meet; the last kinds hold values that are not finite.
std::vector<input> const& inputs();

/// The processors whose kernels this one runs, but for the one without any.
inline std::vector<fb::processor> machines() {
    std::vector<fb::processor> all;
    if (fb::this_processor().avx2) all.push_back({.avx2 = true});
    if (fb::this_processor().avx512) all.push_back({.avx2 = true, .avx512 = true});
    return all;
}

struct result {
    std::string error;
    std::vector<std::byte> bytes;
};

template <class F>
result run(fb::processor const& machine, input const& in, fb::quantize_options const& options) {
    result r;
    try {
        auto const q = fb::quantize_for<F>(machine, in.view(), options);
        for (auto stream : q.streams()) r.bytes.insert(r.bytes.end(), stream.begin(), stream.end());
        std::size_t const stride = in.stride();
        std::vector<float> back(in.rows * stride, -1.0F);
        fb::dequantize_for(machine, q, fb::matrix_view<float>(back.data(), in.rows, in.cols, stride), options.executor);
        auto const* first = reinterpret_cast<std::byte const*>(back.data());
        r.bytes.insert(r.bytes.end(), first, first + back.size() * sizeof(float));
    } catch (std::invalid_argument const& e) {
        r.error = e.what();
    }
    return r;
}

template <class F>
void compare(input const& in, std::string const& option, fb::quantize_options const& options) {
    result const plain = run<F>(fb::processor{}, in, options);
    for (fb::processor const& machine : machines()) {
        result const fast = run<F>(machine, in, options);
        bool const same_bits = fast.error == plain.error && fast.bytes == plain.bytes;
        CAPTURE(F::name, in.name, option, machine.avx512, plain.error, fast.error);
        CHECK(same_bits);
    }
}

/// Scales between 2^-6 and 2^5, or over fp32's whole range, and a 0.
inline std::vector<float> some_scales(std::size_t count, bool wide) {
    std::vector<float> scales(count);
    for (std::size_t i = 0; i < count; ++i) {
        int const exponent = static_cast<int>(i % 11) * (wide ? 20 : 1) - (wide ? 110 : 6);
        scales[i] = i % 13 == 5 ? 0.0F : std::ldexp(1.0F + static_cast<float>(i % 5) / 7, exponent);
    }
    return scales;
}

template <class F>
void compare_all() {
    for (input const& in : inputs()) {
        compare<F>(in, "plain", {});
        compare<F>(in, "full range", {.full_range = true});
        compare<F>(in, "to special", {.overflow = fb::to_special});
        if (in.name != "normal" && in.name != "any bits") continue;
        compare<F>(in, "two threads", {.executor = fb::threads(2)});
        compare<F>(in, "three threads", {.executor = fb::threads(3)});
        compare<F>(in, "upward", {.mode = fb::upward});
        compare<F>(in, "away", {.mode = fb::nearest_away});
        compare<F>(in, "stochastic", {.mode = fb::stochastic{}, .seed = 42});
        for (auto rule : {fb::scale_rule::absmax, fb::scale_rule::floor, fb::scale_rule::ceil, fb::scale_rule::mse_search,
                          fb::scale_rule::percentile, fb::scale_rule::signed_absmax}) {
            compare<F>(in, "rule " + std::to_string(static_cast<int>(rule)), {.scale_rule = rule, .percentile = 97});
        }
        fb::block_position const grid = fb::block_grid(F::block, in.rows, in.cols);
        std::vector<float> const scales = some_scales(grid.row * grid.col, in.name == "any bits");
        fb::matrix_view<const float> const given(scales.data(), grid.row, grid.col);
        compare<F>(in, "given scales", {.scales = given});
        compare<F>(in, "given scales, to special", {.overflow = fb::to_special, .scales = given});
    }
}

constexpr int slices = 4;

template <int Slice, class... Formats, std::size_t... Index>
void compare_slice(fb::type_list<Formats...>, std::index_sequence<Index...>) {
    (
        [&] {
            if constexpr (Index * slices / sizeof...(Formats) == Slice) compare_all<Formats>();
        }(),
        ...);
}

template <int Slice>
void compare_slice() {
    compare_slice<Slice>(fb::all_block_formats{}, std::make_index_sequence<fb::all_block_formats::size>{});
}

} // namespace exact::simd
