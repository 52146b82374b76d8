// Weights packed by the device's kernels over the emulator.
#pragma once

#include <fewbits/cuda/kernels/pack_weights.hpp>
#include <fewbits/matrix/quantized_matrix.hpp>
#include <simt/machine.hpp>
#include <vector>

/// What products of few rows read; memory that the kernels do not write holds ones.
template <class F>
struct packed_weights {
    using layout = fewbits::fragment_weights<F>;
    std::vector<fewbits::word4> code_words;
    std::vector<fewbits::word4> scale_words;
    std::vector<float> factors;

    explicit packed_weights(fewbits::quantized_matrix<F> const& w)
        : code_words(words(layout::code_bytes(w.rows(), w.cols()))), scale_words(words(layout::scale_bytes(w.rows(), w.cols()))),
          factors(w.rows()) {
        fewbits::quantized_view<F> const view(w.streams(), w.rows(), w.cols());
        using codes_kernel = fewbits::pack_fragments<F>;
        simt::launch<codes_kernel>(static_cast<unsigned>(codes_kernel::blocks_for(w.rows(), w.cols())), 0,
                                   {view, &code_words[0].at[0], w.rows(), w.cols()}, 5);
        using scales_kernel = fewbits::pack_scales<F>;
        auto* const bytes = reinterpret_cast<std::byte*>(scale_words.data());
        simt::launch<scales_kernel>(static_cast<unsigned>(scales_kernel::blocks_for(w.rows())), 0,
                                    {view, bytes, factors.data(), w.rows(), w.cols()}, 4);
    }

    std::byte const* codes() const { return reinterpret_cast<std::byte const*>(code_words.data()); }
    typename layout::pairs const* scales() const { return reinterpret_cast<typename layout::pairs const*>(scale_words.data()); }

private:
    static std::vector<fewbits::word4> words(std::size_t bytes) {
        return std::vector<fewbits::word4>((bytes + 15) / 16, fewbits::word4{{~0U, ~0U, ~0U, ~0U}});
    }
};
