// Slice 5 of the block formats.
#include "catalogue_slice.hpp"

template void exact::append_slice<5>(std::vector<exact::block_format_under_test>&);
