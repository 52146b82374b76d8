// The printable name of a format is the name of its type.
#pragma once

#include <string_view>

namespace fewbits {

/// The unqualified name of `T` as the compiler spells it, not NUL-terminated.
template <class T>
constexpr std::string_view type_name() noexcept {
    std::string_view text = __PRETTY_FUNCTION__;
    std::size_t const start = text.find("T = ") + 4;
    text = text.substr(start, text.find_first_of(";]", start) - start);
    std::size_t const arguments = text.find('<');
    std::size_t const scope = text.substr(0, arguments).rfind(':');
    return scope == std::string_view::npos ? text : text.substr(scope + 1);
}

}  // namespace fewbits
