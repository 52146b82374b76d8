// Codebooks of normal quantiles: against bisection on std::erfc, equal probability, symmetry, and NF4's published table.
#include <catch2/catch.hpp>

#include <fewbits/fewbits.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fb = fewbits;

namespace {

struct my_nq4 final : fb::codebook<my_nq4, fb::normal_quantile_codebook<16>()> { using codebook::codebook; };
struct my_nq5 final : fb::codebook<my_nq5, fb::normal_quantile_codebook<17>()> { using codebook::codebook; };
struct my_nq8 final : fb::codebook<my_nq8, fb::normal_quantile_codebook<256>()> { using codebook::codebook; };

static_assert(fb::scalar<my_nq4> && my_nq4::width == 4 && my_nq4::name == "my_nq4");
static_assert(fb::normal_quantile(0.5) == 0.0 && fb::normal_quantile(0.25) == -fb::normal_quantile(0.75));

/// P(X > x) of a standard normal X, in long double.
long double upper_tail(long double x) { return std::erfc(x / std::sqrt(2.0L)) / 2; }

/// The x with P(X > x) = tail, by bisection.
long double bisected(long double tail) {
    long double low = 0;
    long double high = 40;
    for (int i = 0; i < 80; ++i) {
        long double const middle = (low + high) / 2;
        (upper_tail(middle) > tail ? low : high) = middle;
    }
    return (low + high) / 2;
}

template <std::size_t N>
void check_layout() {
    constexpr fb::codebook_layout<N> layout = fb::normal_quantile_codebook<N>();
    CHECK(layout.value[0] == -1.0F);
    CHECK(layout.value[N - 1] == 1.0F);
    long double const largest = bisected(0.5L / N);
    for (std::size_t i = 0; i < N; ++i) {
        CHECK(layout.value[i] == -layout.value[N - 1 - i]);
        if (i > 0) CHECK(layout.value[i - 1] < layout.value[i]);
        auto const x = static_cast<long double>(layout.value[i]) * largest;
        long double const share = (static_cast<long double>(i) + 0.5L) / N;
        // One fp32 rounding of the value, seen through the density.
        CHECK(std::fabs(1 - upper_tail(x) - share) < 3e-8L);
    }
}

}  // namespace

TEST_CASE("normal_quantile inverts the normal distribution function") {
    for (int i = 1; i < 2000; ++i) {
        double const tail = i / 4000.0;
        auto const expected = static_cast<double>(bisected(static_cast<long double>(tail)));
        CHECK(std::fabs(fb::normal_quantile(tail) / -expected - 1) < 2e-15);
        CHECK(fb::normal_quantile(1 - tail) >= 0);
    }
    for (double tail = 0.4; tail > 1e-300; tail *= 0.37) {
        auto const expected = static_cast<double>(bisected(static_cast<long double>(tail)));
        CHECK(std::fabs(fb::normal_quantile(tail) / -expected - 1) < 2e-15);
    }
}

TEST_CASE("entries are the medians of equally probable intervals, symmetric and normalised") {
    check_layout<2>();
    check_layout<3>();
    check_layout<4>();
    check_layout<15>();
    check_layout<16>();
    check_layout<17>();
    check_layout<64>();
    check_layout<255>();
    check_layout<256>();
    CHECK(float(my_nq5::from_bits(8)) == 0.0F);
}

TEST_CASE("a normal sample meets all entries equally often") {
    // Stratified: the quantiles of a fine grid of probabilities, rounded to the codebook in units of its largest entry.
    constexpr int count = 16 * 1000;
    float const unit = static_cast<float>(fb::normal_quantile(31.0 / 32.0));
    std::vector<int> met(16);
    for (int i = 0; i < count; ++i) {
        auto const x = static_cast<float>(fb::normal_quantile((i + 0.5) / count));
        ++met[my_nq4{x / unit}.bits()];
    }
    // Nearest by midpoints is not the interval itself: its borders lie further out, the more so in the tails.
    for (std::size_t i = 0; i < 8; ++i) {
        CHECK(met[i] == met[15 - i]);
        CHECK(std::abs(met[i] - count / 16) < count / 16 / (i == 0 || i == 1 ? 4 : 20));
    }
}

TEST_CASE("the published NF4 table is 8 positive and 7 negative quantiles and a zero") {
    constexpr double offset = 0.9677083;
    double const largest = fb::normal_quantile(offset);
    auto const entry = [&](int i) {  // i = -7..8
        int const steps = i > 0 ? 8 : 7;
        double const p = 0.5 + (offset - 0.5) * std::abs(i) / steps;
        return (i < 0 ? -1 : 1) * fb::normal_quantile(p) / largest;
    };
    for (int i = -7; i <= 8; ++i) {
        float const published = float(fb::nf4::from_bits(static_cast<unsigned>(i + 7)));
        CHECK(std::fabs(static_cast<double>(published) - entry(i)) < 1e-6);
    }
    CHECK(float(fb::nf4::from_bits(7)) == 0.0F);
    CHECK(float(my_nq4::from_bits(7)) == -float(my_nq4::from_bits(8)));
}

TEST_CASE("a codebook of quantiles is a scalar format like any other") {
    for (unsigned code = 0; code < 256; ++code) {
        my_nq8 const entry = my_nq8::from_bits(code);
        CHECK(fb::round_to<my_nq8>(float(entry)).bits() == code);
    }
    CHECK(fb::round_to<my_nq4>(0.0F).bits() == 7);  // a tie takes the lower code
    CHECK(float(fb::round_to<my_nq4>(0.9F, fb::stochastic{0xFFFFFFFF})) == 1.0F);
}
