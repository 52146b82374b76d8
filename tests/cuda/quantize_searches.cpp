// Quantizing as the device does it where scales are searched for or lie in super-blocks: the host's bits.
#include <catch2/catch.hpp>

#include "quantize_on_model.hpp"

namespace fb = fewbits;
using on_model::compared;
using on_model::values;

TEST_CASE("super-blocks of narrow scales") {
    CHECK(compared<fb::q2_k>(values<float>(3, 512)) == "");
    CHECK(compared<fb::q3_k>(values<float>(2, 520)) == "");
    CHECK(compared<fb::q4_k>(values<float>(3, 513)) == "");
    CHECK(compared<fb::q6_k>(values<float>(3, 300)) == "");
    CHECK(compared<fb::iq4_xs>(values<float>(3, 280)) == "");
}
