// A view of densely packed scalars with random access, slices at any element, and iterators.
#pragma once

#include <compare>
#include <cstddef>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "../format/concepts.hpp"
#include "bit_stream.hpp"

namespace fewbits {

inline namespace FEWBITS_BASELINE {

/// Bytes that `count` packed values of T fill: ceil(count * T::width / 8).
template <scalar T>
FEWBITS_HOST_DEVICE constexpr std::size_t packed_size(std::size_t count) noexcept {
    return stream_bytes(count, T::width);
}

}  // namespace FEWBITS_BASELINE

/// Stands for one packed element. Assigning rewrites only the bytes that hold the element, so two threads may write
/// neighbouring ranges whose border falls on a byte.
template <scalar T>
class packed_reference {
public:
    FEWBITS_HOST_DEVICE constexpr packed_reference(std::byte* bytes, std::size_t bit) noexcept : bytes_(bytes), bit_(bit) {}
    packed_reference(packed_reference const&) = default;

    FEWBITS_HOST_DEVICE constexpr operator T() const noexcept {
        return T::from_bits(load_code(bytes_, bit_, T::width));
    }
    FEWBITS_HOST_DEVICE constexpr packed_reference const& operator=(T value) const noexcept {
        store_code(bytes_, bit_, T::width, value.bits());
        return *this;
    }
    FEWBITS_HOST_DEVICE constexpr packed_reference const& operator=(packed_reference const& other) const noexcept {
        return *this = static_cast<T>(other);
    }
    FEWBITS_HOST_DEVICE constexpr packed_reference& operator=(packed_reference const& other) noexcept {
        store_code(bytes_, bit_, T::width, static_cast<T>(other).bits());
        return *this;
    }
    FEWBITS_HOST_DEVICE friend constexpr void swap(packed_reference a, packed_reference b) noexcept {
        T const kept = a;
        a = static_cast<T>(b);
        b = kept;
    }
    FEWBITS_HOST_DEVICE friend constexpr void swap(packed_reference a, T& b) noexcept {
        T const kept = a;
        a = b;
        b = kept;
    }
    FEWBITS_HOST_DEVICE friend constexpr void swap(T& a, packed_reference b) noexcept { swap(b, a); }

private:
    std::byte* bytes_;
    std::size_t bit_;
};

/// Random access over packed elements; reading through a const element type gives values, otherwise references.
template <class T>
class packed_iterator {
    using scalar_type = std::remove_const_t<T>;
    using byte_type = std::conditional_t<std::is_const_v<T>, std::byte const, std::byte>;

public:
    using value_type = scalar_type;
    using reference = std::conditional_t<std::is_const_v<T>, scalar_type, packed_reference<scalar_type>>;
    using pointer = void;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::random_access_iterator_tag;

    packed_iterator() = default;
    FEWBITS_HOST_DEVICE constexpr packed_iterator(byte_type* bytes, std::ptrdiff_t index) noexcept
        : bytes_(bytes), index_(index) {}

    FEWBITS_HOST_DEVICE constexpr reference operator*() const noexcept { return (*this)[0]; }
    FEWBITS_HOST_DEVICE constexpr reference operator[](difference_type n) const noexcept {
        std::size_t const bit = static_cast<std::size_t>(index_ + n) * scalar_type::width;
        if constexpr (std::is_const_v<T>) {
            return scalar_type::from_bits(load_code(bytes_, bit, scalar_type::width));
        } else {
            return reference(bytes_, bit);
        }
    }
    FEWBITS_HOST_DEVICE constexpr packed_iterator& operator+=(difference_type n) noexcept {
        index_ += n;
        return *this;
    }
    FEWBITS_HOST_DEVICE constexpr packed_iterator& operator-=(difference_type n) noexcept { return *this += -n; }
    FEWBITS_HOST_DEVICE constexpr packed_iterator& operator++() noexcept { return *this += 1; }
    FEWBITS_HOST_DEVICE constexpr packed_iterator& operator--() noexcept { return *this += -1; }
    FEWBITS_HOST_DEVICE constexpr packed_iterator operator++(int) noexcept {
        packed_iterator const before = *this;
        ++*this;
        return before;
    }
    FEWBITS_HOST_DEVICE constexpr packed_iterator operator--(int) noexcept {
        packed_iterator const before = *this;
        --*this;
        return before;
    }
    FEWBITS_HOST_DEVICE friend constexpr packed_iterator operator+(packed_iterator i, difference_type n) noexcept { return i += n; }
    FEWBITS_HOST_DEVICE friend constexpr packed_iterator operator+(difference_type n, packed_iterator i) noexcept { return i += n; }
    FEWBITS_HOST_DEVICE friend constexpr packed_iterator operator-(packed_iterator i, difference_type n) noexcept { return i -= n; }
    FEWBITS_HOST_DEVICE friend constexpr difference_type operator-(packed_iterator a, packed_iterator b) noexcept {
        return a.index_ - b.index_;
    }
    FEWBITS_HOST_DEVICE friend constexpr bool operator==(packed_iterator a, packed_iterator b) noexcept {
        return a.index_ == b.index_;
    }
    friend constexpr auto operator<=>(packed_iterator a, packed_iterator b) noexcept { return a.index_ <=> b.index_; }

private:
    byte_type* bytes_ = nullptr;
    std::ptrdiff_t index_ = 0;
};

/// `count` elements of T packed densely from element `first` of a byte span on. T const reads only.
/// Throws std::invalid_argument if the bytes are too few.
template <class T>
    requires scalar<std::remove_const_t<T>>
class packed_span {
    using scalar_type = std::remove_const_t<T>;
    using byte_type = std::conditional_t<std::is_const_v<T>, std::byte const, std::byte>;

public:
    using element_type = T;
    using value_type = scalar_type;
    using iterator = packed_iterator<T>;
    using reference = typename iterator::reference;

    packed_span() = default;
    constexpr packed_span(std::span<byte_type> bytes, std::size_t count, std::size_t first = 0)
        : bytes_(bytes.data()), first_(first), count_(count) {
        std::size_t const available = bytes.size() / scalar_type::width * 8 + bytes.size() % scalar_type::width * 8 / scalar_type::width;
        if (first > available || count > available - first) {
            throw std::invalid_argument("packed_span: " + std::to_string(count) + " elements from element " +
                                        std::to_string(first) + " on need more than " + std::to_string(bytes.size()) +
                                        " bytes");
        }
    }

    FEWBITS_HOST_DEVICE constexpr std::size_t size() const noexcept { return count_; }
    FEWBITS_HOST_DEVICE constexpr bool empty() const noexcept { return count_ == 0; }
    FEWBITS_HOST_DEVICE constexpr reference operator[](std::size_t i) const noexcept {
        return begin()[static_cast<std::ptrdiff_t>(i)];
    }
    FEWBITS_HOST_DEVICE constexpr iterator begin() const noexcept {
        return iterator(bytes_, static_cast<std::ptrdiff_t>(first_));
    }
    FEWBITS_HOST_DEVICE constexpr iterator end() const noexcept { return begin() + static_cast<std::ptrdiff_t>(count_); }

    /// Elements [offset, offset + count), at any element offset. Throws std::invalid_argument if they are not all inside.
    constexpr packed_span subspan(std::size_t offset, std::size_t count = std::dynamic_extent) const {
        if (offset <= count_ && count == std::dynamic_extent) count = count_ - offset;
        if (offset > count_ || count > count_ - offset) {
            throw std::invalid_argument("packed_span::subspan(" + std::to_string(offset) + ", " + std::to_string(count) +
                                        ") of " + std::to_string(count_) + " elements");
        }
        packed_span part = *this;
        part.first_ += offset;
        part.count_ = count;
        return part;
    }

    constexpr operator packed_span<scalar_type const>() const noexcept
        requires(!std::is_const_v<T>)
    {
        packed_span<scalar_type const> view;
        view.bytes_ = bytes_;
        view.first_ = first_;
        view.count_ = count_;
        return view;
    }

private:
    template <class U>
        requires scalar<std::remove_const_t<U>>
    friend class packed_span;

    byte_type* bytes_ = nullptr;
    std::size_t first_ = 0;
    std::size_t count_ = 0;
};

}  // namespace fewbits

/// A proxy and its value have the value as common type, which the iterator concepts ask for.
template <fewbits::scalar T, template <class> class Q, template <class> class R>
struct std::basic_common_reference<fewbits::packed_reference<T>, T, Q, R> {
    using type = T;
};
template <fewbits::scalar T, template <class> class Q, template <class> class R>
struct std::basic_common_reference<T, fewbits::packed_reference<T>, Q, R> {
    using type = T;
};
