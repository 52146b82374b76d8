// What every conversion into a format must give, from the sorted list of the format's values and exact fractions.
#pragma once

#include "facts.hpp"
#include "keys.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

namespace oracle {

enum class category { finite, infinity, nan };

/// One code as the specification's formula reads it. `value` is exact: every format here fits a double.
struct code_value {
    unsigned code = 0;
    category kind = category::finite;
    bool negative = false;
    double value = 0;
};

/// A step function over ordered keys: `code` holds from `first` up to the next step.
template <class Key> struct step {
    Key first;
    unsigned code;
};

template <class Key> struct step_function {
    std::vector<step<Key>> steps;
    unsigned positive_nan = 0;
    unsigned negative_nan = 0;

    unsigned operator()(Key key) const {
        auto const after =
            std::upper_bound(steps.begin(), steps.end(), key, [](Key k, step<Key> const& s) { return k < s.first; });
        return std::prev(after)->code;
    }
};

/// The oracle of one format. The step functions are exact: no rounding happens anywhere in them.
class format_oracle {
public:
    explicit format_oracle(facts about);
    ~format_oracle();
    format_oracle(format_oracle&&) noexcept;
    format_oracle& operator=(format_oracle&&) noexcept;

    facts const& about() const { return about_; }

    /// Every bit pattern of the format, in code order.
    std::vector<code_value> const& codes() const { return codes_; }
    /// The finite values ascending, -0 before +0, one code for each.
    std::vector<code_value> const& ascending() const { return ascending_; }

    bool supports(mode how) const;
    step_function<std::uint32_t> float_steps(rule how, overflow policy) const;
    step_function<std::uint64_t> double_steps(rule how, overflow policy) const;
    /// Keys are the integers themselves, clipped to 2^80 in magnitude.
    step_function<wide> integer_steps(rule how, overflow policy) const;

    /// The code of NaN with this sign, and of an overflow to this side.
    unsigned nan_code(bool negative) const;
    unsigned overflow_code(bool negative, overflow policy) const;
    bool has_nan() const;
    bool has_infinity() const;
    bool has_negative_zero() const;
    bool is_signed() const;

private:
    struct exact_tables;
    facts about_;
    std::vector<code_value> codes_;
    std::vector<code_value> ascending_;
    std::unique_ptr<exact_tables> exact_;

    template <class Grid> step_function<typename Grid::key> project(rule how, overflow policy) const;
};

} // namespace oracle
