// The slices of the catalogue, joined.
#include "catalogue.hpp"

#include <stdexcept>

namespace exact {

std::vector<block_format_under_test> const& block_formats() {
    static auto const all = [] {
        std::vector<block_format_under_test> formats;
        append_slice<0>(formats);
        append_slice<1>(formats);
        append_slice<2>(formats);
        append_slice<3>(formats);
        append_slice<4>(formats);
        append_slice<5>(formats);
        static_assert(slices == 6);
        return formats;
    }();
    return all;
}

block_format_under_test const& block_format_named(std::string_view name) {
    for (auto const& f : block_formats()) {
        if (f.name == name) return f;
    }
    throw std::invalid_argument(std::string(name));
}

} // namespace exact
