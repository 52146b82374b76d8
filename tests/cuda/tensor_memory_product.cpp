// The kernel for operands under scales of blocks on sm_100f, as it is, over the emulator, against sums in double; and with something left out.
#include <catch2/catch.hpp>
#include <cmath>
#include <fewbits/cuda/kernels/tensor_memory_product.hpp>
#include <fewbits/formats/blocks.hpp>
#include <fewbits/matrix/quantized_view.hpp>
#include <simt/machine.hpp>

#include "random_matrix.hpp"

namespace fb = fewbits;

namespace {

static_assert(fb::scaled_kind_of<fb::mxfp8_e4m3> == fb::scaled_kind::float8_by_32);
static_assert(fb::scaled_kind_of<fb::mxfp8_e5m2> == fb::scaled_kind::float8_by_32);
static_assert(fb::scaled_kind_of<fb::mxfp4> == fb::scaled_kind::float4_by_32);
static_assert(fb::scaled_kind_of<fb::nvfp4> == fb::scaled_kind::float4_by_16);
static_assert(fb::scaled_kind_of<fb::mxfp6_e2m3> == fb::scaled_kind::none && fb::scaled_kind_of<fb::mxint8> == fb::scaled_kind::none);
static_assert(fb::scaled_kind_of<fb::e2m1_g32> == fb::scaled_kind::none && fb::scaled_kind_of<fb::e4m3_row> == fb::scaled_kind::none);
static_assert(fb::scaled_kind_of<fb::int4_g32_e8m0> == fb::scaled_kind::none && fb::scaled_kind_of<fb::nf4_b64> == fb::scaled_kind::none);

template <class F>
struct operand {
    fb::quantized_matrix<F> q;
    fb::quantized_view<F> view;
    static constexpr bool nested = fb::stored_scales<typename F::scale_type>::per_tensor_factor;

    operand(std::size_t rows, std::size_t cols, unsigned seed)
        : q(random_matrices::random_matrix<F>(rows, cols, seed)), view(q.streams(), rows, cols) {
        if constexpr (nested) {  // hardware knows no sign of scales
            for (std::byte& code : q.storage().scales().bytes()) code &= std::byte{0x7F};
        }
    }
    fb::tensor_map map(bool swizzled = true) const {
        return simt::make_tensor_map(view.codes, q.rows(), view.row_bytes, view.row_bytes, 128, swizzled);
    }
    std::byte const* scales() const {
        if constexpr (nested) return view.scales.codes;
        else return view.scales.bytes;
    }
    int scales_of_row() const { return static_cast<int>(view.scales.row_bytes); }
    float const* factor() const {
        if constexpr (nested) return reinterpret_cast<float const*>(view.scales.scales.bytes);
        else return nullptr;
    }
};

struct shape {
    std::size_t m, n, k;
    unsigned blocks = 2;
    std::size_t gap = 0;  ///< of y's rows
    bool bias = false;
    bool swizzled = true;
};

template <class A, class W, class Out = float, int Stages = 4>
using kernel_of =
    fb::tensor_memory_product<typename A::element, typename W::element, fb::scaled_kind_of<A>, Out, Stages>;

/// The largest |y - exact| / sum of |a w|; infinite where y is a NaN or something was written beside it.
template <class A, class W = A, class Machine = simt::machine, class Out = float, int Stages = 4>
double worst_error(shape s) {
    using kernel = kernel_of<A, W, Out, Stages>;
    operand<A> const a(s.m, s.k, 1);
    operand<W> const w(s.n, s.k, 2);
    std::vector<float> bias(s.n);
    for (std::size_t i = 0; i < s.n; ++i) bias[i] = static_cast<float>(i) * 0.37F - 3;
    std::size_t const stride = s.n + s.gap;
    using out_type = typename kernel::out_type;
    out_type const untouched = static_cast<out_type>(77);
    std::vector<out_type> y(s.m * stride, untouched);
    typename kernel::arguments const arguments{
        .a = a.map(s.swizzled), .w = w.map(s.swizzled), .a_scales = a.scales(), .w_scales = w.scales(), .a_factor = a.factor(),
        .w_factor = w.factor(), .y = y.data(), .bias = s.bias ? bias.data() : nullptr, .m = static_cast<int>(s.m),
        .n = static_cast<int>(s.n), .steps = static_cast<int>((s.k + kernel::depth - 1) / kernel::depth), .scales = a.scales_of_row(),
        .stride = stride};
    simt::launch<kernel, Machine>(s.blocks, kernel::shared_bytes, arguments, 17);
    std::vector<double> left(s.m * s.k), right(s.n * s.k);
    for (std::size_t i = 0; i < left.size(); ++i) left[i] = static_cast<double>(a.q.value(i / s.k, i % s.k));
    for (std::size_t i = 0; i < right.size(); ++i) right[i] = static_cast<double>(w.q.value(i / s.k, i % s.k));
    double worst = 0;
    for (std::size_t r = 0; r < s.m; ++r) {
        for (std::size_t c = 0; c < stride; ++c) {
            if (c >= s.n) {
                if (y[r * stride + c] != untouched) return HUGE_VAL;
                continue;
            }
            double got = 0;
            if constexpr (std::is_same_v<Out, float>) got = static_cast<double>(y[r * stride + c]);
            else got = static_cast<double>(static_cast<float>(Out::from_bits(y[r * stride + c])));
            double exact = s.bias ? static_cast<double>(bias[c]) : 0.0;
            double size = std::abs(exact);
            for (std::size_t k = 0; k < s.k; ++k) {
                double const term = left[r * s.k + k] * right[c * s.k + k];
                exact += term;
                size += std::abs(term);
            }
            double const error = std::abs(got - exact) / size;
            if (!(error <= worst)) worst = std::isnan(error) ? HUGE_VAL : error;
        }
    }
    return worst;
}

/// Whether a machine with a fault is found out: by the machine itself, or by its results.
template <class Machine>
bool shows() {
    try {
        return worst_error<fb::nvfp4, fb::nvfp4, Machine>({128, 270, 1600, 1}) > 1e-3;
    } catch (simt::kernel_error const&) {
        return true;
    }
}

struct own : simt::machine {
    using simt::machine::machine;
    bool takes_sums() const { return warp() < 4; }
    bool arranges() const { return warp() >= 4 && warp() < 8; }
    bool multiplies() const { return warp() == 9; }
};
struct without_waiting_for_sums : own {
    using own::own;
    void wait_phase(std::uint64_t* barrier, unsigned parity) {
        if (!takes_sums()) own::wait_phase(barrier, parity);
    }
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
        if (!arranges()) own::wait_phase(barrier, parity);
    }
};
struct without_a_fence_after : own {
    using own::own;
    void tensor_after_sync() {}
};
struct without_a_fence_before : own {
    using own::own;
    void tensor_before_sync() {}
};
struct without_publishing_scales : own {
    using own::own;
    void publish_shared() {}
};
struct without_waiting_for_loads : own {
    using own::own;
    void wait_sums(std::uint32_t (&)[32]) {}
};
/// Gives stages and sums away before products are done.
struct arriving_early : own {
    using own::own;
    void arrive_when_done(std::uint64_t* barrier) { own::arrive(barrier); }
};
struct keeping_columns : own {
    using own::own;
    template <class Count>
    void release_columns(std::uint32_t, Count) {}
};
/// All stages' scales in the same columns: a copy overtakes products that read them.
struct with_one_place_for_scales : own {
    using own::own;
    void copy_scales(std::uint32_t to, std::uint64_t chunk) { own::copy_scales(256 + to % 32, chunk); }
    template <fb::scaled_kind Kind>
    void multiply_scaled(std::uint32_t d, std::uint64_t a, std::uint64_t w, std::uint32_t instruction, std::uint32_t a_scales,
                         std::uint32_t w_scales, bool add) {
        own::multiply_scaled<Kind>(d, a, w, instruction, 256 + a_scales % 32, 256 + w_scales % 32, add);
    }
};
/// Instructions and descriptors that say something else.
template <std::uint32_t Flip, std::uint64_t FlipTile, std::uint64_t FlipChunk>
struct with_other_descriptors : own {
    using own::own;
    void copy_scales(std::uint32_t to, std::uint64_t chunk) { own::copy_scales(to, chunk ^ FlipChunk); }
    template <fb::scaled_kind Kind>
    void multiply_scaled(std::uint32_t d, std::uint64_t a, std::uint64_t w, std::uint32_t instruction, std::uint32_t a_scales,
                         std::uint32_t w_scales, bool add) {
        own::multiply_scaled<Kind>(d, a ^ FlipTile, w, instruction ^ Flip, a_scales, w_scales, add);
    }
};

}  // namespace

TEST_CASE("products under scales of blocks are right in every shape") {
    double const bound = 2e-6;
    CHECK(worst_error<fb::mxfp8_e4m3>({1, 1, 16, 1}) < bound);
    CHECK(worst_error<fb::mxfp8_e4m3>({130, 270, 304, 2, 3, true}) < bound);
    CHECK(worst_error<fb::mxfp8_e5m2, fb::mxfp8_e4m3>({200, 16, 1008, 3, 1, true}) < bound);
    CHECK(worst_error<fb::mxfp4>({1, 1, 32, 1}) < bound);
    CHECK(worst_error<fb::mxfp4>({129, 130, 992, 2, 0, true}) < bound);
    CHECK(worst_error<fb::nvfp4>({1, 1, 32, 1}) < bound);
    CHECK(worst_error<fb::nvfp4>({131, 257, 544, 5, 1, true}) < bound);
    CHECK(worst_error<fb::nvfp4, fb::nvfp4, simt::machine, float, 6>({260, 128, 2048, 1, 2}) < bound);
}

TEST_CASE("products under scales of blocks are rounded to 16 bits where that is wanted") {
    CHECK(worst_error<fb::mxfp8_e4m3, fb::mxfp8_e4m3, simt::machine, fb::bf16, 6>({130, 136, 208, 1, 0, true}) < 0x1.02p-8);
}

TEST_CASE("what is left out of the kernel for scaled operands shows") {
    CHECK_FALSE(shows<own>());
    CHECK(shows<without_waiting_for_sums>());
    CHECK(shows<without_waiting_for_tiles>());
    CHECK(shows<without_waiting_for_room>());
    CHECK(shows<without_a_fence_after>());
    CHECK(shows<without_a_fence_before>());
    CHECK(shows<without_publishing_scales>());
    CHECK(shows<without_waiting_for_loads>());
    CHECK(shows<arriving_early>());
    CHECK(shows<keeping_columns>());
    CHECK(shows<with_one_place_for_scales>());
    CHECK(worst_error<fb::nvfp4>({128, 128, 256, 1, 0, false, false}) > 1e-3);
}

TEST_CASE("descriptors of scaled products that say something else are found out") {
    CHECK_FALSE(shows<with_other_descriptors<0, 0, 0>>());
    CHECK(shows<with_other_descriptors<1U << 23, 0, 0>>());                     // the other type of scales
    CHECK(shows<with_other_descriptors<3U << 7, 0, 0>>());                      // of elements
    CHECK(shows<with_other_descriptors<1U << 17, 0, 0>>());                     // N
    CHECK(shows<with_other_descriptors<2U << 29, 0, 0>>());                     // where scales begin
    CHECK(shows<with_other_descriptors<0, std::uint64_t{1} << 62, 0>>());       // no swizzle
    CHECK(shows<with_other_descriptors<0, std::uint64_t{1} << 46, 0>>());       // without the constant
    CHECK(shows<with_other_descriptors<0, std::uint64_t{32} << 32, 0>>());      // eight rows of tiles
    CHECK(shows<with_other_descriptors<0, 0, std::uint64_t{24} << 32>>());      // of scales
}
