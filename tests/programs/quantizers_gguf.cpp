#include "quantizers.hpp"

GGUF_FORMATS(INSTANTIATE, )
