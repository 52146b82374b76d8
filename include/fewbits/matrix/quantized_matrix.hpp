// A matrix in a block format: codes, scales, offsets, and how to read any element.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "block_storage.hpp"

namespace fewbits {

inline namespace FEWBITS_BASELINE {

/// Throws std::invalid_argument unless `order` is a permutation of 0 ... cols - 1, or empty, which stands for the identity.
inline void check_permutation(std::span<const std::uint32_t> order, std::size_t cols) {
    std::vector<bool> seen(order.size(), false);
    bool valid = order.empty() || order.size() == cols;
    for (std::size_t i = 0; valid && i < order.size(); ++i) {
        valid = order[i] < cols && !seen[order[i]];
        if (valid) seen[order[i]] = true;
    }
    if (!valid) {
        throw std::invalid_argument("set_permutation: " + std::to_string(order.size()) + " entries are no permutation of " +
                                    std::to_string(cols) + " columns");
    }
}

}  // namespace FEWBITS_BASELINE

/// Says that bytes may hold anything until they are stored: large results are then written once, not twice.
struct unwritten {};

/// rows x cols elements of block format F. Weights are N x K, activations M x K; blocks of a format run along K (columns).
/// Rows of codes start on a byte. Accessors address stored columns; see permutation().
template <block_format F>
class quantized_matrix {
public:
    using format = F;
    using storage_type = block_storage<typename F::composition>;

    quantized_matrix() = default;
    /// Storage for rows x cols elements, all bytes zero.
    quantized_matrix(std::size_t rows, std::size_t cols) : storage_(rows, cols) { storage_.clear(); }
    /// The same for one who stores every byte, padding included.
    quantized_matrix(std::size_t rows, std::size_t cols, unwritten) : storage_(rows, cols) {}

    std::size_t rows() const noexcept { return storage_.rows(); }
    std::size_t cols() const noexcept { return storage_.cols(); }

    unsigned code(std::size_t row, std::size_t col) const noexcept { return storage_.code(row, col); }
    /// The dequantized value, as SEMANTICS of the format has it: every operation in fp32, rounded once.
    float value(std::size_t row, std::size_t col) const noexcept { return storage_.value(row, col); }
    /// The whole factor of the element: nested scales multiplied out, rounded to fp32 at each level.
    float scale(std::size_t row, std::size_t col) const noexcept { return storage_.scale(row, col); }
    /// Zero-point formats: the zero point in units of codes. Formats with a minimum: the addend, with its sign. Others: 0.
    float offset(std::size_t row, std::size_t col) const noexcept { return storage_.offset(row, col); }

    /// Packed codes, row after row.
    std::span<const std::byte> codes() const noexcept { return storage_.bytes(); }
    std::byte const* row_codes(std::size_t row) const noexcept { return storage_.row_codes(row); }

    /// Bytes of codes, scales and offsets together.
    std::size_t storage_bytes() const {
        std::size_t total = 0;
        for (auto stream : streams()) total += stream.size();
        return total;
    }

    /// The stored bytes, one stream per level: codes, then scales from the inside out, then offsets likewise.
    std::vector<std::span<const std::byte>> streams() const {
        std::vector<std::span<const std::byte>> all;
        all.push_back(storage_.bytes());
        storage_.for_each_level([&](std::span<const std::byte> stream) { all.push_back(stream); });
        return all;
    }

    /// Bytes of the streams of a rows x cols matrix; throws std::invalid_argument where they do not fit the address space.
    static std::vector<std::size_t> stream_sizes(std::size_t rows, std::size_t cols) {
        std::vector<std::size_t> all{storage_type::size(rows, cols)};
        storage_type::for_each_size(rows, cols, [&](std::size_t bytes) { all.push_back(bytes); });
        return all;
    }

    /// Stored column j is logical column permutation()[j]; empty stands for the identity.
    std::span<const std::uint32_t> permutation() const noexcept { return permutation_; }

    /// Throws std::invalid_argument unless `order` is a permutation of the columns (or empty).
    void set_permutation(std::vector<std::uint32_t> order) {
        check_permutation(order, cols());
        permutation_ = std::move(order);
    }

    storage_type const& storage() const noexcept { return storage_; }
    storage_type& storage() noexcept { return storage_; }

private:
    storage_type storage_;
    std::vector<std::uint32_t> permutation_;
};

}  // namespace fewbits
