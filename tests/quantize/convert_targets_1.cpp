// Slice 1 of the formats.
#include "convert_targets.hpp"

TEST_CASE("bulk conversions of every instruction set equal the definition, slice 1", "[quantize][spans]") {
    convert_targets::check_slice<1>();
}
