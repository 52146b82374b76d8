// The floating-point elements: OCP 8-bit floating point, OCP Microscaling, IEEE-style and fnuz 8-bit, bf16 and fp16.
#pragma once

#include "../codec/limits.hpp"
#include "../codec/round_to.hpp"
#include "../codec/text.hpp"

namespace fewbits {

// clang-format off

// OCP 8-bit Floating Point Specification (OFP8) revision 1.0
struct e4m3 final : minifloat<e4m3, float_layout{.exponent_bits = 4, .mantissa_bits = 3, .special = specials::nan_only}> { using minifloat::minifloat; };
struct e5m2 final : minifloat<e5m2, float_layout{.exponent_bits = 5, .mantissa_bits = 2}> { using minifloat::minifloat; };

// IEEE 754 style: infinities and NaNs in the top exponent
struct e4m3_ieee final : minifloat<e4m3_ieee, float_layout{.exponent_bits = 4, .mantissa_bits = 3}> { using minifloat::minifloat; };
struct e3m4 final : minifloat<e3m4, float_layout{.exponent_bits = 3, .mantissa_bits = 4}> { using minifloat::minifloat; };

// 8-bit Numerical Formats for Deep Neural Networks (Noune et al. 2022): one zero, one NaN
struct e4m3_fnuz final : minifloat<e4m3_fnuz, float_layout{.exponent_bits = 4, .mantissa_bits = 3, .special = specials::fnuz, .exponent_bias = 8}> { using minifloat::minifloat; };
struct e5m2_fnuz final : minifloat<e5m2_fnuz, float_layout{.exponent_bits = 5, .mantissa_bits = 2, .special = specials::fnuz, .exponent_bias = 16}> { using minifloat::minifloat; };
struct e4m3b11_fnuz final : minifloat<e4m3b11_fnuz, float_layout{.exponent_bits = 4, .mantissa_bits = 3, .special = specials::fnuz, .exponent_bias = 11}> { using minifloat::minifloat; };

// OCP Microscaling Formats (MX) Specification 1.0, sections 5.3 and 5.4
struct e3m2 final : minifloat<e3m2, float_layout{.exponent_bits = 3, .mantissa_bits = 2, .special = specials::none}> { using minifloat::minifloat; };
struct e2m3 final : minifloat<e2m3, float_layout{.exponent_bits = 2, .mantissa_bits = 3, .special = specials::none}> { using minifloat::minifloat; };
struct e2m1 final : minifloat<e2m1, float_layout{.exponent_bits = 2, .mantissa_bits = 1, .special = specials::none}> { using minifloat::minifloat; };
struct e8m0 final : minifloat<e8m0, float_layout{.exponent_bits = 8, .mantissa_bits = 0, .special = specials::nan_only, .is_signed = false, .has_zero = false}> { using minifloat::minifloat; };

// 16 bits
struct bf16 final : minifloat<bf16, float_layout{.exponent_bits = 8, .mantissa_bits = 7}> { using minifloat::minifloat; };
struct fp16 final : minifloat<fp16, float_layout{.exponent_bits = 5, .mantissa_bits = 10}> { using minifloat::minifloat; };

// clang-format on

// The spellings of PyTorch, JAX and ml_dtypes.
using float8_e4m3fn = e4m3;
using float8_e5m2 = e5m2;
using float8_e4m3 = e4m3_ieee;
using float8_e3m4 = e3m4;
using float8_e4m3fnuz = e4m3_fnuz;
using float8_e5m2fnuz = e5m2_fnuz;
using float8_e4m3b11fnuz = e4m3b11_fnuz;
using float6_e3m2fn = e3m2;
using float6_e2m3fn = e2m3;
using float4_e2m1fn = e2m1;
using float8_e8m0fnu = e8m0;
using bfloat16 = bf16;
using float16 = fp16;

}  // namespace fewbits
