// gemm<A, W> as a user spells it, for a slice of activation formats against every weight format, compiled and run once.
#pragma once

#include <cstddef>
#include <cstring>
#include <vector>

#include "random_matrix.hpp"

namespace gemm_test {

using every_operand = decltype(fb::joined(fb::all_block_formats{}, fb::dense_formats{}));

template <class X>
auto make_matrix(std::size_t rows, std::size_t cols) {
    if constexpr (fb::block_format<X>) {
        return fb::quantized_matrix<X>(rows, cols);
    } else {
        return fb::matrix_view<X const>(nullptr, rows, cols);
    }
}

/// Calls gemm<A, W> for every W and for the activations number `slice`, `slice + slices`, ...; empty matrices, so that the
/// cost is the compiler's. Returns the number of pairs.
template <std::size_t Slice, std::size_t Slices>
std::size_t run_slice() {
    std::size_t pairs = 0;
    [&]<class... A>(fb::type_list<A...>) {
        auto const row = [&]<class Left, std::size_t Index>() {
            if constexpr (Index % Slices == Slice) {
                auto const a = make_matrix<Left>(0, 256);
                fb::for_each(every_operand{}, [&]<class Right>() {
                    auto const w = make_matrix<Right>(0, 256);
                    fb::gemm(a, w, fb::matrix_view<float>(nullptr, 0, 0));
                    pairs += fb::kernel_name<Left, Right>().empty() ? 0U : 1U;
                });
            }
        };
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (row.template operator()<A, I>(), ...);
        }(std::index_sequence_for<A...>{});
    }(every_operand{});
    return pairs;
}

}  // namespace gemm_test
