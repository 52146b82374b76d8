// quantize_async and dequantize_async: the host's bits.
#include "check.cuh"

namespace on_gpu {

namespace {

/// Whether `input` is quantized as the host did.
template <class F, class T>
bool same_streams(cudaStream_t stream, dense<T> const& input, fb::quantize_options const& options, fb::quantized_matrix<F> const& expected) {
    std::size_t const rows = expected.rows(), cols = expected.cols();
    fb::device_matrix<F> const matrix(rows, cols);
    fb::device_memory const scratch(fb::quantize_scratch_bytes<F>(rows, cols, options));
    auto const streams = matrix.streams();
    fb::quantize_async<F>(stream, input.values(), streams, scratch.bytes(), options);
    auto const found = matrix.download(stream);
    bool same = true;
    for (std::size_t i = 0; i < streams.size(); ++i) {
        auto const a = expected.streams()[i];
        auto const b = found.streams()[i];
        same = same && std::memcmp(a.data(), b.data(), a.size()) == 0;
    }
    return same;
}

template <class F, class T>
void check_format(cudaStream_t stream, tally& results, std::size_t rows, std::size_t cols, fb::rounding mode) {
    std::string const what = std::string(fb::type_name<F>()) + " of " + std::to_string(rows) + " x " + std::to_string(cols) + ", mode " +
                             std::to_string(static_cast<int>(mode));
    auto const numbers = as<T>(random_numbers(rows * cols, static_cast<unsigned>(rows + cols)));
    fb::quantize_options options;
    options.mode = mode;
    auto const widened = as<float>(numbers);
    auto const expected = fb::quantize<F>({widened.data(), rows, cols}, options);
    dense<T> const input(stream, numbers, rows, cols, 3);
    fb::device_matrix<F> const matrix(rows, cols);
    if constexpr (fb::quantized_on_device<F>) {
        results.expect(same_streams(stream, input, options, expected), "quantize " + what);
        if constexpr (F::is_symmetric) {
            fb::block_position const grid = fb::block_grid(F::block, rows, cols);
            auto scales = random_numbers(grid.row * grid.col, static_cast<unsigned>(cols));
            for (float& x : scales) x *= 0.02F;
            dense<float> const given(stream, scales, grid.row, grid.col, 5);
            options.scales = {scales.data(), grid.row, grid.col};
            auto const under_given = fb::quantize<F>({widened.data(), rows, cols}, options);
            options.scales = given.values();
            results.expect(same_streams(stream, input, options, under_given), "quantize under given scales " + what);
        }
    }
    matrix.upload_async(stream, expected);
    dense<T> const output(stream, rows, cols, 1);
    fb::dequantize_async<F>(stream, matrix.view(), output.view());
    std::vector<float> values(rows * cols);
    fb::dequantize(expected, fb::matrix_view<float>{values.data(), rows, cols});
    auto const [taken, untouched] = output.take(stream);
    results.expect(untouched && same_bytes(taken, as<T>(values)), "dequantize " + what);
}

}  // namespace

void check_quantize(cudaStream_t stream, tally& results) {
    fb::for_each(formats{}, [&]<class F>() {
        check_format<F, float>(stream, results, 37, 512, fb::rounding::nearest_even);
        check_format<F, float>(stream, results, 130, 333, fb::rounding::toward_zero);
        check_format<F, fb::bf16>(stream, results, 200, 768, fb::rounding::nearest_even);
    });
}

}  // namespace on_gpu
