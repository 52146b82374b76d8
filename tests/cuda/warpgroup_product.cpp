// The kernel for many rows of 8-bit floats, as it is, over the emulator, against sums in double; and with something left out.
#include <catch2/catch.hpp>
#include <cmath>
#include <fewbits/cuda/kernels/warpgroup_product.hpp>
#include <fewbits/formats/integers.hpp>
#include <fewbits/formats/minifloats.hpp>
#include <random>
#include <set>
#include <simt/machine.hpp>

namespace fb = fewbits;

namespace {

std::size_t up(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

/// Any codes that are numbers of at most `most`, rows 16-byte aligned.
template <class E>
struct codes {
    std::size_t rows, cols, stride;
    std::vector<std::byte> bytes;

    codes(std::size_t r, std::size_t c, unsigned seed, float most = 16.0F) : rows(r), cols(c), stride(up(c, 16)), bytes(r * up(c, 16), std::byte{0x7F}) {
        std::mt19937 random(seed);
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            if (i % stride >= cols) continue;
            unsigned code = 0;
            do code = random() % 256;
            while (!(std::abs(static_cast<float>(E::from_bits(code))) <= most));
            bytes[i] = static_cast<std::byte>(code);
        }
    }
    double at(std::size_t r, std::size_t c) const {
        return static_cast<double>(static_cast<float>(E::from_bits(static_cast<unsigned>(bytes[r * stride + c]))));
    }
    fb::tensor_map map(unsigned box_rows = 128, bool swizzled = true) const {
        if (cols == 0) return {};
        return simt::make_tensor_map(bytes.data(), rows, cols, stride, box_rows, swizzled);
    }
};

std::vector<float> random_scales(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<float> all(count);
    for (float& s : all) s = std::uniform_real_distribution<float>(0.5F, 2.0F)(random);
    return all;
}

struct shape {
    std::size_t m, n, k;
    unsigned blocks = 2;
    std::size_t gap = 0;  ///< of y's rows
    bool bias = false;
    bool per_tensor = false;
    bool swizzled = true;
};

/// The largest |y - exact| / sum of |a w|; infinite where y is a NaN or something was written beside it.
template <class A, class W, int Group, class Machine = simt::machine, class Out = float, int Rows = 128, int Stages = 2>
double worst_error(shape s) {
    using kernel = fb::warpgroup_product<A, W, Group, Out, Rows, Stages>;
    codes<A> const a(s.m, s.k, 1);
    codes<W> const w(s.n, s.k, 2);
    std::size_t const steps = up(s.k, 128) / 128;
    auto const a_scales = random_scales(s.m * (Group == 0 ? 1 : steps), 3);
    auto const w_scales = random_scales(Group == 0 ? s.n : up(s.n, 128) / 128 * steps, 4);
    auto const bias = random_scales(s.n, 5);
    std::size_t const stride = s.n + s.gap;
    Out const untouched(77.0F);
    std::vector<Out> y(s.m * stride, untouched);
    typename kernel::arguments const arguments{
        .a = a.map(Rows, s.swizzled), .w = w.map(), .a_scales = a_scales.data(), .w_scales = w_scales.data(), .y = y.data(),
        .bias = s.bias ? bias.data() : nullptr, .m = static_cast<int>(s.m), .n = static_cast<int>(s.n),
        .steps = static_cast<int>(steps), .a_step = s.per_tensor ? 0 : 1, .w_step = s.per_tensor ? 0 : 1, .stride = stride};
    simt::launch<kernel, Machine>(s.blocks, kernel::shared_bytes, arguments, 17);
    double worst = 0;
    for (std::size_t r = 0; r < s.m; ++r) {
        for (std::size_t c = 0; c < stride; ++c) {
            if (c >= s.n) {
                if (y[r * stride + c] != untouched) return HUGE_VAL;
                continue;
            }
            auto const got = static_cast<double>(static_cast<float>(y[r * stride + c]));
            double exact = s.bias ? static_cast<double>(bias[c]) : 0.0;
            double size = std::abs(exact);
            for (std::size_t k = 0; k < s.k; ++k) {
                float const left = Group == 0 ? a_scales[s.per_tensor ? 0 : r] : a_scales[r * steps + k / 128];
                float const right = Group == 0 ? w_scales[s.per_tensor ? 0 : c] : w_scales[c / 128 * steps + k / 128];
                double const term = a.at(r, k) * w.at(c, k) * static_cast<double>(left) * static_cast<double>(right);
                exact += term;
                size += std::abs(term);
            }
            double const error = std::abs(got - exact) / size;
            if (!(error <= worst)) worst = std::isnan(error) ? HUGE_VAL : error;
        }
    }
    return worst;
}

/// int8 rows times int8 rows, against gemm's definition of such products.
template <class Machine = simt::machine>
bool same_bits(shape s) {
    using kernel = fb::warpgroup_product<fb::int_n<8>, fb::int_n<8>, 0, float, 256, 3>;
    codes<fb::int_n<8>> const a(s.m, s.k, 1, 128.0F);
    codes<fb::int_n<8>> const w(s.n, s.k, 2, 128.0F);
    auto const a_scales = random_scales(s.m, 3);
    auto const w_scales = random_scales(s.n, 4);
    auto const bias = random_scales(s.n, 5);
    std::size_t const stride = s.n + s.gap;
    std::vector<float> y(s.m * stride);
    typename kernel::arguments const arguments{
        .a = a.map(256), .w = w.map(), .a_scales = a_scales.data(), .w_scales = w_scales.data(), .y = y.data(),
        .bias = s.bias ? bias.data() : nullptr, .m = static_cast<int>(s.m), .n = static_cast<int>(s.n),
        .steps = static_cast<int>(up(s.k, 128) / 128), .a_step = 1, .w_step = 1, .stride = stride};
    simt::launch<kernel, Machine>(s.blocks, kernel::shared_bytes, arguments, 5);
    bool same = true;
    for (std::size_t r = 0; r < s.m; ++r) {
        for (std::size_t c = 0; c < s.n; ++c) {
            double sum = 0;
            for (std::size_t k = 0; k < s.k; ++k) sum += a.at(r, k) * w.at(c, k);
            float expected = fb::fma_rn(static_cast<float>(sum), fb::mul_rn(a_scales[r], w_scales[c]), 0.0F);
            if (s.bias) expected = fb::add_rn(expected, bias[c]);
            same = same && fb::bit_cast<std::uint32_t>(y[r * stride + c]) == fb::bit_cast<std::uint32_t>(expected);
        }
    }
    return same;
}

/// Whether a machine with a fault is found out: by the machine itself, or by its results.
template <class Machine>
bool shows() {
    try {
        return worst_error<fb::e4m3, fb::e4m3, 0, Machine>({128, 128, 700, 1}) > 1e-3;
    } catch (simt::kernel_error const&) {
        return true;
    }
}

struct own : simt::machine {
    using simt::machine::machine;
    bool multiplies() const { return warp() < 8; }
};
struct without_waiting_for_tiles : own {
    using own::own;
    void wait_phase(std::uint64_t* barrier, unsigned parity) {
        if (!multiplies()) own::wait_phase(barrier, parity);
    }
};
struct without_waiting_for_room : own {
    using own::own;
    void wait_phase(std::uint64_t* barrier, unsigned parity) {
        if (multiplies()) own::wait_phase(barrier, parity);
    }
};
struct with_the_other_parity : own {
    using own::own;
    void wait_phase(std::uint64_t* barrier, unsigned parity) { own::wait_phase(barrier, multiplies() ? parity ^ 1U : parity); }
};
struct expecting_one_tile : own {
    using own::own;
    void arrive_expecting(std::uint64_t* barrier, unsigned bytes) { own::arrive_expecting(barrier, bytes / 2); }
};
struct without_a_fence_of_barriers : own {
    using own::own;
    void publish_phases() {}
};
struct without_a_fence_of_products : own {
    using own::own;
    template <class D>
    void begin_products(D&) {}
};
struct with_a_loose_wait : own {
    using own::own;
    template <class D>
    void wait_products(fb::number<0>, D& d) {
        own::wait_products(fb::number<1>{}, d);
    }
};
/// Of products whose stage is given back next.
struct with_a_looser_wait : own {
    using own::own;
    template <int Left, class D>
    void wait_products(fb::number<Left>, D& d) {
        own::wait_products(fb::number<Left == 1 ? 2 : Left>{}, d);
    }
};
/// Gives a stage back before its products were waited for.
struct releasing_early : own {
    using own::own;
    std::uint64_t* full = nullptr;
    void wait_phase(std::uint64_t* barrier, unsigned parity) {
        own::wait_phase(barrier, parity);
        full = barrier;
    }
    template <class D>
    void wait_products(fb::number<0> left, D& d) {
        if (lane() == 0) own::arrive(full + 2);
        for (int i = 0; i < 4; ++i) warp_barrier();
        own::wait_products(left, d);
    }
    void arrive(std::uint64_t*) {}
};
struct with_few_bits : own {
    with_few_bits(simt::block& where, unsigned blocks, unsigned thread) : own(where, blocks, thread) { float8_bits = 14; }
};

}  // namespace

TEST_CASE("every tile has its turn once, neighbours within eight rows of tiles") {
    for (int rows = 1; rows < 20; ++rows) {
        for (int cols = 1; cols < 6; ++cols) {
            std::set<std::pair<int, int>> seen;
            bool inside = true;
            for (int i = 0; i < rows * cols; ++i) {
                fb::tile_place const at = fb::tile_in_order<8>(i, rows, cols);
                inside = inside && at.row / 8 == i / (8 * cols) && at.row < rows && at.col < cols;
                seen.insert({at.row, at.col});
            }
            CHECK(inside);
            CHECK(seen.size() == static_cast<std::size_t>(rows * cols));
        }
    }
}

TEST_CASE("products of many rows are right in every shape and with every kind of scale") {
    double const bound = 1e-6;
    CHECK(worst_error<fb::e4m3, fb::e4m3, 0>({1, 1, 1, 1}) < bound);
    CHECK(worst_error<fb::e4m3, fb::e4m3, 128>({5, 6, 0, 1, 0, true}) < bound);
    CHECK(worst_error<fb::e4m3, fb::e4m3, 0>({128, 128, 128, 1, 0, false, true}) < bound);
    CHECK(worst_error<fb::e4m3, fb::e4m3, 0>({130, 270, 300, 2, 3, true}) < bound);
    CHECK(worst_error<fb::e5m2, fb::e4m3, 0>({40, 129, 1000, 3, 1, true, true}) < bound);
    CHECK(worst_error<fb::e4m3, fb::e5m2, 128, simt::machine, float, 128, 3>({65, 16, 513, 1}) < bound);
    CHECK(worst_error<fb::e4m3, fb::e4m3, 128>({200, 140, 640, 2, 0, true}) < bound);
    CHECK(worst_error<fb::e4m3, fb::e4m3, 128>({3, 257, 1111, 5, 1, true}) < bound);
    CHECK(worst_error<fb::e4m3, fb::e4m3, 0, simt::machine, float, 256, 3>({300, 128, 400, 1, 0, true}) < bound);
}

TEST_CASE("products of many rows are rounded to 16 bits where that is wanted") {
    CHECK(worst_error<fb::e4m3, fb::e4m3, 0, simt::machine, fb::bf16>({130, 136, 200, 1, 0, true}) < 0x1.02p-8);
    CHECK(worst_error<fb::e4m3, fb::e4m3, 128, simt::machine, fb::fp16, 256>({131, 135, 200, 1, 2, true}) < 0x1.02p-11);
}

namespace {

/// bf16 results of 1 + 2^-8, a tie, plus a bias far below it: rounded once, the bias decides; rounded on the way, nothing does.
unsigned tie_and_bias(std::size_t size, float bias) {
    using kernel = fb::warpgroup_product<fb::e4m3, fb::e4m3, 0, fb::bf16, 128, 2>;
    std::vector<std::byte> numbers(size * 128);
    for (std::size_t r = 0; r < size; ++r) {
        numbers[r * 128] = static_cast<std::byte>(fb::e4m3(1.0F).bits());
        numbers[r * 128 + 1] = static_cast<std::byte>(fb::e4m3(0x1p-4F).bits());
    }
    auto const map = simt::make_tensor_map(numbers.data(), size, 128, 128, 128);
    std::vector<float> const ones(size, 1.0F);
    std::vector<float> const biases(size, bias);
    std::vector<fb::bf16> y(size * size);
    auto const n = static_cast<int>(size);
    typename kernel::arguments const arguments{
        .a = map, .w = map, .a_scales = ones.data(), .w_scales = ones.data(), .y = y.data(), .bias = biases.data(), .m = n, .n = n,
        .steps = 1, .a_step = 1, .w_step = 1, .stride = size};
    simt::launch<kernel>(1, kernel::shared_bytes, arguments, 3);
    for (fb::bf16 const one : y) {
        if (one.bits() != y[0].bits()) return 0;
    }
    return y[0].bits();
}

}  // namespace

TEST_CASE("products of many rows are rounded once, bias and all") {
    for (std::size_t const size : {std::size_t{128}, std::size_t{3}}) {  // by pairs, one by one
        CHECK(tie_and_bias(size, 0x1p-40F) == 0x3F81);
        CHECK(tie_and_bias(size, -0x1p-40F) == 0x3F80);
    }
}

TEST_CASE("integer products of many rows have the bits that gemm defines") {
    CHECK(same_bits({1, 1, 1, 1}));
    CHECK(same_bits({128, 256, 640, 1}));
    CHECK(same_bits({300, 131, 1000, 2, 1, true}));
}

TEST_CASE("as many bits as tensor cores keep are enough for the bound") {
    double const error = worst_error<fb::e4m3, fb::e4m3, 128, with_few_bits>({64, 128, 1024, 1});
    CHECK(error > 1e-5);
    CHECK(error < 0x1p-10);
}

TEST_CASE("what is left out of the kernel for many rows shows") {
    CHECK_FALSE(shows<own>());
    CHECK(shows<without_waiting_for_tiles>());
    CHECK(shows<without_waiting_for_room>());
    CHECK(shows<with_the_other_parity>());
    CHECK(shows<expecting_one_tile>());
    CHECK(shows<without_a_fence_of_barriers>());
    CHECK(shows<without_a_fence_of_products>());
    CHECK(shows<with_a_loose_wait>());
    CHECK(shows<releasing_early>());
    CHECK_FALSE(same_bits<with_a_looser_wait>({128, 128, 1500, 1}));
    CHECK(worst_error<fb::e4m3, fb::e4m3, 0>({128, 128, 128, 1, 0, false, false, false}) > 1e-3);
}
