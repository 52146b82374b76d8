// Quarter 2 of the catalogue of block formats.
#include "formats_slice.hpp"

void perplexity::add_formats_2(std::vector<format_entry>& entries) {
    add_quarter<2>(entries, fewbits::all_block_formats{});
}
