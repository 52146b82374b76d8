// Matrix instructions of a warp for floats of 8 and 4 bits (PTX ISA, mma.sync), with and without scales of blocks.
#pragma once

#include <cstdint>

#include "../machine_types.hpp"
#include "../../config.hpp"

namespace fewbits {

/// The name of a float of `Width` bits in the text of an instruction.
template <int Width, int ExponentBits>
struct float_text {
    static constexpr char name[] = {'e', '0' + ExponentBits, 'm', '0' + Width - 1 - ExponentBits, '\0'};
};

/// One function, one instruction, as in machine.cuh, whose part this is: d += a * b, a 16 x K, b K x 8, 32 bytes of each row and column.
struct narrow_instructions {
    /// K = 32 (sm_89; by way of fp16 on 90 to 110).
    template <int ExponentA, int ExponentB>
    FEWBITS_DEVICE void multiply_float8(float (&d)[4], std::uint32_t const (&a)[4], std::uint32_t const (&b)[2],
                                        float8_exponents<ExponentA, ExponentB>) {
        asm("mma.sync.aligned.m16n8k32.row.col.f32.%10.%11.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "C"(float_text<8, ExponentA>::name),
              "C"(float_text<8, ExponentB>::name));
    }

    /// The same times a scale for each row of a and column of b, powers of two (sm_120f).
    template <int ExponentA, int ExponentB, int First, int LaneA, int LaneB>
    FEWBITS_DEVICE void multiply_scaled_float8(float (&d)[4], std::uint32_t const (&a)[4], std::uint32_t const (&b)[2],
                                               std::uint32_t scales_a, std::uint32_t scales_b, float8_exponents<ExponentA, ExponentB>,
                                               scale_place<First, LaneA, LaneB>) {
        asm("mma.sync.aligned.kind::mxf8f6f4.block_scale.scale_vec::1X.m16n8k32.row.col.f32.%15.%16.f32.ue8m0 "
            "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3}, {%10}, {%12, %13}, {%11}, {%12, %14};"
            : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "r"(scales_a), "r"(scales_b), "n"(First), "n"(LaneA),
              "n"(LaneB), "C"(float_text<8, ExponentA>::name), "C"(float_text<8, ExponentB>::name));
    }

    /// K = 64 floats of 4 bits, a scale for every 32 of them, powers of two, or for every 16, floats of 8 bits without a sign (sm_120f).
    template <int Block, int First, int LaneA, int LaneB>
    FEWBITS_DEVICE void multiply_scaled_float4(float (&d)[4], std::uint32_t const (&a)[4], std::uint32_t const (&b)[2],
                                               std::uint32_t scales_a, std::uint32_t scales_b, number<Block>,
                                               scale_place<First, LaneA, LaneB>) {
        static_assert(Block == 16 || Block == 32);
        if constexpr (Block == 32) {
            asm("mma.sync.aligned.kind::mxf4.block_scale.scale_vec::2X.m16n8k64.row.col.f32.%15.%15.f32.ue8m0 "
                "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3}, {%10}, {%12, %13}, {%11}, {%12, %14};"
                : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "r"(scales_a), "r"(scales_b), "n"(First), "n"(LaneA),
                  "n"(LaneB), "C"(float_text<4, 2>::name));
        } else {
            asm("mma.sync.aligned.kind::mxf4nvf4.block_scale.scale_vec::4X.m16n8k64.row.col.f32.%15.%15.f32.ue4m3 "
                "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3}, {%10}, {%12, %13}, {%11}, {%12, %14};"
                : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "r"(scales_a), "r"(scales_b), "n"(First), "n"(LaneA),
                  "n"(LaneB), "C"(float_text<4, 2>::name));
        }
    }
};

}  // namespace fewbits
