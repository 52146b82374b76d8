// Shapes, executors, progress, permutations, and options that are refused.
#include "exact.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <cstring>
#include <stdexcept>

using namespace exact;

namespace {

/// An executor that runs its calls backwards.
struct backwards {
    template <class Body> void parallel_for(std::size_t count, Body const& f) {
        while (count > 0) f(--count);
    }
};

struct reports {
    std::vector<std::size_t> done;
    std::size_t total = 0;
    static void call(void* self, std::size_t done, std::size_t total) {
        static_cast<reports*>(self)->done.push_back(done);
        static_cast<reports*>(self)->total = total;
    }
};

template <class F> void refused(matrix const& x, fb::quantize_options const& options) {
    CAPTURE(F::name);
    CHECK_THROWS_AS(static_cast<void>(fb::quantize<F>(x.view(), options)), std::invalid_argument);
}

} // namespace

TEST_CASE("any order of calls gives the same bytes, and exceptions come out", "[quantize][options]") {
    matrix const x = rough_matrix(67, 700, 1, 3);
    backwards order;
    CHECK(same_bytes(fb::quantize<fb::nf4_b64_dq>(x.view()),
        fb::quantize<fb::nf4_b64_dq>(x.view(), {.executor = fb::executor(order)})));
    matrix bad = x;
    bad(60, 3) = from_bits(0x7fc0'0000U);
    CHECK_THROWS_AS(
        static_cast<void>(fb::quantize<fb::int8_g32>(bad.view(), {.executor = fb::threads(2)})), std::invalid_argument);
}

TEST_CASE("progress ascends to all rows, one call at a time", "[quantize][options]") {
    matrix const x = normal_matrix(300, 256, 2);
    for (fb::executor where : {fb::executor(), fb::threads(3)}) {
        reports seen;
        static_cast<void>(
            fb::quantize<fb::int4_g32>(x.view(), {.executor = where, .progress = {&reports::call, &seen}}));
        REQUIRE(seen.done.size() > 1);
        CHECK(std::is_sorted(seen.done.begin(), seen.done.end()));
        CHECK(seen.done.back() == 300);
        CHECK(seen.total == 300);
    }
}

TEST_CASE("only the matrix counts, not the stride around it", "[quantize][options]") {
    matrix const wide_rows = rough_matrix(5, 140, 3, 3); // infinities between the rows
    matrix dense(5, 140);
    for (std::size_t r = 0; r < 5; ++r) {
        for (std::size_t c = 0; c < 140; ++c) dense(r, c) = wide_rows(r, c);
    }
    CHECK(same_bytes(fb::quantize<fb::nvfp4>(wide_rows.view()), fb::quantize<fb::nvfp4>(dense.view())));
    CHECK(same_bytes(fb::quantize<fb::int8_tensor>(wide_rows.view()), fb::quantize<fb::int8_tensor>(dense.view())));
    // dequantize touches nothing between the rows either
    auto const q = fb::quantize<fb::nvfp4>(dense.view());
    std::vector<float> out(5 * 150, 7.0F);
    fb::dequantize(q, fb::matrix_view<float>(out.data(), 5, 140, 150));
    for (std::size_t r = 0; r < 5; ++r) {
        for (std::size_t c = 140; c < 150; ++c) CHECK(out[r * 150 + c] == 7.0F);
    }
}

TEST_CASE("a permutation is checked, kept, and undone by dequantize", "[quantize][options]") {
    matrix const x = normal_matrix(3, 50, 4);
    std::vector<std::uint32_t> order(50);
    for (std::uint32_t i = 0; i < 50; ++i) order[i] = (i * 7 + 3) % 50;
    matrix stored(3, 50);
    for (std::size_t r = 0; r < 3; ++r) {
        for (std::size_t c = 0; c < 50; ++c) stored(r, c) = x(r, order[c]);
    }
    auto q = fb::quantize<fb::int8_g32>(stored.view());
    CHECK(q.permutation().empty());
    q.set_permutation(order);
    REQUIRE(q.permutation().size() == 50);
    auto const y = dequantized(q);
    for (std::size_t c = 0; c < 50; ++c) CHECK(bits(y(2, order[c])) == bits(q.value(2, c)));
    auto const e = fb::error_statistics(x.view(), q);
    CHECK(e.max_error <= 0.5 * 2.0 / 127 * 1.001);
    CHECK_THROWS_AS(q.set_permutation(std::vector<std::uint32_t>(49)), std::invalid_argument);
    CHECK_THROWS_AS(q.set_permutation(std::vector<std::uint32_t>(50, 1)), std::invalid_argument);
    auto beyond = order;
    beyond[4] = 50;
    CHECK_THROWS_AS(q.set_permutation(beyond), std::invalid_argument);
    CHECK(q.permutation()[4] == order[4]);
    q.set_permutation({});
    CHECK(q.permutation().empty());
}

TEST_CASE("a matrix that there is gives its memory to the next, and no trace of it stays", "[quantize][options]") {
    matrix const x = rough_matrix(33, 70, 7, 3);
    matrix const other = normal_matrix(33, 70, 8);
    auto const check = [&]<class F>() {
        CAPTURE(F::name);
        auto q = fb::quantize<F>(other.view());
        auto const* const memory = q.codes().data();
        std::vector<std::uint32_t> order(70);
        for (std::uint32_t i = 0; i < 70; ++i) order[i] = 69 - i;
        q.set_permutation(order);
        fb::quantize_into(x.view(), q);
        CHECK(q.codes().data() == memory);
        CHECK(q.permutation().empty());
        CHECK(same_bytes(q, fb::quantize<F>(x.view())));
        matrix const small = normal_matrix(3, 20, 9);
        fb::quantize_into(small.view(), q);
        CHECK((q.rows() == 3 && q.cols() == 20));
        CHECK(same_bytes(q, fb::quantize<F>(small.view())));
    };
    check.operator()<fb::mxfp4>();
    check.operator()<fb::mxfp6_e2m3>();
    check.operator()<fb::nvfp4>();
    check.operator()<fb::int3_g32>();
    check.operator()<fb::uint4_g128>();
    check.operator()<fb::q3_k>();
    check.operator()<fb::q4_k>();
    check.operator()<fb::tq1_0>();
    check.operator()<fb::nf4_b64_dq>();
}

TEST_CASE("options that a format cannot honour are refused", "[quantize][options]") {
    matrix const x = normal_matrix(4, 64, 5);
    using fb::scale_rule;
    refused<fb::int8_g32>(x, {.scale_rule = scale_rule::floor});
    refused<fb::int8_tensor>(x, {.scale_rule = scale_rule::ceil});
    refused<fb::nvfp4>(x, {.scale_rule = scale_rule::floor});
    refused<fb::uint8_row>(x, {.scale_rule = scale_rule::mse_search});
    refused<fb::bitnet>(x, {.scale_rule = scale_rule::absmax});
    refused<fb::q4_1>(x, {.scale_rule = scale_rule::percentile});
    refused<fb::q4_k>(x, {.scale_rule = scale_rule::absmax});
    refused<fb::mxfp4>(x, {.scale_rule = scale_rule::signed_absmax});
    refused<fb::bitnet>(x, {.scale_rule = scale_rule::signed_absmax});
    for (double percent : {0.0, -1.0, 100.5}) {
        refused<fb::int8_g32>(x, {.scale_rule = scale_rule::percentile, .percentile = percent});
    }
    for (fb::rounding mode : {fb::toward_zero, fb::upward, fb::downward, fb::to_odd}) {
        refused<fb::nf4_b64>(x, {.mode = mode});
        refused<fb::nf4_b64_dq>(x, {.mode = mode});
    }
    matrix scales(4, 2);
    refused<fb::uint8_row>(x, {.scales = matrix(4, 1).view()});
    refused<fb::q4_1>(x, {.scales = scales.view()});
    refused<fb::int8_g32>(x, {.scales = matrix(4, 3).view()});
    refused<fb::int8_g32>(x, {.scales = matrix(2, 4).view()});
    refused<fb::int8_g32>(x, {.scales = fb::matrix_view<const float>(scales.data.data(), 4, 2, 1)});
    scales(3, 1) = from_bits(0x7f80'0000U);
    refused<fb::int8_g32>(x, {.scales = scales.view()});
    CHECK_THROWS_AS(
        static_cast<void>(fb::quantize<fb::int8_g32>(fb::matrix_view<const float>(x.data.data(), 4, 64, 63))),
        std::invalid_argument);

    auto const q = fb::quantize<fb::int8_g32>(x.view());
    std::vector<float> y(4 * 64);
    CHECK_THROWS_AS(fb::dequantize(q, fb::matrix_view<float>(y.data(), 4, 63)), std::invalid_argument);
    CHECK_THROWS_AS(fb::dequantize(q, fb::matrix_view<float>(y.data(), 3, 64)), std::invalid_argument);
    CHECK_THROWS_AS(fb::dequantize(q, fb::matrix_view<float>(y.data(), 4, 64, 60)), std::invalid_argument);
    CHECK_THROWS_AS(fb::error_statistics(fb::matrix_view<const float>(y.data(), 4, 63), q), std::invalid_argument);
}

TEST_CASE("values too many for the caches are the same as others", "[quantize][options]") {
    std::size_t const rows = 4099, cols = 4112; // rows end within a vector of codes
    matrix const some = normal_matrix(64, cols, 11);
    std::vector<float> values;
    for (std::size_t r = 0; r < rows; ++r) values.insert(values.end(), &some.data[r % 64 * cols], &some.data[r % 64 * cols] + cols);
    REQUIRE(rows * cols >= fb::too_many_for_caches);
    auto const q = fb::quantize<fb::int4_g32>(fb::matrix_view<const float>(values.data(), rows, cols), {.executor = fb::threads(2)});
    auto const few = fb::quantize<fb::int4_g32>(some.view());
    auto const expected = dequantized(few);
    std::vector<float> room(rows * cols + 16);
    auto const* const address = reinterpret_cast<std::byte const*>(room.data());
    std::size_t const aligned = (64 - reinterpret_cast<std::uintptr_t>(address) % 64) % 64 / sizeof(float);
    for (std::size_t offset : {aligned, aligned + 1}) {
        std::fill(room.begin(), room.end(), 7.0F);
        fb::dequantize(q, fb::matrix_view<float>(room.data() + offset % 16, rows, cols), fb::threads(2));
        std::size_t wrong = 0;
        for (std::size_t r = 0; r < rows; ++r) {
            wrong += std::memcmp(&room[offset % 16 + r * cols], expected.data.data() + r % 64 * expected.stride, cols * sizeof(float)) == 0 ? 0U : 1U;
        }
        CHECK(wrong == 0);
        CHECK(room.back() == 7.0F);
    }
}
