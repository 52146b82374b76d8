// The catalogue as lists of types: what tests, benches and tables iterate.
#pragma once

#include "blocks.hpp"
#include "gguf_blocks.hpp"

namespace fewbits {

/// A list of types that a generic lambda can walk: for_each(list{}, []<class F>() { ... }).
template <class... Types>
struct type_list {
    static constexpr int size = sizeof...(Types);
};

inline namespace FEWBITS_BASELINE {

template <class... Types, class Function>
constexpr void for_each(type_list<Types...>, Function&& function) {
    (function.template operator()<Types>(), ...);
}

/// The types of two lists as one.
template <class... A, class... B>
constexpr type_list<A..., B...> joined(type_list<A...>, type_list<B...>) noexcept {
    return {};
}

}  // namespace FEWBITS_BASELINE

using all_scalars =
    type_list<e4m3, e5m2, e4m3_ieee, e3m4, e4m3_fnuz, e5m2_fnuz, e4m3b11_fnuz, e3m2, e2m3, e2m1, e8m0, bf16, fp16,  //
              int_n<1>, int_n<2>, int_n<3>, int_n<4>, int_n<5>, int_n<6>, int_n<7>, int_n<8>,                        //
              uint_n<1>, uint_n<2>, uint_n<3>, uint_n<4>, uint_n<5>, uint_n<6>, uint_n<7>, uint_n<8>,                //
              excess_int<3>, excess_int<4>, excess_int<5>, excess_int<6>, mx_int8, ternary, binary, nf4, iq4_values, dynamic8>;

using all_block_formats =
    type_list<mxfp8_e4m3, mxfp8_e5m2, mxfp6_e3m2, mxfp6_e2m3, mxfp4, mxint8, nvfp4, nf4_b64, nf4_b64_dq,              //
              int8_tensor, int8_row, int8_column, int8_g128, int8_g64, int8_g32, int6_g64, int6_g32, int5_g64,        //
              int5_g32, int4_row, int4_g128, int4_g64, int4_g32, int4_g128_fp16, int4_g128_bf16, int4_g32_e8m0,       //
              int3_g64, int3_g32, int2_g32, uint8_tensor, uint8_row, uint4_g128,                                      //
              e4m3_tensor, e4m3_row, e4m3_tile_1x128, e4m3_tile_128x128, e5m2_tensor, e2m1_tensor, e2m1_row,          //
              e2m1_g32, bitnet, binary_tensor,                                                                        //
              q4_0, q4_1, q5_0, q5_1, q8_0, q2_k, q3_k, q4_k, q5_k, q6_k, q8_k, iq4_nl, iq4_xs, tq1_0, tq2_0>;

/// The elements of plain matrices that products take beside the block formats.
using dense_formats = type_list<float, bf16, fp16>;

using all_formats = decltype(joined(all_scalars{}, all_block_formats{}));

}  // namespace fewbits
