// Quarter 3 of the catalogue of block formats.
#include "formats_slice.hpp"

void perplexity::add_formats_3(std::vector<format_entry>& entries) {
    add_quarter<3>(entries, fewbits::all_block_formats{});
}
