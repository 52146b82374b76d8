// Scalars as text: the value and its code, for streams and, where the library has it, std::format.
#pragma once

#include <iosfwd>
#include <string_view>

#include "scalar_types.hpp"

#if __has_include(<format>)
#include <format>
#endif

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Prints value and code, such as `0.3125 (name 0x2a)`.
template <class Char, class Traits, scalar T>
std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>& out, T value) {
    out << static_cast<double>(value) << ' ' << '(';
    for (char c : T::name) out << c;
    out << ' ' << '0' << 'x';
    for (int nibble = (T::width + 3) / 4 - 1; nibble >= 0; --nibble) {
        out << "0123456789abcdef"[(value.bits() >> (4 * nibble)) & 15];
    }
    return out << ')';
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

#if defined(__cpp_lib_format)
/// Formats the value as a double with any format specification of a double.
template <fewbits::scalar T, class Char>
struct std::formatter<T, Char> : std::formatter<double, Char> {
    template <class Context>
    auto format(T value, Context& context) const {
        return std::formatter<double, Char>::format(static_cast<double>(value), context);
    }
};
#endif
