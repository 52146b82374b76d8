// From the words of a tile to operands of the matrix instruction: by word instructions, or by a table of pairs in shared memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../unrolled.hpp"
#include "fragment_order.hpp"

namespace fewbits {

// A decoder makes the fragments of step `Step` that are multiplied into its parts: parts x 16 x 8 sums. row_sum<I> is what they come to
// for register I of a result of 16 rows.

/// Elements that are bf16 after a few word instructions.
template <scalar E>
    requires has_bf16_pairs<E>
struct word_decoder {
    static constexpr std::size_t parts = 1;
    static constexpr std::size_t table_bytes = 0;

    template <class Machine>
    FEWBITS_DEVICE static void prepare(Machine&, unsigned) {}

    template <int Step, class Machine>
    FEWBITS_DEVICE static void decode(Machine&, lane_words<E> const& words, std::uint32_t (&fragments)[1][4]) {
        using decoding = pair_decoding<E>;
        constexpr std::uint32_t halves = 0x00010001;
        unrolled<4>([&](auto r) {
            std::uint32_t top = 0;
            if constexpr (decoding::wide_integers) top = placed<E, Step, r.value, halves>(words, [] { return decoding::top_parts; });
            fragments[0][r.value] = decoding::finish(placed<E, Step, r.value, halves>(words, [] { return decoding::parts; }), top);
        });
    }

    /// The same less an integer for each of the two rows of a lane (pair_decoding::minus_centre).
    template <int Step>
    FEWBITS_DEVICE static void decode_from(lane_words<E> const& words, std::uint32_t const (&minus)[2], std::uint32_t (&fragments)[1][4]) {
        using decoding = pair_decoding<E>;
        unrolled<4>([&](auto r) {
            std::uint32_t const codes = placed<E, Step, r.value, 0x00010001U>(words, [] { return decoding::parts; });
            fragments[0][r.value] = decoding::finish_from(codes, minus[r.value % 2]);
        });
    }

    template <int I>
    FEWBITS_DEVICE static float row_sum(float const (&part)[1][4]) {
        return part[0][I];
    }
};

/// Codebooks of 16: a table of the 256 pairs in shared memory, once for every group of lanes that is served together, so that no two
/// lanes meet in a bank. Numbers that are no bf16 are sums of two, with an error of at most 2^-17 of them: the second terms of eight rows
/// stand where eight more rows would, so that a load fills two registers of the operand.
template <scalar E>
    requires(E::kind == format_kind::codebook && E::width == 4)
struct table_decoder {
    static constexpr bool exact = [] {
        for (int code = 0; code < E::codec::count; ++code) {
            if ((bit_cast<std::uint32_t>(E::codec::value(code)) & 0xFFFFU) != 0) return false;
        }
        return true;
    }();
    static constexpr int terms = exact ? 1 : 2;
    static constexpr std::size_t parts = terms;  ///< where they are two: the upper and the lower eight rows
    static constexpr unsigned copies = 32 / terms;  ///< lanes whose entries fill all banks
    static constexpr std::size_t table_bytes = std::size_t{256} * copies * terms * 4;

    /// Fills the table; all threads of the block.
    template <class Machine>
    FEWBITS_DEVICE static void prepare(Machine& m, unsigned threads) {
        auto* const table = reinterpret_cast<std::uint32_t*>(m.shared());
        for (unsigned i = m.thread(); i < 256 * copies; i += threads) {
            unsigned const pair = i / copies;
            bf16_sum<terms> const low{static_cast<float>(E::from_bits(pair % 16))};
            bf16_sum<terms> const high{static_cast<float>(E::from_bits(pair / 16))};
            for (int t = 0; t < terms; ++t) table[i * terms + static_cast<unsigned>(t)] = low.at[t] | high.at[t] << 16;
        }
        m.barrier();
    }

    template <int Step, class Machine>
    FEWBITS_DEVICE static void decode(Machine& m, lane_words<E> const& words, std::uint32_t (&fragments)[parts][4]) {
        std::uint32_t const lane = m.lane() % copies * (terms * 4);
        unrolled<4>([&](auto r) {
            constexpr int left = 7 - r.value * 8;  // the copies of an entry take 2^7 bytes
            std::uint32_t const shifted = left >= 0 ? words[Step] << (left & 31) : words[Step] >> (-left & 31);
            std::byte const* const entry = m.shared() + and_or(shifted, 0x7F80U, lane);
            if constexpr (terms == 1) {
                fragments[0][r.value] = *reinterpret_cast<std::uint32_t const*>(entry);
            } else {
                word2 const both = *reinterpret_cast<word2 const*>(entry);
                fragments[r.value % 2][r.value / 2 * 2] = both.at[0];
                fragments[r.value % 2][r.value / 2 * 2 + 1] = both.at[1];
            }
        });
    }

    template <int I>
    FEWBITS_DEVICE static float row_sum(float const (&part)[parts][4]) {
        if constexpr (terms == 1) return part[0][I];
        else return add_rn(part[I / 2][I % 2], part[I / 2][I % 2 + 2]);
    }
};

template <scalar E>
inline constexpr bool has_decoder = has_bf16_pairs<E> || (E::kind == format_kind::codebook && E::width == 4);

template <scalar E, bool Words = has_bf16_pairs<E>>
struct decoder_choice {
    using type = word_decoder<E>;
};
template <scalar E>
struct decoder_choice<E, false> {
    using type = table_decoder<E>;
};
template <scalar E>
    requires has_decoder<E>
using decoder_of = typename decoder_choice<E>::type;

}  // namespace fewbits
