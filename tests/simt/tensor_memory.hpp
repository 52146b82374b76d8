// Tensor memory (PTX ISA, tcgen05): 128 lanes of 512 columns, and the copies and products that go on there beside a block's threads.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <limits>
#include <random>
#include <vector>

#include "async_memory.hpp"

namespace simt {

/// A float of `exponent_bits` and `mantissa_bits` behind a sign, by what the formats of the OCP say; top exponents are numbers unless said.
inline double narrow_float(unsigned code, int exponent_bits, int mantissa_bits) {
    unsigned const mantissa = code & ((1U << mantissa_bits) - 1);
    int const exponent = static_cast<int>(code >> mantissa_bits & ((1U << exponent_bits) - 1));
    bool const negative = (code >> (exponent_bits + mantissa_bits) & 1) != 0;
    int const bias = (1 << (exponent_bits - 1)) - 1;
    double const size = exponent == 0 ? std::ldexp(mantissa, 1 - bias - mantissa_bits)
                                      : std::ldexp((1U << mantissa_bits) + mantissa, exponent - bias - mantissa_bits);
    return negative ? -size : size;
}
inline double e4m3_number(unsigned code) {
    return (code & 0x7F) == 0x7F ? std::numeric_limits<double>::quiet_NaN() : narrow_float(code, 4, 3);
}
inline double e5m2_number(unsigned code) {
    if ((code & 0x7F) > 0x7C) return std::numeric_limits<double>::quiet_NaN();
    if ((code & 0x7F) == 0x7C) return (code & 0x80) != 0 ? -HUGE_VAL : HUGE_VAL;
    return narrow_float(code, 5, 2);
}
inline double ue8m0_number(unsigned code) {
    return code == 0xFF ? std::numeric_limits<double>::quiet_NaN() : std::ldexp(1.0, static_cast<int>(code) - 127);
}

/// What tcgen05.mma.kind::... is given besides its descriptors.
enum class tensor_kind { mxf8f6f4, mxf4, mxf4nvf4 };

/// Copies and products are done when the barrier of a commit after them is waited for, or as soon as they are started: a seed decides.
class tensor_memory {
public:
    tensor_memory(async_memory& shared, std::mt19937_64& random) : shared_(&shared), random_(&random) {}

    // ---- columns
    std::uint32_t reserve(unsigned count) {
        if (count < 32 || count > columns || (count & (count - 1)) != 0) throw kernel_error("tcgen05.alloc: 32, 64, ... 512 columns");
        if (closed_) throw kernel_error("tcgen05.alloc: after relinquish_alloc_permit");
        if (count_ != 0) throw kernel_error("tcgen05.alloc: the model has one allocation at a time");
        count_ = count;
        first_ = static_cast<unsigned>((*random_)() % (columns - count + 32) / 32 * 32);
        for (auto& lane : words_) lane.assign(columns, 0x01010101U * poison);
        return first_;
    }
    void reserve_no_more() { closed_ = true; }
    void release(std::uint32_t first, unsigned count) {
        if (count_ == 0 || first != first_ || count != count_) throw kernel_error("tcgen05.dealloc: not what was allocated");
        if (!pending_.empty()) throw kernel_error("tcgen05.dealloc: columns of operations that are on their way");
        count_ = 0;
    }

    // ---- what one thread starts
    /// tcgen05.cp.32x128b.warpx4: 32 rows of 16 bytes in shared memory, to four columns of lanes 0 to 31, 32 to 63, ...
    void copy(std::uint32_t to, std::uint64_t descriptor) {
        if (to >> 16 != 0) throw kernel_error("tcgen05.cp: lanes begin at 0");
        check_columns(to, 4, "tcgen05.cp");
        if (descriptor >> 46 != 1) throw kernel_error("tcgen05.cp: a descriptor that is not of rows without a swizzle");
        auto const start = static_cast<std::uint32_t>(descriptor & 0x3FFF) << 4;
        auto const eight_rows = static_cast<std::uint32_t>(descriptor >> 32 & 0x3FFF) << 4;
        for (operation const& o : pending_) {
            if (o.reads(to, 4)) throw kernel_error("tcgen05.cp: to scales that a product on its way reads");
        }
        start_operation({[this, to, start, eight_rows] {
                             for (unsigned row = 0; row < 32; ++row) {
                                 std::byte const* const from = shared_->seen(start + row / 8 * eight_rows + row % 8 * 16, 16);
                                 for (unsigned lane = row; lane < lanes; lane += 32) std::memcpy(&words_[lane][to], from, 16);
                             }
                         },
                         {}});
    }

    /// tcgen05.mma.block_scale with both operands in shared memory.
    void multiply(tensor_kind kind, std::uint32_t d, std::uint64_t a, std::uint64_t b, std::uint32_t instruction,
                  std::uint32_t a_scales, std::uint32_t b_scales, bool add) {
        facts const f = decode(kind, instruction);
        if (d >> 16 != 0 || a_scales >> 16 != 0 || b_scales >> 16 != 0) throw kernel_error("tcgen05.mma: lanes begin at 0");
        check_columns(d, f.n, "tcgen05.mma");
        std::uint32_t const b_columns = (f.n + 31) / 32;
        check_columns(a_scales, 4, "tcgen05.mma");
        check_columns(b_scales, b_columns, "tcgen05.mma");
        check_tile(a);
        check_tile(b);
        start_operation({[this, f, d, a, b, a_scales, b_scales, add] {
                             auto const left = numbers(a, 128, f, f.a_format, a_scales, f.a_byte);
                             auto const right = numbers(b, f.n, f, f.b_format, b_scales, f.b_byte);
                             for (unsigned row = 0; row < 128; ++row) {
                                 for (unsigned col = 0; col < f.n; ++col) {
                                     double sum = add ? static_cast<double>(std::bit_cast<float>(words_[row][d + col])) : 0.0;
                                     double const* const x = &left[row * f.depth];
                                     double const* const y = &right[col * f.depth];
                                     for (unsigned k = 0; k < f.depth; ++k) sum += x[k] * y[k];
                                     words_[row][d + col] = std::bit_cast<std::uint32_t>(static_cast<float>(sum));
                                 }
                             }
                         },
                         {{a_scales, 4}, {b_scales, b_columns}}});
    }

    /// tcgen05.commit: the barrier gets its arrival when all that was started before is done.
    void commit(std::uint64_t* barrier) {
        shared_->arrive_later(barrier, [this, upto = started_] { finish(upto); });
    }

    // ---- sums
    /// The word of a lane that the warp reaches.
    std::uint32_t word(std::uint32_t address, unsigned lane) const { return words_[(address >> 16) + lane][address & 0xFFFF]; }
    void check_load(std::uint32_t address, unsigned count, unsigned warp) const {
        if (address >> 16 != warp % 4 * 32) throw kernel_error("tcgen05.ld: lanes that are not this warp's");
        check_columns(address & 0xFFFF, count, "tcgen05.ld");
    }

    void finish() const {
        if (!pending_.empty()) throw kernel_error("the block ends with operations on tensor memory on their way");
        if (count_ != 0) throw kernel_error("the block ends without tcgen05.dealloc");
    }

private:
    static constexpr unsigned lanes = 128;
    static constexpr unsigned columns = 512;

    struct range {
        std::uint32_t first;
        std::uint32_t count;
    };
    struct operation {
        std::function<void()> apply;
        std::vector<range> scales;

        bool reads(std::uint32_t first, std::uint32_t count) const {
            for (range const& r : scales) {
                if (first < r.first + r.count && r.first < first + count) return true;
            }
            return false;
        }
    };
    /// An instruction descriptor by the tables of the PTX ISA.
    struct facts {
        unsigned n;
        unsigned depth;         ///< elements along K
        unsigned bits;          ///< of an element
        unsigned scale_bytes;   ///< of a row
        bool powers;            ///< UE8M0 scales, else UE4M3
        unsigned a_format, b_format;
        unsigned a_byte, b_byte;  ///< of a word, where scales begin
    };

    static facts decode(tensor_kind kind, std::uint32_t i) {
        bool const narrow = kind != tensor_kind::mxf8f6f4;
        facts const f{.n = (i >> 17 & 63) * 8, .depth = narrow ? 64U : 32U, .bits = narrow ? 4U : 8U,
                      .scale_bytes = kind == tensor_kind::mxf4nvf4 ? 4U : narrow ? 2U : 1U, .powers = (i >> 23 & 1) != 0,
                      .a_format = i >> 7 & 7, .b_format = i >> 10 & 7, .a_byte = i >> 29 & 3, .b_byte = i >> 4 & 3};
        constexpr std::uint32_t reserved = 0x0700'004B;  // 0, 1, 3, 6, 24 to 26
        constexpr std::uint32_t other_forms = 0x8001'E004;  // sparse, negated, transposed, K = 96
        if ((i & (reserved | other_forms)) != 0) throw kernel_error("tcgen05.mma: an instruction of a form that the model has not");
        if ((i >> 27 & 3) != 1) throw kernel_error("tcgen05.mma: M is 128");
        if (f.n == 0 || f.n > 256 || f.n % 16 != 0) throw kernel_error("tcgen05.mma: N is 16, 32, ... 256");
        if (f.powers != (kind != tensor_kind::mxf4nvf4)) throw kernel_error("tcgen05.mma: scales of another type than the kind's");
        bool const formats = narrow ? f.a_format == 1 && f.b_format == 1 : f.a_format < 2 && f.b_format < 2;
        if (!formats) throw kernel_error("tcgen05.mma: elements of another type than the kind's");
        bool const bytes = f.a_byte % f.scale_bytes == 0 && f.b_byte % f.scale_bytes == 0;
        if (!bytes) throw kernel_error("tcgen05.mma: scales that begin within others");
        return f;
    }
    static void check_tile(std::uint64_t descriptor) {
        if ((descriptor >> 46 & 7) != 1) throw kernel_error("tcgen05: a descriptor without its constant");
        if (descriptor >> 61 != 2) throw kernel_error("tcgen05: a descriptor of another layout than 128 bytes swizzled");
        if ((descriptor >> 49 & 0xFFF) != 0) throw kernel_error("tcgen05: a descriptor with bits that are none");
        auto const start = static_cast<std::uint32_t>(descriptor & 0x3FFF) << 4;
        if (start / 128 % 8 != 0) throw kernel_error("tcgen05: a tile not aligned to 1024 bytes");
        if (start % 32 != 0) throw kernel_error("tcgen05: a step along K of no multiple of 32 bytes");
    }
    void check_columns(std::uint32_t first, std::uint32_t count, char const* what) const {
        if (count_ == 0 || first < first_ || first + count > first_ + count_) throw kernel_error(std::string(what) + ": columns that are not the block's");
    }

    /// `rows` rows of a tile with their scales multiplied in: of row r the word in lane r % 32 of column r / 32, from a byte of it on.
    std::vector<double> numbers(std::uint64_t tile, unsigned rows, facts const& f, unsigned format, std::uint32_t scales, unsigned byte) const {
        std::vector<double> all(std::size_t{rows} * f.depth);
        auto const start = static_cast<std::uint32_t>(tile & 0x3FFF) << 4;
        auto const stride = static_cast<std::uint32_t>(tile >> 32 & 0x3FFF) << 4;
        for (unsigned r = 0; r < rows; ++r) {
            double scale[4];
            for (unsigned s = 0; s < f.scale_bytes; ++s) {
                unsigned const code = words_[r % 32][scales + r / 32] >> 8 * (byte + s) & 0xFF;
                scale[s] = f.powers ? ue8m0_number(code) : e4m3_number(code & 0x7F);
            }
            for (unsigned k = 0; k < f.depth; ++k) {
                std::uint32_t const straight = start + r / 8 * stride + r % 8 * 128 + k * f.bits / 8;
                auto const bytes = static_cast<unsigned>(*shared_->seen(straight ^ (straight >> 7 & 7) << 4, 1));
                double const number = f.bits == 4   ? narrow_float(bytes >> k % 2 * 4 & 0xF, 2, 1)
                                      : format == 1 ? e5m2_number(bytes)
                                                    : e4m3_number(bytes);
                all[r * f.depth + k] = number * scale[k * f.scale_bytes / f.depth];
            }
        }
        return all;
    }

    void start_operation(operation o) {
        pending_.push_back(std::move(o));
        ++started_;
        if ((*random_)() % 8 == 0) finish(started_);
    }
    /// All operations below number `upto`, in order: copies come before later products, products one after the other.
    void finish(std::uint64_t upto) {
        while (started_ - pending_.size() < upto) {
            auto const apply = std::move(pending_.front().apply);
            pending_.pop_front();
            apply();
        }
    }

    async_memory* shared_;
    std::mt19937_64* random_;
    std::vector<std::uint32_t> words_[lanes];
    unsigned first_ = 0;
    unsigned count_ = 0;
    bool closed_ = false;
    std::deque<operation> pending_;
    std::uint64_t started_ = 0;
};

}  // namespace simt
