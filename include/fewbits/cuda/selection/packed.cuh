// Which products packed_product takes, and how it is launched.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string_view>

#include "../device_product.cuh"
#include "../kernels/packed_product.hpp"
#include "../launch.cuh"
#include "../operands/float8_operand.hpp"
#include "../steps/skinny_steps.hpp"
#include "../tensor_map.cuh"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace device_kernels {

/// Launches packed_product's `Kernel`; `a` and what else there is of the activations is the caller's.
template <class Kernel, class W, class Product>
void run_packed(stream_launch launch, Product const& p, tensor_map const& a, tensor_map const& numbers, float const* a_scales) {
    using weights = fragment_weights<W>;
    auto const m = static_cast<int>(p.y.rows);
    auto const n = static_cast<int>(p.y.cols);
    auto const by_panels = [&](void const* from, std::size_t count, int bytes) {
        std::size_t const row = count * static_cast<std::size_t>(bytes);
        return make_tensor_map<false>(from, weights::panels(p.y.cols), row, row, Kernel::panels, static_cast<unsigned>(bytes));
    };
    std::size_t const records = weights::records(p.depth);
    typename Kernel::arguments const arguments{
        .a = a, .codes = by_panels(p.w.codes, weights::tiles(p.depth), Kernel::code_bytes),
        .scales = by_panels(p.w.scales, records, Kernel::scale_bytes),
        .offsets = Kernel::offset_bytes == 0 ? tensor_map{} : by_panels(p.w.offsets, records, Kernel::offset_bytes),
        .numbers = numbers, .y = p.y.data, .factors = p.w.factors, .a_scales = a_scales, .bias = p.options.bias, .m = m, .n = n,
        .steps = static_cast<int>(divided_up(p.depth, Kernel::columns)), .stride = p.y.stride};
    int const most = multiprocessors();
    int const parts = Kernel::parts_for(m, n, arguments.steps, most);
    int const clusters = std::min(Kernel::clusters_for(m, n), most);
    launch.template run<Kernel>(static_cast<unsigned>(clusters * parts), arguments, static_cast<unsigned>(parts));
}

/// Numbers that `rows` rows of a have for each of `parts` parts of K, [part][whole], as Kernel fetches them.
template <class Kernel>
tensor_map map_of_numbers(float const* from, std::size_t parts, std::size_t rows, std::size_t whole) {
    constexpr unsigned count = Kernel::numbers == 0 ? 1 : Kernel::numbers;
    return make_tensor_map<false>(from, parts, rows * sizeof(float), whole * sizeof(float), count, Kernel::tokens * sizeof(float));
}

/// Whether a result of rows x cols over `depth` is for packed_product.
constexpr bool has_packed_sizes(std::size_t rows, std::size_t cols, std::size_t depth) noexcept {
    constexpr std::size_t most = std::size_t{1} << 24;
    return rows > skinny_rows && rows <= most && cols <= most && depth != 0 && depth <= most;
}
/// Rows of a, to the next count whose fp32 numbers end on 16 bytes.
constexpr std::size_t whole_rows(std::size_t rows) noexcept { return divided_up(rows, 4) * 4; }

/// Weights packed in fragments and more rows of 16-bit activations than skinny takes at once, on Hopper.
struct packed {
    static constexpr std::string_view name = "sm_90a/packed_product";
    static constexpr std::string_view reason = "packed weights become wgmma's operand in registers, 32, 64 or 128 rows at a time";
    static constexpr device_error error = fp32_sums;
    template <class A, class W, class Y, bool Packed>
    static constexpr bool supports = [] {
        if constexpr (Packed && scalar<A> && has_fragments<W>) return operand_class_of<A> == operand_class::upper_half;
        else return false;
    }();
    template <class A, class W, class Y, int Tokens = 128>
    using kernel = packed_product<A, typename W::element, typename fragment_weights<W>::scale_type, fragment_weights<W>::group, Y,
                                  Tokens, offset_form_of<W>>;

    template <class A, class W, class Y, class Product>
    static bool fits(Product const& p) {
        bool const aligned = (reinterpret_cast<std::uintptr_t>(p.a.data) | (p.a.stride * sizeof(A))) % 16 == 0;
        return has_packed_sizes(p.y.rows, p.y.cols, p.depth) && aligned && can_launch<kernel<A, W, Y>>();
    }
    /// For the sums of activations that the rests of offsets are multiplied by.
    template <class A, class W>
    static constexpr std::size_t scratch_bytes(std::size_t rows, std::size_t cols) noexcept {
        bool const wanted = offset_form_of<W> == offset_form::any && rows > skinny_rows;
        return wanted ? sum<A, W>::size(cols, whole_rows(rows)) * sizeof(float) : 0;
    }
    /// The narrowest tiles that hold all rows of a, or the widest. With minimums 32 rows would gain little.
    template <class A, class W, class Y, class Product>
    static void run(stream_launch launch, Product const& p) {
        constexpr int fewest = offset_form_of<W> == offset_form::any ? 64 : 32;
        if (p.y.rows <= fewest) run_tiles<kernel<A, W, Y, fewest>, A, W>(launch, p);
        else if (p.y.rows <= 64) run_tiles<kernel<A, W, Y, 64>, A, W>(launch, p);
        else run_tiles<kernel<A, W, Y>, A, W>(launch, p);
    }

private:
    template <class A, class W>
    using sum = sum_activations<A, fragment_columns / fragment_weights<W>::per_tile>;

    template <class Kernel, class A, class W, class Product>
    static void run_tiles(stream_launch launch, Product const& p) {
        tensor_map totals{};
        if constexpr (offset_form_of<W> == offset_form::any) {
            using sums = sum<A, W>;
            std::size_t const whole = whole_rows(p.y.rows);
            check_scratch(p.options, sums::size(p.depth, whole) * sizeof(float));
            auto* const to = reinterpret_cast<float*>(p.options.scratch.data());
            launch.template run<sums>(static_cast<unsigned>(sums::blocks_for(p.depth, whole)), {p.a, to, 0, p.y.rows, p.depth, whole});
            totals = map_of_numbers<Kernel>(to, sums::size(p.depth, whole) / whole, p.y.rows, whole);
        }
        auto const map = make_tensor_map(p.a.data, p.y.rows, p.depth * sizeof(A), p.a.stride * sizeof(A), Kernel::tokens);
        run_packed<Kernel, W>(launch, p, map, totals, nullptr);
    }
};

/// The same of FP8 activations, for weights that become FP8 without rounding.
struct packed_float8 {
    static constexpr std::string_view name = "sm_90a/packed_product (never executed)";
    static constexpr std::string_view reason =
        "packed weights become wgmma's FP8 operand in registers; sums of at most 128 columns are added in fp32, "
        "within about 2^-10 * sum |a||w| (2^-6 at worst)";
    static constexpr device_error error = float8_sums;
    template <class A, class W, class Y, bool Packed>
    static constexpr bool supports = [] {
        if constexpr (Packed && float8_operand<A>::valid && float8_operand<A>::direct && has_fragments<W>) {
            return has_float8_bytes<typename W::element> && W::is_symmetric;
        } else {
            return false;
        }
    }();
    /// Columns under one scale of the activations that the kernel knows.
    template <class A>
    static constexpr int a_group = float8_operand<A>::group == 0 ? 0 : std::gcd(static_cast<int>(float8_operand<A>::group), 128);
    template <class A, class W, class Y, int Tokens = 128>
    using kernel = packed_product<typename float8_operand<A>::element, typename W::element, typename fragment_weights<W>::scale_type,
                                  fragment_weights<W>::group, Y, Tokens, offset_form::none, 0, a_group<A>>;

    template <class A, class W, class Y, class Product>
    static bool fits(Product const& p) {
        bool const wanted = has_packed_sizes(p.y.rows, p.y.cols, p.depth) && p.options.compute == device_compute::native;
        return wanted && can_launch<kernel<A, W, Y>>();
    }
    /// For the activations, their columns in another order, and their scales.
    template <class A, class W>
    static constexpr std::size_t scratch_bytes(std::size_t rows, std::size_t cols) noexcept {
        using pack = pack_float8_activations<A, a_group<A>>;
        return rows > skinny_rows ? rows * pack::words(cols) * sizeof(word4) + pack::parts(cols) * whole_rows(rows) * sizeof(float) : 0;
    }
    template <class A, class W, class Y, class Product>
    static void run(stream_launch launch, Product const& p) {
        if (p.y.rows <= 32) run_tiles<kernel<A, W, Y, 32>, A, W>(launch, p);
        else if (p.y.rows <= 64) run_tiles<kernel<A, W, Y, 64>, A, W>(launch, p);
        else run_tiles<kernel<A, W, Y>, A, W>(launch, p);
    }

private:
    template <class Kernel, class A, class W, class Product>
    static void run_tiles(stream_launch launch, Product const& p) {
        using pack = pack_float8_activations<A, a_group<A>>;
        check_scratch(p.options, scratch_bytes<A, W>(p.y.rows, p.depth));
        std::size_t const row = pack::words(p.depth) * sizeof(word4);
        std::size_t const whole = whole_rows(p.y.rows);
        auto* const codes = reinterpret_cast<word4*>(p.options.scratch.data());
        auto* const scales = reinterpret_cast<float*>(p.options.scratch.data() + p.y.rows * row);
        launch.template run<pack>(static_cast<unsigned>(pack::blocks_for(p.y.rows, p.depth)), {p.a, codes, scales, p.depth, whole});
        tensor_map numbers{};
        if constexpr (a_group<A> != 0) numbers = map_of_numbers<Kernel>(scales, pack::parts(p.depth), p.y.rows, whole);
        run_packed<Kernel, W>(launch, p, make_tensor_map(codes, p.y.rows, row, row, Kernel::tokens), numbers, scales);
    }
};

}  // namespace device_kernels
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
