// The kernel for operands under scales of blocks on sm_100f, as it is, over the emulator, against sums in double; and with something left out.
#include <catch2/catch.hpp>
#include <cmath>
#include <fewbits/cuda/kernels/tensor_memory_product.hpp>
#include <fewbits/cuda/operands/block_scaled_operand.hpp>
#include <fewbits/formats/blocks.hpp>
#include <fewbits/matrix/quantized_view.hpp>
#include <simt/machine.hpp>

#include "random_matrix.hpp"

namespace fb = fewbits;

namespace {

template <class A, class W>
inline constexpr bool mixed = fb::block_scaling_of<A, W> != fb::block_scaling::none;
static_assert(fb::block_scaling_of<fb::mxfp8_e4m3, fb::mxfp8_e5m2> == fb::block_scaling::float8_32);
static_assert(fb::block_scaling_of<fb::mxfp4, fb::mxfp4> == fb::block_scaling::float4_32);
static_assert(fb::block_scaling_of<fb::nvfp4, fb::nvfp4> == fb::block_scaling::float4_16);
static_assert(!mixed<fb::nvfp4, fb::mxfp4> && !mixed<fb::e2m1_g32, fb::e2m1_g32> && !mixed<fb::e4m3_row, fb::e4m3_row>);

template <class F>
struct operand {
    fb::quantized_matrix<F> q;
    fb::quantized_view<F> view;
    static constexpr bool nested = fb::is_float8_under_tensor<typename F::scale_type>;

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

/// What the machine leaves out or does otherwise.
enum class fault {
    none,
    no_wait_for_sums,
    no_wait_for_tiles,
    no_wait_for_room,
    no_fence_after,
    no_fence_before,
    scales_not_published,
    no_wait_for_loads,
    early_arrival,  ///< gives stages and sums away before products are done
    columns_kept,
    one_place_for_scales,  ///< all stages' scales in the same columns: a copy overtakes products that read them
    other_instruction,
    other_tile,
    other_chunk
};

struct faulty : simt::machine {
    using simt::machine::machine;
    static inline fault planted = fault::none;
    static inline std::uint64_t flip = 0;  ///< bits of what is told otherwise

    void wait_phase(std::uint64_t* barrier, unsigned parity) {
        bool const skips = warp() < 4 ? is(fault::no_wait_for_sums) : warp() < 8 ? is(fault::no_wait_for_room)
                                                                                   : warp() == 9 && is(fault::no_wait_for_tiles);
        if (!skips) simt::machine::wait_phase(barrier, parity);
    }
    void tensor_after_sync() {
        if (!is(fault::no_fence_after)) simt::machine::tensor_after_sync();
    }
    void tensor_before_sync() {
        if (!is(fault::no_fence_before)) simt::machine::tensor_before_sync();
    }
    void publish_shared() {
        if (!is(fault::scales_not_published)) simt::machine::publish_shared();
    }
    void wait_sums(std::uint32_t (&d)[32]) {
        if (!is(fault::no_wait_for_loads)) simt::machine::wait_sums(d);
    }
    void arrive_when_done(std::uint64_t* barrier) {
        if (is(fault::early_arrival)) arrive(barrier);
        else simt::machine::arrive_when_done(barrier);
    }
    template <class Count>
    void release_columns(std::uint32_t first, Count count) {
        if (!is(fault::columns_kept)) simt::machine::release_columns(first, count);
    }
    void copy_scales(std::uint32_t to, std::uint64_t chunk) {
        simt::machine::copy_scales(place(to), is(fault::other_chunk) ? chunk ^ flip : chunk);
    }
    template <fb::block_scaling Kind>
    void multiply_scaled(std::uint32_t d, std::uint64_t a, std::uint64_t w, std::uint32_t instruction, std::uint32_t a_scales,
                         std::uint32_t w_scales, bool add) {
        std::uint32_t const told = is(fault::other_instruction) ? instruction ^ static_cast<std::uint32_t>(flip) : instruction;
        simt::machine::multiply_scaled<Kind>(d, is(fault::other_tile) ? a ^ flip : a, w, told, place(a_scales), place(w_scales), add);
    }

private:
    static bool is(fault f) { return planted == f; }
    static std::uint32_t place(std::uint32_t column) { return is(fault::one_place_for_scales) ? 256 + column % 32 : column; }
};

struct shape {
    std::size_t m, n, k;
    unsigned blocks = 2;
    std::size_t gap = 0;  ///< of y's rows
    bool bias = false;
    bool swizzled = true;
    std::uint64_t seed = 17;
};

template <class A, class W, class Out = float, int Stages = 4>
using kernel_of =
    fb::tensor_memory_product<typename A::element, typename W::element, fb::block_scaling_of<A, W>, Out, Stages>;

/// The largest |y - exact| / sum of |a w|; infinite where y is a NaN or something was written beside it.
template <class A, class W = A, class Out = float, int Stages = 4>
double worst_error(shape s) {
    using kernel = kernel_of<A, W, Out, Stages>;
    operand<A> const a(s.m, s.k, 1);
    operand<W> const w(s.n, s.k, 2);
    std::vector<float> bias(s.n);
    for (std::size_t i = 0; i < s.n; ++i) bias[i] = static_cast<float>(i) * 0.37F - 3;
    std::size_t const stride = s.n + s.gap;
    Out const untouched = static_cast<Out>(77.0F);
    std::vector<Out> y(s.m * stride, untouched);
    typename kernel::arguments const arguments{
        .a = a.map(s.swizzled), .w = w.map(s.swizzled), .a_scales = a.scales(), .w_scales = w.scales(), .a_factor = a.factor(),
        .w_factor = w.factor(), .y = y.data(), .bias = s.bias ? bias.data() : nullptr, .m = static_cast<int>(s.m),
        .n = static_cast<int>(s.n), .steps = static_cast<int>((s.k + kernel::depth - 1) / kernel::depth), .scales = a.scales_of_row(),
        .stride = stride};
    simt::launch<kernel, faulty>(s.blocks, kernel::shared_bytes, arguments, s.seed);
    std::vector<double> left(s.m * s.k), right(s.n * s.k);
    for (std::size_t i = 0; i < left.size(); ++i) left[i] = static_cast<double>(a.q.value(i / s.k, i % s.k));
    for (std::size_t i = 0; i < right.size(); ++i) right[i] = static_cast<double>(w.q.value(i / s.k, i % s.k));
    double worst = 0;
    for (std::size_t r = 0; r < s.m; ++r) {
        for (std::size_t c = 0; c < stride; ++c) {
            if (c >= s.n) {
                if (static_cast<float>(y[r * stride + c]) != 77.0F) return HUGE_VAL;
                continue;
            }
            auto const got = static_cast<double>(static_cast<float>(y[r * stride + c]));
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

/// Whether a fault is found out: by the machine itself, or by results.
bool shows(fault planted, std::uint64_t flip = 0) {
    faulty::planted = planted;
    faulty::flip = flip;
    bool found = true;
    try {
        found = worst_error<fb::nvfp4>({128, 144, 1312, 1}) > 1e-3;
    } catch (simt::kernel_error const&) {
    }
    faulty::planted = fault::none;
    return found;
}

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
    CHECK(worst_error<fb::nvfp4, fb::nvfp4, float, 6>({260, 128, 2048, 1, 2}) < bound);
}

TEST_CASE("products under scales of blocks are rounded to 16 bits where that is wanted") {
    CHECK(worst_error<fb::mxfp8_e4m3, fb::mxfp8_e4m3, fb::bf16, 6>({130, 136, 208, 1, 0, true}) < 0x1.02p-8);
}

TEST_CASE("what is left out of the kernel for scaled operands shows") {
    CHECK_FALSE(shows(fault::none));
    for (fault f : {fault::no_wait_for_sums, fault::no_wait_for_tiles, fault::no_wait_for_room, fault::no_fence_after,
                    fault::no_fence_before, fault::scales_not_published, fault::no_wait_for_loads, fault::early_arrival,
                    fault::columns_kept, fault::one_place_for_scales}) {
        INFO(static_cast<int>(f));
        CHECK(shows(f));
    }
    CHECK(worst_error<fb::nvfp4>({128, 128, 256, 1, 0, false, false}) > 1e-3);
}

TEST_CASE("instructions and descriptors of scaled products have the bits that the PTX ISA names") {
    // Triton's compiler has this number for the same instruction with N = 256 (its test tc_gen5_mma_block_scale_nvfp4).
    CHECK(fb::describe_scaled_product<fb::block_scaling::float4_16, fb::e2m1, fb::e2m1>(256) == 138413184);
    CHECK(shows(fault::other_instruction, 1U << 23));                // scales of another type
    CHECK(shows(fault::other_instruction, 3U << 7));                 // elements of another type
    CHECK(shows(fault::other_instruction, 1U << 17));                // N
    CHECK(shows(fault::other_instruction, 2U << 29));                // where scales begin
    CHECK(shows(fault::other_tile, std::uint64_t{1} << 62));         // no swizzle
    CHECK(shows(fault::other_tile, std::uint64_t{1} << 46));         // without the constant
    CHECK(shows(fault::other_tile, std::uint64_t{32} << 32));        // how far eight rows are from the next
    CHECK(shows(fault::other_chunk, std::uint64_t{24} << 32));       // the same of scales
    CHECK(shows(fault::other_chunk, 1));                             // scales of other rows
}
