// What a block's scale depends on, gathered by threads: the largest magnitude, or the range.
#pragma once

#include <cstdint>

#include "../../kernels/group_kernels.hpp"
#include "../../scaling/block_scaled.hpp"
#include "../numbers/column_runs.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// Facts of some values of a block of B. NaNs stay; `key` (magnitude_key with the sign) counts where a rule wants the sign.
template <block_composition B>
struct block_facts {
    static constexpr bool range = B::method == scale_method::range;
    static constexpr bool with_zero = is_zero_point<typename B::offset_type>;  ///< the range holds 0
    static constexpr bool tells_zeros_apart = range && !with_zero;  ///< the lowest value is stored, and so the sign of a zero
    static constexpr float infinity = bit_cast<float>(0x7F800000U);

    float largest = 0.0F;
    std::uint32_t key = 0;
    float lowest = with_zero ? 0.0F : infinity;
    float highest = with_zero ? 0.0F : -infinity;
    std::uint32_t first_zero = ~std::uint32_t{0};  ///< twice its index in the block, and its sign

    /// `count` values, the first being number `index` of the block.
    FEWBITS_DEVICE void add(float const (&values)[run_columns], unsigned count, std::uint32_t index, bool with_sign) {
        if constexpr (range) {
            unrolled<run_columns>([&](auto i) {
                float const x = values[i.value];
                if (with_zero || static_cast<unsigned>(i.value) < count) {
                    lowest = smaller_or_nan(lowest, x);
                    highest = larger_or_nan(highest, x);
                    if constexpr (tells_zeros_apart) {
                        std::uint32_t const bits = bit_cast<std::uint32_t>(x);
                        std::uint32_t const place = (index + static_cast<std::uint32_t>(i.value)) * 2 + (bits >> 31);
                        if (bits << 1 == 0) first_zero = smaller(first_zero, place);
                    }
                }
            });
        } else {
            static_cast<void>(count);
            static_cast<void>(index);
            unrolled<run_columns>([&](auto i) {
                largest = larger_or_nan(largest, magnitude_of(values[i.value]));
            });
            if (with_sign) unrolled<run_columns>([&](auto i) { key = larger(key, magnitude_key(values[i.value], true)); });
        }
    }

    /// One value, where zeros need not be told apart.
    FEWBITS_DEVICE void add_one(float x, bool with_sign) {
        if constexpr (range) {
            lowest = smaller_or_nan(lowest, x);
            highest = larger_or_nan(highest, x);
        } else {
            largest = larger_or_nan(largest, magnitude_of(x));
            if (with_sign) key = larger(key, magnitude_key(x, true));
        }
    }

    FEWBITS_DEVICE void add(block_facts const& more) {
        if constexpr (range) {
            lowest = smaller_or_nan(lowest, more.lowest);
            highest = larger_or_nan(highest, more.highest);
            first_zero = smaller(first_zero, more.first_zero);
        } else {
            largest = larger_or_nan(largest, more.largest);
            key = larger(key, more.key);
        }
    }

    /// Those of all lanes whose numbers differ in the bits below `Lanes`, in each of them.
    template <unsigned Lanes, class Machine>
    FEWBITS_DEVICE void share(Machine& m, bool with_sign) {
        constexpr int steps = bit_width(Lanes) - 1;
        unrolled<steps>([&](auto s) {
            constexpr unsigned mask = 1U << s.value;
            if constexpr (range) {
                lowest = smaller_or_nan(lowest, m.shuffle_xor(lowest, mask));
                highest = larger_or_nan(highest, m.shuffle_xor(highest, mask));
                if constexpr (tells_zeros_apart) first_zero = smaller(first_zero, m.shuffle_xor(first_zero, mask));
            } else {
                largest = larger_or_nan(largest, m.shuffle_xor(largest, mask));
            }
        });
        if (with_sign) unrolled<steps>([&](auto s) { key = larger(key, m.shuffle_xor(key, 1U << s.value)); });
    }

    FEWBITS_DEVICE bool all_finite() const {
        if constexpr (range) return is_finite(lowest) && is_finite(highest);
        else return is_finite(largest);
    }
    /// No magnitude is above this, where all are finite.
    FEWBITS_DEVICE float bound() const {
        if constexpr (range) return larger_of(-lowest, highest);
        else return largest;
    }
    /// The lowest value; of zeros the one that came first.
    FEWBITS_DEVICE float lowest_value() const {
        if constexpr (tells_zeros_apart) {
            if (bit_cast<std::uint32_t>(lowest) << 1 == 0) return bit_cast<float>(first_zero << 31);
        }
        return lowest;
    }
    /// highest - lowest, rounded once; +0 where both are zeros.
    FEWBITS_DEVICE float width() const { return lowest == highest ? 0.0F : sub_rn(highest, lowest); }
};

}  // namespace fewbits

FEWBITS_PRECISE_END
