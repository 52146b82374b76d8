// BitNet's scale: a sum over a whole tensor with the same bits from any number of threads and any kernels.
#include "exact.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace exact;

namespace {

/// SEMANTICS: runs of 1024 in index order, then the runs in order, all in double; rounded once.
float mean_by_definition(matrix const& x) {
    double volatile total = 0;
    std::size_t const count = x.rows * x.cols;
    for (std::size_t first = 0; first < count; first += 1024) {
        double volatile run = 0;
        for (std::size_t i = first; i < std::min(count, first + 1024); ++i) run = run + wide(std::fabs(x(i / x.cols, i % x.cols)));
        total = total + run;
    }
    return static_cast<float>(total / static_cast<double>(count));
}

} // namespace

TEST_CASE("the mean magnitude is added up in runs, whoever does it", "[quantize][bitnet]") {
    struct shape {
        std::size_t rows, cols, gap;
    };
    for (auto [rows, cols, gap] : {shape{1, 1, 0}, {3, 341, 0}, {1, 1024, 0}, {8, 1024, 5}, {71, 2048, 3}, {211, 771, 0}, {97, 771, 2}, {4, 70000, 1}}) {
        matrix const x = normal_matrix(rows, cols, rows + cols, cols + gap);
        float const want = mean_by_definition(x);
        for (fb::processor const& machine : {fb::processor{}, fb::this_processor()}) {
            for (fb::executor where : {fb::executor(), fb::threads(2), fb::threads(3)}) {
                auto const q = fb::quantize_for<fb::bitnet>(machine, x.view(), {.executor = where});
                CAPTURE(rows, cols, gap, machine.avx512, where.concurrency());
                CHECK(bits(q.scale(0, 0)) == bits(want));
            }
        }
    }
}
