// Every scalar format in device code, compiled with no flag but -std=c++20: encode, decode, round in every mode, compare.
#include <fewbits/fewbits.hpp>

namespace fb = fewbits;

/// One thread per element. Kernels take tags; a layout may not be a parameter of a kernel.
template <class T>
__global__ void encode_decode(float const* in, unsigned char* codes, float* out, int count) {
    int const i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (i >= count) return;
    T const value{in[i]};
    codes[i] = static_cast<unsigned char>(value.bits());
    out[i] = static_cast<float>(T::from_bits(codes[i] ^ 1u));
}

/// Modes and overflow are run-time values: one kernel per format, whatever the number of modes.
template <class T>
__global__ void round_in_every_mode(double const* in, unsigned* codes, fb::rounding mode, fb::overflow_policy overflow,
    unsigned const* random, int count) {
    int const i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (i >= count) return;
    T const stochastic = fb::round_to<T>(in[i], fb::stochastic{.bits = random[i]}, overflow);
    T rounded{};
    if constexpr (T::kind == fb::format_kind::codebook) {
        rounded = fb::round_to<T>(in[i], fb::nearest_even, overflow);
    } else {
        rounded = fb::round_to<T>(in[i], mode, overflow);
    }
    codes[i] = rounded.bits() << 16 | stochastic.bits();
}

/// From one format into another without a float between, and the comparisons.
template <class T, class U>
__global__ void convert_and_compare(U const* in, T* out, bool* less, int count) {
    __shared__ T tile[32];
    int const i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (i >= count) return;
    tile[threadIdx.x % 32] = fb::round_to<T>(in[i]);
    T const other = fb::round_to<T>(i);
    out[i] = tile[threadIdx.x % 32];
    less[i] = out[i] < other || (out[i] == other && out[i] >= T::from_bits(0) && int(other) > 1);
}

void launch_all(void* in, void* out, unsigned* codes, unsigned const* random, fb::rounding mode, fb::overflow_policy overflow) {
    fb::for_each(fb::all_scalars{}, [&]<class T>() {
        encode_decode<T><<<1, 32>>>(static_cast<float*>(in), static_cast<unsigned char*>(out), static_cast<float*>(out), 32);
        round_in_every_mode<T><<<1, 32>>>(static_cast<double*>(in), codes, mode, overflow, random, 32);
        convert_and_compare<T, fb::bf16><<<1, 32>>>(static_cast<fb::bf16*>(in), static_cast<T*>(out), static_cast<bool*>(out), 32);
    });
}
