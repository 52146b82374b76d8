// The block formats: OCP MX, NVFP4, NF4, integers by granularity, FP8 and FP4 by granularity, BitNet.
#pragma once

#include "../scaling/block_scaled.hpp"
#include "codebooks.hpp"
#include "integers.hpp"
#include "minifloats.hpp"

namespace fewbits {

// clang-format off

inline constexpr block_traits mx_traits{.method = scale_method::microscaling};
inline constexpr block_traits range_traits{.method = scale_method::range};

// OCP Microscaling Formats (MX) Specification 1.0: 32 elements, one E8M0 scale
struct mxfp8_e4m3 final : block_scaled<mxfp8_e4m3, e4m3, along_k(32), e8m0, symmetric, mx_traits> {};
struct mxfp8_e5m2 final : block_scaled<mxfp8_e5m2, e5m2, along_k(32), e8m0, symmetric, mx_traits> {};
struct mxfp6_e3m2 final : block_scaled<mxfp6_e3m2, e3m2, along_k(32), e8m0, symmetric, mx_traits> {};
struct mxfp6_e2m3 final : block_scaled<mxfp6_e2m3, e2m3, along_k(32), e8m0, symmetric, mx_traits> {};
struct mxfp4 final : block_scaled<mxfp4, e2m1, along_k(32), e8m0, symmetric, mx_traits> {};
struct mxint8 final : block_scaled<mxint8, mx_int8, along_k(32), e8m0, symmetric, mx_traits> {};

// NVFP4: 16 elements, an E4M3 scale, one fp32 scale for the tensor
struct nvfp4 final : block_scaled<nvfp4, e2m1, along_k(16), blocks<e4m3, per_tensor, float>> {};

// NF4 (QLoRA): 64 elements, absmax; and with absmax itself in 8 bits over runs of 256, less their mean
struct nf4_b64 final : block_scaled<nf4_b64, nf4, along_k(64), float> {};
struct nf4_b64_dq final : block_scaled<nf4_b64_dq, nf4, along_k(64), blocks<dynamic8, runs_of(256), float, minimum<float, +1, per_tensor>>> {};

// Integers, symmetric
struct int8_tensor final : block_scaled<int8_tensor, int_n<8>, per_tensor, float> {};
struct int8_row final : block_scaled<int8_row, int_n<8>, per_row, float> {};
struct int8_column final : block_scaled<int8_column, int_n<8>, per_column, float> {};
struct int8_g128 final : block_scaled<int8_g128, int_n<8>, along_k(128), float> {};
struct int8_g64 final : block_scaled<int8_g64, int_n<8>, along_k(64), float> {};
struct int8_g32 final : block_scaled<int8_g32, int_n<8>, along_k(32), float> {};
struct int6_g64 final : block_scaled<int6_g64, int_n<6>, along_k(64), float> {};
struct int6_g32 final : block_scaled<int6_g32, int_n<6>, along_k(32), float> {};
struct int5_g64 final : block_scaled<int5_g64, int_n<5>, along_k(64), float> {};
struct int5_g32 final : block_scaled<int5_g32, int_n<5>, along_k(32), float> {};
struct int4_row final : block_scaled<int4_row, int_n<4>, per_row, float> {};
struct int4_g128 final : block_scaled<int4_g128, int_n<4>, along_k(128), float> {};
struct int4_g64 final : block_scaled<int4_g64, int_n<4>, along_k(64), float> {};
struct int4_g32 final : block_scaled<int4_g32, int_n<4>, along_k(32), float> {};
struct int4_g128_fp16 final : block_scaled<int4_g128_fp16, int_n<4>, along_k(128), fp16> {};
struct int4_g128_bf16 final : block_scaled<int4_g128_bf16, int_n<4>, along_k(128), bf16> {};
struct int4_g32_e8m0 final : block_scaled<int4_g32_e8m0, int_n<4>, along_k(32), e8m0, symmetric, mx_traits> {};
struct int3_g64 final : block_scaled<int3_g64, int_n<3>, along_k(64), float> {};
struct int3_g32 final : block_scaled<int3_g32, int_n<3>, along_k(32), float> {};
struct int2_g32 final : block_scaled<int2_g32, int_n<2>, along_k(32), float> {};

// Integers with a zero point
struct uint8_tensor final : block_scaled<uint8_tensor, uint_n<8>, per_tensor, float, zero_point<uint_n<8>>, range_traits> {};
struct uint8_row final : block_scaled<uint8_row, uint_n<8>, per_row, float, zero_point<uint_n<8>>, range_traits> {};
struct uint4_g128 final : block_scaled<uint4_g128, uint_n<4>, along_k(128), float, zero_point<uint_n<4>>, range_traits> {};

// FP8 and FP4 with fp32 scales; the tiles are those of DeepSeek-V3 (2024), section 3.3
struct e4m3_tensor final : block_scaled<e4m3_tensor, e4m3, per_tensor, float> {};
struct e4m3_row final : block_scaled<e4m3_row, e4m3, per_row, float> {};
struct e4m3_tile_1x128 final : block_scaled<e4m3_tile_1x128, e4m3, tile(1, 128), float> {};
struct e4m3_tile_128x128 final : block_scaled<e4m3_tile_128x128, e4m3, tile(128, 128), float> {};
struct e5m2_tensor final : block_scaled<e5m2_tensor, e5m2, per_tensor, float> {};
struct e2m1_tensor final : block_scaled<e2m1_tensor, e2m1, per_tensor, float> {};
struct e2m1_row final : block_scaled<e2m1_row, e2m1, per_row, float> {};
struct e2m1_g32 final : block_scaled<e2m1_g32, e2m1, along_k(32), float> {};

// BitNet b1.58 (Ma et al. 2024): ternary, mean magnitude of the tensor; and its binary predecessor
struct bitnet final : block_scaled<bitnet, ternary, per_tensor, float, symmetric, block_traits{.method = scale_method::absmean}> {};
struct binary_tensor final : block_scaled<binary_tensor, binary, per_tensor, float, symmetric, block_traits{.method = scale_method::absmean}> {};

// clang-format on

}  // namespace fewbits
