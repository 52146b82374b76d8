// Dequantizing as the device does it, over the emulator: the host's bits in formats of every composition.
#include <catch2/catch.hpp>
#include <fewbits/cuda/kernels/dequantize.hpp>
#include <fewbits/fewbits.hpp>
#include <random>
#include <simt/machine.hpp>

namespace fb = fewbits;

namespace {

/// The bits of a T.
template <class T>
std::uint32_t bits_of(T x) {
    if constexpr (std::is_same_v<T, float>) return fb::bit_cast<std::uint32_t>(x);
    else return x.bits();
}

template <class F, class T = float>
bool same_bits(std::size_t rows, std::size_t cols) {
    std::mt19937 random(9);
    fb::quantized_matrix<F> q(rows, cols);
    auto const fill = [&](std::span<std::byte> stream) {
        for (std::byte& b : stream) b = static_cast<std::byte>(random());
    };
    fill(q.storage().bytes());
    q.storage().for_each_level(fill);
    using kernel = fb::dequantize_kernel<F, T>;
    std::vector<T> out(rows * (cols + 1), T(-1.0F));
    typename kernel::arguments const arguments{fb::quantized_view<F>(q.streams(), rows, cols), out.data(), rows, cols, cols + 1};
    simt::launch<kernel>(static_cast<unsigned>(kernel::blocks_for(rows, cols)), kernel::shared_bytes, arguments, 3);
    bool same = true;
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < cols; ++c) {
            T const wanted(q.value(r, c));
            same = same && (bits_of(out[r * (cols + 1) + c]) == bits_of(wanted) || wanted != wanted);
        }
        same = same && bits_of(out[r * (cols + 1) + cols]) == bits_of(T(-1.0F));
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

TEST_CASE("the device's dequantize rounds to nearest even where it writes 16 bits") {
    CHECK(same_bits<fb::mxfp4, fb::bf16>(5, 130));
    CHECK(same_bits<fb::nvfp4, fb::fp16>(4, 200));
    CHECK(same_bits<fb::uint4_g128, fb::bf16>(3, 257));
}
