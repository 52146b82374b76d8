// Random matrices of any block format, filled through their storage: finite codes, moderate scales, no quantizer involved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include <fewbits/formats/all_formats.hpp>
#include <fewbits/gemm/gemm.hpp>

namespace gemm_test {

namespace fb = fewbits;

class source {
public:
    explicit source(std::uint32_t seed) : bits_(seed) {}
    unsigned below(unsigned count) { return static_cast<unsigned>(bits_() % count); }
    float between(float low, float high) {
        return low + (high - low) * (static_cast<float>(bits_() >> 8) * 0x1p-24F);
    }

private:
    std::mt19937 bits_;
};

template <class T>
unsigned finite_code(source& from) {
    for (;;) {
        unsigned const code = from.below(1U << T::width);
        auto const kind = T::codec::unpack(code).kind;
        if (kind == fb::number_class::zero || kind == fb::number_class::finite) return code;
    }
}

/// A scale near 2^-3 .. 2^3 in a stored number.
template <class S>
void fill(fb::number_storage<S>& level, fb::block_position size, source& from) {
    for (std::size_t r = 0; r < size.row; ++r) {
        for (std::size_t c = 0; c < size.col; ++c) {
            float const x = from.between(0.125F, 8.0F);
            if constexpr (std::is_same_v<S, float>) {
                level.set(r, c, x);
            } else {
                level.set(r, c, S(x));
            }
        }
    }
}

inline void fill(fb::no_storage&, fb::block_position, source&) {}

template <class B>
void fill(fb::block_storage<B>& level, fb::block_position size, source& from) {
    using element = typename B::element;
    for (std::size_t r = 0; r < size.row; ++r) {
        for (std::size_t c = 0; c < size.col; ++c) {
            unsigned const code = finite_code<element>(from);
            if constexpr (B::trits) {
                fb::store_trit(level.row_codes(r), c, element::codec::to_integer(code));
            } else {
                fb::store_code(level.row_codes(r), c * element::width, element::width, code);
            }
        }
    }
    fill(level.scales(), fb::block_grid(B::block, size.row, size.col), from);
    fill(level.offsets(), fb::block_grid(fb::offset_extent<B>, size.row, size.col), from);
}

template <class F>
fb::quantized_matrix<F> random_matrix(std::size_t rows, std::size_t cols, std::uint32_t seed) {
    fb::quantized_matrix<F> q(rows, cols);
    source from(seed);
    fill(q.storage(), {rows, cols}, from);
    return q;
}

/// A dense matrix of T with its own stride.
template <class T>
struct dense {
    std::vector<T> data;
    std::size_t rows, cols, stride;

    dense(std::size_t r, std::size_t c, std::uint32_t seed, std::size_t pad = 3)
        : data((c + pad) * r + pad), rows(r), cols(c), stride(c + pad) {
        source from(seed);
        for (T& x : data) x = T(from.between(-2.0F, 2.0F));
    }
    fb::matrix_view<T const> view() const { return {data.data(), rows, cols, stride}; }
};

/// One matrix of any kind, with and without prepacking.
struct subject {
    std::string name;
    std::shared_ptr<void const> owner;
    fb::operand plain;
    std::shared_ptr<void const> packed_owner;
    fb::operand packed;
};

/// Block formats and float, bf16, fp16: how many there are, and the i-th of them. (subjects.cpp holds all their code.)
std::size_t subject_count();
subject subject_of(std::size_t index, std::size_t rows, std::size_t cols, std::uint32_t seed);

/// One of each.
inline std::vector<subject> all_subjects(std::size_t rows, std::size_t cols, std::uint32_t seed) {
    std::vector<subject> all;
    for (std::size_t i = 0; i < subject_count(); ++i) {
        all.push_back(subject_of(i, rows, cols, seed + static_cast<std::uint32_t>(i)));
    }
    return all;
}

}  // namespace gemm_test
