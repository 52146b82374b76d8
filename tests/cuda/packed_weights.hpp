// Weights packed by the device's kernels over the emulator.
#pragma once

#include <fewbits/cuda/steps/skinny_steps.hpp>
#include <fewbits/matrix/quantized_matrix.hpp>
#include <simt/machine.hpp>
#include <vector>

/// What products of few rows read; memory that the kernels do not write holds ones.
template <class F>
struct packed_weights {
    using layout = fewbits::fragment_weights<F>;
    std::vector<fewbits::word4> code_words;
    std::vector<fewbits::word4> scale_words;
    std::vector<fewbits::word4> offset_words;
    std::vector<float> factors;

    explicit packed_weights(fewbits::quantized_matrix<F> const& w)
        : code_words(words(layout::code_bytes(w.rows(), w.cols()))), scale_words(words(layout::scale_bytes(w.rows(), w.cols()))),
          offset_words(words(layout::offset_bytes(w.rows(), w.cols()))),
          factors(w.rows()) {
        simt::launcher<> launch;
        fewbits::product_side<F> const side{fewbits::quantized_view<F>(w.streams(), w.rows(), w.cols()), w.rows()};
        fewbits::pack_steps(launch, side, w.cols(), reinterpret_cast<std::byte*>(code_words.data()),
                            reinterpret_cast<std::byte*>(scale_words.data()), reinterpret_cast<std::byte*>(offset_words.data()),
                            factors.data());
    }

    fewbits::fragment_view<F> view(std::size_t rows, std::size_t cols) const {
        return {codes(), scales(), offsets(), factors.data(), rows, cols};
    }
    std::byte const* codes() const { return reinterpret_cast<std::byte const*>(code_words.data()); }
    typename layout::offset_pairs const* offsets() const { return reinterpret_cast<typename layout::offset_pairs const*>(offset_words.data()); }
    typename layout::pairs const* scales() const { return reinterpret_cast<typename layout::pairs const*>(scale_words.data()); }

private:
    static std::vector<fewbits::word4> words(std::size_t bytes) {
        return std::vector<fewbits::word4>((bytes + 15) / 16, fewbits::word4{{~0U, ~0U, ~0U, ~0U}});
    }
};
