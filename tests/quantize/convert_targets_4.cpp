// Slice 4 of the formats.
#include "convert_targets.hpp"

TEST_CASE("bulk conversions of every instruction set equal the definition, slice 4", "[quantize][spans]") {
    convert_targets::check_slice<4>();
}
