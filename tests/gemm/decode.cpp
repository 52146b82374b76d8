// Decoders give exactly the values of the accessors, for every format, run, layout and reading.

#include <catch2/catch.hpp>

#include <cstring>
#include <vector>

#include "random_matrix.hpp"

using namespace gemm_test;

namespace {

std::uint32_t bits_of(float x) {
    std::uint32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
}

/// Not in the loops over formats: an assertion of Catch2's is the slowest thing here to compile.
void expect_none(std::string_view format, std::size_t wrong) {
    INFO(format);
    CHECK(wrong == 0);
}

void expect_at_most(std::string_view format, std::size_t bytes, std::size_t of) {
    INFO(format);
    CHECK(static_cast<double>(bytes) <= 1.02 * static_cast<double>(of));
}

}  // namespace

TEST_CASE("decode_row is q.value") {
    fb::for_each(fb::all_block_formats{}, [&]<class F>() {
        std::size_t const cols = 300;
        auto const q = random_matrix<F>(5, cols, 4);
        std::size_t wrong = 0;
        for (std::size_t const first : {0UL, 1UL, 7UL, 16UL, 130UL, 255UL, 299UL}) {
            for (std::size_t const count : {std::size_t{0}, std::size_t{1}, std::size_t{9}, cols - first}) {
                if (first + count > cols) continue;
                for (std::size_t row = 0; row < 5; ++row) {
                    std::vector<float> out(count + 1, -99.0F);
                    fb::decode_row(q, row, first, count, out.data());
                    for (std::size_t i = 0; i < count; ++i) wrong += bits_of(out[i]) != bits_of(q.value(row, first + i));
                    wrong += out[count] != -99.0F;
                }
            }
        }
        expect_none(F::name, wrong);
    });
}

TEST_CASE("the fast scales are q.scale and q.offset") {
    fb::for_each(fb::all_block_formats{}, [&]<class F>() {
        auto const q = random_matrix<F>(130, 259, 6);
        std::size_t wrong = 0;
        for (std::size_t row = 0; row < 130; row += 3) {
            for (std::size_t col = 0; col < 259; col += 5) {
                auto const& s = q.storage();
                wrong += fb::read_scale<typename F::composition>(s.scales(), row, col, 259) != q.scale(row, col);
                wrong += fb::read_offset<typename F::composition>(s.offsets(), row, col, 259) != q.offset(row, col);
            }
        }
        expect_none(F::name, wrong);
    });
}

TEST_CASE("prepacked matrices read as the matrix they were made from") {
    fb::for_each(fb::all_block_formats{}, [&]<class F>() {
        for (std::size_t const rows : {1UL, 32UL, 75UL}) {
            auto const q = random_matrix<F>(rows, 300, 9);
            auto const p = fb::prepack(q);
            std::size_t wrong = p.rows() != rows || p.cols() != 300 ? 1U : 0U;
            for (std::size_t r = 0; r < rows; ++r) {
                for (std::size_t c = 0; c < 300; ++c) {
                    wrong += p.code(r, c) != q.code(r, c) || bits_of(p.value(r, c)) != bits_of(q.value(r, c)) ||
                             p.scale(r, c) != q.scale(r, c) || p.offset(r, c) != q.offset(r, c);
                }
            }
            expect_none(F::name, wrong);
        }
    });
}

TEST_CASE("prepacking keeps the size, a last panel's padding apart") {
    fb::for_each(fb::all_block_formats{}, [&]<class F>() {
        fb::quantized_matrix<F> const q(96, 4096);
        expect_at_most(F::name, fb::prepack(q).storage_bytes(), q.storage_bytes());
        auto const ragged = random_matrix<F>(33, 256, 9);
        auto const padded = random_matrix<F>(64, 256, 9);
        expect_at_most(F::name, fb::prepack(ragged).storage_bytes(), padded.storage_bytes());
    });
}

TEST_CASE("16-bit matrices widen exactly") {
    fb::for_each(fb::type_list<fb::bf16, fb::fp16>{}, [&]<class T>() {
        std::size_t wrong = 0;
        for (unsigned code = 0; code < 65536; ++code) {
            T const x = T::from_bits(code);
            std::uint32_t const got = bits_of(fb::widen_half(x));
            std::uint32_t const want = bits_of(static_cast<float>(x));
            bool const nan = (want & 0x7FFFFFFF) > 0x7F800000;
            wrong += (nan ? (got & 0x7FFFFFFF) <= 0x7F800000 : got != want) ? 1U : 0U;
        }
        CHECK(wrong == 0);
    });
}
