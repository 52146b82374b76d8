#include "quantizers.hpp"

NARROW_INTEGER_FORMATS(INSTANTIATE, )
