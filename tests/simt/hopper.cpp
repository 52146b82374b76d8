// The emulator's barriers of phases, copy engine and products of warpgroups: what they compute, and what they do not let pass.
#include <catch2/catch.hpp>
#include <fewbits/formats/integers.hpp>
#include <fewbits/formats/minifloats.hpp>
#include <string>

#include "machine.hpp"

namespace {

namespace fb = fewbits;

/// One warp fetches a tile of 16 rows and reads it, with a fault or without.
enum class fault { none, no_init, no_fence, no_bytes, more_bytes, no_wait, wrong_parity, crooked, twice };

template <fault Fault>
struct fetched {
    static constexpr unsigned threads = 32;
    struct arguments {
        fb::tensor_map map;
        std::byte* out;
        int x, y;
    };
    template <class Machine>
    static void run(Machine& m, arguments const& a) {
        auto* const phases = reinterpret_cast<std::uint64_t*>(m.shared() + 4096);
        std::byte* const tile = m.shared() + (Fault == fault::crooked ? 512 : 1024);
        if (m.elected()) {
            if (Fault != fault::no_init) m.init_phases(phases, 1);
            if (Fault != fault::no_fence) m.publish_phases();
            unsigned const bytes = 2048 + (Fault == fault::more_bytes ? 16U : 0U);
            if (Fault == fault::no_bytes) m.arrive(phases);
            else m.arrive_expecting(phases, bytes);
            if (Fault == fault::twice) m.arrive(phases);
            m.fetch_tile(tile, a.map, phases, a.x, a.y);
        }
        m.warp_barrier();
        if (Fault != fault::no_wait) m.wait_phase(phases, Fault == fault::wrong_parity ? 1 : 0);
        for (unsigned i = m.lane(); i < 2048; i += 32) {
            unsigned const row = i / 128;
            a.out[i] = tile[row * 128 + ((i % 128 / 16) ^ row % 8) * 16 + i % 16];
        }
        m.warp_barrier();
    }
};

/// Whether every byte of a 16 x 128 tile at (x, y) of a 20 x 200 matrix is right.
template <fault Fault>
bool fetches(int x, int y) {
    std::vector<std::byte> matrix(20 * 208);
    for (std::size_t i = 0; i < matrix.size(); ++i) matrix[i] = static_cast<std::byte>(i * 7 % 253 + 1);
    std::vector<std::byte> out(2048);
    simt::launch<fetched<Fault>>(1, 8192, {simt::make_tensor_map(matrix.data(), 20, 200, 208, 16), out.data(), x, y}, 3);
    bool right = true;
    for (int i = 0; i < 2048; ++i) {
        int const r = y + i / 128;
        int const c = x + i % 128;
        bool const within = r >= 0 && r < 20 && c >= 0 && c < 200;
        right = right && out[static_cast<std::size_t>(i)] == (within ? matrix[static_cast<std::size_t>(r * 208 + c)] : std::byte{0});
    }
    return right;
}

/// A product of 64 x 128 with tiles that the threads wrote, its second K step's columns, with a fault or without.
enum class slip { none, no_fence, no_publish, loose_wait, overwritten, read_early, lost_warp, too_many_registers };

template <class E, class T, bool Registers, slip Slip>
struct multiplied {
    static constexpr unsigned threads = 128;
    struct arguments {
        std::uint8_t const* a;  ///< 64 x 32 bytes
        std::uint8_t const* b;  ///< 128 x 32 bytes
        T* out;
    };
    static void write(std::byte* tile, std::uint8_t const* from, unsigned row) {
        for (unsigned k = 0; k < 32; ++k) {
            unsigned const byte = 32 + k;  // the second step
            tile[row * 128 + ((byte / 16) ^ row % 8) * 16 + byte % 16] = static_cast<std::byte>(from[row * 32 + k]);
        }
    }
    template <class Machine>
    static void run(Machine& m, arguments const& a) {
        std::byte* const left = m.shared();
        std::byte* const right = m.shared() + 64 * 128;
        if (Slip == slip::too_many_registers) m.more_registers(fb::number<256>{});
        if (m.thread() < 64) write(left, a.a, m.thread());
        write(right, a.b, m.thread());
        if (Slip != slip::no_publish) m.publish_shared();
        m.barrier();
        if (Slip == slip::lost_warp && m.warp() == 2) return;
        T d[64];
        for (T& x : d) x = 5;
        if (Slip != slip::no_fence) m.begin_products(d);
        multiply(m, a, d, left, right);
        multiply(m, a, d, left, right);
        m.commit_products();
        if (Slip == slip::read_early) a.out[0] = d[0];
        if (Slip == slip::overwritten) {
            right[m.thread()] = std::byte{0x11};
            m.publish_shared();
            m.barrier();
        }
        if (Slip == slip::loose_wait) m.wait_products(fb::number<1>{}, d);
        if (Slip != slip::loose_wait) m.wait_products(fb::number<0>{}, d);
        for (unsigned i = Slip == slip::read_early ? 1 : 0; i < 64; ++i) {
            unsigned const row = m.warp() * 16 + m.lane() / 4 + i % 4 / 2 * 8;
            a.out[row * 128 + i / 4 * 8 + m.lane() % 4 * 2 + i % 2] = d[i];
        }
        if (Slip == slip::loose_wait) m.wait_products(fb::number<0>{}, d);
    }
    template <class Machine>
    static void multiply(Machine& m, arguments const& a, T (&d)[64], std::byte* left, std::byte* right) {
        std::uint64_t const b = fb::advance_tile(m.tile(right), 32);
        if constexpr (Registers) {
            std::uint32_t words[4];
            for (unsigned r = 0; r < 4; ++r) {
                unsigned const row = m.warp() * 16 + m.lane() / 4 + r % 2 * 8;
                std::memcpy(&words[r], a.a + row * 32 + m.lane() % 4 * 4 + r / 2 * 16, 4);
            }
            m.template multiply_tiles<E, E>(d, words, b, true);
        } else {
            m.template multiply_tiles<E, E>(d, fb::advance_tile(m.tile(left), 32), b, true);
        }
    }
};

template <class E>
double number(std::uint8_t const* row, unsigned k) {
    unsigned code = 0;
    for (unsigned i = 0; i < E::width / 8; ++i) code |= static_cast<unsigned>(row[k * E::width / 8 + i]) << 8 * i;
    return static_cast<double>(static_cast<float>(E::from_bits(code)));
}

template <class E, class T, bool Registers = false, slip Slip = slip::none>
bool multiplies() {
    std::vector<std::uint8_t> a(64 * 32), b(128 * 32);
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<std::uint8_t>(i * 37 % 0x4F);
    for (std::size_t i = 0; i < b.size(); ++i) b[i] = static_cast<std::uint8_t>(i * 11 % 0x47 + 0x80 * (i % 3 == 0));
    std::vector<T> out(64 * 128, T{-1});
    simt::launch<multiplied<E, T, Registers, Slip>>(1, 192 * 128, {a.data(), b.data(), out.data()}, 8);
    bool right = true;
    for (unsigned r = 0; r < 64; ++r) {
        for (unsigned c = 0; c < 128; ++c) {
            double sum = 0;
            for (unsigned k = 0; k < 256 / E::width; ++k) sum += number<E>(&a[r * 32], k) * number<E>(&b[c * 32], k);
            double const once = static_cast<double>(static_cast<T>(5 + sum));
            right = right && out[r * 128 + c] == static_cast<T>(once + sum);
        }
    }
    return right;
}

template <slip Slip>
bool slips() {
    return multiplies<fb::e4m3, float, false, Slip>();
}

}  // namespace

TEST_CASE("tiles land swizzled, with zeros beyond the matrix, when their phase is waited for") {
    CHECK(fetches<fault::none>(0, 0));
    CHECK(fetches<fault::none>(112, 9));
    CHECK(fetches<fault::none>(-16, -3));
    CHECK_THROWS_WITH(fetches<fault::no_wait>(0, 0), Catch::Contains("tiles on their way"));
    CHECK_THROWS_WITH(fetches<fault::wrong_parity>(0, 0), Catch::Contains("tiles on their way"));
    CHECK_THROWS_WITH(fetches<fault::no_bytes>(0, 0), Catch::Contains("tiles on their way"));
    CHECK_THROWS_WITH(fetches<fault::more_bytes>(0, 0), Catch::Contains("deadlock: 32 threads: mbarrier.try_wait"));
    CHECK_THROWS_WITH(fetches<fault::no_init>(0, 0), Catch::Contains("no barrier was made here"));
    CHECK_THROWS_WITH(fetches<fault::no_fence>(0, 0), Catch::Contains("fence.mbarrier_init"));
    CHECK_THROWS_WITH(fetches<fault::crooked>(0, 0), Catch::Contains("not aligned to 1024"));
    CHECK_THROWS_WITH(fetches<fault::twice>(0, 0), Catch::Contains("more than its phase has"));
    std::byte const* const odd = reinterpret_cast<std::byte const*>(std::uintptr_t{1 << 20});
    CHECK_THROWS_WITH(simt::make_tensor_map(odd + 8, 8, 16, 16, 8), Catch::Contains("16 bytes"));
    CHECK_THROWS_WITH(simt::make_tensor_map(odd, 8, 16, 24, 8), Catch::Contains("16 bytes"));
    CHECK_THROWS_WITH(simt::make_tensor_map(odd, 8, 16, 16, 512), Catch::Contains("256 rows"));
}

TEST_CASE("a warpgroup multiplies tiles of every type, also with the left one in registers") {
    CHECK(multiplies<fb::e4m3, float>());
    CHECK(multiplies<fb::e5m2, float>());
    CHECK(multiplies<fb::int_n<8>, std::int32_t>());
    CHECK(multiplies<fb::bf16, float>());
    CHECK(multiplies<fb::e4m3, float, true>());
    CHECK(multiplies<fb::int_n<8>, std::int32_t, true>());
    CHECK(multiplies<fb::bf16, float, true>());
}

TEST_CASE("products of a warpgroup are there when they were waited for, and operands are needed until then") {
    CHECK_FALSE(slips<slip::no_publish>());
    CHECK_FALSE(slips<slip::overwritten>());
    CHECK_FALSE(slips<slip::loose_wait>());
    CHECK_FALSE(slips<slip::read_early>());
    CHECK_THROWS_WITH(slips<slip::no_fence>(), Catch::Contains("wgmma.fence"));
    CHECK_THROWS_WITH(slips<slip::lost_warp>(), Catch::Contains("did not come to: wgmma"));
    CHECK(slips<slip::too_many_registers>());
}
