// The fuzzer's bytes as values: numbers are taken from the front, zeros once the bytes are used up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>

namespace fuzz {

class input {
public:
    input(std::uint8_t const* data, std::size_t size) : data_(data), left_(size) {}

    template <class T>
        requires std::is_trivially_copyable_v<T>
    T take() {
        T value{};
        std::size_t const count = left_ < sizeof(T) ? left_ : sizeof(T);
        if (count != 0) std::memcpy(&value, data_, count);
        data_ += count;
        left_ -= count;
        return value;
    }

    /// A number in [0, bound).
    unsigned below(unsigned bound) { return take<std::uint16_t>() % bound; }

    std::size_t left() const { return left_; }

private:
    std::uint8_t const* data_;
    std::size_t left_;
};

/// Stops the fuzzer with what went wrong.
[[noreturn]] inline void fail(char const* what, char const* format, int format_length, char const* file, int line) {
    std::fprintf(stderr, "%s:%d: %.*s: %s does not hold\n", file, line, format_length, format, what);
    std::abort();
}

}  // namespace fuzz

// F names the format under test in every harness.
#define EXPECT(condition)                                                                                              \
    ((condition) ? static_cast<void>(0)                                                                                \
                 : fuzz::fail(#condition, F::name.data(), static_cast<int>(F::name.size()), __FILE__, __LINE__))
