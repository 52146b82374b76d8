// Any small matrix and any options into every block format: either std::invalid_argument, or codes in range whose values are
// what dequantize writes, the same on any number of threads.
#include "input.hpp"

#include <programs/quantizers.hpp>

#include <fewbits/fewbits.hpp>

#include <algorithm>
#include <bit>
#include <optional>
#include <stdexcept>
#include <vector>

namespace fb = fewbits;

namespace {

/// A matrix with gaps between its rows, where nobody may read or write.
struct strided {
    std::size_t rows, cols, stride;
    std::vector<float> data;

    strided(std::size_t r, std::size_t c, std::size_t gap)
        : rows(r), cols(c), stride(c + gap), data(r == 0 ? 0 : (r - 1) * (c + gap) + c) {}
    fb::matrix_view<float> view() { return {data.data(), rows, cols, stride}; }
};

bool is_finite(float value) { return (std::bit_cast<std::uint32_t>(value) & 0x7f80'0000u) != 0x7f80'0000u; }
bool same(float a, float b) { return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b); }

strided take_matrix(fuzz::input& in) {
    static constexpr unsigned widths[] = {0, 1, 2, 5, 16, 31, 32, 33, 64, 65, 128, 130, 256, 257, 512};
    std::size_t const rows = in.below(6);
    std::size_t const cols = in.below(2) == 0 ? widths[in.below(std::size(widths))] : in.below(300);
    strided matrix(rows, cols, in.below(3));
    // A few bytes make a whole matrix: values repeat with changes of sign and size.
    std::vector<float> pool(1 + in.below(24));
    bool const any_bits = in.below(4) == 0;
    for (float& value : pool) {
        value = any_bits ? in.take<float>() : static_cast<float>(in.take<std::int16_t>()) / 1024.0f;
    }
    std::uint32_t state = in.take<std::uint32_t>();
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < cols; ++c) {
            state = state * 1664525u + 1013904223u;
            matrix.view()(r, c) = pool[(state >> 16) % pool.size()];
        }
    }
    return matrix;
}

fb::quantize_options take_options(fuzz::input& in) {
    static constexpr fb::rounding_rule rules[] = {
        fb::nearest_even, fb::nearest_away, fb::toward_zero, fb::upward, fb::downward, fb::to_odd, fb::stochastic{}};
    static constexpr fb::scale_rule scale_rules[] = {fb::scale_rule::of_format, fb::scale_rule::absmax,
        fb::scale_rule::floor, fb::scale_rule::ceil, fb::scale_rule::mse_search, fb::scale_rule::percentile};
    fb::quantize_options options;
    if (in.below(2) == 0) return options;
    options.mode = rules[in.below(std::size(rules))];
    options.overflow = in.below(2) == 0 ? fb::saturate : fb::to_special;
    options.scale_rule = scale_rules[in.below(std::size(scale_rules))];
    options.percentile = in.below(2) == 0 ? 99.0 : static_cast<double>(in.take<float>());
    options.full_range = in.below(2) == 0;
    options.seed = in.take<std::uint64_t>();
    return options;
}

template <class F>
std::optional<fb::quantized_matrix<F>> quantized(fb::matrix_view<const float> x, fb::quantize_options const& options) {
    try {
        return fb::quantize<F>(x, options);
    } catch (std::invalid_argument const&) {
        return std::nullopt;
    }
}

template <class F>
void check_values(fb::quantized_matrix<F> const& q, bool finite_input) {
    strided out(q.rows(), q.cols(), 1);
    std::fill(out.data.begin(), out.data.end(), 7.0f);
    fb::dequantize(q, out.view());
    for (std::size_t r = 0; r < q.rows(); ++r) {
        for (std::size_t c = 0; c < q.cols(); ++c) {
            EXPECT(q.code(r, c) >> F::element::width == 0);
            EXPECT(same(out.view()(r, c), q.value(r, c)) || (!is_finite(q.value(r, c)) && !is_finite(out.view()(r, c))));
            EXPECT(!finite_input || is_finite(q.scale(r, c)));
        }
        if (r + 1 < q.rows()) EXPECT(same(out.data[r * out.stride + q.cols()], 7.0f));
    }
}

template <class F>
void check(fuzz::input& in) {
    strided x = take_matrix(in);
    auto options = take_options(in);
    auto const q = quantized<F>(x.view(), options);
    options.executor = fb::threads(2);
    auto const threaded = quantized<F>(x.view(), options);
    EXPECT(q.has_value() == threaded.has_value());
    if (!q) return;

    EXPECT(q->rows() == x.rows && q->cols() == x.cols);
    auto const streams = q->streams();
    auto const others = threaded->streams();
    EXPECT(streams.size() == others.size());
    for (std::size_t i = 0; i < streams.size(); ++i) {
        EXPECT(std::equal(streams[i].begin(), streams[i].end(), others[i].begin(), others[i].end()));
    }

    // Magnitudes whose sums and squares stay far from the largest float.
    bool moderate = true;
    for (std::size_t r = 0; r < x.rows; ++r) {
        float const* const row = x.view().row(r);
        moderate = moderate && std::all_of(row, row + x.cols, [](float v) { return is_finite(v) && v < 1e15f && v > -1e15f; });
    }
    check_values(*q, moderate);
    if (moderate) {
        auto const statistics = fb::error_statistics(fb::matrix_view<const float>(x.view()), *q);
        EXPECT(statistics.mse >= 0);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::input in(data, size);
    unsigned const chosen = in.below(fb::all_block_formats::size);
    unsigned index = 0;
    fb::for_each(fb::all_block_formats{}, [&]<class F>() {
        if (index++ == chosen) check<F>(in);
    });
    return 0;
}
