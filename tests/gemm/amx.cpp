// The AMX kernels as compiled: on processors with AMX they run there, on others with AVX-512 under the emulator of its instructions.

#include <catch2/catch.hpp>

#if defined(__x86_64__) && defined(__linux__)

#include <cmath>
#include <optional>
#include <vector>

#include <fewbits/parallel/threads.hpp>

#include "exact_dot.hpp"
#include "targets.hpp"
#include "tile_emulator.hpp"

FEWBITS_TARGET_BEGIN("avx512f,amx-tile,amx-int8,amx-bf16")

namespace {

void configure(fewbits::tile_shapes const& shapes) { asm volatile("ldtilecfg %0" ::"m"(shapes)); }
void release() { asm volatile("tilerelease" ::: "memory"); }
fewbits::tile_shapes configuration() {
    fewbits::tile_shapes shapes;
    asm volatile("sttilecfg %0" : "=m"(shapes));
    return shapes;
}

/// tmm1 from rows of a, tmm2 from rows of b, tmm0 from sums, all `stride` bytes apart, by different ways to say where.
void load_tiles(void const* sums, void const* a, void const* b, std::size_t stride) {
    auto const* const before_b = static_cast<char const*>(b) - 0x1234;
    auto const* const after_a = static_cast<char const*>(a) + 64;
    asm volatile("tileloadd (%0,%1,1), %%tmm0" ::"r"(sums), "r"(stride) : "memory");
    asm volatile("mov %0, %%r13\n mov %1, %%r12\n tileloadd -64(%%r13,%%r12,4), %%tmm1" ::"r"(after_a), "r"(stride / 4)
                 : "memory", "r12", "r13");
    asm volatile("tileloaddt1 0x1234(%0,%1,2), %%tmm2" ::"r"(before_b), "r"(stride / 2) : "memory");
}
void store_sums(void* to, std::size_t stride) {
    asm volatile("tilestored %%tmm0, (%0,%1,1)\n tilezero %%tmm0" ::"r"(to), "r"(stride) : "memory");
}
/// tmm0 += tmm1 * tmm2 with bytes signed or not.
void multiply_bytes(bool signed_a, bool signed_b) {
    if (signed_a && signed_b) asm volatile("tdpbssd %tmm2, %tmm1, %tmm0");
    else if (signed_a) asm volatile("tdpbsud %tmm2, %tmm1, %tmm0");
    else if (signed_b) asm volatile("tdpbusd %tmm2, %tmm1, %tmm0");
    else asm volatile("tdpbuud %tmm2, %tmm1, %tmm0");
}
void multiply_pairs() { asm volatile("tdpbf16ps %tmm2, %tmm1, %tmm0"); }

}  // namespace

FEWBITS_TARGET_END

using namespace gemm_test;

namespace {

// By their bits: these tests run under -ffast-math too.
std::uint32_t magnitude_bits(float x) { return fb::bit_cast<std::uint32_t>(x) & 0x7FFFFFFFU; }
bool is_nan(float x) { return magnitude_bits(x) > 0x7F800000U; }
bool is_finite(float x) { return magnitude_bits(x) < 0x7F800000U; }

/// Lets tile instructions run, by the processor or by the emulator; at the end no thread holds tiles.
class tiles_here {
public:
    explicit tiles_here(fb::processor const& here = fb::this_processor()) {
        runs_ = here.amx || here.avx512_bf16;
        if (!runs_) WARN("skipped: this processor has neither AMX nor AVX-512 to emulate it with");
        else if (!here.amx) emulator_.emplace();
    }
    explicit operator bool() const { return runs_; }
    /// products: whether any were made in tiles.
    void check_released(bool products) const {
        CHECK(configuration().palette == 0);
        if (!emulator_) return;
        tile_use const use = tile_emulator::use();
        CHECK(use.configured == use.released);
        CHECK(use.holding == 0);
        CHECK((use.products > 0) == products);
    }

private:
    bool runs_;
    std::optional<tile_emulator> emulator_;
};

/// What gemm does on a processor with AMX; false where no AMX kernel takes the pair.
bool multiply_in_tiles(fb::operand const& a, fb::operand const& w, fb::executor run_on, std::vector<float>& y) {
    y.assign(a.rows() * w.rows(), -7.0F);
    fb::product const p{a, w, y.data(), w.rows(), nullptr, &fb::finish_row<float>, run_on, 0};
    if (fb::amx::integer_product::supports(a.facts(), w.facts())) fb::amx::integer_product::run(p);
    else if (fb::amx::bf16_product::supports(a.facts(), w.facts())) fb::amx::bf16_product::run(p);
    else if (fb::amx::dense_product::supports(a.facts(), w.facts())) fb::amx::dense_product::run(p);
    else if (fb::amx::codebook_product::supports(a.facts(), w.facts())) fb::amx::codebook_product::run(p);
    else return false;
    return true;
}

void check_pair(subject const& a, subject const& w) {
    INFO(a.name << " x " << w.name);
    std::vector<float> y;
    std::vector<float> packed;
    if (!multiply_in_tiles(a.plain, w.plain, {}, y)) return;
    multiply_in_tiles(a.plain, w.packed, fb::threads(2), packed);
    CHECK(same_bits(y, packed));
    if (fb::is_exact_pair(a.plain.facts(), w.plain.facts())) {
        CHECK(same_bits(y, multiply(a.plain, w.plain, {.target = fb::target_choice::portable})));
        return;
    }
    std::size_t outside = 0;
    for (std::size_t m = 0; m < a.plain.rows(); m += 3) {
        for (std::size_t n = 0; n < w.plain.rows(); n += 5) {
            outside += within_bound(y[m * w.plain.rows() + n], exact_dot(a.plain, m, w.plain, n)) ? 0U : 1U;
        }
    }
    CHECK(outside == 0);
}

/// Tiles of 5 rows by 12 columns, 7 words along k; rows lie 64 bytes apart.
struct small_tiles {
    static constexpr std::size_t rows = 5, cols = 12, words = 7, stride = 64;
    alignas(64) unsigned char a[rows * stride], b[words * stride], sums[rows * stride], results[rows * stride];

    static fb::tile_shapes shapes() {
        fb::tile_shapes result;
        result.rows[0] = result.rows[1] = rows;
        result.row_bytes[0] = result.row_bytes[2] = 4 * cols;
        result.rows[2] = words;
        result.row_bytes[1] = 4 * words;
        return result;
    }
    template <class T>
    static T at(unsigned char const* from, std::size_t row, std::size_t column) {
        T value;
        std::memcpy(&value, from + row * stride + column * sizeof(T), sizeof(T));
        return value;
    }
    void fill(source& from) {
        for (unsigned char& x : a) x = static_cast<unsigned char>(from.below(256));
        for (unsigned char& x : b) x = static_cast<unsigned char>(from.below(256));
        for (unsigned char& x : sums) x = static_cast<unsigned char>(from.below(256));
        std::memset(results, 0xCC, sizeof results);
    }
    /// results = sums + a * b by the instruction given; what lies beyond stays.
    template <class F>
    void multiply(F const& instruction) {
        configure(shapes());
        load_tiles(sums, a, b, stride);
        instruction();
        store_sums(results, stride);
        release();
        for (std::size_t r = 0; r < rows; ++r) CHECK(at<std::uint32_t>(results, r, cols) == 0xCCCCCCCCU);
    }
};

}  // namespace

TEST_CASE("tile instructions: bytes of every sign, every form of address") {
    tiles_here const tiles;
    if (!tiles) return;
    source from(3);
    small_tiles t;
    for (bool const signed_a : {false, true}) {
        for (bool const signed_b : {false, true}) {
            t.fill(from);
            t.multiply([&] { multiply_bytes(signed_a, signed_b); });
            std::size_t wrong = 0;
            for (std::size_t i = 0; i < t.rows * t.cols; ++i) {
                std::size_t const m = i / t.cols;
                std::size_t const n = i % t.cols;
                auto sum = t.at<std::uint32_t>(t.sums, m, n);
                for (std::size_t k = 0; k < 4 * t.words; ++k) {
                    unsigned const x = t.a[m * t.stride + k];
                    unsigned const y = t.b[k / 4 * t.stride + 4 * n + k % 4];
                    sum += (signed_a && x > 127 ? x - 256 : x) * (signed_b && y > 127 ? y - 256 : y);
                }
                wrong += sum != t.at<std::uint32_t>(t.results, m, n);
            }
            CHECK(wrong == 0);
        }
    }
    configure(t.shapes());
    CHECK(configuration().rows[2] == t.words);
    release();
    tiles.check_released(true);
}

TEST_CASE("tile instructions: pairs of bf16, even and odd columns added up apart") {
    tiles_here const tiles;
    if (!tiles) return;
    source from(4);
    small_tiles t;
    t.fill(from);
    for (unsigned char* const numbers : {t.a, t.b}) {
        for (std::size_t i = 0; i < sizeof t.b; i += 2) {
            if (numbers == t.a && i >= sizeof t.a) break;
            unsigned const bits = fb::bit_cast<std::uint32_t>(from.between(-2.0F, 2.0F)) >> 16;
            auto const half = static_cast<std::uint16_t>(i % 14 == 0 ? 0x0001U : bits);  // some below the normal range
            std::memcpy(numbers + i, &half, 2);
        }
    }
    for (std::size_t i = 0; i < sizeof t.sums; i += 4) {
        float const sum = from.between(-2.0F, 2.0F);
        std::memcpy(t.sums + i, &sum, 4);
    }
    t.multiply([] { multiply_pairs(); });
    auto const number = [](std::uint16_t half) {
        return (half & 0x7F80U) == 0 ? 0.0F : fb::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
    };
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < t.rows * t.cols; ++i) {
        std::size_t const m = i / t.cols;
        std::size_t const n = i % t.cols;
        float part[2] = {0.0F, 0.0F};
        for (std::size_t k = 0; k < 2 * t.words; ++k) {
            part[k % 2] = fb::fma_rn(number(t.at<std::uint16_t>(t.a, m, k)), number(t.at<std::uint16_t>(t.b, k / 2, 2 * n + k % 2)), part[k % 2]);
        }
        float const sum = fb::add_rn(t.at<float>(t.sums, m, n), fb::add_rn(part[0], part[1]));
        wrong += fb::bit_cast<std::uint32_t>(sum) != t.at<std::uint32_t>(t.results, m, n);
    }
    CHECK(wrong == 0);
    tiles.check_released(true);
}

TEST_CASE("AMX kernels: ragged shapes of every pair they take") {
    tiles_here const tiles;
    if (!tiles) return;
    struct shape {
        std::size_t m, n, k, step;
    };
    for (shape const s : {shape{9, 17, 70, 5}, shape{37, 83, 549, 17}, shape{16, 64, 1100, 29}}) {
        auto const activations = all_subjects(s.m, s.k, 21);
        auto const weights = all_subjects(s.n, s.k, 800);
        for (std::size_t i = 0; i < activations.size(); ++i) {
            for (std::size_t j = i % s.step; j < weights.size(); j += s.step) check_pair(activations[i], weights[j]);
        }
    }
    tiles.check_released(true);
}

namespace {

/// A product whose scales are powers of two: its result, checked, and how often sums left tiles for it.
struct powers_of_two {
    static constexpr std::size_t m = 21, n = 70, k = 453, blocks = (k + 31) / 32;
    /// Two chunks of 256 columns, 64 columns of y and two panels of 16 more: 8 and 4 registers for each, whatever the scales, where
    /// these are folded.
    static constexpr long folded = 2 * (8 + 4);
    fb::quantized_matrix<fb::mxfp8_e4m3> a = random_matrix<fb::mxfp8_e4m3>(m, k, 31);
    fb::quantized_matrix<fb::mxfp4> w = random_matrix<fb::mxfp4>(n, k, 32);
    std::vector<float> y;
    long stored = folded;

    void multiply_and_check() {
        std::vector<float> from_packed;
        fb::operand const left = fb::make_operand(a);
        fb::operand const right = fb::make_operand(w);
        long const before = tile_emulator::use().stored;
        multiply_in_tiles(left, right, {}, y);
        if (!fb::this_processor().amx) stored = tile_emulator::use().stored - before;
        auto const packed = fb::prepack(w);
        multiply_in_tiles(left, fb::make_operand(packed), fb::threads(2), from_packed);
        CHECK(same_bits(y, from_packed));
        auto const definition = multiply(left, right, {.target = fb::target_choice::reference});
        std::size_t outside = 0;
        for (std::size_t i = 0; i < m * n; ++i) {
            if (is_nan(definition[i])) outside += !is_nan(y[i]);
            else if (i % 3 == 0) outside += !within_bound(y[i], exact_dot(left, i / n, right, i % n));
        }
        CHECK(outside == 0);
    }
    template <class Matrix>
    static void zero_block(Matrix& q, std::size_t row, std::size_t block, fb::e8m0 scale) {
        constexpr std::size_t width = Matrix::format::element::width;
        for (std::size_t i = 32 * block; i < 32 * (block + 1); ++i) fb::store_code(q.storage().row_codes(row), i * width, width, 0U);
        q.storage().scales().set(row, block, scale);
    }
    void zero_some(fb::e8m0 scale) {
        zero_block(a, 5, 2, scale);
        zero_block(w, 0, 0, scale);
        zero_block(w, 69, 7, scale);
    }
};

}  // namespace

TEST_CASE("AMX kernels: powers of two in the scales go into the elements where that is exact") {
    tiles_here const tiles;
    if (!tiles) return;
    powers_of_two p;
    auto const power = [](int exponent) { return fb::e8m0(std::ldexp(1.0F, exponent)); };
    SECTION("all of them") {
        p.multiply_and_check();
        CHECK(p.stored == p.folded);
    }
    SECTION("zero blocks may have any scale that is a number") {
        p.zero_some(power(0));
        p.multiply_and_check();
        auto const y = p.y;
        p.zero_some(power(-127));
        p.multiply_and_check();
        CHECK(same_bits(y, p.y));
        CHECK(p.stored == p.folded);
    }
    SECTION("scales beyond what a product of bf16 takes stay apart") {
        for (int const exponent : {33, -33, 60, -60, -100}) {
            p.w.storage().scales().set(3, 1, power(exponent));
            p.w.storage().scales().set(69, p.blocks - 1, power(-exponent));
            p.multiply_and_check();
            CHECK((fb::this_processor().amx || p.stored > p.folded));
        }
        p.a.storage().scales().set(20, 0, power(50));
        p.a.storage().scales().set(2, p.blocks - 1, power(-50));
        p.multiply_and_check();
    }
    SECTION("a scale that is no number, over numbers and over zeros") {
        p.w.storage().scales().set(3, 1, fb::e8m0::from_bits(0xFF));
        p.multiply_and_check();
        CHECK(is_nan(p.y[3]));
        p.zero_block(p.w, 3, 1, fb::e8m0::from_bits(0xFF));
        p.multiply_and_check();
        CHECK(is_nan(p.y[3]));
        p.a.storage().scales().set(20, 2, fb::e8m0::from_bits(0xFF));
        p.multiply_and_check();
        CHECK(is_nan(p.y[20 * p.n]));
    }
    tiles.check_released(true);
}

TEST_CASE("AMX kernels: sums whose roundings all go the same way stay within the bound") {
    tiles_here const tiles;
    if (!tiles) return;
    constexpr std::size_t m = 4, k = 4096;
    std::vector<float> numbers(m * k);
    auto const check_with = [&](fb::operand const& w) {
        fb::operand const a = fb::make_operand(fb::matrix_view<float const>(numbers.data(), m, k));
        std::vector<float> y;
        multiply_in_tiles(a, w, {}, y);
        for (std::size_t r = 0; r < m; ++r) CHECK(within_bound(y[r], exact_dot(a, r, w, 0)));
    };
    auto const check = [&]<class F>(fb::quantized_matrix<F> w, unsigned code) {
        constexpr std::size_t width = F::element::width;
        for (std::size_t i = 0; i < k; ++i) fb::store_code(w.storage().row_codes(0), i * width, width, code);
        check_with(fb::make_operand(w));
    };
    std::vector<fb::bf16> const ones(k, fb::bf16(1.0F));
    // One large product for every 512 and many just above and below half a last place of it; least a sum of two bf16.
    for (float const small : {0x1.01p-24F, 0x1.000002p-24F, 0x1.fffffep-25F, 0.77F, 0x1.0081p+0F}) {
        for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = small < 1.0F && i % 512 == 0 ? 1.0F : small;
        check(random_matrix<fb::mxfp8_e4m3>(1, k, 3), 0x38U);  // 1
        check(random_matrix<fb::e4m3_row>(1, k, 3), 0x38U);
        check(random_matrix<fb::nf4_b64>(1, k, 3), 2U);        // least a sum of two bf16
        check_with(fb::make_operand(fb::matrix_view<fb::bf16 const>(ones.data(), 1, k)));
    }
    tiles.check_released(true);
}

TEST_CASE("AMX kernels: infinities stay where they are") {
    tiles_here const tiles;
    if (!tiles) return;
    auto a = random_matrix<fb::mxfp8_e5m2>(5, 133, 7);
    auto w = random_matrix<fb::mxfp8_e5m2>(17, 133, 8);
    fb::store_code(w.storage().row_codes(3), 20 * 8, 8, 0x7CU);
    fb::store_code(a.storage().row_codes(1), 20 * 8, 8, 0x3CU);
    fb::store_code(a.storage().row_codes(2), 132 * 8, 8, 0xFCU);
    std::vector<float> y;
    multiply_in_tiles(fb::make_operand(a), fb::make_operand(w), {}, y);
    auto const definition = multiply(fb::make_operand(a), fb::make_operand(w), {.target = fb::target_choice::reference});
    for (std::size_t i = 0; i < y.size(); ++i) {
        INFO(i / 17 << ", " << i % 17);
        if (is_finite(definition[i])) CHECK(is_finite(y[i]));
        else if (is_nan(definition[i])) CHECK(is_nan(y[i]));
        else CHECK(fb::bit_cast<std::uint32_t>(y[i]) == fb::bit_cast<std::uint32_t>(definition[i]));
    }
    CHECK(magnitude_bits(y[17 + 3]) == 0x7F800000U);
    tiles.check_released(true);
}

TEST_CASE("AMX kernels: single rows need no tiles") {
    tiles_here const tiles;
    if (!tiles) return;
    for (std::size_t i = 0; i < subject_count(); i += 7) {
        check_pair(subject_of(i, 1, 70, 5), subject_of((i + 9) % subject_count(), 17, 70, 6));
    }
    tiles.check_released(false);
}

#endif
