#include "quantizers.hpp"

SMALL_FLOAT_FORMATS(INSTANTIATE, )
