// Views of streams read what the matrix reads, in every block format.
#include <catch2/catch.hpp>
#include <fewbits/fewbits.hpp>
#include <fewbits/matrix/quantized_view.hpp>
#include <random>

namespace fb = fewbits;

TEST_CASE("a view of the streams of a matrix has its codes, scales, offsets and values") {
    fb::for_each(fb::all_block_formats{}, [&]<class F>() {
        INFO(F::name);
        std::size_t const rows = 5;
        std::size_t const cols = 512;
        // Any bytes are codes and scales, NaN and infinity among them.
        std::mt19937 random(4);
        fb::quantized_matrix<F> q(rows, cols);
        auto const fill = [&](std::span<std::byte> stream) {
            for (std::byte& b : stream) b = static_cast<std::byte>(random());
        };
        fill(q.storage().bytes());
        q.storage().for_each_level(fill);
        auto const bits = [](float x) { return fb::bit_cast<std::uint32_t>(x); };
        auto const streams = q.streams();
        REQUIRE(fb::quantized_view<F>::streams == streams.size());
        fb::quantized_view<F> const view(streams, rows, cols);
        bool same = true;
        for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t c = 0; c < cols; ++c) {
                same = same && view.code(r, c) == q.code(r, c) && bits(view.scale(r, c)) == bits(q.scale(r, c));
                same = same && bits(view.offset(r, c)) == bits(q.offset(r, c)) && bits(view.value(r, c)) == bits(q.value(r, c));
            }
        }
        CHECK(same);
    });
}
