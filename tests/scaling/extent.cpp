// Which block an element belongs to, and how many blocks there are.
#include <fewbits/scaling/extent.hpp>

#include <catch2/catch.hpp>

#include <set>

namespace fb = fewbits;

namespace {

constexpr fb::block_extent extents[] = {fb::per_tensor, fb::per_row, fb::per_column, fb::along_k(1), fb::along_k(16),
    fb::along_k(1000), fb::tile(3, 5), fb::tile(128, 128), fb::tile(2, 0), fb::tile(0, 2), fb::runs_of(7),
    fb::runs_of(64)};

} // namespace

TEST_CASE("blocks cover every element once and the grid has no empty block", "[scaling]") {
    for (fb::block_extent e : extents) {
        for (std::size_t rows : {1U, 2U, 3U, 7U, 130U}) {
            for (std::size_t cols : {1U, 5U, 16U, 17U, 129U}) {
                fb::block_position const grid = fb::block_grid(e, rows, cols);
                std::set<std::size_t> seen;
                bool inside = true, same = true;
                for (std::size_t r = 0; r < rows; ++r) {
                    for (std::size_t c = 0; c < cols; ++c) {
                        fb::block_position const at = fb::block_of(e, r, c, cols);
                        inside = inside && at.row < grid.row && at.col < grid.col;
                        seen.insert(at.row * grid.col + at.col);
                        std::size_t const want_row = e.linear || e.rows == 0 ? 0 : r / e.rows;
                        std::size_t const want_col = e.linear ? (r * cols + c) / e.cols : e.cols == 0 ? 0 : c / e.cols;
                        same = same && at.row == want_row && at.col == want_col;
                    }
                }
                CAPTURE(e.rows, e.cols, e.linear, rows, cols);
                CHECK(inside);
                CHECK(same);
                CHECK(seen.size() == grid.row * grid.col);
            }
        }
    }
}

TEST_CASE("empty matrices have no blocks", "[scaling]") {
    for (fb::block_extent e : extents) {
        for (auto [r, c] : {std::pair<std::size_t, std::size_t>{0, 0}, {0, 9}, {9, 0}}) {
            fb::block_position const grid = fb::block_grid(e, r, c);
            CHECK(grid.row == 0);
            CHECK(grid.col == 0);
        }
    }
}

TEST_CASE("extents know their full size and compare", "[scaling]") {
    STATIC_REQUIRE(fb::along_k(32).count() == 32);
    STATIC_REQUIRE(fb::tile(4, 8).count() == 32);
    STATIC_REQUIRE(fb::runs_of(256).count() == 256);
    STATIC_REQUIRE(fb::per_row.count() == 0);
    STATIC_REQUIRE(fb::per_tensor.count() == 0);
    STATIC_REQUIRE(fb::along_k(32) == fb::tile(1, 32));
    STATIC_REQUIRE_FALSE(fb::along_k(32) == fb::runs_of(32));
}
