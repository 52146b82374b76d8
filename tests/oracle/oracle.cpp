// The oracle's arithmetic: exact fractions on the sorted list of values, then the first float of every step.
#include "oracle.hpp"

#include "binary_fraction.hpp"

#include <stdexcept>
#include <utility>

namespace oracle {
namespace {

using cpp_int = binary_fraction::integer;

/// The value the magnitude field would have were there no special codes; the exponent field may run over.
binary_fraction plain_magnitude(facts const& f, unsigned magnitude) {
    int const exponent = static_cast<int>(magnitude >> f.mantissa_bits);
    unsigned const hidden = 1U << f.mantissa_bits;
    unsigned const mantissa = magnitude & (hidden - 1U);
    if (exponent == 0 && f.has_zero) return {mantissa, 1 - f.bias - f.mantissa_bits};
    return {hidden + mantissa, exponent - f.bias - f.mantissa_bits};
}

category category_of(facts const& f, unsigned code) {
    unsigned const magnitude_mask = (1U << (f.exponent_bits + f.mantissa_bits)) - 1U;
    unsigned const magnitude = code & magnitude_mask;
    unsigned const exponent = magnitude >> f.mantissa_bits;
    unsigned const top = (1U << f.exponent_bits) - 1U;
    unsigned const mantissa = magnitude & ((1U << f.mantissa_bits) - 1U);
    switch (f.specials) {
    case special_codes::ieee:
        if (exponent != top) return category::finite;
        return mantissa == 0 ? category::infinity : category::nan;
    case special_codes::nan_only:
        return magnitude == magnitude_mask ? category::nan : category::finite;
    case special_codes::fnuz:
        return code == magnitude_mask + 1U ? category::nan : category::finite;
    case special_codes::none:
        break;
    }
    return category::finite;
}

/// The first number of a grid that is >= some bound, and the first that is > it.
template <class Key> struct first_keys {
    Key at_least;
    Key more_than;
};

/// A binary floating-point format as a grid of ordered keys.
template <class Key, int Digits, int SmallestExponent, Key Infinity> struct float_like_grid {
    using key = Key;
    static constexpr key positive_zero = key{1} << (sizeof(key) * 8 - 1);
    static constexpr key highest = positive_zero + Infinity;
    static constexpr key lowest = positive_zero - 1U - Infinity;

    static first_keys<key> first(binary_fraction const& bound) {
        if (bound.sign() == 0) return {positive_zero - 1U, positive_zero + 1U};
        // the magnitude bits of the largest number <= |bound|, and whether it is |bound| itself
        int const unit = (std::max)(bound.floor_log2() - (Digits - 1), SmallestExponent);
        auto [units, exact] = bound.floor_in_units(unit);
        units += cpp_int(unit - SmallestExponent) << (Digits - 1);
        if (units >= Infinity) {
            units = Infinity - 1U;
            exact = false;
        }
        key const below = units.template convert_to<key>();
        if (bound.sign() > 0) {
            return {positive_zero + below + (exact ? 0U : 1U), positive_zero + below + 1U};
        }
        // among the negatives >= bound means a magnitude of at most |bound|, > bound one strictly below it
        return {positive_zero - 1U - below, positive_zero - 1U - (exact ? below - 1U : below)};
    }
};
using float_grid = float_like_grid<std::uint32_t, 24, -149, float_infinity>;
using double_grid = float_like_grid<std::uint64_t, 53, -1074, double_infinity>;

struct integer_grid {
    using key = wide;
    static constexpr key positive_zero = 0;
    static constexpr key highest = wide{1} << 80;
    static constexpr key lowest = -highest;

    static first_keys<key> first(binary_fraction const& bound) {
        if (bound.sign() == 0) return {0, 1};
        if (bound.floor_log2() >= 80)
            return bound.sign() < 0 ? first_keys<key>{lowest, lowest} : first_keys<key>{highest, highest};
        auto const [units, exact] = bound.floor_in_units(0);
        wide const below = units.convert_to<wide>();
        if (bound.sign() > 0) return {below + (exact ? 0 : 1), below + 1};
        return {-below, exact ? -below + 1 : -below};
    }
};

double fp32_midpoint(double a, double b) {
    return static_cast<double>(static_cast<float>(a + b)) / 2; // of floats near each other the double sum is exact
}

/// Where the upper of two neighbours begins: at one of them, in the middle, or (stochastic) somewhere else.
struct boundary {
    enum place { lower, middle, upper, elsewhere } at = middle;
    bool inclusive = true;      ///< a number equal to the boundary belongs to the upper neighbour
    binary_fraction where = {}; ///< for elsewhere
};

/// The first keys at and after each value and each middle, computed once per grid.
template <class Grid> struct projections {
    std::vector<first_keys<typename Grid::key>> values;
    std::vector<first_keys<typename Grid::key>> middles;

    static std::vector<first_keys<typename Grid::key>> of(std::vector<binary_fraction> const& bounds) {
        std::vector<first_keys<typename Grid::key>> out;
        for (binary_fraction const& b : bounds) out.push_back(Grid::first(b));
        return out;
    }
};

} // namespace

/// The finite values of `ascending_`, exactly, and for signed minifloats the notional values beyond either end.
struct format_oracle::exact_tables {
    std::vector<binary_fraction> values;
    std::vector<binary_fraction> middles; // middles[i] between values[i] and values[i + 1]
    std::vector<bool> even;               // of the code of each value
    mutable projections<float_grid> on_floats;
    mutable projections<double_grid> on_doubles;
    mutable projections<integer_grid> on_integers;

    void append(binary_fraction const& value, bool is_even) {
        values.push_back(value);
        even.push_back(is_even);
    }

    template <class Grid> projections<Grid> const& on() const {
        auto& cached = [&]() -> projections<Grid>& {
            if constexpr (std::is_same_v<Grid, float_grid>)
                return on_floats;
            else if constexpr (std::is_same_v<Grid, double_grid>)
                return on_doubles;
            else
                return on_integers;
        }();
        if (cached.values.empty()) cached = {projections<Grid>::of(values), projections<Grid>::of(middles)};
        return cached;
    }

    boundary between(std::size_t i, rule r) const {
        binary_fraction const& a = values[i];
        binary_fraction const& b = values[i + 1];
        bool const negative = b.sign() <= 0 || (a.sign() < 0 && b < -a); // the neighbour nearer zero is the upper one
        switch (r.how) {
        case mode::nearest_even:
            return {boundary::middle, even[i + 1]};
        case mode::nearest_away:
            return {boundary::middle, !negative};
        case mode::toward_zero:
            return negative ? boundary{boundary::lower, false} : boundary{boundary::upper, true};
        case mode::upward:
            return {boundary::lower, false};
        case mode::downward:
            return {boundary::upper, true};
        case mode::to_odd:
            return even[i + 1] ? boundary{boundary::upper, true} : boundary{boundary::lower, false};
        case mode::stochastic:
            break;
        }
        binary_fraction const missing((cpp_int(1) << r.count) - r.bits, -r.count);
        binary_fraction const away = missing * (b - a); // this far from the neighbour nearer zero
        return {boundary::elsewhere, !negative, negative ? b - away : a + away};
    }

    /// The first key of the upper neighbour of gap i.
    template <class Grid> typename Grid::key first_of(std::size_t i, boundary const& b) const {
        projections<Grid> const& p = on<Grid>();
        auto const keys = b.at == boundary::elsewhere ? Grid::first(b.where)
                          : b.at == boundary::middle  ? p.middles[i]
                                                      : p.values[b.at == boundary::lower ? i : i + 1];
        return b.inclusive ? keys.at_least : keys.more_than;
    }
};

format_oracle::~format_oracle() = default;
format_oracle::format_oracle(format_oracle&&) noexcept = default;
format_oracle& format_oracle::operator=(format_oracle&&) noexcept = default;

format_oracle::format_oracle(facts about) : about_(std::move(about)), exact_(std::make_unique<exact_tables>()) {
    facts const& f = about_;
    std::vector<std::pair<binary_fraction, code_value>> finite;
    for (unsigned code = 0; code < (1U << f.width); ++code) {
        code_value out;
        out.code = code;
        binary_fraction value;
        bool produced = true;
        if (f.kind == shape::minifloat) {
            unsigned const magnitude_bits = static_cast<unsigned>(f.exponent_bits + f.mantissa_bits);
            out.kind = category_of(f, code);
            out.negative = f.has_sign && (code >> magnitude_bits) != 0;
            if (out.kind == category::finite) value = plain_magnitude(f, code & ((1U << magnitude_bits) - 1U));
            if (out.negative) value = -value;
        } else if (f.kind == shape::integer) {
            int const wrap = 1 << f.width;
            int number = static_cast<int>(code) - f.excess;
            if (f.excess == 0 && f.lowest < 0 && number >= wrap / 2) number -= wrap;
            produced = number >= f.lowest && number <= f.highest; // ternary has a pattern that nothing encodes to
            number = (std::max)(f.lowest, (std::min)(f.highest, number));
            value = {number, f.exponent};
            out.negative = number < 0;
        } else {
            if (code >= f.entries.size()) continue;
            value = binary_fraction(double{f.entries[code]});
            out.negative = f.entries[code] < 0;
        }
        out.value = value.to_double();
        if (out.negative && value.sign() == 0) out.value = std::bit_cast<double>(std::uint64_t{1} << 63);
        codes_.push_back(out);
        if (out.kind != category::finite || !produced) continue;
        finite.emplace_back(value, out);
    }
    std::sort(finite.begin(), finite.end(), [](auto const& a, auto const& b) {
        // the doubles are exact, and -0 < +0 follows from the sign
        if (a.second.value != b.second.value) return a.second.value < b.second.value;
        return a.second.negative && !b.second.negative;
    });
    exact_tables& t = *exact_;
    unsigned const top = finite.back().second.code;
    bool const overflows = f.kind == shape::minifloat;
    binary_fraction const above = overflows ? plain_magnitude(f, top + 1U) : binary_fraction();
    bool const above_is_even = ((top + 1U) & 1U) == 0;
    if (overflows && f.has_sign) t.append(-above, above_is_even);
    for (auto const& [value, code] : finite) {
        t.append(value, (code.code & 1U) == 0);
        ascending_.push_back(code);
    }
    if (overflows) t.append(above, above_is_even);
    for (std::size_t i = 0; i + 1 < t.values.size(); ++i) {
        binary_fraction const& a = t.values[i];
        binary_fraction const& b = t.values[i + 1];
        if (f.kind == shape::codebook) {
            t.middles.emplace_back(fp32_midpoint(a.to_double(), b.to_double()));
        } else {
            t.middles.push_back((a + b).half());
        }
    }
}

bool format_oracle::supports(mode how) const {
    return about_.kind != shape::codebook || how == mode::nearest_even || how == mode::stochastic;
}

bool format_oracle::has_nan() const {
    return std::any_of(codes_.begin(), codes_.end(), [](code_value const& c) { return c.kind == category::nan; });
}
bool format_oracle::has_infinity() const {
    return std::any_of(codes_.begin(), codes_.end(), [](code_value const& c) { return c.kind == category::infinity; });
}
bool format_oracle::has_negative_zero() const {
    return std::any_of(codes_.begin(), codes_.end(),
        [](code_value const& c) { return c.kind == category::finite && c.negative && c.value == 0; });
}
bool format_oracle::is_signed() const { return ascending_.front().value < 0; }

unsigned format_oracle::nan_code(bool negative) const {
    facts const& f = about_;
    if (f.kind == shape::integer) { // the integer nearest to 0
        return static_cast<unsigned>((std::max)(f.lowest, (std::min)(f.highest, 0)) + f.excess);
    }
    if (f.kind == shape::codebook || !has_nan()) return ascending_.back().code;
    unsigned const sign = 1U << (f.exponent_bits + f.mantissa_bits);
    if (f.specials == special_codes::fnuz) return sign;
    unsigned quiet = sign - 1U;
    if (f.specials == special_codes::ieee) { // the exponent's ones and the mantissa's top bit
        quiet = (((1U << f.exponent_bits) - 1U) << f.mantissa_bits) | (1U << (f.mantissa_bits - 1));
    }
    return negative && f.has_sign ? sign | quiet : quiet;
}

unsigned format_oracle::overflow_code(bool negative, overflow policy) const {
    if (negative && about_.kind == shape::minifloat && !about_.has_sign) {
        return has_nan() ? nan_code(false) : ascending_.front().code; // a negative number has no code at all
    }
    if (policy == overflow::to_special) {
        for (code_value const& c : codes_) {
            if (c.kind == category::infinity && c.negative == negative) return c.code;
        }
        if (has_nan()) return nan_code(negative);
    }
    return negative ? ascending_.front().code : ascending_.back().code;
}

template <class Grid> step_function<typename Grid::key> format_oracle::project(rule how, overflow policy) const {
    if (!supports(how.how)) throw std::invalid_argument("a codebook has no such rounding mode");
    exact_tables const& t = *exact_;
    step_function<typename Grid::key> out;
    auto& steps = out.steps;
    bool const overflows = about_.kind == shape::minifloat;
    bool const mirrored = overflows && about_.has_sign;
    steps.push_back({Grid::lowest, overflow_code(true, policy)}); // -infinity
    if (!mirrored) {
        bool const from_zero = overflows; // numbers below -0 have no code at all
        auto const negative_zero = std::is_same_v<Grid, integer_grid> ? Grid::positive_zero : Grid::positive_zero - 1;
        steps.push_back({from_zero ? negative_zero : Grid::lowest, ascending_.front().code});
    }
    bool const to_lower = how.how == mode::toward_zero || how.how == mode::to_odd || how.how == mode::downward;
    bool const to_upper = how.how == mode::toward_zero || how.how == mode::to_odd || how.how == mode::upward;
    std::size_t const offset = mirrored ? 1 : 0; // t.values[i + offset] is ascending_[i]
    for (std::size_t gap = 0; gap + 1 < t.values.size(); ++gap) {
        bool const bottom = mirrored && gap == 0;
        bool const top = overflows && gap + 2 == t.values.size();
        unsigned const code = top ? overflow_code(false, policy) : ascending_[gap + 1 - offset].code;
        boundary b = t.between(gap, how);
        if (about_.kind == shape::codebook && b.at == boundary::middle) b.inclusive = false; // a tie: the lower code
        if (top && to_lower) continue; // stops at the largest until +infinity
        if (bottom && to_upper) {
            steps.push_back({Grid::lowest + 1, code});
        } else if (t.values[gap].sign() == 0 && t.values[gap + 1].sign() == 0) { // -0 | +0
            steps.push_back({Grid::positive_zero, code});
        } else {
            steps.push_back({t.template first_of<Grid>(gap, b), code});
        }
    }
    steps.push_back({Grid::highest, overflow_code(false, policy)});
    // of steps that begin at one key the last one holds
    std::vector<step<typename Grid::key>> distinct;
    for (auto const& s : steps) {
        while (!distinct.empty() && distinct.back().first >= s.first) distinct.pop_back();
        if (distinct.empty() || distinct.back().code != s.code) distinct.push_back(s);
    }
    steps = std::move(distinct);
    out.positive_nan = nan_code(false);
    out.negative_nan = nan_code(true);
    return out;
}

step_function<std::uint32_t> format_oracle::float_steps(rule how, overflow policy) const {
    return project<float_grid>(how, policy);
}
step_function<std::uint64_t> format_oracle::double_steps(rule how, overflow policy) const {
    return project<double_grid>(how, policy);
}
step_function<wide> format_oracle::integer_steps(rule how, overflow policy) const {
    return project<integer_grid>(how, policy);
}

} // namespace oracle
