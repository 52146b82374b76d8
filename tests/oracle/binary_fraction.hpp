// Exact numbers of any size, integer * 2^exponent: every value, midpoint and stochastic threshold of a format is one.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace oracle {

class binary_fraction {
public:
    using integer = boost::multiprecision::cpp_int;

    binary_fraction() = default;
    binary_fraction(integer significand, int exponent) : significand_(std::move(significand)), exponent_(exponent) {}
    explicit binary_fraction(double value) {
        int exponent = 0;
        double const fraction = std::frexp(value, &exponent); // exact
        significand_ = static_cast<std::int64_t>(std::ldexp(fraction, 53));
        exponent_ = exponent - 53;
    }

    int sign() const { return significand_.sign(); }
    double to_double() const { return std::ldexp(significand_.convert_to<double>(), exponent_); } // exact: <= 53 bits

    binary_fraction operator-() const { return {-significand_, exponent_}; }
    binary_fraction half() const { return {significand_, exponent_ - 1}; }
    friend binary_fraction operator+(binary_fraction const& a, binary_fraction const& b) {
        if (a.sign() == 0) return b;
        if (b.sign() == 0) return a;
        int const unit = (std::min)(a.exponent_, b.exponent_);
        return {a.in_units_of(unit) + b.in_units_of(unit), unit};
    }
    friend binary_fraction operator-(binary_fraction const& a, binary_fraction const& b) { return a + -b; }
    friend binary_fraction operator*(binary_fraction const& a, binary_fraction const& b) {
        return {a.significand_ * b.significand_, a.exponent_ + b.exponent_};
    }
    friend bool operator<(binary_fraction const& a, binary_fraction const& b) { return (a - b).sign() < 0; }

    /// |x| = m * 2^e with 1 <= m < 2; x is not 0.
    int floor_log2() const { return static_cast<int>(msb(magnitude())) + exponent_; }
    /// floor(|x| / 2^unit) and whether that is |x| / 2^unit itself.
    std::pair<integer, bool> floor_in_units(int unit) const {
        integer units = magnitude();
        int const shift = unit - exponent_;
        bool const exact = units == 0 || shift <= static_cast<int>(lsb(units));
        if (shift < 0)
            units <<= -shift;
        else
            units >>= shift;
        return {units, exact};
    }

private:
    integer magnitude() const { return abs(significand_); }
    integer in_units_of(int unit) const { return significand_ << (exponent_ - unit); }

    integer significand_ = 0;
    int exponent_ = 0;
};

} // namespace oracle
