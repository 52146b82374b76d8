// The matrices that kernels and plain loops are compared on, and block formats that the catalogue has none of.
#include "simd_paths.hpp"

#include <random>

namespace {

namespace fb = fewbits;

using exact::simd::input;

template <class Value>
input made(std::string name, std::size_t rows, std::size_t cols, Value value) {
    input in{std::move(name), rows, cols, std::vector<float>(rows * (cols + 3), 7.0F)};
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < cols; ++c) in.values[r * in.stride() + c] = value(r * cols + c);
    }
    return in;
}

std::vector<input> make_inputs() {
    std::mt19937 bits(7);
    std::normal_distribution<float> normal;
    auto const draw = [&] { return normal(bits); };
    std::vector<input> all;
    all.push_back(made("normal", 7, 771, [&](std::size_t) { return draw(); }));
    all.push_back(made("whole blocks", 17, 256, [&](std::size_t) { return draw() * 3; }));
    all.push_back(made("narrow", 19, 5, [&](std::size_t) { return draw(); }));
    all.push_back(made("one", 1, 1, [&](std::size_t) { return -0.3F; }));
    all.push_back(made("zeros", 3, 300, [&](std::size_t i) { return i % 3 != 0 ? 0.0F : -0.0F; }));
    all.push_back(made("zero blocks", 5, 320, [&](std::size_t i) { return i / 32 % 2 != 0 ? draw() : i % 2 != 0 ? -0.0F : 0.0F; }));
    all.push_back(made("not negative", 5, 320, [&](std::size_t i) { return i % 7 != 0 ? std::fabs(draw()) : i % 2 != 0 ? -0.0F : 0.0F; }));
    all.push_back(made("not positive", 5, 320, [&](std::size_t i) { return i % 7 != 0 ? -std::fabs(draw()) : 0.0F; }));
    all.push_back(made("subnormal", 5, 320, [&](std::size_t) { return draw() * 1e-39F; }));
    all.push_back(made("tiny", 5, 320, [&](std::size_t) { return draw() * 1e-30F; }));
    all.push_back(made("huge", 5, 320, [&](std::size_t) { return draw() * 5e37F; }));
    all.push_back(made("far apart", 5, 320, [&](std::size_t i) { return std::ldexp(draw(), static_cast<int>(i * 37 % 250) - 125); }));
    all.push_back(made("far apart by block", 5, 512, [&](std::size_t i) { return std::ldexp(draw(), static_cast<int>(i / 32 * 37 % 200) - 100); }));
    all.push_back(made("halves", 9, 512, [&](std::size_t) { return static_cast<float>(static_cast<int>(bits() % 511) - 255) * 0.5F; }));
    all.push_back(made("quarters", 9, 512, [&](std::size_t) { return static_cast<float>(static_cast<int>(bits() % 31) - 15) * 0.25F; }));
    all.push_back(made("small fp16 scales", 9, 512, [&](std::size_t i) { return std::ldexp(draw(), -20 - static_cast<int>(i / 64 % 8)); }));
    all.push_back(made("any bits", 7, 640, [&](std::size_t) {
        auto const word = static_cast<std::uint32_t>(bits());
        return exact::from_bits((word & 0x7f80'0000U) == 0x7f80'0000U ? word ^ 0x4000'0000U : word);
    }));
    all.push_back(made("not finite", 9, 640, [&](std::size_t i) {
        return i % 501 == 77 ? exact::from_bits(0x7fc0'0000U) : i % 777 == 300 ? exact::from_bits(0x7f80'0000U) : draw();
    }));
    return all;
}

// Groups that no vector fits, elements with an exponent, levels of other widths.
struct odd_groups final : fb::block_scaled<odd_groups, fb::int_n<5>, fb::along_k(12), fb::fp16> {};
struct groups_of_48 final : fb::block_scaled<groups_of_48, fb::e3m2, fb::along_k(48), float> {};
struct odd_tiles final : fb::block_scaled<odd_tiles, fb::e4m3_fnuz, fb::tile(3, 24), fb::bf16> {};
struct odd_minimums final : fb::block_scaled<odd_minimums, fb::uint_n<3>, fb::along_k(10), fb::e4m3, fb::minimum<fb::fp16>, fb::block_traits{.method = fb::scale_method::range}> {};
struct odd_zero_points final : fb::block_scaled<odd_zero_points, fb::uint_n<7>, fb::along_k(7), fb::fp16, fb::zero_point<fb::uint_n<7>>, fb::block_traits{.method = fb::scale_method::range}> {};
struct wide_map final : fb::block_scaled<wide_map, fb::dynamic8, fb::along_k(32), fb::e8m0, fb::symmetric, fb::block_traits{.method = fb::scale_method::microscaling}> {};
struct fitted_pairs final : fb::block_scaled<fitted_pairs, fb::int_n<2>, fb::along_k(2), float, fb::symmetric, fb::block_traits{.method = fb::scale_method::least_squares}> {};
struct three_levels final : fb::block_scaled<three_levels, fb::e2m1, fb::along_k(16), fb::blocks<fb::e4m3, fb::along_k(8), fb::blocks<fb::uint_n<6>, fb::along_k(4), fb::fp16>>> {};

} // namespace

std::vector<input> const& exact::simd::inputs() {
    static std::vector<input> const all = make_inputs();
    return all;
}

TEST_CASE("kernels give the bits of the plain loops, formats of one's own", "[quantize][simd]") {
    exact::simd::compare_all<odd_groups>();
    exact::simd::compare_all<groups_of_48>();
    exact::simd::compare_all<odd_tiles>();
    exact::simd::compare_all<odd_minimums>();
    exact::simd::compare_all<odd_zero_points>();
    exact::simd::compare_all<wide_map>();
    exact::simd::compare_all<fitted_pairs>();
    exact::simd::compare_all<three_levels>();
}
