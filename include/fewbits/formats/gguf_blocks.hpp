// GGUF's block formats as compositions: what they compute is ggml's, their byte order belongs to the file reader.
#pragma once

#include "../scaling/block_scaled.hpp"
#include "codebooks.hpp"
#include "integers.hpp"
#include "minifloats.hpp"

namespace fewbits {

// clang-format off

inline constexpr block_traits search_traits{.method = scale_method::least_squares};
inline constexpr block_traits span_traits{.method = scale_method::range};
inline constexpr block_traits trit_traits{.method = scale_method::absmax, .trits = true};

// 32 elements, fp16 scale, and in the _1 formats an fp16 minimum
struct q4_0 final : block_scaled<q4_0, excess_int<4>, along_k(32), fp16, symmetric, search_traits> {};
struct q4_1 final : block_scaled<q4_1, uint_n<4>, along_k(32), fp16, minimum<fp16>, span_traits> {};
struct q5_0 final : block_scaled<q5_0, excess_int<5>, along_k(32), fp16, symmetric, search_traits> {};
struct q5_1 final : block_scaled<q5_1, uint_n<5>, along_k(32), fp16, minimum<fp16>, span_traits> {};
struct q8_0 final : block_scaled<q8_0, int_n<8>, along_k(32), fp16> {};

// Super-blocks of 256: narrow scales (and minimums) over one fp16
struct q2_k final : block_scaled<q2_k, uint_n<2>, along_k(16), blocks<uint_n<4>, along_k(16), fp16>, minimum<blocks<uint_n<4>, along_k(16), fp16>, -1>, search_traits> {};
struct q3_k final : block_scaled<q3_k, excess_int<3>, along_k(16), blocks<excess_int<6>, along_k(16), fp16>, symmetric, search_traits> {};
struct q4_k final : block_scaled<q4_k, uint_n<4>, along_k(32), blocks<uint_n<6>, along_k(8), fp16>, minimum<blocks<uint_n<6>, along_k(8), fp16>, -1>, search_traits> {};
struct q5_k final : block_scaled<q5_k, uint_n<5>, along_k(32), blocks<uint_n<6>, along_k(8), fp16>, minimum<blocks<uint_n<6>, along_k(8), fp16>, -1>, search_traits> {};
struct q6_k final : block_scaled<q6_k, excess_int<6>, along_k(16), blocks<int_n<8>, along_k(16), fp16>, symmetric, search_traits> {};
struct q8_k final : block_scaled<q8_k, int_n<8>, along_k(256), float> {};

// Non-linear 4 bits
struct iq4_nl final : block_scaled<iq4_nl, iq4_values, along_k(32), fp16, symmetric, search_traits> {};
struct iq4_xs final : block_scaled<iq4_xs, iq4_values, along_k(32), blocks<excess_int<6>, along_k(8), fp16>, symmetric, search_traits> {};

// Ternary, 256 elements: five digits in a byte, or two bits each
struct tq1_0 final : block_scaled<tq1_0, ternary, along_k(256), fp16, symmetric, trit_traits> {};
struct tq2_0 final : block_scaled<tq2_0, ternary, along_k(256), fp16> {};

// clang-format on

}  // namespace fewbits
