// A part of the catalogue as registry entries; each part is compiled in a file of its own, to build in parallel.
#pragma once

#include "formats.hpp"

#include <utility>

namespace perplexity {

template <class Element> constexpr element_kind kind_of() {
    if (Element::kind == fewbits::format_kind::integer) return element_kind::integer;
    return Element::kind == fewbits::format_kind::codebook ? element_kind::codebook : element_kind::minifloat;
}

/// The block formats of quarter `Part` of the list, in its order.
template <int Part, class... F> void add_quarter(std::vector<format_entry>& entries, fewbits::type_list<F...>) {
    constexpr std::size_t count = sizeof...(F);
    [&]<std::size_t... Index>(std::index_sequence<Index...>) {
        const auto add = [&]<class Format, bool Mine>() {
            if constexpr (Mine)
                entries.push_back({std::string(Format::name), kind_of<typename Format::element>(), &quantize_as<Format>,
                    fewbits::facts_of<Format>()});
        };
        (add.template operator()<F, Index * 4 / count == Part>(), ...);
    }
    (std::make_index_sequence<count>{});
}

/// The parts, in the catalogue's order.
void add_dense_formats(std::vector<format_entry>& entries);
void add_formats_0(std::vector<format_entry>& entries);
void add_formats_1(std::vector<format_entry>& entries);
void add_formats_2(std::vector<format_entry>& entries);
void add_formats_3(std::vector<format_entry>& entries);

}  // namespace perplexity
