// Quarter 0 of the catalogue of block formats.
#include "formats_slice.hpp"

void perplexity::add_formats_0(std::vector<format_entry>& entries) {
    add_quarter<0>(entries, fewbits::all_block_formats{});
}
