// Dequantizing as the device does it, over the emulator: the host's bits in formats of every composition.
#include <catch2/catch.hpp>
#include <fewbits/cuda/kernels/dequantize.hpp>
#include <fewbits/fewbits.hpp>
#include <random>
#include <simt/machine.hpp>

namespace fb = fewbits;

namespace {

template <class F>
bool same_bits(std::size_t rows, std::size_t cols) {
    std::mt19937 random(9);
    fb::quantized_matrix<F> q(rows, cols);
    auto const fill = [&](std::span<std::byte> stream) {
        for (std::byte& b : stream) b = static_cast<std::byte>(random());
    };
    fill(q.storage().bytes());
    q.storage().for_each_level(fill);
    using kernel = fb::dequantize_kernel<F>;
    std::vector<float> out(rows * (cols + 1), -1.0F);
    typename kernel::arguments const arguments{fb::quantized_view<F>(q.streams(), rows, cols), out.data(), rows, cols, cols + 1};
    simt::launch<kernel>(static_cast<unsigned>(kernel::blocks_for(rows, cols)), kernel::shared_bytes, arguments, 3);
    bool same = true;
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < cols; ++c) {
            same = same && fb::bit_cast<std::uint32_t>(out[r * (cols + 1) + c]) == fb::bit_cast<std::uint32_t>(q.value(r, c));
        }
        same = same && out[r * (cols + 1) + cols] == -1.0F;
    }
    return same;
}

}  // namespace

TEST_CASE("the device's dequantize has the host's bits") {
    CHECK(same_bits<fb::mxfp4>(7, 130));
    CHECK(same_bits<fb::mxfp6_e3m2>(3, 77));
    CHECK(same_bits<fb::nvfp4>(4, 1000));
    CHECK(same_bits<fb::nf4_b64_dq>(9, 300));
    CHECK(same_bits<fb::uint4_g128>(5, 257));
    CHECK(same_bits<fb::int3_g64>(2, 65));
    CHECK(same_bits<fb::int8_column>(6, 31));
    CHECK(same_bits<fb::e4m3_tile_128x128>(130, 140));
    CHECK(same_bits<fb::bitnet>(3, 33));
    CHECK(same_bits<fb::q4_k>(2, 512));
    CHECK(same_bits<fb::q3_k>(1, 256));
    CHECK(same_bits<fb::tq1_0>(3, 512));
}
