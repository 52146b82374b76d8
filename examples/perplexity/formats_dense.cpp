// The formats that have no scales: float, bf16, fp16.
#include "formats_slice.hpp"

void perplexity::add_dense_formats(std::vector<format_entry>& entries) {
    entries.push_back({"fp32", element_kind::minifloat, &quantize_as<float>, fewbits::facts_of<float>()});
    entries.push_back(
        {"bf16", element_kind::minifloat, &quantize_as<fewbits::bf16>, fewbits::facts_of<fewbits::bf16>()});
    entries.push_back(
        {"fp16", element_kind::minifloat, &quantize_as<fewbits::fp16>, fewbits::facts_of<fewbits::fp16>()});
}
