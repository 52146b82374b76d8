// The emulator itself: what it computes, and that it notices what a machine would silently get wrong.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "machine.hpp"

namespace {

using simt::warp_lanes;

/// Every thread writes its number, all read their neighbour's.
template <bool Barrier>
struct neighbours {
    static constexpr unsigned threads = 128;
    struct arguments {
        unsigned* out;
    };
    template <class Machine>
    static void run(Machine& m, arguments const& a) {
        auto* const shared = reinterpret_cast<unsigned*>(m.shared());
        shared[m.thread()] = m.thread();
        if (Barrier) m.barrier();
        a.out[m.thread()] = shared[(m.thread() + 1) % threads];
    }
};

template <bool Barrier>
bool neighbours_agree(std::uint64_t seed) {
    unsigned out[128] = {};
    simt::launch<neighbours<Barrier>>(1, sizeof out, {out}, seed);
    for (unsigned t = 0; t < 128; ++t) {
        if (out[t] != (t + 1) % 128) return false;
    }
    return true;
}

/// Half of the warp, or half of the block, takes another way.
struct lost_lanes {
    static constexpr unsigned threads = 32;
    struct arguments {};
    template <class Machine>
    static void run(Machine& m, arguments const&) {
        if (m.lane() < 16) m.shuffle_xor(1, 1);
        else m.warp_barrier();
    }
};
struct lost_warp {
    static constexpr unsigned threads = 64;
    struct arguments {};
    template <class Machine>
    static void run(Machine& m, arguments const&) {
        if (m.warp() == 0) m.barrier();
    }
};

/// A copy that is read before it was waited for, or by others before the barrier.
template <int Left, bool Barrier>
struct copied {
    static constexpr unsigned threads = 32;
    struct arguments {
        unsigned const* in;
        unsigned* out;
    };
    template <class Machine>
    static void run(Machine& m, arguments const& a) {
        for (int i = 0; i < 2; ++i) {
            m.copy16(m.shared() + (i * 32 + static_cast<int>(m.lane())) * 16, a.in + (i * 32 + static_cast<int>(m.lane())) * 4, true);
            m.copy_commit();
        }
        m.copy_wait(fewbits::number<Left>{});
        if (Barrier) m.barrier();
        auto const* const shared = reinterpret_cast<unsigned const*>(m.shared());
        for (unsigned i = 0; i < 8; ++i) a.out[m.lane() * 8 + i] = shared[255 - (m.lane() * 8 + i)];
    }
};

template <int Left, bool Barrier>
bool copies_agree() {
    alignas(16) unsigned in[256];
    unsigned out[256];
    for (unsigned i = 0; i < 256; ++i) in[i] = i;
    simt::launch<copied<Left, Barrier>>(1, sizeof in, {in, out}, 5);
    for (unsigned i = 0; i < 256; ++i) {
        if (out[i] != 255 - i) return false;
    }
    return true;
}

/// Every thread reads its number in the next block of the cluster, with or without the barrier before that and the one after it.
template <bool Before, bool After>
struct cluster_neighbours {
    static constexpr unsigned threads = 32;
    struct arguments {
        float* out;
    };
    template <class Machine>
    static void run(Machine& m, arguments const& a) {
        auto* const mine = reinterpret_cast<float*>(m.shared()) + m.thread();
        *mine = static_cast<float>(m.block_index() * threads + m.thread());
        if (Before) m.cluster_barrier();
        unsigned const next = (m.cluster_rank() + 1) % m.cluster_blocks();
        a.out[m.block_index() * threads + m.thread()] = m.read_shared(mine, next);
        if (After) m.cluster_barrier();
    }
};

template <bool Before, bool After>
bool cluster_agrees() {
    std::vector<float> out(6 * 32);
    simt::launch<cluster_neighbours<Before, After>>(6, 128, {out.data()}, 2, 3);
    bool right = true;
    for (unsigned b = 0; b < 6; ++b) {
        unsigned const next = b / 3 * 3 + (b + 1) % 3;
        for (unsigned t = 0; t < 32; ++t) right = right && out[b * 32 + t] == static_cast<float>(next * 32 + t);
    }
    return right;
}

/// A block of a cluster ends without coming to the barrier, or waits for one that the others do not come to.
template <bool Ends>
struct lost_block {
    static constexpr unsigned threads = 32;
    struct arguments {};
    template <class Machine>
    static void run(Machine& m, arguments const&) {
        if (m.cluster_rank() == 0) {
            if (!Ends) m.barrier(1, 64);
        } else {
            m.cluster_barrier();
        }
    }
};

struct products {
    static constexpr unsigned threads = 32;
    struct arguments {
        float* c;
        std::int32_t* d;
    };
    template <class Machine>
    static void run(Machine& m, arguments const& a) {
        // bf16: A[r][k] = r + k / 16, B[k][n] = k == n ? 1 : 0; bytes: A[r][k] = r - k, B[k][n] = k == 3 * n ? -2 : 0.
        auto const half = [](float x) { return std::bit_cast<std::uint32_t>(x) >> 16; };
        std::uint32_t x[4], y[2], u[4], v[2];
        unsigned const g = m.lane() / 4;
        unsigned const t = m.lane() % 4;
        for (unsigned r = 0; r < 4; ++r) {
            unsigned const row = g + r % 2 * 8;
            unsigned const k = 2 * t + r / 2 * 8;
            x[r] = half(static_cast<float>(row) + static_cast<float>(k) / 16) |
                   half(static_cast<float>(row) + static_cast<float>(k + 1) / 16) << 16;
            u[r] = 0;
            for (unsigned b = 0; b < 4; ++b) u[r] |= ((row - (4 * t + b + r / 2 * 16)) & 0xFFU) << 8 * b;
        }
        for (unsigned r = 0; r < 2; ++r) {
            unsigned const k = 2 * t + r * 8;
            y[r] = half(k == g ? 1.0F : 0.0F) | half(k + 1 == g ? 1.0F : 0.0F) << 16;
            v[r] = 0;
            for (unsigned b = 0; b < 4; ++b) v[r] |= (4 * t + b + r * 16 == 3 * g ? 0xFEU : 0U) << 8 * b;
        }
        float c[4] = {100, 100, 100, 100};
        std::int32_t d[4] = {7, 7, 7, 7};
        m.multiply_bf16(c, x, y, c);
        m.multiply_s8(d, u, v, d);
        for (unsigned i = 0; i < 4; ++i) {
            a.c[(g + i / 2 * 8) * 8 + 2 * t + i % 2] = c[i];
            a.d[(g + i / 2 * 8) * 8 + 2 * t + i % 2] = d[i];
        }
    }
};

}  // namespace

TEST_CASE("threads see each other's stores after a barrier, and not reliably without") {
    unsigned wrong = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        CHECK(neighbours_agree<true>(seed));
        wrong += neighbours_agree<false>(seed) ? 0U : 1U;
    }
    CHECK(wrong == 10);
}

TEST_CASE("what never comes is a deadlock, lanes at different instructions are an error") {
    CHECK_THROWS_WITH(simt::launch<lost_warp>(1, 0, {}), Catch::Contains("deadlock: 32 threads: a barrier, 32 threads: ended"));
    CHECK_THROWS_WITH(simt::launch<lost_lanes>(1, 0, {}), Catch::Contains("different instructions"));
}

TEST_CASE("blocks of a cluster run at the same time and read each other's shared memory") {
    CHECK(cluster_agrees<true, true>());
    CHECK_FALSE(cluster_agrees<false, true>());
    CHECK_THROWS_WITH((cluster_agrees<true, false>()), Catch::Contains("a block that has ended"));
    CHECK_NOTHROW(simt::launch<lost_block<true>>(2, 0, {}, 1, 2));
    CHECK_THROWS_WITH(simt::launch<lost_block<false>>(2, 0, {}, 1, 2), Catch::Contains("barrier of 64 threads in a block of 32"));
    CHECK_THROWS_WITH(simt::launch<lost_block<true>>(3, 0, {}, 1, 2), Catch::Contains("no whole clusters"));
}

TEST_CASE("asynchronous copies land when they are waited for") {
    CHECK(copies_agree<0, true>());
    CHECK_FALSE(copies_agree<1, true>());
    CHECK_FALSE(copies_agree<0, false>());
}

TEST_CASE("matrix instructions take their elements from the lanes that the PTX ISA names") {
    float c[128];
    std::int32_t d[128];
    simt::launch<products>(1, 0, {c, d});
    for (unsigned r = 0; r < 16; ++r) {
        for (unsigned n = 0; n < 8; ++n) {
            CHECK(c[r * 8 + n] == 100 + static_cast<float>(r) + static_cast<float>(n) / 16);
            CHECK(d[r * 8 + n] == 7 - 2 * (static_cast<int>(r) - static_cast<int>(3 * n)));
        }
    }
}
