// The same bytes from every build: a hash over streams and values of each block format, as a literal.
#include "catalogue.hpp"

#include <catch2/catch.hpp>

using namespace exact;

namespace {

class fnv1a {
public:
    void add(unsigned byte) { state_ = (state_ ^ byte) * 0x100'0000'01b3U; }
    void add_word(std::uint32_t word) {
        for (int i = 0; i < 4; ++i) add((word >> (8 * i)) & 255U);
    }
    std::uint64_t state() const { return state_; }

private:
    std::uint64_t state_ = 0xcbf2'9ce4'8422'2325U;
};

std::uint32_t hash_of(block_format_under_test const& f, matrix const& x, fb::quantize_options const& options) {
    fnv1a hash;
    outcome const o = f.quantize(x.view(), options);
    for (auto const& stream : o.streams) {
        for (std::byte b : stream) hash.add(static_cast<unsigned>(b));
    }
    for (float v : o.dequantized) hash.add_word(bits(v));
    hash.add_word(bits(static_cast<float>(f.statistics(x.view(), options).mse)));
    return static_cast<std::uint32_t>(hash.state() ^ (hash.state() >> 32));
}

struct recorded {
    std::string_view name;
    std::uint32_t nearest, stochastic;
};
constexpr recorded expected[] = {
    {"mxfp8_e4m3", 0x43a8c03dU, 0xbf95b5a6U},
    {"mxfp8_e5m2", 0x24e1dc70U, 0x4892fef2U},
    {"mxfp6_e3m2", 0x889070a7U, 0x1bf0bc82U},
    {"mxfp6_e2m3", 0x8677eaa6U, 0xadae6375U},
    {"mxfp4", 0x01b6a88dU, 0x795a859bU},
    {"mxint8", 0x5daa1720U, 0x059b1e36U},
    {"nvfp4", 0xd1d275f7U, 0xee98cc6bU},
    {"nf4_b64", 0x1d832164U, 0x5403c58eU},
    {"nf4_b64_dq", 0x8999fd7aU, 0xb71e5c52U},
    {"int8_tensor", 0x8f9e384fU, 0x94fa74eaU},
    {"int8_row", 0x64d5734bU, 0x2b0ad26fU},
    {"int8_column", 0x03dc6835U, 0xdebba8e3U},
    {"int8_g128", 0xb3aa5270U, 0x0c17f0a4U},
    {"int8_g64", 0x857e3c34U, 0x7464aa1aU},
    {"int8_g32", 0xdcf0983bU, 0xde0d7212U},
    {"int6_g64", 0x71847b5cU, 0xf66dfad0U},
    {"int6_g32", 0xa043e9e0U, 0x067bac50U},
    {"int5_g64", 0xd3d74593U, 0xd42ecba9U},
    {"int5_g32", 0x40dcd362U, 0x73751040U},
    {"int4_row", 0xa1b2eb37U, 0xd2cadb45U},
    {"int4_g128", 0xc23cffe6U, 0x84354c21U},
    {"int4_g64", 0xd004a609U, 0xebc3705fU},
    {"int4_g32", 0x700fb43fU, 0x60c0dc96U},
    {"int4_g128_fp16", 0x1afc23b6U, 0x79f65683U},
    {"int4_g128_bf16", 0xa65c8f44U, 0xde33e8e1U},
    {"int4_g32_e8m0", 0xabba1664U, 0xaa483c81U},
    {"int3_g64", 0xae9eb5baU, 0xe6d5925bU},
    {"int3_g32", 0xc942037dU, 0x4c515f12U},
    {"int2_g32", 0x29a680e7U, 0x495819d3U},
    {"uint8_tensor", 0x4cc2ed09U, 0x52394382U},
    {"uint8_row", 0x72d13f49U, 0x516de9a0U},
    {"uint4_g128", 0xa900c186U, 0xcdc4c807U},
    {"e4m3_tensor", 0xe911f602U, 0x88441161U},
    {"e4m3_row", 0x9b8fc8dcU, 0x2d8f75d3U},
    {"e4m3_tile_1x128", 0xf1a99cc4U, 0x7997b234U},
    {"e4m3_tile_128x128", 0xf3c3b92bU, 0x77cf118bU},
    {"e5m2_tensor", 0x04f9e2c7U, 0xd59a058bU},
    {"e2m1_tensor", 0xff5e2e00U, 0x17554bceU},
    {"e2m1_row", 0xc739c2faU, 0x2fb70271U},
    {"e2m1_g32", 0xbdb5b8ebU, 0x68bb8a33U},
    {"bitnet", 0x01975bc5U, 0xd2c9fb34U},
    {"binary_tensor", 0x795769c0U, 0x1587d951U},
    {"q4_0", 0xf61cd228U, 0xd3c2c7d8U},
    {"q4_1", 0x68f80c4fU, 0xc9e8c5fcU},
    {"q5_0", 0x6a69f87aU, 0xe99cb679U},
    {"q5_1", 0xe8bd3605U, 0x83494a46U},
    {"q8_0", 0x93a25d1bU, 0x85cc8c91U},
    {"q2_k", 0x5544c607U, 0x1f742a2dU},
    {"q3_k", 0x719e91baU, 0xaa59f150U},
    {"q4_k", 0x9b7bfda8U, 0xdf315e7cU},
    {"q5_k", 0xf2a6716fU, 0xa9272dbfU},
    {"q6_k", 0x34227a1cU, 0x7e52d709U},
    {"q8_k", 0x809f36eaU, 0x931ff948U},
    {"iq4_nl", 0x161b6bddU, 0xc186bbc9U},
    {"iq4_xs", 0x43a38e85U, 0xb5f63b26U},
    {"tq1_0", 0xc3a7284dU, 0xaa7e4b1dU},
    {"tq2_0", 0xff38db8cU, 0xc7e7b145U},
};

} // namespace

// Every intermediate is a normal number, so that processors told to flush subnormals agree.
TEST_CASE("all builds quantize to the same bytes", "[quantize][same-bits]") {
    matrix const x = normal_matrix(9, 771, 2024);
    for (recorded const& e : expected) {
        auto const& f = block_format_named(e.name);
        std::uint32_t const nearest = hash_of(f, x, {});
        std::uint32_t const stochastic = hash_of(f, x, {.mode = fb::stochastic{}, .seed = 42});
        CAPTURE(e.name, std::hex, nearest, stochastic);
        CHECK(nearest == e.nearest);
        CHECK(stochastic == e.stochastic);
    }
}
