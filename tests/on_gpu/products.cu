// gemm_async: the host's bits where they are defined, its bound elsewhere; alone, on two streams at once, and captured in a graph.
#include <cmath>

#include "check.cuh"

namespace on_gpu {

namespace {

struct shape {
    std::size_t m, n, k;
};

std::string text_of(shape s) { return std::to_string(s.m) + " x " + std::to_string(s.n) + " x " + std::to_string(s.k); }

/// The same activations in the host's memory and the device's: numbers, or a block format.
template <class A>
struct activations {
    std::vector<A> numbers;
    std::size_t rows, cols;
    dense<A> memory;
    activations(cudaStream_t stream, std::size_t m, std::size_t k)
        : numbers(as<A>(random_numbers(m * k, 1))), rows(m), cols(k), memory(stream, numbers, m, k, 16 / sizeof(A)) {}
    fb::matrix_view<A const> host() const { return {numbers.data(), rows, cols}; }
    fb::matrix_view<A const> device() const { return memory.values(); }
    double value(std::size_t r, std::size_t c) const { return static_cast<double>(static_cast<float>(numbers[r * cols + c])); }
};
template <fb::block_format A>
struct activations<A> {
    fb::quantized_matrix<A> matrix;
    fb::device_matrix<A> memory;
    activations(cudaStream_t stream, std::size_t m, std::size_t k) : matrix(m, k), memory(m, k) {
        auto const numbers = random_numbers(m * k, 1);
        matrix = fb::quantize<A>({numbers.data(), m, k});
        memory.upload_async(stream, matrix);
        wait(stream);
    }
    fb::quantized_matrix<A> const& host() const { return matrix; }
    fb::device_matrix<A> const& device() const { return memory; }
    double value(std::size_t r, std::size_t c) const { return static_cast<double>(matrix.value(r, c)); }
};

/// Whether y is near enough to sums in double of the operands' values: `bound` in units of sum |a||w| + |bias|, and rounding to Y.
template <class A, class F, class Y>
bool near(activations<A> const& a, fb::quantized_matrix<F> const& w, std::vector<float> const& bias, std::vector<Y> const& y, shape s,
          double bound) {
    std::vector<double> left(s.m * s.k), right(s.n * s.k);
    for (std::size_t i = 0; i < left.size(); ++i) left[i] = a.value(i / s.k, i % s.k);
    for (std::size_t i = 0; i < right.size(); ++i) right[i] = static_cast<double>(w.value(i / s.k, i % s.k));
    constexpr double rounding = sizeof(Y) == 4 ? 0x1p-23 : std::is_same_v<Y, fb::fp16> ? 0x1p-11 : 0x1p-8;
    for (std::size_t i = 0; i < s.m; ++i) {
        for (std::size_t j = 0; j < s.n; ++j) {
            double sum = static_cast<double>(bias[j]);
            double size = std::fabs(sum);
            for (std::size_t c = 0; c < s.k; ++c) {
                double const product = left[i * s.k + c] * right[j * s.k + c];
                sum += product;
                size += std::fabs(product);
            }
            double const error = std::fabs(static_cast<double>(static_cast<float>(y[i * s.n + j])) - sum);
            if (!(error <= bound * size + rounding * std::fabs(sum))) return false;
        }
    }
    return true;
}

/// run(stream, y) alone, then into two results on two streams at once, then as a graph that is launched twice: always the same bits.
template <class Y, class Run>
void check_repeats(cudaStream_t stream, tally& results, std::string const& what, std::vector<Y> const& expected, shape s, Run const& run) {
    on_gpu::stream const other;
    dense<Y> const first(stream, s.m, s.n, 3), second(other, s.m, s.n, 5);
    run(stream, first.view());
    run(other, second.view());
    results.expect(same_bytes(first.take(stream).first, expected) && same_bytes(second.take(other).first, expected), what + ": two streams");

    dense<Y> const captured(stream, s.m, s.n, 3);
    wait(stream);
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t launches = nullptr;
    fb::check_cuda("cudaStreamBeginCapture", cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    run(stream, captured.view());
    fb::check_cuda("cudaStreamEndCapture", cudaStreamEndCapture(stream, &graph));
    fb::check_cuda("cudaGraphInstantiate", cudaGraphInstantiate(&launches, graph, 0));
    for (int i = 0; i < 2; ++i) fb::check_cuda("cudaGraphLaunch", cudaGraphLaunch(launches, stream));
    results.expect(same_bytes(captured.take(stream).first, expected), what + ": a graph");
    cudaGraphExecDestroy(launches);
    cudaGraphDestroy(graph);
}

/// One product with weights as they are given, stored or packed.
template <class Y, class A, class F, class W>
void check_product(cudaStream_t stream, tally& results, activations<A> const& a, fb::quantized_matrix<F> const& host, W const& w, shape s,
                   fb::device_compute compute) {
    auto const bias = random_numbers(s.n, 3);
    dense<float> const device_bias(stream, bias, 1, s.n, 0);
    using A_operand = std::remove_cvref_t<decltype(a.device())>;
    std::size_t const scratch_bytes = fb::gemm_scratch_bytes<A_operand, W>(s.m, s.k);
    fb::device_memory const scratch(scratch_bytes), more(scratch_bytes);
    auto const run = [&](cudaStream_t on, fb::matrix_view<Y> y) {
        fb::gemm_async(on, a.device(), w, y,
                       {.bias = device_bias.view().data, .scratch = on == stream ? scratch.bytes() : more.bytes(), .compute = compute});
    };
    dense<Y> const result(stream, s.m, s.n, 3);
    fb::device_gemm_options const options{.scratch = scratch.bytes(), .compute = compute};
    std::string const kernel = fb::device_kernel_name(a.device(), w, result.view(), options);
    std::string const what = std::string(fb::type_name<A>()) + " * " + std::string(fb::type_name<F>()) + ", " + text_of(s) + ", " +
                             kernel.substr(0, kernel.find(':'));
    run(stream, result.view());
    auto const [y, untouched] = result.take(stream);
    results.expect(untouched, what + ": what lies beside y");
    if constexpr (fb::is_exact_product<A, F>) {
        std::vector<Y> expected(s.m * s.n);
        fb::gemm(a.host(), host, fb::matrix_view<Y>{expected.data(), s.m, s.n}, {.bias = bias});
        results.expect(same_bytes(y, expected), what + ": bits");
    } else {
        results.expect(near(a, host, bias, y, s, fb::device_kernel_error(a.device(), w, result.view(), options).worst), what + ": values");
    }
    check_repeats(stream, results, what, y, s, run);
}

template <class A, class F, class Y>
void check_pair(cudaStream_t stream, tally& results, shape s) {
    activations<A> const a(stream, s.m, s.k);
    auto const numbers = random_numbers(s.n * s.k, 2);
    auto const host = fb::quantize<F>({numbers.data(), s.n, s.k});
    fb::device_matrix<F> const stored(s.n, s.k);
    stored.upload_async(stream, host);
    for (auto compute : {fb::device_compute::native, fb::device_compute::exact}) {
        check_product<Y>(stream, results, a, host, stored, s, compute);
        if constexpr (fb::has_fragments<F>) {
            if constexpr (fb::device_gemm_kernels::any<A, F, Y, true>) {
                if (!fb::fits_fragments<F>(s.k)) continue;
                fb::device_prepacked<F> packed(s.n, s.k);
                fb::prepack_async(stream, stored, packed);
                check_product<Y>(stream, results, a, host, packed, s, compute);
            }
        }
    }
}

template <class A, class F, class Y = float>
void check_shapes(cudaStream_t stream, tally& results) {
    for (shape s : {shape{1, 64, 256}, shape{5, 203, 784}, shape{16, 130, 512}, shape{47, 257, 1040}, shape{200, 384, 768},
                    shape{24, 300, 4352}}) {
        check_pair<A, F, Y>(stream, results, s);
    }
}

}  // namespace

void check_products(cudaStream_t stream, tally& results) {
    fb::for_each(formats{}, [&]<class F>() { check_shapes<fb::bf16, F>(stream, results); });
    check_shapes<fb::int8_row, fb::int8_row, fb::bf16>(stream, results);
    check_shapes<fb::e4m3_tile_1x128, fb::e4m3_tile_128x128, fb::bf16>(stream, results);
    check_shapes<fb::nvfp4, fb::nvfp4>(stream, results);
#if !defined(ON_GPU_FEW)
    check_shapes<float, fb::int4_g128>(stream, results);
    check_shapes<fb::fp16, fb::nvfp4, fb::fp16>(stream, results);
    check_shapes<fb::int8_row, fb::int4_g128>(stream, results);
    check_shapes<fb::int8_row, fb::bitnet>(stream, results);
    check_shapes<fb::q8_k, fb::q4_k>(stream, results);
    check_shapes<fb::e4m3_row, fb::e4m3_tensor, fb::bf16>(stream, results);
    check_shapes<fb::e4m3_row, fb::int4_g128>(stream, results);
    check_shapes<fb::e5m2_tensor, fb::nvfp4, fb::bf16>(stream, results);
    check_shapes<fb::mxfp8_e4m3, fb::mxfp8_e4m3>(stream, results);
    check_shapes<fb::mxfp8_e4m3, fb::mxfp4>(stream, results);
    check_shapes<fb::mxfp4, fb::mxfp4>(stream, results);
#endif
}

}  // namespace on_gpu
