#include "quantizers.hpp"

WIDE_INTEGER_FORMATS(INSTANTIATE, )
