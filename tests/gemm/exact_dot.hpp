// The exact product of two operands' dequantised values, in integers of Boost.Multiprecision scaled by 2^-298.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <boost/multiprecision/cpp_int.hpp>

#include <fewbits/gemm/gemm.hpp>

namespace gemm_test {

/// An exact sum of products of floats: a multiple of 2^-298.
using fixed = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<
    1024, 1024, boost::multiprecision::signed_magnitude, boost::multiprecision::unchecked, void>>;

struct parts {
    std::int64_t significand;
    int exponent;  ///< above 2^-149
};

inline parts split(float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    int const field = static_cast<int>((bits >> 23) & 0xFF);
    std::int64_t const fraction = static_cast<std::int64_t>(bits & 0x7FFFFF);
    std::int64_t const significand = field == 0 ? fraction : fraction | 0x800000;
    return {(bits >> 31) != 0 ? -significand : significand, field == 0 ? 0 : field - 1};
}

inline fixed as_fixed(float value) {
    parts const p = split(value);
    return fixed(p.significand) << (p.exponent + 149);
}

struct exact_result {
    fixed sum;
    fixed magnitude;  ///< sum of |a||w|
};

inline exact_result exact_dot(fewbits::operand const& a, std::size_t m, fewbits::operand const& w, std::size_t n) {
    exact_result result{0, 0};
    for (std::size_t k = 0; k < a.cols(); ++k) {
        parts const x = split(a.at(fewbits::reading::values, m, k));
        parts const y = split(w.at(fewbits::reading::values, n, k));
        fixed const product = fixed(x.significand * y.significand) << (x.exponent + y.exponent);
        result.sum += product;
        result.magnitude += product < 0 ? fixed(-product) : product;
    }
    return result;
}

/// |y - exact| <= 1e-5 * sum |a||w|.
inline bool within_bound(float y, exact_result const& exact) {
    fixed const error = as_fixed(y) - exact.sum;
    fixed const size = error < 0 ? fixed(-error) : error;
    return size * 100000 <= exact.magnitude;
}

}  // namespace gemm_test
