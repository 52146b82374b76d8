// Quantizing as the device does it where blocks are short runs of a row: the host's bits.
#include <catch2/catch.hpp>

#include "quantize_on_model.hpp"

namespace fb = fewbits;
using on_model::compared;
using on_model::values;

TEST_CASE("blocks that are short runs of a row") {
    CHECK(compared<fb::mxfp8_e4m3>(values<float>(5, 320)) == "");
    CHECK(compared<fb::mxfp4>(values<float>(7, 300, 5)) == "");
    CHECK(compared<fb::mxfp4>(values<fb::bf16>(7, 333, 3)) == "");
    CHECK(compared<fb::mxfp6_e2m3>(values<fb::fp16>(3, 200)) == "");
    CHECK(compared<fb::mxint8>(values<float>(4, 97)) == "");
    CHECK(compared<fb::nvfp4>(values<float>(6, 330)) == "");
    CHECK(compared<fb::nvfp4>(values<fb::bf16>(6, 336)) == "");
    CHECK(compared<fb::int4_g128>(values<float>(5, 700)) == "");
    CHECK(compared<fb::int4_g128_fp16>(values<fb::fp16>(5, 300)) == "");
    CHECK(compared<fb::int3_g64>(values<float>(4, 211)) == "");
    CHECK(compared<fb::uint4_g128>(values<float>(5, 650)) == "");
    CHECK(compared<fb::nf4_b64>(values<float>(4, 330)) == "");
    CHECK(compared<fb::nf4_b64_dq>(values<float>(9, 2080)) == "");
    CHECK(compared<fb::e4m3_tile_1x128>(values<fb::bf16>(5, 520)) == "");
    CHECK(compared<fb::q4_1>(values<float>(5, 320)) == "");
    CHECK(compared<fb::q8_0>(values<fb::bf16>(5, 320)) == "");
}
