// matrix_view: addressing by row stride, and the conversion to const.
#include <fewbits/matrix/matrix_view.hpp>

#include <catch2/catch.hpp>

#include <type_traits>

namespace fb = fewbits;

TEST_CASE("a view addresses rows by its stride", "[matrix]") {
    int data[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    fb::matrix_view<int> const dense(data, 3, 4);
    CHECK(dense.stride == 4);
    CHECK(dense(2, 3) == 11);
    CHECK(dense.row(1) == data + 4);
    fb::matrix_view<int> const left(data, 3, 2, 4);
    CHECK(left(2, 1) == 9);
    left(2, 1) = 90;
    CHECK(data[9] == 90);
    fb::matrix_view<int> const right(data + 2, 3, 2, 4);
    CHECK(right(0, 0) == 2);
    CHECK(right(2, 1) == 11);
    fb::matrix_view<int> const empty;
    CHECK(empty.data == nullptr);
    CHECK(empty.rows == 0);
}

TEST_CASE("a view converts to a view of const and to nothing else", "[matrix]") {
    float data[6] = {};
    fb::matrix_view<float> const view(data, 2, 2, 3);
    fb::matrix_view<const float> const read = view;
    CHECK(read.data == data);
    CHECK(read.rows == 2);
    CHECK(read.cols == 2);
    CHECK(read.stride == 3);
    STATIC_REQUIRE(std::is_convertible_v<fb::matrix_view<float>, fb::matrix_view<const float>>);
    STATIC_REQUIRE_FALSE(std::is_constructible_v<fb::matrix_view<float>, fb::matrix_view<const float>>);
    STATIC_REQUIRE_FALSE(std::is_constructible_v<fb::matrix_view<const float>, fb::matrix_view<const double>>);
    STATIC_REQUIRE_FALSE(std::is_constructible_v<fb::matrix_view<const float>, fb::matrix_view<int>>);
    STATIC_REQUIRE(std::is_trivially_copyable_v<fb::matrix_view<float>>);
}

TEST_CASE("views work in constant expressions", "[matrix]") {
    static constexpr int data[6] = {1, 2, 3, 4, 5, 6};
    constexpr fb::matrix_view<const int> view(data, 2, 2, 3);
    STATIC_REQUIRE(view(1, 1) == 5);
}
