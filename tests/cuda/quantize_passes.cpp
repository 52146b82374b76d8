// Quantizing as the device does it where a block is many elements, or all of a column or a tensor: the host's bits.
#include <catch2/catch.hpp>

#include "quantize_on_model.hpp"

namespace fb = fewbits;
using on_model::compared;
using on_model::values;

TEST_CASE("blocks of many elements") {
    CHECK(compared<fb::int8_row>(values<float>(3, 3000)) == "");
    CHECK(compared<fb::e4m3_row>(values<fb::bf16>(4, 1001, 3)) == "");
    CHECK(compared<fb::uint8_row>(values<float>(3, 777)) == "");
    CHECK(compared<fb::e4m3_tile_128x128>(values<float>(130, 300)) == "");
    CHECK(compared<fb::tq1_0>(values<float>(2, 600)) == "");
}

TEST_CASE("blocks through all rows") {
    CHECK(compared<fb::int8_tensor>(values<float>(20, 133)) == "");
    CHECK(compared<fb::e5m2_tensor>(values<fb::bf16>(9, 256)) == "");
    CHECK(compared<fb::int8_column>(values<float>(33, 61, 3)) == "");
    CHECK(compared<fb::uint8_tensor>(values<fb::fp16>(8, 100)) == "");
    CHECK(compared<fb::bitnet>(values<float>(40, 97)) == "");
    CHECK(compared<fb::binary_tensor>(values<fb::bf16>(7, 300, 1)) == "");
}
