// What GGUF's blocks decode to: hand-filled storage against ggml's reference arithmetic, where multiply and subtract
// round apart.
#include "exact.hpp"

#include <catch2/catch.hpp>

using namespace exact;

namespace {

using bytes = std::span<const std::byte>;
constexpr std::size_t rows = 3;
constexpr std::size_t cols = 512;

/// The value of an fp16 pattern, from its fields.
float half(unsigned pattern) {
    int const exponent = static_cast<int>((pattern >> 10) & 31U);
    double const fraction = static_cast<double>(pattern & 1023U) / 1024;
    double const size = exponent == 0 ? std::ldexp(fraction, -14) : std::ldexp(1 + fraction, exponent - 15);
    return static_cast<float>((pattern >> 15) != 0 ? -size : size);
}

/// The stored streams of a matrix, addressed by row and position in the row.
struct stored {
    std::vector<bytes> stream;
    std::size_t row = 0;

    unsigned code(std::size_t level, std::size_t index, unsigned width) const {
        bytes const s = stream[level];
        return stream_bits(s.subspan(row * (s.size() / rows)), index * width, width);
    }
    float fp16(std::size_t level, std::size_t index) const { return half(code(level, index, 16)); }
};

/// fp16 numbers with moderate exponents and random fraction, any bits elsewhere.
void fill(std::span<std::byte> all, bool halves, words& next) {
    for (std::size_t i = 0; i < all.size(); ++i) {
        auto byte = static_cast<unsigned>(next.below(256));
        if (halves && i % 2 == 1) byte = (byte & 0x83U) | (12U + next.below(5)) << 2;
        all[i] = static_cast<std::byte>(byte);
    }
}

template <class Storage> void fill_level(Storage& level, words& next) {
    if constexpr (requires { level.scales(); }) {
        fill({level.row_codes(0), level.row_bytes() * level.rows()}, false, next);
        fill_level(level.scales(), next);
        fill_level(level.offsets(), next);
    } else if constexpr (requires { level.bytes(); }) {
        fill(level.bytes(), true, next);
    }
}

template <class F, class Expected> void check_decoding(Expected expected) {
    fb::quantized_matrix<F> q(rows, cols);
    words next(cols + F::name.size());
    fill_level(q.storage(), next);
    stored s{q.streams(), 0};
    matrix const y = dequantized(q);
    tally t;
    for (s.row = 0; s.row < rows; ++s.row) {
        for (std::size_t c = 0; c < cols; ++c) {
            float const value = expected(s, c);
            t.expect(bits(q.value(s.row, c)) == bits(value) && bits(y(s.row, c)) == bits(value), [&](auto& out) {
                out << F::name << ' ' << s.row << ',' << c << ": " << q.value(s.row, c) << " and " << y(s.row, c)
                    << " want " << value;
            });
        }
    }
    REQUIRE_TALLY(t);
}

float number(unsigned code, int excess) { return static_cast<float>(static_cast<int>(code) - excess); }

} // namespace

TEST_CASE("blocks of 32 with an fp16 scale decode as ggml's do", "[quantize][gguf]") {
    check_decoding<fb::q4_0>(
        [](stored const& s, std::size_t c) { return mul(number(s.code(0, c, 4), 8), s.fp16(1, c / 32)); });
    check_decoding<fb::q5_0>(
        [](stored const& s, std::size_t c) { return mul(number(s.code(0, c, 5), 16), s.fp16(1, c / 32)); });
    check_decoding<fb::q4_1>([](stored const& s, std::size_t c) {
        return add(mul(number(s.code(0, c, 4), 0), s.fp16(1, c / 32)), s.fp16(2, c / 32));
    });
    check_decoding<fb::q5_1>([](stored const& s, std::size_t c) {
        return add(mul(number(s.code(0, c, 5), 0), s.fp16(1, c / 32)), s.fp16(2, c / 32));
    });
    check_decoding<fb::q8_0>([](stored const& s, std::size_t c) {
        unsigned const code = s.code(0, c, 8);
        return mul(number(code, code >= 128 ? 256 : 0), s.fp16(1, c / 32));
    });
}

TEST_CASE("super-blocks with minimums decode as ggml's do", "[quantize][gguf]") {
    // streams: codes, scales, their fp16, minimums, their fp16
    check_decoding<fb::q2_k>([](stored const& s, std::size_t c) {
        float const scale = mul(number(s.code(1, c / 16, 4), 0), s.fp16(2, c / 256));
        float const minimum = mul(number(s.code(3, c / 16, 4), 0), s.fp16(4, c / 256));
        return sub(mul(number(s.code(0, c, 2), 0), scale), minimum);
    });
    auto const k_quant = [](stored const& s, std::size_t c, unsigned width) {
        float const scale = mul(number(s.code(1, c / 32, 6), 0), s.fp16(2, c / 256));
        float const minimum = mul(number(s.code(3, c / 32, 6), 0), s.fp16(4, c / 256));
        return sub(mul(number(s.code(0, c, width), 0), scale), minimum);
    };
    check_decoding<fb::q4_k>([=](stored const& s, std::size_t c) { return k_quant(s, c, 4); });
    check_decoding<fb::q5_k>([=](stored const& s, std::size_t c) { return k_quant(s, c, 5); });
}

TEST_CASE("symmetric super-blocks decode as ggml's do", "[quantize][gguf]") {
    check_decoding<fb::q3_k>([](stored const& s, std::size_t c) {
        return mul(number(s.code(0, c, 3), 4), mul(number(s.code(1, c / 16, 6), 32), s.fp16(2, c / 256)));
    });
    check_decoding<fb::q6_k>([](stored const& s, std::size_t c) {
        unsigned const scale = s.code(1, c / 16, 8);
        return mul(number(s.code(0, c, 6), 32), mul(number(scale, scale >= 128 ? 256 : 0), s.fp16(2, c / 256)));
    });
}

TEST_CASE("non-linear 4 bits decode as ggml's do", "[quantize][gguf]") {
    static constexpr int book[] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    check_decoding<fb::iq4_nl>([](stored const& s, std::size_t c) {
        return mul(static_cast<float>(book[s.code(0, c, 4)]), s.fp16(1, c / 32));
    });
    check_decoding<fb::iq4_xs>([](stored const& s, std::size_t c) {
        return mul(
            static_cast<float>(book[s.code(0, c, 4)]), mul(number(s.code(1, c / 32, 6), 32), s.fp16(2, c / 256)));
    });
}

TEST_CASE("ternary blocks decode the digits 0, 1, 2 as -1, 0, +1", "[quantize][gguf]") {
    fb::quantized_matrix<fb::tq1_0> five(1, 512);
    fb::quantized_matrix<fb::tq2_0> two(1, 512);
    words next(3);
    for (std::size_t b = 0; b < 2; ++b) {
        five.storage().scales().set(0, b, fb::fp16(0.5F + static_cast<float>(b)));
        two.storage().scales().set(0, b, fb::fp16(0.5F + static_cast<float>(b)));
    }
    std::vector<int> digits;
    for (std::size_t c = 0; c < 512; ++c) {
        digits.push_back(static_cast<int>(next.below(3)) - 1);
        fb::store_trit(five.storage().row_codes(0), c, digits.back());
        fb::store_code(two.storage().row_codes(0), 2 * c, 2, static_cast<unsigned>(digits.back()) & 3U);
    }
    matrix const a = dequantized(five), b = dequantized(two);
    tally t;
    for (std::size_t c = 0; c < 512; ++c) {
        float const value = static_cast<float>(digits[c]) * (0.5F + static_cast<float>(c / 256));
        t.expect(five.value(0, c) == value && two.value(0, c) == value && a(0, c) == value && b(0, c) == value,
            [&](auto& out) { out << c << ' ' << five.value(0, c) << ' ' << two.value(0, c) << " want " << value; });
    }
    REQUIRE_TALLY(t);
}
