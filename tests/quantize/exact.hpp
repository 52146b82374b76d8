// What the tests of blocks share: repeatable data, bits, and fp32 operations rounded once by way of double.
#pragma once

#include <fewbits/fewbits.hpp>

#include "oracle/tally.hpp"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace exact {

namespace fb = fewbits;
using oracle::tally;

inline std::uint32_t bits(float value) { return std::bit_cast<std::uint32_t>(value); }
inline float from_bits(std::uint32_t value) { return std::bit_cast<float>(value); }
/// Not inlined: -ffast-math need not tell it from 0.
[[gnu::noinline]] inline float negative_zero() { return from_bits(0x8000'0000U); }
inline double wide(float value) { return static_cast<double>(value); }

// Two floats' product is exact in double; sum, difference and quotient are rounded to 53 bits first, which is enough
// for the second rounding to be the right one (2 * 24 + 2 <= 53). volatile keeps -ffast-math from rearranging anything.
[[gnu::noinline]] inline float mul(float a, float b) {
    double volatile const x = wide(a), y = wide(b);
    double volatile const exact_product = x * y;
    return static_cast<float>(exact_product);
}
[[gnu::noinline]] inline float add(float a, float b) {
    double volatile const x = wide(a), y = wide(b);
    double volatile const sum = x + y;
    return static_cast<float>(sum);
}
inline float sub(float a, float b) { return add(a, -b); }
[[gnu::noinline]] inline float div(float a, float b) {
    double volatile const x = wide(a), y = wide(b);
    double volatile const quotient = x / y;
    return static_cast<float>(quotient);
}

/// Nearest integer, ties to even.
inline double nearest_integer(double value) {
    double const below = std::floor(value);
    double const rest = value - below;
    bool const up = rest > 0.5 || (rest >= 0.5 && std::fmod(below, 2.0) != 0.0);
    return up ? below + 1.0 : below;
}
inline int clamp(double value, int low, int high) {
    return value < low ? low : value > high ? high : static_cast<int>(value);
}

inline float magnitude(float value) { return from_bits(bits(value) & 0x7fff'ffffU); }
inline bool is_nan(float value) { return (bits(value) & 0x7fff'ffffU) > 0x7f80'0000U; }

/// splitmix64: the same words everywhere.
class words {
public:
    explicit words(std::uint64_t seed) : state_(seed) {}
    std::uint64_t operator()() {
        std::uint64_t z = (state_ += 0x9e37'79b9'7f4a'7c15U);
        z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9U;
        z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11ebU;
        return z ^ (z >> 31);
    }
    unsigned below(unsigned count) { return static_cast<unsigned>((*this)() >> 32) % count; }
    /// Roughly normal, variance 1/3, on a grid of 2^-20: every step exact.
    float normal() {
        std::int64_t sum = 0;
        for (int i = 0; i < 4; ++i) sum += static_cast<std::int64_t>((*this)() >> 44);
        return static_cast<float>(sum - (std::int64_t{1} << 21)) * 0x1p-20F;
    }

private:
    std::uint64_t state_;
};

/// Owns rows x cols floats, `stride` apart.
struct matrix {
    std::size_t rows, cols, stride;
    std::vector<float> data;

    matrix(std::size_t r, std::size_t c, std::size_t s = 0)
        : rows(r), cols(c), stride(s == 0 ? c : s), data(r * stride + 1, 0.0F) {}
    float& operator()(std::size_t r, std::size_t c) { return data[r * stride + c]; }
    float operator()(std::size_t r, std::size_t c) const { return data[r * stride + c]; }
    fb::matrix_view<const float> view() const { return {data.data(), rows, cols, stride}; }
};

inline matrix normal_matrix(std::size_t rows, std::size_t cols, std::uint64_t seed, std::size_t stride = 0) {
    matrix x(rows, cols, stride);
    words next(seed);
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < cols; ++c) x(r, c) = next.normal();
    }
    return x;
}

/// Normal numbers whose magnitude changes by up to 2^+-`spread` from block of 16 to block, some blocks all zero, a few
/// outliers and zeros of both signs; between the rows lies junk that no quantizer may read.
inline matrix rough_matrix(std::size_t rows, std::size_t cols, std::uint64_t seed, int spread = 12) {
    matrix x(rows, cols, cols + 3);
    for (float& value : x.data) value = from_bits(0x7f80'0000U);
    words next(seed);
    for (std::size_t r = 0; r < rows; ++r) {
        int exponent = 0;
        for (std::size_t c = 0; c < cols; ++c) {
            if (c % 16 == 0) exponent = static_cast<int>(next.below(static_cast<unsigned>(2 * spread + 1))) - spread;
            float const value = std::ldexp(next.normal(), exponent);
            unsigned const kind = next.below(64);
            x(r, c) = kind == 0 ? 0.0F : kind == 1 ? negative_zero() : kind == 2 ? 8.0F * value : value;
            if (next.below(512) == 0) { // zeros from here to the end of a block of 128
                for (; c % 128 != 127 && c + 1 < cols; ++c) x(r, c + 1) = 0.0F;
            }
        }
    }
    return x;
}

/// An element format's code for a double, to nearest even, saturating.
template <class E> unsigned nearest_code(double value) {
    return fb::round_to<E>(value, fb::nearest_even, fb::saturate).bits();
}
/// Not inlined: where -ffast-math ignores signed zeros, g++ may merge the values of the codes of 0 and -0.
template <class E> [[gnu::noinline]] float element_value(unsigned code) {
    return static_cast<float>(E::from_bits(code));
}

/// dequantize into a fresh matrix.
template <class F> matrix dequantized(fb::quantized_matrix<F> const& q) {
    matrix y(q.rows(), q.cols(), q.cols() + 1);
    fb::dequantize(q, fb::matrix_view<float>(y.data.data(), y.rows, y.cols, y.stride));
    return y;
}

/// Whether two quantized matrices hold the same bytes.
template <class F> bool same_bytes(fb::quantized_matrix<F> const& a, fb::quantized_matrix<F> const& b) {
    auto const x = a.streams(), y = b.streams();
    if (a.rows() != b.rows() || a.cols() != b.cols() || x.size() != y.size()) return false;
    for (std::size_t s = 0; s < x.size(); ++s) {
        if (!std::equal(x[s].begin(), x[s].end(), y[s].begin(), y[s].end())) return false;
    }
    return true;
}

/// `count` bits from bit `first` of a row of a stream, little-endian, read one by one.
inline unsigned stream_bits(std::span<const std::byte> bytes, std::size_t first, unsigned count) {
    unsigned value = 0;
    for (unsigned i = 0; i < count; ++i) {
        std::size_t const bit = first + i;
        value |= ((static_cast<unsigned>(bytes[bit / 8]) >> (bit % 8)) & 1U) << i;
    }
    return value;
}

inline float stream_float(std::span<const std::byte> bytes, std::size_t index) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value |= static_cast<std::uint32_t>(bytes[4 * index + i]) << (8 * i);
    return from_bits(value);
}

} // namespace exact
