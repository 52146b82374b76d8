// The searches for a block's scale: which scales each tries, what it sums up under one, and when it takes that one. Host and device.
#pragma once

#include <cmath>
#include <cstdint>

#include "elements.hpp"
#include "statistics.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// A scale as a block of scale type S uses it: plain numbers are rounded to nearest; what the levels of a nested scale make of
/// it depends on other blocks.
template <class S>
FEWBITS_HOST_DEVICE float stored_scale(float scale) noexcept {
    if constexpr (scalar<S>) {
        return static_cast<float>(S::from_bits(static_cast<unsigned>(S::codec::encode(unpack(scale), nearest_even, saturate))));
    } else {
        return scale;
    }
}

/// x - f(element * scale), squared.
FEWBITS_HOST_DEVICE inline double squared_difference(float x, float element, float scale) noexcept {
    double const difference = static_cast<double>(x) - static_cast<double>(mul_rn(element, scale));
    return mul_rn(difference, difference);
}

}  // namespace FEWBITS_BASELINE

/// Squared error of a block under one scale; elements nearest, saturating.
struct error_sum {
    run_sum error;

    FEWBITS_HOST_DEVICE void add(float x, float element, float scale) noexcept { error.add(squared_difference(x, element, scale)); }
};

/// The number of least squared error, the first of equals.
struct least_error {
    float number;
    double least = -1;

    FEWBITS_HOST_DEVICE void take(float candidate, double error) noexcept {
        if (least < 0 || error < least) {
            least = error;
            number = candidate;
        }
    }
};

/// A search tries scale(0) to scale(candidates - 1), elements being rounded as under a scale of type scale_type, makes `sums` of all values
/// of a block, and hands those to `choice` in this order. It finds the number that the block's scale is stored from. Blocks of zeros,
/// whose number is 0, are not searched. This one: the scale of least squared error among 33 fractions of `largest` / largest element,
/// from 1 down to 1/2; compared as stored, but for nested scales before storing.
template <scalar E, class S>
struct fraction_search {
    using element = E;
    using scale_type = float;
    using sums = error_sum;
    static constexpr int candidates = 33;

    float largest;
    bool full_range;

    FEWBITS_HOST_DEVICE float number(int i) const noexcept { return mul_rn(largest, 1.0F - static_cast<float>(i) / 64.0F); }
    FEWBITS_HOST_DEVICE float scale(int i) const noexcept {
        return stored_scale<S>(div_rn(number(i), largest_element<E>(full_range)));
    }

    struct choice : least_error {
        FEWBITS_HOST_DEVICE explicit choice(fraction_search const& s) noexcept : least_error{s.largest} {}
        FEWBITS_HOST_DEVICE void take(fraction_search const& s, int i, sums tried) noexcept {
            least_error::take(s.number(i), tried.error.total());
        }
    };
};

/// The power of two of least squared error among the floor rule's and its neighbours.
template <scalar E, class S>
struct power_search {
    using element = E;
    using scale_type = S;
    using sums = error_sum;
    static constexpr int candidates = 3;

    float largest;
    bool full_range;

    FEWBITS_HOST_DEVICE float scale(int i) const noexcept { return power_of_two(exponent(i)); }
    FEWBITS_HOST_DEVICE float floor() const noexcept { return power_of_two_scale<E>(largest, scale_rule::floor); }
    FEWBITS_HOST_DEVICE int exponent(int i) const noexcept { return floor_log2(floor()) + (i == 2 ? -1 : i); }

    struct choice : least_error {
        FEWBITS_HOST_DEVICE explicit choice(power_search const& s) noexcept : least_error{s.floor()} {}
        FEWBITS_HOST_DEVICE void take(power_search const& s, int i, sums tried) noexcept {
            if (s.exponent(i) >= -127 && s.exponent(i) <= 127) least_error::take(s.scale(i), tried.error.total());
        }
    };
};

/// Symmetric least squares: for scales around largest / largest element, of either sign, the codes are fixed and the scale refitted as
/// sum(x v) / sum(v v); the candidate that explains most of sum(x x) wins.
template <scalar E>
struct scale_fit {
    using element = E;
    using scale_type = float;
    static constexpr int candidates = 38;
    static constexpr bool full_range = true;

    float largest;

    FEWBITS_HOST_DEVICE float scale(int i) const noexcept {
        float const steps = add_rn(largest_element<E>(), mul_rn(0.1F, static_cast<float>(i / 2 - 9)));
        return div_rn(i % 2 == 0 ? largest : -largest, steps);
    }

    struct sums {
        double products = 0;
        double squares = 0;

        FEWBITS_HOST_DEVICE void add(float x, float element_value, float) noexcept {
            // Products of floats are exact in double: whether they are fused with the sum is all the same.
            products += static_cast<double>(x) * static_cast<double>(element_value);
            squares += static_cast<double>(element_value) * static_cast<double>(element_value);
        }
    };

    struct choice {
        float number;
        double most = -1;

        FEWBITS_HOST_DEVICE explicit choice(scale_fit const& s) noexcept : number(div_rn(s.largest, largest_element<E>())) {}
        FEWBITS_HOST_DEVICE void take(scale_fit const&, int, sums const& tried) noexcept {
            double const explained = mul_rn(tried.products, tried.products);
            if (tried.squares > 0 && explained > mul_rn(most, tried.squares)) {
                most = explained / tried.squares;
                number = static_cast<float>(tried.products / tried.squares);
            }
        }
    };
};

/// A fitted block: value = element * scale + minimum.
struct fitted_block {
    float scale = 0.0F;
    float minimum = 0.0F;
};

/// Least squares with a minimum <= 0: codes from a stretched range, then scale and minimum from the normal equations. Codes are 0 to top.
struct minimum_fit {
    static constexpr int candidates = 22;

    double top;
    double lowest;  ///< of the block's values and 0
    double highest;
    double count;   ///< of the block's values

    FEWBITS_HOST_DEVICE double span() const noexcept { return highest - lowest; }
    /// Codes for a unit of x: of the plain range, or with the step stretched from half a code down to half a code up.
    FEWBITS_HOST_DEVICE double inverse(int i) const noexcept {
        double const steps = i == 0 ? top : add_rn(top - 0.5, mul_rn(0.05, static_cast<double>(i - 1)));
        return steps / span();
    }

    struct sums {
        double x = 0, v = 0, vv = 0, xv = 0, xx = 0;

        FEWBITS_HOST_DEVICE void add(minimum_fit const& fit, float value, double codes_per_unit) noexcept {
            auto const wide = static_cast<double>(value);
            double code = std::floor(add_rn(mul_rn(wide - fit.lowest, codes_per_unit), 0.5));
            code = code < 0 ? 0 : code > fit.top ? fit.top : code;
            x += wide;
            v += code;
            vv += code * code;  // these products are exact
            xv += wide * code;
            xx += wide * wide;
        }
    };

    struct choice {
        fitted_block best{};
        double least = -1;

        FEWBITS_HOST_DEVICE explicit choice(minimum_fit const& fit) noexcept {
            if (fit.span() > 0) best = {static_cast<float>(fit.span() / fit.top), static_cast<float>(fit.lowest)};
        }
        FEWBITS_HOST_DEVICE void take(minimum_fit const& fit, sums const& s) noexcept {
            double const n = fit.count;
            double const determinant = sub_rn(mul_rn(n, s.vv), mul_rn(s.v, s.v));
            if (!(determinant > 0) || !(fit.span() > 0)) return;
            double scale = sub_rn(mul_rn(n, s.xv), mul_rn(s.x, s.v)) / determinant;
            double minimum = sub_rn(mul_rn(s.vv, s.x), mul_rn(s.v, s.xv)) / determinant;
            if (minimum > 0) {
                minimum = 0;
                scale = s.xv / s.vv;
            }
            double error = sub_rn(sub_rn(s.xx, mul_rn(2 * scale, s.xv)), mul_rn(2 * minimum, s.x));
            error = add_rn(error, mul_rn(mul_rn(scale, scale), s.vv));
            error = add_rn(error, mul_rn(mul_rn(2 * scale, minimum), s.v));
            error = add_rn(error, mul_rn(mul_rn(n, minimum), minimum));
            if (scale > 0 && (least < 0 || error < least)) {
                least = error;
                best = {static_cast<float>(scale), static_cast<float>(minimum)};
            }
        }
    };
};

}  // namespace fewbits

FEWBITS_PRECISE_END
