// The tile registers of AMX in plain C++, after Intel's pseudo-code: lets the tile kernels run on machines without AMX.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include <fewbits/fewbits.hpp>

namespace gemm_test {

/// The interface of fewbits::amx::hardware_tiles. Registers are poisoned by configure and release, and every use that the
/// processor would fault on throws.
struct model_tiles {
    struct registers {
        fewbits::tile_shapes shapes{};
        bool configured = false;
        unsigned char bytes[8][16][64];
    };
    static registers& state() {
        static thread_local registers all;
        return all;
    }
    static void need(bool condition, char const* what) {
        if (!condition) throw std::logic_error(std::string("tile model: ") + what);
    }

    static void configure(fewbits::tile_shapes const& shapes) {
        registers& r = state();
        need(shapes.palette == 1 && shapes.start_row == 0, "palette 1 from row 0");
        for (int i = 0; i < 8; ++i) {
            need(shapes.rows[i] <= 16 && shapes.row_bytes[i] <= 64 && shapes.row_bytes[i] % 4 == 0, "a shape out of range");
        }
        r.shapes = shapes;
        r.configured = true;
        std::memset(r.bytes, 0xFF, sizeof r.bytes);
    }
    static void release() { state().configured = false; }

    template <int T>
    static void zero() {
        need(state().configured, "zero before configure");
        std::memset(state().bytes[T], 0, sizeof state().bytes[T]);
    }
    template <int T>
    static void load(void const* from, std::size_t stride) {
        registers& r = state();
        need(r.configured, "load before configure");
        std::memset(r.bytes[T], 0, sizeof r.bytes[T]);
        for (std::size_t i = 0; i < r.shapes.rows[T]; ++i) {
            std::memcpy(r.bytes[T][i], static_cast<unsigned char const*>(from) + i * stride, r.shapes.row_bytes[T]);
        }
    }
    template <int T>
    static void store(void* to, std::size_t stride) {
        registers& r = state();
        need(r.configured, "store before configure");
        for (std::size_t i = 0; i < r.shapes.rows[T]; ++i) {
            std::memcpy(static_cast<unsigned char*>(to) + i * stride, r.bytes[T][i], r.shapes.row_bytes[T]);
        }
    }
    template <int Sum, int A, int B>
    static void check_shapes() {
        registers const& r = state();
        need(r.configured, "a product before configure");
        need(r.shapes.rows[Sum] == r.shapes.rows[A], "sums and a differ in rows");
        need(r.shapes.row_bytes[A] == 4 * r.shapes.rows[B], "a and b differ along k");
        need(r.shapes.row_bytes[Sum] == r.shapes.row_bytes[B], "sums and b differ in columns");
    }
    template <int Sum, int A, int B>
    static void dot_bytes() {
        check_shapes<Sum, A, B>();
        registers& r = state();
        for (std::size_t m = 0; m < r.shapes.rows[A]; ++m) {
            for (std::size_t n = 0; n < r.shapes.row_bytes[B] / 4U; ++n) {
                std::int32_t sum;
                std::memcpy(&sum, r.bytes[Sum][m] + 4 * n, 4);
                for (std::size_t k = 0; k < r.shapes.row_bytes[A]; ++k) {
                    sum += static_cast<signed char>(r.bytes[A][m][k]) * static_cast<int>(r.bytes[B][k / 4][4 * n + k % 4]);
                }
                std::memcpy(r.bytes[Sum][m] + 4 * n, &sum, 4);
            }
        }
    }
    static float bf16_at(unsigned char const* at) {
        std::uint16_t half;
        std::memcpy(&half, at, 2);
        return fewbits::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
    }
    template <int Sum, int A, int B>
    static void dot_pairs() {
        check_shapes<Sum, A, B>();
        registers& r = state();
        for (std::size_t m = 0; m < r.shapes.rows[A]; ++m) {
            for (std::size_t n = 0; n < r.shapes.row_bytes[B] / 4U; ++n) {
                float part[2] = {0.0F, 0.0F};
                for (std::size_t k = 0; k < r.shapes.row_bytes[A] / 2U; ++k) {
                    part[k % 2] = fewbits::fma_rn(bf16_at(r.bytes[A][m] + 2 * k), bf16_at(r.bytes[B][k / 2] + 4 * n + 2 * (k % 2)),
                                                  part[k % 2]);
                }
                float sum;
                std::memcpy(&sum, r.bytes[Sum][m] + 4 * n, 4);
                sum = fewbits::add_rn(sum, fewbits::add_rn(part[0], part[1]));
                std::memcpy(r.bytes[Sum][m] + 4 * n, &sum, 4);
            }
        }
    }
};

}  // namespace gemm_test
