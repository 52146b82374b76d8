// Quantizing and dequantizing: a share of the rate of a copy.
#include <cmath>
#include <fewbits/cuda.hpp>

#include "check.cuh"
#include "session.cuh"

namespace bench {
namespace {

constexpr std::size_t rows = 16384;
constexpr std::size_t cols = 16384;

/// The root of the mean square error of the sampled rows over that of their values.
double relative_error(sampled_rows const& from, sampled_rows const& to) {
    double error = 0;
    double all = 0;
    for (std::size_t i = 0; i < from.values.size(); ++i) {
        for (std::size_t k = 0; k < from.values[i].size(); ++k) {
            double const difference = from.values[i][k] - to.values[i][k];
            error += difference * difference;
            all += from.values[i][k] * from.values[i][k];
        }
    }
    return std::sqrt(error / all);
}

void rate_row(session& s, std::string const& what, std::size_t bytes, double seconds, std::string const& verdict) {
    double const rate = static_cast<double>(bytes) / seconds;
    session::row({what, shown(seconds * 1e6, 1), shown(rate * 1e-9, 0), shown(rate / s.copy_rate, 3), "0.85", verdict});
}

/// `most`: the error of normal numbers in that format, and a third more. `given`: the scale of the whole tensor, if it is not to be found.
template <class F, class T>
void quantizing(session& s, std::string const& what, double most, float given = 0) {
    s.guarded(what, [&] {
        dense_matrix<T> const from(rows, cols);
        fill(s.stream, from, 1);
        fb::device_matrix<F> const to(rows, cols);
        fb::device_memory const scale(sizeof(float));
        check_cuda("cudaMemcpy", cudaMemcpy(scale.data(), &given, sizeof(float), cudaMemcpyHostToDevice));
        fb::quantize_options options;
        if (given != 0) options.scales = {reinterpret_cast<float const*>(scale.data()), 1, 1};
        fb::device_memory const scratch(fb::quantize_scratch_bytes<F>(rows, cols, options));
        auto const call = [&](std::size_t) { fb::quantize_async<F>(s.stream, from.values(), to.streams(), scratch.bytes(), options); };
        double const seconds = seconds_of(s.stream, call, 1);
        double const error = relative_error(sample(s.stream, from, 8), sample(s.stream, to, 8));
        rate_row(s, what, from.bytes() + bytes_of(to), seconds, s.verdict(error, most));
    });
}

/// The numbers have to be the host's.
template <class F, class T>
void dequantizing(session& s, std::string const& what) {
    s.guarded(what, [&] {
        fb::device_matrix<F> const from(rows, cols);
        fill(s.stream, from, 2);
        dense_matrix<T> const to(rows, cols);
        auto const call = [&](std::size_t) { fb::dequantize_async<F>(s.stream, from.view(), to.view()); };
        double const seconds = seconds_of(s.stream, call, 1);
        sampled_rows expected = sample(s.stream, from, 8);
        for (auto& row : expected.values) {
            for (double& value : row) value = number(T(static_cast<float>(value)));
        }
        double const error = relative_error(expected, sample(s.stream, to, 8));
        rate_row(s, what, to.bytes() + bytes_of(from), seconds, s.verdict(error, 0));
    });
}

}  // namespace

void measure_quantizing(session& s) {
    session::table("Quantizing and dequantizing, 16384 x 16384",
                   {"From, to", "us", "GB/s read and written", "of copy", "wanted", "relative error (to dequantize: from the host's)"});
    quantizing<fb::mxfp8_e4m3, fb::bf16>(s, "bf16, mxfp8_e4m3", 0.036);
    quantizing<fb::nvfp4, fb::bf16>(s, "bf16, nvfp4 (reads twice, counted once)", 0.13);
    quantizing<fb::int4_g128, fb::bf16>(s, "bf16, int4_g128", 0.15);
    quantizing<fb::e4m3_tile_1x128, fb::bf16>(s, "bf16, e4m3_tile_1x128", 0.036);
    quantizing<fb::e4m3_tensor, fb::bf16>(s, "bf16, e4m3_tensor (reads twice, counted once)", 0.036);
    quantizing<fb::e4m3_tensor, fb::bf16>(s, "bf16, e4m3_tensor under a given scale", 0.036, 6.0F / 448);
    quantizing<fb::nf4_b64, fb::bf16>(s, "bf16, nf4_b64", 0.13);
    quantizing<fb::mxfp4, fb::bf16>(s, "bf16, mxfp4", 0.16);
    quantizing<fb::mxfp8_e4m3, float>(s, "fp32, mxfp8_e4m3", 0.036);
    quantizing<fb::nf4_b64, float>(s, "fp32, nf4_b64", 0.13);
    dequantizing<fb::mxfp8_e4m3, fb::bf16>(s, "mxfp8_e4m3, bf16");
    dequantizing<fb::nvfp4, fb::bf16>(s, "nvfp4, bf16");
    dequantizing<fb::int4_g128, fb::bf16>(s, "int4_g128, bf16");
    dequantizing<fb::mxfp4, fb::bf16>(s, "mxfp4, bf16");
}

}  // namespace bench
