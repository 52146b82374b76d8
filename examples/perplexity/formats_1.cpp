// Quarter 1 of the catalogue of block formats.
#include "formats_slice.hpp"

void perplexity::add_formats_1(std::vector<format_entry>& entries) {
    add_quarter<1>(entries, fewbits::all_block_formats{});
}
