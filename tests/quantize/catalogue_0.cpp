// Slice 0 of the block formats.
#include "catalogue_slice.hpp"

template void exact::append_slice<0>(std::vector<exact::block_format_under_test>&);
