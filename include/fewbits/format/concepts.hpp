// What makes a type a scalar format.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "layout.hpp"

namespace fewbits {

/// A catalogued element type: a tag that derives once from its element kind and holds one code.
template <class T>
concept scalar = std::is_class_v<T> && requires(T x) {
    typename T::codec;
    requires std::same_as<typename T::self, T>;
    { T::width } -> std::convertible_to<int>;
    { T::kind } -> std::convertible_to<format_kind>;
    { x.bits() } -> std::same_as<unsigned>;
};

template <class V>
concept arithmetic = std::is_arithmetic_v<V>;

}  // namespace fewbits
