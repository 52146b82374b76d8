// How a format is quantized on the device, the room that takes beside the streams, and what several ways have in common.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "../../matrix/quantized_matrix.hpp"
#include "../kernels/encode_under_scales.hpp"
#include "../kernels/find_extremes.hpp"
#include "../kernels/quantize_groups.hpp"
#include "../kernels/quantize_tiles.hpp"
#include "../kernels/search_tensor.hpp"
#include "../kernels/store_levels.hpp"
#include "../kernels/sum_runs.hpp"

namespace fewbits {

/// How a format is quantized on the device.
enum class quantize_way : unsigned char {
    groups,    ///< one pass, lanes of a warp share a block
    tiles,     ///< one pass over the memory, threads of a block share one
    extremes,  ///< blocks through all rows: their extremes, then the codes
    mean,      ///< one block, the mean of its magnitudes, then the codes
    stages,    ///< numbers of blocks, then these in super-blocks, then the codes
    none
};

template <block_composition B>
inline constexpr quantize_way way_of = [] {
    using scale = typename B::scale_type;
    using offset = typename offset_facts<typename B::offset_type>::type;
    constexpr bool found_scales = uses_scale_as_found<B> && is_runs_of_bytes<scale>;
    if constexpr (is_super_blocks<scale>) {
        constexpr bool both = std::is_void_v<offset> || (B::method == scale_method::least_squares && is_super_blocks<offset>);
        return both && is_tile<B> && !uses_scale_as_found<B> ? quantize_way::stages : quantize_way::none;
    }
    constexpr bool scales = is_whole_bytes<scale> || is_under_tensor_scale<scale> || found_scales;
    constexpr bool offsets = std::is_void_v<offset> || is_whole_bytes<offset> || (is_zero_point<typename B::offset_type> && scalar<offset>);
    constexpr bool range_of_powers = B::method == scale_method::range && is_power_of_two_scale<scale>;
    if (!scales || !offsets || range_of_powers) return quantize_way::none;
    if (B::method == scale_method::absmean) {
        return B::block == per_tensor && is_whole_bytes<scale> ? quantize_way::mean : quantize_way::none;
    }
    if (is_short_run<B>) return quantize_way::groups;
    if (is_tile<B>) return quantize_way::tiles;
    constexpr bool extremes = B::block.rows == 0 && is_whole_bytes<scale> && !block_facts<B>::tells_zeros_apart;
    return extremes && (std::is_void_v<offset> || is_whole_bytes<offset>) ? quantize_way::extremes : quantize_way::none;
}();

/// Whether quantize_async takes F.
template <class F>
concept quantized_on_device = block_format<F> && way_of<typename F::composition> != quantize_way::none;

/// Whether the scales of B can be searched for, by percentiles too. Least squares over a whole tensor are one long sum, the host's.
template <block_composition B>
inline constexpr bool is_searched_on_device =
    way_of<B> != quantize_way::none && B::method != scale_method::range && B::method != scale_method::absmean &&
    !(B::method == scale_method::least_squares && (B::block == per_tensor || is_power_of_two_scale<typename B::scale_type>));

/// The parts of the memory that the kernels use beside the streams; all begin on 16 bytes.
struct quantize_scratch {
    std::size_t words = 0;    ///< fact_words: where they begin, and how many bytes are 0 at first
    std::size_t word_bytes = 0;
    std::size_t numbers = 0;  ///< scales or zero points as floats
    std::size_t offsets = 0;  ///< minimums as floats
    std::size_t sums = 0;     ///< of runs of 1024, in double
    std::size_t bytes = 0;    ///< of all
};

/// Candidates whose errors are summed side by side over a tensor.
inline constexpr std::size_t most_errors = 33;

inline namespace FEWBITS_BASELINE {

/// Whether all scales of B are there before one is stored: where they are searched for, or because of what they are stored in.
template <block_composition B>
bool goes_by_stages(quantize_options const& o) noexcept {
    if (way_of<B> == quantize_way::stages) return true;
    if (o.scales.data != nullptr) return false;
    bool const named = o.scale_rule == scale_rule::mse_search || o.scale_rule == scale_rule::percentile;
    return named || (B::method == scale_method::least_squares && o.scale_rule == scale_rule::of_format);
}

/// That of a rows x cols matrix in format F.
template <quantized_on_device F>
quantize_scratch scratch_of(std::size_t rows, std::size_t cols, quantize_options const& o) noexcept {
    using composition = typename F::composition;
    using scale = typename F::scale_type;
    using offset = typename offset_facts<typename F::offset_type>::type;
    block_position const grid = block_grid(F::block, rows, cols);
    auto const upwards = [](std::size_t bytes) { return (bytes + 15) / 16 * 16; };
    quantize_scratch room;
    bool const extremes = way_of<composition> == quantize_way::extremes && o.scales.data == nullptr;
    if (extremes) room.word_bytes = grid.col * fact_words<composition>::count * 4;
    if constexpr (is_under_tensor_scale<scale>) room.word_bytes = 4;
    bool const of_tensor = F::block == per_tensor && goes_by_stages<composition>(o);
    if (of_tensor) room.word_bytes = 16 + sizeof(digit_search);
    constexpr bool narrow_zero_points = is_zero_point<typename F::offset_type> && !is_whole_bytes<offset>;
    bool const numbers = is_runs_of_bytes<scale> || narrow_zero_points || goes_by_stages<composition>(o);
    bool const offsets = F::has_minimum && goes_by_stages<composition>(o);
    room.numbers = upwards(room.word_bytes);
    room.offsets = room.numbers + (numbers ? upwards(grid.row * grid.col * 4) : 0);
    room.sums = room.offsets + (offsets ? upwards(grid.row * grid.col * 4) : 0);
    std::size_t const summed = way_of<composition> == quantize_way::mean ? rows * cols : is_runs_of_bytes<scale> ? grid.row * grid.col : 0;
    room.bytes = room.sums + upwards(sum_value_runs<float, true>::runs_of(summed) * 8);
    if (of_tensor) room.bytes += sum_value_runs<float, true>::runs_of(rows * cols) * most_errors * 8;
    return room;
}

/// Throws std::invalid_argument for what quantize_async does not do: see there.
template <quantized_on_device F>
void check_device_options(std::size_t rows, std::size_t cols, std::size_t stride, quantize_options const& o) {
    check_options<F>(matrix_view<const float>(nullptr, rows, cols, stride), o);
    auto const fail = [](char const* why) { throw std::invalid_argument(std::string("quantize on the device: ") + why); };
    if (goes_by_stages<typename F::composition>(o) && !is_searched_on_device<typename F::composition>) {
        fail("no least squares over whole tensors, and none for powers of two");
    }
    bool const counts_all = F::block == per_tensor && o.scale_rule == scale_rule::percentile;
    if (counts_all && rows * cols > ~std::uint32_t{0}) fail("a percentile of more than 2^32 - 1 values");
    constexpr std::size_t most = std::size_t{1} << 31;  // what kernels count with
    if (cols >= most - 1024 || rows * ((cols + 4) / 5 + 64) >= most) fail("the matrix is too large");
}

/// Blocks of Kernel for so many threads; kernels that go on do with a quarter of many.
template <class Kernel>
unsigned blocks_of_threads(std::size_t threads) noexcept {
    std::size_t const all = (threads + Kernel::threads - 1) / Kernel::threads;
    constexpr std::size_t many = 8192;
    if constexpr (requires { Kernel::goes_on; }) return static_cast<unsigned>((std::min)(all, (std::max)(many, all / 4)));
    return static_cast<unsigned>(all);
}

/// Extremes of a matrix for blocks of B, in fact_words; a thread takes 16 rows, or what keeps the device busy.
template <block_composition B, bool Finite, device_value T, class Launch>
void find_extremes_of(Launch& launch, matrix_view<T const> from, std::uint32_t* words, bool with_sign) {
    using kernel = find_extremes<B, T, Finite>;
    std::size_t const runs = kernel::runs_of(from.cols);
    constexpr std::size_t most_threads = 132 * 2048 * 2;
    std::size_t const busy = (most_threads + runs - 1) / runs;
    std::size_t const step = busy < from.rows ? busy : from.rows;
    std::uint32_t const across = static_cast<std::uint32_t>(block_grid(B::block, from.rows, from.cols).col);
    launch.template run<kernel>(blocks_of_threads<kernel>(runs * step),
                                {from, words, across, with_sign, known_divisor(static_cast<std::uint32_t>(runs)),
                                 static_cast<std::uint32_t>(step)});
}

/// Codes of a matrix under the scales and offsets of `numbers`: level_view<B> or given_scales<B>.
template <block_composition B, device_value T, class Numbers, class Launch>
void encode_under(Launch& launch, matrix_view<T const> from, Numbers const& numbers, std::byte* codes, device_rule const& rule) {
    using kernel = encode_under_scales<B, T, Numbers>;
    auto const runs = static_cast<std::uint32_t>(runs_of_row<B>(from.cols));
    auto const all = static_cast<std::uint32_t>(runs * from.rows);
    launch.template run<kernel>(blocks_of_threads<kernel>(all), {from, numbers, codes, rule, known_divisor(runs), all});
}

}  // namespace FEWBITS_BASELINE

}  // namespace fewbits
