// Bulk conversions by every instruction set the processor has, of one slice of the formats, against the definition.
#pragma once

#include "../oracle/tally.hpp"
#include "../oracle/under_test.hpp"

#include <fewbits/quantize/spans.hpp>

#include <catch2/catch.hpp>

#include <bit>
#include <cstring>
#include <utility>

namespace convert_targets {

namespace fb = fewbits;
using oracle::tally;

constexpr std::size_t slices = 6;

/// function(tag) for every instruction set that runs here.
template <class Function> void for_each_target(Function function) {
    auto const offer = [&](auto isa) {
        if (fb::runs(fb::this_processor(), isa)) function(isa);
    };
    offer(fb::isa::portable{});
    offer(fb::isa::avx2{});
    offer(fb::isa::avx512{});
}

/// Every upper half of a float with a lower half that depends on `turn`; subnormals; floats at and around the values of T
/// and the middles between them.
template <class T> std::vector<float> inputs(unsigned turn) {
    constexpr std::uint32_t lower[] = {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff, 0x4000, 0x1234};
    std::vector<float> in;
    for (std::uint32_t upper = 0; upper < 0x10000; ++upper) {
        in.push_back(std::bit_cast<float>(upper << 16 | lower[(upper * 5 + turn) % 8]));
    }
    for (std::uint32_t bits = 1; bits < 0x0080'0000U; bits = bits * 2 + 1) in.push_back(std::bit_cast<float>(bits));
    unsigned const codes = 1U << T::width;
    unsigned const stride = T::width > 8 ? 37 : 1;
    for (unsigned code = turn % stride; code + 1 < codes; code += stride) {
        float const value = static_cast<float>(T::from_bits(code));
        float const middle = value / 2 + static_cast<float>(T::from_bits(code + 1)) / 2;
        for (float x : {value, middle}) {
            for (std::uint32_t step : {0U, 1U, ~0U}) in.push_back(std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) + step));
        }
    }
    return in;
}

template <class T> unsigned defined(float x, fb::rounding mode, fb::overflow_policy policy, std::uint64_t seed, std::size_t i) {
    fb::rounding_rule rule = mode;
    if (mode == fb::random_bits) rule = fb::stochastic{fb::random_word(seed, i), 32};
    return static_cast<unsigned>(T::codec::encode(fb::unpack(x), rule, policy));
}

template <class T> std::vector<fb::rounding> modes() {
    if (T::kind == fb::format_kind::codebook) return {fb::nearest_even, fb::random_bits};
    return {fb::nearest_even, fb::nearest_away, fb::toward_zero, fb::upward, fb::downward, fb::to_odd, fb::random_bits};
}

template <class T>
void check_mode(tally& t, fb::rounding mode, fb::overflow_policy policy, std::vector<float> const& in) {
    constexpr std::uint64_t seed = 0x0123'4567'89ab'cdefU;
    std::vector<unsigned> want;
    for (std::size_t i = 0; i < in.size(); ++i) want.push_back(defined<T>(in[i], mode, policy, seed, i));
    std::vector<std::byte> packed(fb::packed_size<T>(in.size()));
    for_each_target([&]<class Isa>(Isa isa) {
        fb::encode_on<T>(isa, std::span<float const>(in), std::span<std::byte>(packed), mode, policy, seed);
        for (std::size_t i = 0; i < in.size(); ++i) {
            unsigned const got = fb::load_code(packed.data(), i * T::width, T::width);
            t.expect(got == want[i], [&](auto& out) {
                out << T::name << ' ' << Isa::name << " mode " << static_cast<int>(mode) << " policy "
                    << static_cast<int>(policy) << ": " << std::hex << std::bit_cast<std::uint32_t>(in[i]) << " -> "
                    << got << ", not " << want[i];
            });
        }
    });
}

/// Every code's value, packed and not; then every length from 0 to 300 at several offsets of the source and the destination,
/// with nothing written beyond.
template <class T> void check_codes_and_lengths(tally& t) {
    std::size_t const codes = std::size_t{1} << T::width;
    std::vector<T> objects;
    std::vector<std::byte> packed(fb::packed_size<T>(codes));
    for (std::size_t i = 0; i < codes; ++i) {
        objects.push_back(T::from_bits(static_cast<unsigned>(i)));
        fb::store_code(packed.data(), i * T::width, T::width, static_cast<unsigned>(i));
    }
    for_each_target([&]<class Isa>(Isa isa) {
        auto const same = [&](float got, std::size_t i, char const* what) {
            float const want = static_cast<float>(objects[i]);
            t.expect(std::bit_cast<std::uint32_t>(got) == std::bit_cast<std::uint32_t>(want),
                [&](auto& out) { out << T::name << ' ' << Isa::name << " decode " << what << ' ' << i << " -> " << got; });
        };
        std::vector<float> values(codes);
        fb::decode_on<T>(isa, std::span<std::byte const>(packed), std::span<float>(values));
        for (std::size_t i = 0; i < codes; ++i) same(values[i], i, "packed");
        fb::decode_on<T>(isa, std::span<T const>(objects), std::span<float>(values));
        for (std::size_t i = 0; i < codes; ++i) same(values[i], i, "object");

        for (std::size_t length = 0; length <= 300; length = length < 80 ? length + 1 : length + 37) {
            std::size_t const offset = length % 5;
            std::vector<float> in(offset + length, 1.0F);
            for (std::size_t i = 0; i < length; ++i) in[offset + i] = values[(i * 7 + length) % codes];
            std::size_t const size = fb::packed_size<T>(length);
            std::vector<std::byte> out(offset + size + 1, std::byte{0xa5});
            std::vector<T> unpacked(length + 1, T::from_bits(1));
            auto const source = std::span<float const>(in).subspan(offset);
            fb::encode_on<T>(isa, source, std::span(out).subspan(offset, size), fb::nearest_even, fb::to_special, 0);
            fb::encode_on<T>(isa, source, std::span(unpacked).first(length), fb::nearest_even, fb::to_special, 0);
            std::vector<float> back(length + 1, 2.5F);
            fb::decode_on<T>(isa, std::span<std::byte const>(out).subspan(offset, size), std::span(back).first(length));
            bool right = out.back() == std::byte{0xa5} && back.back() == 2.5F && unpacked.back().bits() == 1;
            for (std::size_t i = length * T::width; i < 8 * size; ++i) {
                right = right && (out[offset + i / 8] >> (i % 8) & std::byte{1}) == std::byte{0};
            }
            for (std::size_t i = 0; i < length; ++i) {
                unsigned const want = defined<T>(source[i], fb::nearest_even, fb::to_special, 0, i);
                right = right && unpacked[i].bits() == want &&
                        fb::load_code(out.data() + offset, i * T::width, T::width) == want &&
                        std::bit_cast<std::uint32_t>(back[i]) ==
                            std::bit_cast<std::uint32_t>(static_cast<float>(T::from_bits(want)));
            }
            t.expect(right, [&](auto& o) { o << T::name << ' ' << Isa::name << " length " << length; });
        }
    });
}

template <class T> void check_format() {
    tally t;
    unsigned turn = 0;
    for (fb::rounding mode : modes<T>()) {
        for (fb::overflow_policy policy : {fb::saturate, fb::to_special}) check_mode<T>(t, mode, policy, inputs<T>(turn++));
    }
    check_codes_and_lengths<T>(t);
    INFO(std::string(T::name));
    REQUIRE_TALLY(t);
}

template <std::size_t Slice> void check_slice() {
    using namespace oracle;
    using tested = decltype(fb::joined(fb::all_scalars{}, fb::type_list<user_e6m9, user_e2m5_nan, user_e5m0, user_e1m2,
        user_unsigned_e5m3, user_unsigned_e4m2_zeroless, user_e8m1_fnuz, user_int5_scaled, user_int6_excess, user_codebook>{}));
    [&]<class... T, std::size_t... Index>(fb::type_list<T...>, std::index_sequence<Index...>) {
        (
            [&] {
                if constexpr (Index % slices == Slice) check_format<T>();
            }(),
            ...);
    }(tested{}, std::make_index_sequence<tested::size>{});
}

} // namespace convert_targets
