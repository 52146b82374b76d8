// Which products packed_product takes, and how it is launched.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "../device_product.cuh"
#include "../kernels/packed_product.hpp"
#include "../launch.cuh"
#include "../skinny_steps.hpp"
#include "../tensor_map.cuh"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace device_kernels {

/// Weights packed in fragments and more rows of 16-bit activations than skinny takes at once, on Hopper.
struct packed {
    static constexpr std::string_view name = "sm_90a/packed_product";
    static constexpr std::string_view reason = "packed weights become wgmma's operand in registers, 32, 64 or 128 rows at a time";
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
        constexpr std::size_t most = std::size_t{1} << 24;
        bool const sizes = p.y.rows > skinny_rows && p.y.rows <= most && p.y.cols <= most && p.depth != 0 && p.depth <= most;
        bool const aligned = (reinterpret_cast<std::uintptr_t>(p.a.data) | (p.a.stride * sizeof(A))) % 16 == 0;
        return sizes && aligned && can_launch<kernel<A, W, Y>>();
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
        if (p.y.rows <= fewest) run_tiles<kernel<A, W, Y, fewest>, W>(launch, p);
        else if (p.y.rows <= 64) run_tiles<kernel<A, W, Y, 64>, W>(launch, p);
        else run_tiles<kernel<A, W, Y>, W>(launch, p);
    }

private:
    template <class A, class W>
    using sum = sum_activations<A, fragment_columns / fragment_weights<W>::per_tile>;
    /// Rows of sums lie on 16 bytes.
    static constexpr std::size_t whole_rows(std::size_t rows) noexcept { return divided_up(rows, 4) * 4; }

    template <class Kernel, class W, class Product>
    static void run_tiles(stream_launch launch, Product const& p) {
        using weights = fragment_weights<W>;
        auto const m = static_cast<int>(p.y.rows);
        auto const n = static_cast<int>(p.y.cols);
        auto const number_bytes = sizeof(*p.a.data);
        auto const by_panels = [&](void const* from, std::size_t count, int bytes) {
            std::size_t const row = count * static_cast<std::size_t>(bytes);
            return make_tensor_map<false>(from, weights::panels(p.y.cols), row, row, Kernel::panels, static_cast<unsigned>(bytes));
        };
        std::size_t const tiles = weights::tiles(p.depth);
        std::size_t const records = weights::records(p.depth);
        tensor_map totals{};
        if constexpr (offset_form_of<W> == offset_form::any) {
            using sums = sum<std::remove_cvref_t<decltype(*p.a.data)>, W>;
            std::size_t const whole = whole_rows(p.y.rows);
            check_scratch(p.options, sums::size(p.depth, whole) * sizeof(float));
            auto* const to = reinterpret_cast<float*>(p.options.scratch.data());
            auto const blocks = static_cast<unsigned>(sums::blocks_for(p.depth, whole));
            launch.template run<sums>(blocks, {p.a, to, 0, p.y.rows, p.depth, whole});
            totals = make_tensor_map<false>(to, tiles * weights::per_tile, p.y.rows * sizeof(float), whole * sizeof(float),
                                            Kernel::per_tile, Kernel::tokens * sizeof(float));
        }
        typename Kernel::arguments const arguments{
            .a = make_tensor_map(p.a.data, p.y.rows, p.depth * number_bytes, p.a.stride * number_bytes, Kernel::tokens),
            .codes = by_panels(p.w.codes, tiles, Kernel::code_bytes),
            .scales = by_panels(p.w.scales, records, Kernel::scale_bytes),
            .offsets = Kernel::offset_bytes == 0 ? tensor_map{} : by_panels(p.w.offsets, records, Kernel::offset_bytes),
            .totals = totals, .y = p.y.data, .factors = p.w.factors, .bias = p.options.bias, .m = m, .n = n,
            .tiles = static_cast<int>(tiles), .stride = p.y.stride};
        int const most = multiprocessors();
        int const parts = Kernel::parts_for(m, n, static_cast<int>(tiles), most);
        int const clusters = std::min(Kernel::clusters_for(m, n), most);
        launch.template run<Kernel>(static_cast<unsigned>(clusters * parts), arguments, static_cast<unsigned>(parts));
    }
};

}  // namespace device_kernels
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
