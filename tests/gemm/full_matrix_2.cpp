// A quarter of all pairs of gemm<A, W>, instantiated statically.

#include <catch2/catch.hpp>

#include "full_matrix.hpp"

TEST_CASE("every static pair, part 2 of 4") {
    CHECK(gemm_test::run_slice<2, 4>() >= 10 * static_cast<std::size_t>(gemm_test::every_operand::size));
}
