// Storage of block formats: rows of codes, streams by level, accessors over stored columns.
#include <fewbits/formats/all_formats.hpp>
#include <fewbits/matrix/quantized_matrix.hpp>

#include <catch2/catch.hpp>

#include <numeric>
#include <stdexcept>

namespace fb = fewbits;

namespace {

template <class F> std::vector<std::size_t> stream_sizes(std::size_t rows, std::size_t cols) {
    std::vector<std::size_t> sizes;
    fb::quantized_matrix<F> const q(rows, cols);
    for (auto stream : q.streams()) sizes.push_back(stream.size());
    CHECK(q.storage_bytes() == std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}));
    return sizes;
}
using sizes = std::vector<std::size_t>;

struct one_bit_groups final
    : fb::block_scaled<one_bit_groups, fb::int_n<3>, fb::tile(2, 3), fb::blocks<fb::e4m3, fb::along_k(2), fb::bf16>> {};

} // namespace

TEST_CASE("every level of a format is a stream", "[matrix]") {
    CHECK(stream_sizes<fb::int8_row>(3, 5) == sizes{15, 12});
    CHECK(stream_sizes<fb::int8_column>(3, 5) == sizes{15, 20});
    CHECK(stream_sizes<fb::mxfp6_e3m2>(2, 33) == sizes{50, 4});       // 33 * 6 bits: 25 bytes a row
    CHECK(stream_sizes<fb::nvfp4>(2, 33) == sizes{34, 6, 4});         // codes, e4m3 scales, fp32
    CHECK(stream_sizes<fb::nf4_b64_dq>(2, 65) == sizes{66, 4, 4, 4}); // codes, map, its fp32, the mean
    CHECK(stream_sizes<fb::uint4_g128>(2, 129) == sizes{130, 16, 2 * 1});
    CHECK(stream_sizes<fb::q4_1>(1, 32) == sizes{16, 2, 2});
    CHECK(stream_sizes<fb::q4_k>(2, 512) == sizes{512, 2 * 12, 2 * 4, 2 * 12, 2 * 4});
    CHECK(stream_sizes<fb::tq1_0>(1, 256) == sizes{52, 2});
    CHECK(stream_sizes<fb::bitnet>(3, 5) == sizes{6, 4});
    CHECK(stream_sizes<fb::nvfp4>(0, 33) == sizes{0, 0, 0});
    CHECK(stream_sizes<fb::nvfp4>(33, 0) == sizes{0, 0, 0});
}

TEST_CASE("rows of codes start on a byte, low bits first", "[matrix]") {
    fb::quantized_matrix<fb::int4_g32> q(3, 5);
    CHECK(q.row_codes(1) == q.codes().data() + 3);
    CHECK(q.codes().size() == 9);
    for (std::size_t r = 0; r < 3; ++r) {
        q.storage().scales().set(r, 0, 0.5F * static_cast<float>(r + 1));
        for (std::size_t c = 0; c < 5; ++c)
            fb::store_code(q.storage().row_codes(r), 4 * c, 4, static_cast<unsigned>(4 * r + c));
    }
    CHECK(q.codes()[3] == std::byte{0x54});
    CHECK(q.codes()[5] == std::byte{0x08});
    CHECK(q.code(2, 3) == 11U);
    CHECK(q.value(2, 3) == -5 * 1.5F);
    CHECK(q.scale(1, 4) == 1.0F);
    CHECK(q.offset(1, 4) == 0.0F);
}

TEST_CASE("nested scales multiply out over blocks of blocks", "[matrix]") {
    fb::quantized_matrix<one_bit_groups> q(5, 10); // 3 x 4 blocks of 2 x 3, scales in pairs: 3 x 2
    REQUIRE(q.streams().size() == 3);
    CHECK(q.streams()[1].size() == 12);
    CHECK(q.streams()[2].size() == 12);
    auto& scales = q.storage().scales();
    for (std::size_t r = 0; r < 3; ++r) {
        for (std::size_t c = 0; c < 4; ++c) {
            fb::store_code(scales.row_codes(r), 8 * c, 8, fb::e4m3(static_cast<float>(4 * r + c + 1)).bits());
        }
        for (std::size_t c = 0; c < 2; ++c) scales.scales().set(r, c, fb::bf16(c == 0 ? 0.25F : 8.0F));
    }
    CHECK(q.scale(0, 0) == 0.25F);
    CHECK(q.scale(1, 5) == 0.5F);
    CHECK(q.scale(3, 6) == 7 * 8.0F);
    CHECK(q.scale(4, 9) == 12 * 8.0F);
    fb::store_code(q.storage().row_codes(4), 3 * 9, 3, 5); // -3
    CHECK(q.value(4, 9) == -3 * 96.0F);
    CHECK(q.value(4, 8) == 0.0F);
}

TEST_CASE("zero points count in codes, minimums carry their sign", "[matrix]") {
    fb::quantized_matrix<fb::uint4_g128> z(1, 4);
    z.storage().scales().set(0, 0, 0.1F);
    z.storage().offsets().set(0, 0, fb::uint_n<4>::from_bits(7));
    CHECK(z.offset(0, 2) == 7.0F);
    CHECK(z.value(0, 2) == -7 * 0.1F);
    fb::quantized_matrix<fb::q2_k> m(1, 256);
    fb::store_code(m.storage().offsets().row_codes(0), 4, 4, 3); // of columns 16 .. 31
    m.storage().offsets().scales().set(0, 0, fb::fp16(0.5F));
    CHECK(m.offset(0, 20) == -1.5F);
    CHECK(m.value(0, 20) == -1.5F);
    CHECK(m.offset(0, 40) == 0.0F);
}

TEST_CASE("a quantized matrix copies and moves as a value", "[matrix]") {
    fb::quantized_matrix<fb::mxfp4> a(2, 64);
    fb::store_code(a.storage().row_codes(1), 4 * 63, 4, 9);
    a.set_permutation([] {
        std::vector<std::uint32_t> order(64);
        for (std::uint32_t i = 0; i < 64; ++i) order[i] = 63 - i;
        return order;
    }());
    fb::quantized_matrix<fb::mxfp4> const b = a;
    CHECK(b.code(1, 63) == 9U);
    CHECK(b.codes().data() != a.codes().data());
    CHECK(b.permutation()[0] == 63U);
    fb::quantized_matrix<fb::mxfp4> const c = std::move(a);
    CHECK(c.code(1, 63) == 9U);
    CHECK(fb::quantized_matrix<fb::mxfp4>().storage_bytes() == 0);
}

TEST_CASE("only a permutation of the columns is one", "[matrix]") {
    fb::quantized_matrix<fb::int8_row> q(2, 3);
    q.set_permutation({2, 0, 1});
    CHECK(q.permutation()[0] == 2U);
    for (auto const& bad :
        std::vector<std::vector<std::uint32_t>>{{0, 1}, {0, 1, 2, 3}, {0, 1, 3}, {0, 1, 1}, {0, 1, 0xffff'ffffU}}) {
        CHECK_THROWS_AS(q.set_permutation(bad), std::invalid_argument);
    }
    CHECK(q.permutation()[1] == 0U);
    q.set_permutation({});
    CHECK(q.permutation().empty());
}

TEST_CASE("sizes whose product overflows are refused before anything is allocated", "[matrix]") {
    constexpr std::size_t huge = static_cast<std::size_t>(-1) / 16;
    CHECK_THROWS_AS((fb::quantized_matrix<fb::int8_row>(huge, 64)), std::invalid_argument);
    CHECK_THROWS_AS((fb::quantized_matrix<fb::int4_g32>(64, huge)), std::invalid_argument);
}
