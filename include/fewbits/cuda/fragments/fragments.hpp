// Which element of a tile each lane of a warp holds for a matrix instruction (PTX ISA 9.7.14, mma.m16n8k16 and m16n8k32).
#pragma once

#include "../../config.hpp"

namespace fewbits {

struct tile_place {
    int row;
    int col;
};

inline namespace FEWBITS_BASELINE {

/// A, 16 rows by 16 columns of 16 bits: register 0..3, its lower (0) or upper (1) half.
FEWBITS_HOST_DEVICE constexpr tile_place place_a16(int lane, int reg, int half) noexcept {
    return {lane / 4 + reg % 2 * 8, lane % 4 * 2 + half + reg / 2 * 8};
}
/// B, 16 columns of K by 8 columns of the result: register 0..1. `row` is the column of the result, `col` the one of K.
FEWBITS_HOST_DEVICE constexpr tile_place place_b16(int lane, int reg, int half) noexcept {
    return {lane / 4, lane % 4 * 2 + half + reg * 8};
}
/// A of bytes, 16 by 32.
FEWBITS_HOST_DEVICE constexpr tile_place place_a8(int lane, int reg, int byte) noexcept {
    return {lane / 4 + reg % 2 * 8, lane % 4 * 4 + byte + reg / 2 * 16};
}
/// B of bytes, 32 columns of K by 8 of the result.
FEWBITS_HOST_DEVICE constexpr tile_place place_b8(int lane, int reg, int byte) noexcept {
    return {lane / 4, lane % 4 * 4 + byte + reg * 16};
}
/// The result, 16 rows by 8 columns of 32 bits: register 0..3.
FEWBITS_HOST_DEVICE constexpr tile_place place_c(int lane, int reg) noexcept {
    return {lane / 4 + reg / 2 * 8, lane % 4 * 2 + reg % 2};
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
