// Which kernels quantize a matrix into a format, one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "quantize_stages.hpp"
#include "quantize_way.hpp"

namespace fewbits {

/// The kernels that quantize a matrix of T into format F. Launch: launch.run<Kernel>(blocks, arguments) starts a kernel after
/// those before, launch.clear(address, bytes) sets bytes to 0 likewise.
template <quantized_on_device F, device_value T, class Launch>
class quantize_steps {
    using composition = typename F::composition;
    using scale = typename F::scale_type;
    using offset = typename offset_facts<typename F::offset_type>::type;

public:
    using stream_list = std::span<std::span<std::byte> const>;

    /// `streams`: those of quantized_matrix<F>; `scratch`: scratch_of<F>(..., o).bytes bytes. All begin on 16 bytes.
    quantize_steps(Launch& launch, matrix_view<T const> from, stream_list streams, quantize_options const& o, std::byte* scratch,
                   std::uint32_t* status)
        : launch_(launch), from_(from), streams_(streams), options_(o), scratch_(scratch), room_(scratch_of<F>(from.rows, from.cols, o)),
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
        to_.given = o.scales;
    }

    void run() {
        if (from_.rows == 0 || from_.cols == 0) return;
        if constexpr (is_searched_on_device<composition>) {
            if (goes_by_stages<composition>(options_)) return run_stages();
        }
        if constexpr (way_of<composition> != quantize_way::stages) run_passes();
    }

private:
    template <class S>
    static constexpr int bits_of() noexcept {
        if constexpr (std::is_same_v<S, float>) return 32;
        else return S::width;
    }
    static known_divisor divisor(std::size_t n) { return known_divisor(static_cast<std::uint32_t>(n)); }
    std::uint32_t* words() const noexcept { return reinterpret_cast<std::uint32_t*>(scratch_ + room_.words); }
    double* sums() const noexcept { return reinterpret_cast<double*>(scratch_ + room_.sums); }
    float* numbers() const noexcept { return reinterpret_cast<float*>(scratch_ + room_.numbers); }
    std::byte* offset_stream() const noexcept { return streams_[1 + level_view<scale>::streams].data(); }

    void run_stages() {
        auto* const offsets = reinterpret_cast<float*>(scratch_ + room_.offsets);
        quantize_stages<F, T, Launch>{launch_, from_, streams_, options_, to_, numbers(), offsets, words(), sums()}.run();
        if constexpr (way_of<composition> != quantize_way::stages) store_levels();
    }

    void run_passes() {
        if (room_.word_bytes != 0) launch_.clear(scratch_ + room_.words, room_.word_bytes);
        if constexpr (is_under_tensor_scale<scale>) {
            if (to_.given.data != nullptr) find_extremes_of<scale, true>(launch_, to_.given, words(), false);
            else find_extremes_of<scale, true>(launch_, from_, words(), false);
            launch_.template run<store_outer_scale<composition>>(1, {words(), to_.divisor, streams_[2].data()});
        }
        if constexpr (way_of<composition> == quantize_way::groups) {
            using kernel = quantize_groups<F, T>;
            std::size_t const runs = kernel::lanes_of(from_.cols);
            std::size_t const all = runs * from_.rows;
            launch_.template run<kernel>(blocks_of_threads<kernel>(all), {from_, to_, divisor(runs), static_cast<std::uint32_t>(all),
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

    void in_two_passes() {
        if constexpr (std::is_void_v<offset>) {
            if (to_.given.data != nullptr) return in_one_pass();
        }
        if constexpr (way_of<composition> == quantize_way::extremes) {
            find_extremes_of<composition, false>(launch_, from_, words(), to_.with_sign());
            using kernel = store_extremes<composition>;
            launch_.template run<kernel>(blocks_of_threads<kernel>(grid_.col), {words(), static_cast<std::uint32_t>(grid_.col), to_});
        } else {
            using kernel = sum_value_runs<T, true>;
            std::size_t const count = from_.rows * from_.cols;
            launch_.template run<kernel>(blocks_of_threads<kernel>(kernel::runs_of(count)), {from_, sums(), kernel::runs_of(count)});
            launch_.template run<store_mean_scale<composition>>(1, {sums(), kernel::runs_of(count), count, to_});
        }
        std::vector<std::span<std::byte const>> const stored(streams_.begin(), streams_.end());
        encode_under<composition>(launch_, from_, quantized_view<F>(stored, from_.rows, from_.cols), to_.codes, to_.rule);
    }

    /// Under given scales, which take no look at the values.
    void in_one_pass() {
        using kernel = store_given_scales<composition>;
        launch_.template run<kernel>(blocks_of_threads<kernel>(grid_.row * grid_.col), {to_});
        encode_under<composition>(launch_, from_, given_scales<composition>{to_, from_.cols, to_.row_bytes}, to_.codes, to_.rule);
    }

    /// What was left as floats.
    void store_levels() {
        std::size_t const count = grid_.row * grid_.col;
        if constexpr (is_runs_of_bytes<scale>) {
            using kernel = store_number_runs<scale>;
            if constexpr (kernel::less_mean) {
                using sum = sum_value_runs<float, false>;
                std::size_t const runs = sum::runs_of(count);
                launch_.template run<sum>(blocks_of_threads<sum>(runs), {{numbers(), 1, count}, sums(), runs});
                launch_.template run<store_mean>(1, {sums(), sum::runs_of(count), count, streams_[3].data()});
            }
            launch_.template run<kernel>(static_cast<unsigned>(kernel::blocks_for(count)),
                                         {numbers(), count, streams_[1].data(), streams_[2].data(),
                                          kernel::less_mean ? streams_[3].data() : nullptr});
        } else if constexpr (!std::is_void_v<offset> && !is_whole_bytes<offset>) {
            using kernel = store_narrow_numbers<offset>;
            launch_.template run<kernel>(blocks_of_threads<kernel>(kernel::runs_of(grid_.row, grid_.col)),
                                         {numbers(), grid_.row, grid_.col, offset_stream()});
        }
    }

    Launch& launch_;
    matrix_view<T const> from_;
    std::span<std::span<std::byte> const> streams_;
    quantize_options const& options_;
    std::byte* scratch_;
    quantize_scratch room_;
    block_position grid_;
    quantize_target<composition> to_{};
};

}  // namespace fewbits
