// A quarter of the catalogue on either side of the device's product of any pair.
#include "any_product.hpp"

namespace fb = fewbits;

TEST_CASE("products of every format on the device, part 0") {
    cuda_test::check_formats<fb::bf16, fb::int4_g32, 0, 4>();
}
