// Word arithmetic against exact arithmetic, and every code of every format that becomes bf16 in pairs.
#include <catch2/catch.hpp>
#include <fewbits/cuda/numbers/bf16_pairs.hpp>
#include <fewbits/fewbits.hpp>
#include <random>

namespace fb = fewbits;

namespace {

float wide(std::uint32_t half) { return fb::bit_cast<float>(half << 16); }

/// The definition of a bf16 fma in 128-bit integers, for numbers whose exponents are close; by classes otherwise.
std::uint32_t exact_fma(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    long double const product = static_cast<long double>(wide(a)) * static_cast<long double>(wide(b));
    long double const sum = product + static_cast<long double>(wide(c));  // 64 bits: exact where exponents differ by less than 40
    if (sum != sum) return 0x7FFF;
    return fb::round_to<fb::bf16>(static_cast<double>(sum), fb::nearest_even, fb::to_special).bits();
}

}  // namespace

TEST_CASE("fma_bf16x2 rounds once") {
    std::mt19937 engine(3);
    auto const random = [&] { return static_cast<std::uint32_t>(engine()); };
    for (int i = 0; i < 400000; ++i) {
        // Exponents within 12 of each other, so that the sum is exact in double.
        auto const number = [&](unsigned exponent) { return (random() & 0x8000U) | exponent << 7 | (random() & 0x7FU); };
        unsigned const ea = 110 + random() % 30;
        unsigned const eb = 110 + random() % 30;
        unsigned const ec = ea + eb - 127 - 12 + random() % 24;
        std::uint32_t const a = number(ea);
        std::uint32_t const b = number(eb);
        std::uint32_t const c = number(ec);
        std::uint32_t const both = fb::fma_bf16x2(a | b << 16, b | a << 16, c | c << 16);
        REQUIRE((both & 0xFFFF) == exact_fma(a, b, c));
        REQUIRE(both >> 16 == exact_fma(a, b, c));
    }
    std::uint32_t const one = 0x3F80;
    std::uint32_t const tie = 0x3B80;  // 2^-8: half a step of 1
    CHECK(fb::fma_bf16(one, one, tie) == one);
    CHECK(fb::fma_bf16(one, one, tie | 1) == one + 1);
    CHECK(fb::fma_bf16(0x3F81, one, tie) == 0x3F82);
    CHECK(fb::fma_bf16(tie, 0x3F81, one) == one + 1);
    // A tie but for something far below what double holds.
    CHECK(fb::fma_bf16(0x0001, 0x3F80, 0x3F80) == 0x3F80);
    CHECK(fb::fma_bf16(0x7F7F, 0x7F7F, 0) == 0x7F80);
    CHECK(fb::fma_bf16(0x7F80, 0, 0) == 0x7FFF);
    CHECK(fb::fma_bf16(0x0001, 0x3F00, 0x8000) == 0x0000);  // half the smallest subnormal: to even
    CHECK(fb::fma_bf16(0x0003, 0x3F00, 0) == 0x0002);
    CHECK(fb::fma_bf16(0x8000, one, 0x8000) == 0x8000);
}

TEST_CASE("from_fp16 is exact") {
    for (unsigned bits = 0; bits < 65536; ++bits) {
        float const value = static_cast<float>(fb::fp16::from_bits(bits));
        if (value == value) CHECK(fb::from_fp16(bits | 0x5A5A0000U) == value);
    }
}

TEST_CASE("permute_bytes and dot_bytes") {
    CHECK(fb::permute_bytes(0x33221100, 0x77665544, 0x7520) == 0x77552200);
    CHECK(fb::permute_bytes(0x33221100, 0x77665544, 0x3333) == 0x33333333);
    CHECK(fb::dot_bytes(0x80808080, 0x80808080, 5) == 4 * 128 * 128 + 5);
    CHECK(fb::dot_bytes(0x01FF7F80, 0x02030405, -1) == 2 - 3 + 127 * 4 - 128 * 5 - 1);
    CHECK(fb::dot_bytes(0x7F7F7F7F, 0x7F7F7F7F, 2147483647) == static_cast<std::int32_t>(2147483647U + 4U * 127 * 127));
}

TEST_CASE("decode_pair gives every number of every element format") {
    std::size_t formats = 0;
    fb::for_each(fb::all_scalars{}, [&]<class E>() {
        if constexpr (fb::has_bf16_pairs<E>) {
            ++formats;
            INFO(E::name);
            for (unsigned low = 0; low < (1U << E::width); ++low) {
                unsigned const high = (1U << E::width) - 1 - low;
                auto const numbers = fb::decode_pair<E>(fb::kernel_code<E>(low) | fb::kernel_code<E>(high) << 16);
                for (auto const& [code, half] : {std::pair{low, numbers & 0xFFFFU}, std::pair{high, numbers >> 16}}) {
                    if (E::codec::is_nan(code)) continue;
                    float const value = static_cast<float>(E::from_bits(code));
                    float const unit = fb::power_of_two(fb::pair_exponent<E>);
                    CAPTURE(code, half, value);
                    bool const same = fb::bit_cast<std::uint32_t>(wide(half) * unit) == fb::bit_cast<std::uint32_t>(value);
                    CHECK(same);
                }
            }
        }
    });
    CHECK(formats >= 25);
}
