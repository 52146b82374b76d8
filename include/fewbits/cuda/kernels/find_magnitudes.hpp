// What stages begin with: the largest magnitude of each block, or one of a percentile, or the scale that the caller gives.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../quantize/statistics.hpp"
#include "../device_target.hpp"
#include "../quantize/numbered_blocks.hpp"

FEWBITS_PRECISE_BEGIN

namespace fewbits {

/// numbers[i] = the largest magnitude of block i of a matrix of T, or that which `percent` % of its magnitudes do not exceed, or its given
/// scale; marked where a value is not finite (found_number). Some lanes of a warp share a block.
template <device_value T>
struct find_magnitudes : plain_block<on_sm_80, 4> {
    static constexpr bool goes_on = true;

    struct arguments {
        numbered_blocks<T> blocks;
        float* numbers;
        unsigned lanes;  ///< of a block, a power of two
        bool with_sign;  ///< the sign of the largest magnitude counts
        bool keeps;      ///< see found_number
        double percent;
        matrix_view<float const> given;  ///< as in quantize_target
    };

    /// How many lanes a block of so many values is worth.
    static constexpr unsigned lanes_for(std::size_t values) noexcept {
        unsigned lanes = 1;
        while (lanes < 32 && lanes * 8 <= values) lanes *= 2;
        return lanes;
    }

    template <class Machine>
    FEWBITS_DEVICE static void run(Machine& m, arguments const& a) {
        std::uint32_t const of_warp = 32 / a.lanes;
        std::uint32_t const step = m.blocks() * (threads / 32) * of_warp;
        // Whole warps go on or end: their lanes exchange values.
        for (std::uint32_t first = (m.block_index() * (threads / 32) + m.warp()) * of_warp; first < a.blocks.count; first += step) {
            std::uint32_t const block = first + m.lane() / a.lanes;
            team const mine{a.blocks.at(smaller(block, a.blocks.count - 1)), m.lane() % a.lanes, a.lanes};
            std::uint32_t largest = 0;
            std::uint32_t largest_finite = 0;
            mine.each([&](float x) {
                std::uint32_t const key = magnitude_key(x, a.with_sign);
                largest = larger(largest, key);
                largest_finite = larger(largest_finite, key < 0xFF000000 ? key : 0);
            });
            for (unsigned mask = 1; mask < a.lanes; mask *= 2) {
                largest = larger(largest, m.shuffle_xor(largest, mask));
                largest_finite = larger(largest_finite, m.shuffle_xor(largest_finite, mask));
            }
            bool const finite = largest < 0xFF000000;
            float number = value_of_key(largest_finite);
            if (a.percent < 100) {
                float const chosen = of_rank(m, mine, static_cast<std::uint32_t>(percentile_index(a.percent, mine.values())));
                if (finite) number = chosen;
            }
            if (block < a.blocks.count && m.lane() % a.lanes == 0) {
                if (a.given.data != nullptr) number = a.given(block / a.blocks.across, block % a.blocks.across);
                a.numbers[block] = found_number(number, finite, a.keeps);
            }
        }
    }

private:
    /// A lane's share of a block.
    struct team {
        matrix_view<T const> block;
        unsigned lane;
        unsigned lanes;

        FEWBITS_DEVICE std::uint32_t values() const { return static_cast<std::uint32_t>(block.rows * block.cols); }
        template <class Body>
        FEWBITS_DEVICE void each(Body const& body) const {
            auto const cols = static_cast<std::uint32_t>(block.cols);
            rolled(lane, values(), lanes, [&](unsigned i) {
                std::uint32_t const row = block.rows == 1 ? 0 : i / cols;
                body(load_value(block.row(row) + (i - row * cols)));
            });
        }
    };

    /// Number `rank` of the ascending magnitudes: bit by bit, by how many have the bits found so far and a 0 next.
    template <class Machine>
    FEWBITS_DEVICE static float of_rank(Machine& m, team const& mine, std::uint32_t rank) {
        std::uint32_t found = 0;
        for (int bit = 30; bit >= 0; --bit) {
            std::uint32_t count = 0;
            mine.each([&](float x) { count += (bit_cast<std::uint32_t>(x) & 0x7FFFFFFFU) >> bit == found >> bit ? 1U : 0U; });
            for (unsigned mask = 1; mask < mine.lanes; mask *= 2) count += m.shuffle_xor(count, mask);
            if (rank >= count) {
                rank -= count;
                found |= 1U << bit;
            }
        }
        return bit_cast<float>(found);
    }
};

}  // namespace fewbits

FEWBITS_PRECISE_END
