// Which kernels quantize a matrix into a format, one after the other, and the room they need beside the streams.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "../matrix/quantized_matrix.hpp"
#include "kernels/encode_under_scales.hpp"
#include "kernels/find_extremes.hpp"
#include "kernels/quantize_groups.hpp"
#include "kernels/quantize_tiles.hpp"
#include "kernels/store_levels.hpp"
#include "kernels/sum_runs.hpp"

namespace fewbits {

/// How a format is quantized on the device.
enum class quantize_way : unsigned char {
    groups,    ///< one pass, lanes of a warp share a block
    tiles,     ///< one pass over the memory, threads of a block share one
    extremes,  ///< blocks through all rows: their extremes, then the codes
    mean,      ///< one block, the mean of its magnitudes, then the codes
    none
};

template <block_composition B>
inline constexpr quantize_way way_of = [] {
    using scale = typename B::scale_type;
    using offset = typename offset_facts<typename B::offset_type>::type;
    constexpr bool found_scales = uses_scale_as_found<B> && is_runs_of_bytes<scale>;
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

/// Whether quantize_async takes F. Formats whose scales are a search of least squares are quantized there by another rule only.
template <class F>
concept quantized_on_device = block_format<F> && way_of<typename F::composition> != quantize_way::none;

/// The parts of the memory that the kernels use beside the streams; all begin on 16 bytes.
struct quantize_scratch {
    std::size_t words = 0;    ///< fact_words: where they begin, and how many bytes are 0 at first
    std::size_t word_bytes = 0;
    std::size_t numbers = 0;  ///< scales or zero points as floats
    std::size_t sums = 0;     ///< of runs of 1024, in double
    std::size_t bytes = 0;    ///< of all
};

inline namespace FEWBITS_BASELINE {

/// That of a rows x cols matrix in format F.
template <quantized_on_device F>
quantize_scratch scratch_of(std::size_t rows, std::size_t cols) noexcept {
    using composition = typename F::composition;
    using scale = typename F::scale_type;
    using offset = typename offset_facts<typename F::offset_type>::type;
    block_position const grid = block_grid(F::block, rows, cols);
    auto const upwards = [](std::size_t bytes) { return (bytes + 15) / 16 * 16; };
    quantize_scratch room;
    if constexpr (way_of<composition> == quantize_way::extremes) room.word_bytes = grid.col * fact_words<composition>::count * 4;
    if constexpr (is_under_tensor_scale<scale>) room.word_bytes = 4;
    constexpr bool numbers = is_runs_of_bytes<scale> || !(std::is_void_v<offset> || is_whole_bytes<offset>);
    room.numbers = upwards(room.word_bytes);
    room.sums = room.numbers + (numbers ? upwards(grid.row * grid.col * 4) : 0);
    std::size_t const summed = way_of<composition> == quantize_way::mean ? rows * cols : is_runs_of_bytes<scale> ? grid.row * grid.col : 0;
    room.bytes = room.sums + upwards(sum_value_runs<float, true>::runs_of(summed) * 8);
    return room;
}

/// Throws std::invalid_argument for what quantize_async does not do: see there.
template <quantized_on_device F>
void check_device_options(std::size_t rows, std::size_t cols, std::size_t stride, quantize_options const& o) {
    check_options<F>(matrix_view<const float>(nullptr, rows, cols, stride), o);
    auto const fail = [](char const* why) { throw std::invalid_argument(std::string("quantize on the device: ") + why); };
    if (o.scale_rule == scale_rule::mse_search || o.scale_rule == scale_rule::percentile) fail("no searches and no percentiles");
    if (o.scales.data != nullptr) fail("no given scales");
    if (F::method == scale_method::least_squares && o.scale_rule == scale_rule::of_format) fail("this format's own rule is a search");
    constexpr std::size_t most = std::size_t{1} << 31;  // what kernels count with
    if (cols >= most - 1024 || rows * ((cols + 4) / 5 + 64) >= most) fail("the matrix is too large");
}

}  // namespace FEWBITS_BASELINE

/// The kernels that quantize a matrix of T into format F. Launch: launch.run<Kernel>(blocks, arguments) starts a kernel after
/// those before, launch.clear(address, bytes) sets bytes to 0 likewise.
template <quantized_on_device F, device_value T, class Launch>
class quantize_steps {
    using composition = typename F::composition;
    using scale = typename F::scale_type;
    using offset = typename offset_facts<typename F::offset_type>::type;

public:
    using stream_list = std::span<std::span<std::byte> const>;

    /// `streams`: those of quantized_matrix<F>; `scratch`: scratch_of<F>().bytes bytes. All begin on 16 bytes.
    quantize_steps(Launch& launch, matrix_view<T const> from, stream_list streams, quantize_options const& o, std::byte* scratch,
                   std::uint32_t* status)
        : launch_(launch), from_(from), streams_(streams), scratch_(scratch), room_(scratch_of<F>(from.rows, from.cols)),
          grid_(block_grid(F::block, from.rows, from.cols)) {
        to_.codes = streams[0].data();
        to_.row_bytes = composition::trits ? trit_bytes(from.cols) : stream_bytes(from.cols, F::element::width);
        if constexpr (is_runs_of_bytes<scale>) to_.scales = {scratch + room_.numbers, grid_.col * 4};
        else to_.scales = {streams[1].data(), stream_bytes(grid_.col, bits_of<typename quantize_target<composition>::scale_stored>())};
        if constexpr (!std::is_void_v<offset>) {
            if constexpr (is_whole_bytes<offset>) to_.offsets = {offset_stream(), stream_bytes(grid_.col, bits_of<offset>())};
            else to_.offsets = {scratch + room_.numbers, grid_.col * 4};
        }
        if constexpr (is_under_tensor_scale<scale>) to_.outer = streams[2].data();
        to_.rule = device_rule({o.mode, o.overflow, o.full_range, o.seed}, F::element::kind == format_kind::minifloat);
        to_.scale_rule = o.scale_rule;
        to_.divisor = scale_divisor<composition>(o);
        to_.status = status;
    }

    void run() {
        if (from_.rows == 0 || from_.cols == 0) return;
        if (room_.word_bytes != 0) launch_.clear(scratch_ + room_.words, room_.word_bytes);
        if constexpr (is_under_tensor_scale<scale>) {
            find<scale, true>();
            launch_.template run<store_outer_scale<composition>>(1, {words(), to_.divisor, streams_[2].data()});
        }
        if constexpr (way_of<composition> == quantize_way::groups) {
            using kernel = quantize_groups<F, T>;
            std::size_t const runs = kernel::lanes_of(from_.cols);
            std::size_t const all = runs * from_.rows;
            launch_.template run<kernel>(blocks<kernel>(all), {from_, to_, divisor(runs), static_cast<std::uint32_t>(all),
                                                        static_cast<std::uint32_t>(from_.cols), kernel::is_aligned(from_, to_)});
        } else if constexpr (way_of<composition> == quantize_way::tiles) {
            using kernel = quantize_tiles<F, T>;
            launch_.template run<kernel>(static_cast<unsigned>(grid_.row * grid_.col),
                                         {from_, to_, divisor(kernel::runs_of(from_.cols)), static_cast<std::uint32_t>(grid_.col),
                                          kernel::is_aligned(from_)});
        } else {
            in_two_passes();
        }
        store_levels();
    }

private:
    template <class S>
    static constexpr int bits_of() noexcept {
        if constexpr (std::is_same_v<S, float>) return 32;
        else return S::width;
    }
    /// Blocks of Kernel for so many threads; kernels that go on do with a quarter of many.
    template <class Kernel>
    static unsigned blocks(std::size_t threads) noexcept {
        std::size_t const all = (threads + Kernel::threads - 1) / Kernel::threads;
        constexpr std::size_t many = 8192;
        if constexpr (requires { Kernel::goes_on; }) return static_cast<unsigned>((std::min)(all, (std::max)(many, all / 4)));
        return static_cast<unsigned>(all);
    }
    static known_divisor divisor(std::size_t n) { return known_divisor(static_cast<std::uint32_t>(n)); }
    std::uint32_t* words() const noexcept { return reinterpret_cast<std::uint32_t*>(scratch_ + room_.words); }
    double* sums() const noexcept { return reinterpret_cast<double*>(scratch_ + room_.sums); }
    float* numbers() const noexcept { return reinterpret_cast<float*>(scratch_ + room_.numbers); }
    std::byte* offset_stream() const noexcept { return streams_[1 + level_view<scale>::streams].data(); }

    /// Extremes for blocks of B; a thread takes 16 rows, or what keeps the device busy.
    template <block_composition B, bool Finite>
    void find() {
        using kernel = find_extremes<B, T, Finite>;
        std::size_t const runs = kernel::runs_of(from_.cols);
        constexpr std::size_t most_threads = 132 * 2048 * 2;
        std::size_t const busy = (most_threads + runs - 1) / runs;
        std::size_t const step = busy < from_.rows ? busy : from_.rows;
        std::uint32_t const across = static_cast<std::uint32_t>(block_grid(B::block, from_.rows, from_.cols).col);
        launch_.template run<kernel>(blocks<kernel>(runs * step), {from_, words(), across, !Finite && to_.with_sign(), divisor(runs),
                                                                   static_cast<std::uint32_t>(step)});
    }

    void in_two_passes() {
        if constexpr (way_of<composition> == quantize_way::extremes) {
            find<composition, false>();
            using kernel = store_extremes<composition>;
            launch_.template run<kernel>(blocks<kernel>(grid_.col), {words(), static_cast<std::uint32_t>(grid_.col), to_});
        } else {
            using kernel = sum_value_runs<T, true>;
            std::size_t const count = from_.rows * from_.cols;
            launch_.template run<kernel>(blocks<kernel>(kernel::runs_of(count)), {from_, sums(), kernel::runs_of(count)});
            launch_.template run<store_mean_scale<composition>>(1, {sums(), kernel::runs_of(count), count, to_});
        }
        using kernel = encode_under_scales<F, T>;
        std::size_t const runs = runs_of_row<composition>(from_.cols);
        std::vector<std::span<std::byte const>> const stored(streams_.begin(), streams_.end());
        launch_.template run<kernel>(blocks<kernel>(runs * from_.rows),
                                     {from_, quantized_view<F>(stored, from_.rows, from_.cols), to_.codes, to_.rule, divisor(runs),
                                      static_cast<std::uint32_t>(runs * from_.rows)});
    }

    /// What was left as floats.
    void store_levels() {
        std::size_t const count = grid_.row * grid_.col;
        if constexpr (is_runs_of_bytes<scale>) {
            using kernel = store_number_runs<scale>;
            if constexpr (kernel::less_mean) {
                using sum = sum_value_runs<float, false>;
                launch_.template run<sum>(blocks<sum>(sum::runs_of(count)), {{numbers(), 1, count}, sums(), sum::runs_of(count)});
                launch_.template run<store_mean>(1, {sums(), sum::runs_of(count), count, streams_[3].data()});
            }
            launch_.template run<kernel>(static_cast<unsigned>(kernel::blocks_for(count)),
                                         {numbers(), count, streams_[1].data(), streams_[2].data(),
                                          kernel::less_mean ? streams_[3].data() : nullptr});
        } else if constexpr (!std::is_void_v<offset> && !is_whole_bytes<offset>) {
            using kernel = store_narrow_numbers<offset>;
            launch_.template run<kernel>(blocks<kernel>(kernel::runs_of(grid_.row, grid_.col)),
                                         {numbers(), grid_.row, grid_.col, offset_stream()});
        }
    }

    Launch& launch_;
    matrix_view<T const> from_;
    std::span<std::span<std::byte> const> streams_;
    std::byte* scratch_;
    quantize_scratch room_;
    block_position grid_;
    quantize_target<composition> to_{};
};

}  // namespace fewbits
