// Any pair of formats, any small shape, packed or prepacked, any executor: every kernel against the definition, and that
// against sums in double.
#include "input.hpp"

#include <programs/gemm_programs.hpp>
#include <programs/quantizers.hpp>

#include <fewbits/fewbits.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <vector>

namespace fb = fewbits;

namespace {

/// One operand of any format, erased, with what it dequantizes to.
struct prepared {
    std::shared_ptr<void const> owner;
    std::vector<fb::operand> view;  // one, or none where the format refuses the shape
    std::vector<float> values;
};

std::vector<float> take_values(fuzz::input& in, std::size_t count) {
    std::vector<float> pool(1 + in.below(16));
    for (float& value : pool) value = std::ldexp(static_cast<float>(in.take<std::int8_t>()), static_cast<int>(in.below(12)) - 9);
    std::uint32_t state = in.take<std::uint32_t>();
    std::vector<float> values(count);
    for (float& value : values) {
        state = state * 1664525u + 1013904223u;
        value = pool[(state >> 16) % pool.size()];
    }
    return values;
}

template <class F>
prepared quantized(std::vector<float> const& values, std::size_t rows, std::size_t cols, bool prepack) {
    prepared result;
    try {
        auto q = std::make_shared<fb::quantized_matrix<F>>(fb::quantize<F>({values.data(), rows, cols}));
        result.values.resize(values.size());
        fb::dequantize(*q, fb::matrix_view<float>{result.values.data(), rows, cols});
        if (prepack) {
            auto packed = std::make_shared<decltype(fb::prepack(*q))>(fb::prepack(*q));
            result.view.push_back(fb::make_operand(*packed));
            result.owner = packed;
        } else {
            result.view.push_back(fb::make_operand(*q));
            result.owner = q;
        }
    } catch (std::invalid_argument const&) {
        result.view.clear();
    }
    return result;
}

template <class T>
prepared dense(std::vector<float> const& values, std::size_t rows, std::size_t cols) {
    auto data = std::make_shared<std::vector<T>>();
    prepared result;
    for (float const value : values) {
        data->push_back(T(value));
        result.values.push_back(static_cast<float>(data->back()));
    }
    result.view.push_back(fb::make_operand(fb::matrix_view<T const>{data->data(), rows, cols}));
    result.owner = data;
    return result;
}

prepared take_operand(fuzz::input& in, std::size_t rows, std::size_t cols, bool weight) {
    unsigned const chosen = in.below(fb::dense_formats::size + fb::all_block_formats::size);
    bool const prepack = weight && in.below(2) == 0;
    auto const values = take_values(in, rows * cols);
    prepared result;
    unsigned index = 0;
    fb::for_each(fb::dense_formats{}, [&]<class T>() {
        if (index++ == chosen) result = dense<T>(values, rows, cols);
    });
    fb::for_each(fb::all_block_formats{}, [&]<class F>() {
        if (index++ == chosen) result = quantized<F>(values, rows, cols, prepack);
    });
    return result;
}

struct pair_of_operands {
    static constexpr std::string_view name = "a pair";
};
using F = pair_of_operands;

void check_against_double(prepared const& a, prepared const& w, std::vector<float> const& bias, std::size_t depth,
    std::vector<float> const& y) {
    std::size_t const columns = bias.size();
    for (std::size_t i = 0; i < y.size(); ++i) {
        double sum = static_cast<double>(bias[i % columns]);
        double size = std::abs(sum);
        for (std::size_t k = 0; k < depth; ++k) {
            double const term = static_cast<double>(a.values[i / columns * depth + k]) *
                                static_cast<double>(w.values[i % columns * depth + k]);
            sum += term;
            size += std::abs(term);
        }
        EXPECT(std::abs(static_cast<double>(y[i]) - sum) <= 1e-5 * size + 1e-37);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::input in(data, size);
    static constexpr unsigned depths[] = {0, 1, 7, 16, 32, 33, 64, 100, 256, 300, 512};
    std::size_t const m = in.below(9), n = in.below(20), k = depths[in.below(std::size(depths))];
    prepared const a = take_operand(in, m, k, false);
    prepared const w = take_operand(in, n, k, true);
    if (a.view.empty() || w.view.empty()) return 0;
    std::vector<float> const bias = take_values(in, n);

    auto const multiply = [&](fb::target_choice target, fb::executor executor) {
        std::vector<float> y(m * n, 7.0f);
        fb::gemm_options options;
        options.bias = bias;
        options.target = target;
        options.executor = executor;
        fb::gemm(a.view[0], w.view[0], fb::matrix_view<float>{y.data(), m, n}, options);
        return y;
    };
    auto const same = [](std::vector<float> const& x, std::vector<float> const& y) {
        return std::equal(x.begin(), x.end(), y.begin(), y.end(),
            [](float p, float q) { return std::bit_cast<std::uint32_t>(p) == std::bit_cast<std::uint32_t>(q); });
    };
    auto const best = multiply(fb::target_choice::best, fb::executor{});
    auto const reference = multiply(fb::target_choice::reference, fb::executor{});
    EXPECT(same(best, multiply(fb::target_choice::best, fb::threads(2))));
    if (fb::is_exact_pair(a.view[0].facts(), w.view[0].facts())) EXPECT(same(best, reference));
    if (n != 0) {
        check_against_double(a, w, bias, k, best);
        check_against_double(a, w, bias, k, reference);
    }
    return 0;
}
