// Any bits into every scalar format: what holds for each rounding, and bulk and packed storage against one value at a time.
#include "input.hpp"

#include <fewbits/fewbits.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <vector>

namespace fb = fewbits;

namespace {

template <class F>
constexpr bool takes_any_mode = F::kind != fb::format_kind::codebook;

bool is_nan(double value) { return (std::bit_cast<std::uint64_t>(value) & ~(1ull << 63)) > 0x7ffull << 52; }
bool is_finite(double value) { return (std::bit_cast<std::uint64_t>(value) & 0x7ffull << 52) != 0x7ffull << 52; }

template <class F, class V>
F rounded(V value, fb::rounding mode, fb::overflow_policy overflow) {
    if constexpr (takes_any_mode<F>) {
        return fb::round_to<F>(value, mode, overflow);
    } else {
        return fb::round_to<F>(value, fb::nearest_even, overflow);
    }
}

/// Equal codes, or both NaN: a NaN's payload is not kept.
template <class F>
bool same(F a, F b) {
    return a.bits() == b.bits() || (is_nan(double(a)) && is_nan(double(b)));
}

template <class F, class V>
void check_value(V value, fb::rounding mode, fb::stochastic bits, fb::overflow_policy overflow) {
    F const result = rounded<F>(value, mode, overflow);
    EXPECT(result.bits() >> F::width == 0);
    EXPECT(same(rounded<F>(result, mode, fb::to_special), result));
    EXPECT(same(fb::round_to<F>(double(result), fb::nearest_even, fb::to_special), result));

    F const random = fb::round_to<F>(value, bits, overflow);
    F const up = rounded<F>(value, fb::upward, overflow);
    F const down = rounded<F>(value, fb::downward, overflow);
    F const nearest = rounded<F>(value, fb::nearest_even, overflow);
    double const x = static_cast<double>(value);
    if constexpr (takes_any_mode<F>) {
        EXPECT(same(random, up) || same(random, down));
        EXPECT(same(result, up) || same(result, down));
        if (is_finite(x) && is_finite(double(up)) && is_finite(double(down)) && sizeof(V) <= sizeof(float)) {
            EXPECT(double(down) <= double(up));
            // Saturation and formats without a sign or a zero leave the bracket on one side only.
            bool const bracketed = double(down) <= x && x <= double(up);
            EXPECT(bracketed || up.bits() == down.bits());
            if (bracketed && is_finite(double(nearest))) {
                EXPECT(std::abs(x - double(nearest)) <= std::min(double(up) - x, x - double(down)));
            }
        }
    }
}

template <class F>
void check_code(unsigned code) {
    F const value = F::from_bits(code);
    EXPECT(value.bits() == (code & ((1u << F::width) - 1)));
    F const back = fb::round_to<F>(float(value), fb::nearest_even, fb::to_special);
    // Two codes may stand for one value: then the value survives.
    EXPECT(same(back, value) || double(back) == double(value));
    EXPECT(is_nan(double(value)) == is_nan(static_cast<double>(float(value))));
}

template <class F>
void check_bulk(fuzz::input& in) {
    std::vector<float> values(in.below(40));
    for (float& value : values) value = in.take<float>();
    auto const overflow = in.below(2) == 0 ? fb::saturate : fb::to_special;

    std::vector<std::byte> packed(fb::packed_size<F>(values.size()));
    fb::encode<F>(values, packed, fb::nearest_even, overflow);
    std::vector<float> decoded(values.size());
    fb::decode<F>(packed, decoded);
    fb::packed_span<F const> const view(packed, values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        F const expected = fb::round_to<F>(values[i], fb::nearest_even, overflow);
        EXPECT(F(view[i]).bits() == expected.bits());
        EXPECT(std::bit_cast<std::uint32_t>(decoded[i]) == std::bit_cast<std::uint32_t>(float(expected)));
    }
}

template <class F>
void check_packed(fuzz::input& in) {
    std::size_t const count = in.below(64);
    std::vector<std::byte> bytes(fb::packed_size<F>(count));
    std::vector<unsigned> model(count);
    fb::packed_span<F> const all(bytes, count);
    while (in.left() != 0 && count != 0) {
        std::size_t const first = in.below(static_cast<unsigned>(count));
        auto const part = all.subspan(first, in.below(static_cast<unsigned>(count - first) + 1));
        if (part.empty()) continue;
        std::size_t const i = in.below(static_cast<unsigned>(part.size()));
        F const value = F::from_bits(in.take<std::uint16_t>());
        part[i] = value;
        model[first + i] = value.bits();
        std::size_t k = 0;
        for (F const element : all) EXPECT(element.bits() == model[k++]);
    }
}

template <class F>
void check(fuzz::input& in) {
    static constexpr std::array modes{
        fb::nearest_even, fb::nearest_away, fb::toward_zero, fb::upward, fb::downward, fb::to_odd};
    auto const mode = modes[in.below(modes.size())];
    auto const overflow = in.below(2) == 0 ? fb::saturate : fb::to_special;
    int const count = static_cast<int>(in.below(32)) + 1;
    fb::stochastic const bits{.bits = in.take<std::uint32_t>() >> (32 - count), .count = count};
    switch (in.below(7)) {
    case 0: return check_value<F>(in.take<float>(), mode, bits, overflow);
    case 1: return check_value<F>(in.take<double>(), mode, bits, overflow);
    case 2: return check_value<F>(in.take<std::int64_t>(), mode, bits, overflow);
    case 3: return check_value<F>(in.take<std::uint8_t>(), mode, bits, overflow);
    case 4: return check_code<F>(in.take<std::uint16_t>());
    case 5: return check_bulk<F>(in);
    default: return check_packed<F>(in);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::input in(data, size);
    unsigned const chosen = in.below(fb::all_scalars::size);
    unsigned index = 0;
    fb::for_each(fb::all_scalars{}, [&]<class F>() {
        if (index++ == chosen) check<F>(in);
    });
    return 0;
}
