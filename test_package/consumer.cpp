// What every way of including the library has to compile and run: one scalar, one block format, one matrix product.
#include <fewbits/fewbits.hpp>

#include <cmath>
#include <cstdio>
#include <vector>

namespace fb = fewbits;

int main() {
    std::size_t const rows = 3, cols = 32;
    std::vector<float> values(rows * cols);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i));

    fb::matrix_view<const float> const x{values.data(), rows, cols};
    auto const weights = fb::quantize<fb::nvfp4>(x);
    auto const activations = fb::quantize<fb::mxfp8_e4m3>(x);
    std::vector<float> product(rows * rows);
    fb::gemm(activations, weights, fb::matrix_view<float>{product.data(), rows, rows});

    float const self = product[0]; // the sum of 32 squared sines: about 16
    float const third = static_cast<float>(fb::e4m3{1.0f / 3.0f});
    std::printf("fewbits %d.%d.%d: e4m3(1/3) = %g, x*x = %g\n", FEWBITS_VERSION / 10000,
        FEWBITS_VERSION / 100 % 100, FEWBITS_VERSION % 100, static_cast<double>(third), static_cast<double>(self));
    return self > 14.0f && self < 18.0f && third == 0.34375f ? 0 : 1;
}
