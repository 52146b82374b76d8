// The one unit that instantiates a random matrix, its prepacked form and their operands for every format.

#include <vector>

#include "random_matrix.hpp"

namespace gemm_test {

namespace {

template <class X>
subject make_subject(std::size_t rows, std::size_t cols, std::uint32_t seed) {
    if constexpr (fb::block_format<X>) {
        auto q = std::make_shared<fb::quantized_matrix<X>>(random_matrix<X>(rows, cols, seed));
        auto p = std::make_shared<fb::prepacked_matrix<X>>(fb::prepack(*q));
        fb::operand const plain = fb::make_operand(*q);
        fb::operand const packed = fb::make_operand(*p);
        return {std::string(X::name), q, plain, p, packed};
    } else {
        auto d = std::make_shared<dense<X>>(rows, cols, seed);
        fb::operand const plain = fb::make_operand(d->view());
        return {std::string(plain.facts().name), d, plain, d, plain};
    }
}

using maker = subject (*)(std::size_t rows, std::size_t cols, std::uint32_t seed);

std::vector<maker> const& makers() {
    static std::vector<maker> const all = [] {
        std::vector<maker> list;
        fb::for_each(fb::joined(fb::all_block_formats{}, fb::dense_formats{}),
                     [&]<class X>() { list.push_back(&make_subject<X>); });
        return list;
    }();
    return all;
}

}  // namespace

std::size_t subject_count() { return makers().size(); }

subject subject_of(std::size_t index, std::size_t rows, std::size_t cols, std::uint32_t seed) {
    return makers()[index](rows, cols, seed);
}

}  // namespace gemm_test
