// Products by each target that this machine has, for tests of what holds for all of them.
#pragma once

#include <cstring>
#include <string_view>
#include <vector>

#include <fewbits/target/detect.hpp>

#include "random_matrix.hpp"

namespace gemm_test {

/// Every choice of target that this processor takes, without the reference.
inline std::vector<fb::target_choice> targets_here() {
    fb::processor const& here = fb::this_processor();
    std::vector<fb::target_choice> targets{fb::target_choice::portable};
    if (here.avx2) targets.push_back(fb::target_choice::avx2);
    if (here.avx512) targets.push_back(fb::target_choice::avx512);
    if (here.amx) targets.push_back(fb::target_choice::amx);
    targets.push_back(fb::target_choice::best);
    return targets;
}

inline std::string name_of(fb::target_choice target) {
    char const* const names[]{"best", "portable", "reference", "avx2", "avx512", "amx"};
    return names[static_cast<std::size_t>(target)];
}

inline std::vector<float> multiply(fb::operand const& a, fb::operand const& w, fb::gemm_options const& options = {}) {
    std::vector<float> y(a.rows() * w.rows(), -7.0F);
    fb::gemm(a, w, fb::matrix_view<float>(y.data(), a.rows(), w.rows()), options);
    return y;
}

/// Of m rows of a so many, multiplied alone, give the bits that they give together: kernels that round in tiles begin at four,
/// that of dense weights at eight.
inline std::size_t rows_alone(fb::operand const& a, fb::operand const& w, std::size_t m, fb::target_choice target) {
    std::string_view const kernel = fb::gemm_programs<>::select(a.facts(), w.facts(), target).name;
    bool const rounds_in_tiles = kernel.starts_with("amx/") && kernel != "amx/integer_product";
    std::size_t const tiled = kernel == "amx/dense_product" ? 8 : 4;
    return rounds_in_tiles && m >= tiled ? tiled : 1;
}

inline bool same_bits(std::vector<float> const& x, std::vector<float> const& y) {
    return x.size() == y.size() && (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof(float)) == 0);
}

}  // namespace gemm_test
