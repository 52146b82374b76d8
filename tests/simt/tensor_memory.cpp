// The emulator's tensor memory: what copies and products there compute, and what they do not let pass.
#include <catch2/catch.hpp>
#include <fewbits/formats/minifloats.hpp>
#include <string>
#include <vector>

#include "machine.hpp"

namespace {

namespace fb = fewbits;

enum class slip {
    none, few_columns, other_columns, no_copy, no_wait, no_fence, no_fence_before, no_publish, other_lanes, no_wait_for_load,
    scales_overwritten, kept, reserved_late
};

/// 128 x 16 sums of one product: threads write tiles, their second 32 bytes of each row, and scales; all that is named below is the
/// definition, spelled out.
template <fb::block_scaling Kind, slip Slip>
struct product {
    static constexpr unsigned threads = 128;
    static constexpr int columns = Slip == slip::few_columns ? 48 : 32;
    struct arguments {
        std::uint8_t const* a;         ///< 128 x 32 bytes
        std::uint8_t const* b;         ///< 16 x 32 bytes
        std::uint32_t const* a_scales;  ///< 128 words
        std::uint32_t const* b_scales;  ///< 16 words
        float* out;
    };
    static void write(std::byte* tile, std::uint8_t const* from, unsigned row) {
        for (unsigned k = 0; k < 32; ++k) {
            unsigned const byte = 32 + k;
            tile[row * 128 + ((byte / 16) ^ row % 8) * 16 + byte % 16] = static_cast<std::byte>(from[row * 32 + k]);
        }
    }
    template <class Machine>
    static void run(Machine& m, arguments const& a) {
        std::byte* const left = m.shared();
        std::byte* const right = left + 128 * 128;
        std::byte* const scales = right + 16 * 128;
        auto* const phases = reinterpret_cast<std::uint64_t*>(scales + 1024);
        auto* const place = reinterpret_cast<std::uint32_t*>(scales + 1032);
        unsigned const t = m.thread();
        write(left, a.a, t);
        if (t < 16) write(right, a.b, t);
        std::memcpy(scales + t % 32 * 16 + t / 32 * 4, &a.a_scales[t], 4);
        std::uint32_t const other = t < 16 ? a.b_scales[t] : 0;
        std::memcpy(scales + 512 + t % 32 * 16 + t / 32 * 4, &other, 4);
        if (Slip != slip::no_publish) m.publish_shared();
        if (t == 0) {
            m.init_phases(phases, 1);
            m.publish_phases();
        }
        if (m.warp() == 0) {
            if (Slip == slip::reserved_late) m.reserve_no_more();
            m.reserve_columns(place, fb::number<columns>{});
            if (Slip != slip::no_fence_before) m.tensor_before_sync();
        }
        m.barrier();
        if (Slip != slip::no_fence) m.tensor_after_sync();
        std::uint32_t const first = *place;
        if (t == 0) multiply(m, Slip == slip::other_columns ? first + 16 : first, left, right, scales, phases);
        if (Slip != slip::no_wait) m.wait_phase(phases, 0);
        m.tensor_after_sync();
        std::uint32_t sums[32];
        m.load_sums(sums, first + ((Slip == slip::other_lanes ? 0 : m.warp() * 32) << 16));
        if (Slip != slip::no_wait_for_load) m.wait_sums(sums);
        for (unsigned c = 0; c < 16; ++c) a.out[t * 16 + c] = std::bit_cast<float>(sums[c]);
        m.tensor_before_sync();
        m.barrier();
        m.tensor_after_sync();
        if (m.warp() == 0 && Slip != slip::kept) m.release_columns(first, fb::number<columns>{});
    }
    template <class Machine>
    static void multiply(Machine& m, std::uint32_t first, std::byte* left, std::byte* right, std::byte* scales, std::uint64_t* phases) {
        using element = std::conditional_t<Kind == fb::block_scaling::float8_32, fb::e5m2, fb::e2m1>;
        constexpr int byte = Kind == fb::block_scaling::float8_32 ? 3 : Kind == fb::block_scaling::float4_32 ? 2 : 0;
        constexpr std::uint32_t instruction = fb::describe_scaled_product<Kind, element, element>(16) | fb::scales_from_byte(byte);
        for (int twice = 0; twice < 2; ++twice) {
            if (Slip != slip::no_copy && (twice == 0 || Slip == slip::scales_overwritten)) {
                m.copy_scales(first + 16, m.scale_chunk(scales));
                m.copy_scales(first + 20, m.scale_chunk(scales + 512));
            }
            m.template multiply_scaled<Kind>(first, fb::advance_tile(m.scaled_tile(left), 32), fb::advance_tile(m.scaled_tile(right), 32),
                                             instruction, first + 16, first + 20, twice != 0);
        }
        m.arrive_when_done(phases);
    }
};

/// Number k of 32 bytes, by the definition of the codes; scale k of a word.
template <fb::block_scaling Kind>
double number(std::uint8_t const* bytes, std::uint32_t scales, unsigned k) {
    if constexpr (Kind == fb::block_scaling::float8_32) {
        return static_cast<double>(static_cast<float>(fb::e5m2::from_bits(bytes[k])) * static_cast<float>(fb::e8m0::from_bits(scales >> 24)));
    } else {
        auto const element = static_cast<float>(fb::e2m1::from_bits(bytes[k / 2] >> k % 2 * 4 & 0xF));
        if constexpr (Kind == fb::block_scaling::float4_32) {
            return static_cast<double>(element * static_cast<float>(fb::e8m0::from_bits(scales >> (16 + k / 32 * 8) & 0xFF)));
        } else {
            return static_cast<double>(element * static_cast<float>(fb::e4m3::from_bits(scales >> (k / 16 * 8) & 0xFF)));
        }
    }
}

template <fb::block_scaling Kind, slip Slip = slip::none>
bool multiplies() {
    std::vector<std::uint8_t> a(128 * 32), b(16 * 32);
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<std::uint8_t>(i * 37 % 0x4F);
    for (std::size_t i = 0; i < b.size(); ++i) b[i] = static_cast<std::uint8_t>(i * 11 % 0x47 + 0x80 * (i % 3 == 0));
    std::vector<std::uint32_t> a_scales(128), b_scales(16);
    constexpr std::uint32_t one = Kind == fb::block_scaling::float4_16 ? 0x38383838 : 0x7F7F7F7F;
    for (std::uint32_t i = 0; i < 128; ++i) a_scales[i] = one + i % 5 * 0x01000200 + i / 32 * 0x00010001;
    for (std::uint32_t i = 0; i < 16; ++i) b_scales[i] = one - i % 3 * 0x01010002;
    std::vector<float> out(128 * 16, -1.0F);
    simt::launch<product<Kind, Slip>>(1, 20 * 1024, {a.data(), b.data(), a_scales.data(), b_scales.data(), out.data()}, 5);
    bool right = true;
    for (unsigned r = 0; r < 128; ++r) {
        for (unsigned c = 0; c < 16; ++c) {
            double sum = 0;
            for (unsigned k = 0; k < (Kind == fb::block_scaling::float8_32 ? 32 : 64); ++k) {
                sum += number<Kind>(&a[r * 32], a_scales[r], k) * number<Kind>(&b[c * 32], b_scales[c], k);
            }
            double const once = static_cast<double>(static_cast<float>(sum));
            right = right && out[r * 16 + c] == static_cast<float>(once + sum);
        }
    }
    return right;
}

template <slip Slip>
bool slips() {
    return multiplies<fb::block_scaling::float8_32, Slip>();
}

}  // namespace

TEST_CASE("products under scales take elements and scales from where the PTX ISA names") {
    CHECK(multiplies<fb::block_scaling::float8_32>());
    CHECK(multiplies<fb::block_scaling::float4_32>());
    CHECK(multiplies<fb::block_scaling::float4_16>());
}

TEST_CASE("what tensor memory forbids is an error, what is not waited for is not there") {
    CHECK_THROWS_WITH(slips<slip::few_columns>(), Catch::Contains("tcgen05.alloc: 32, 64"));
    CHECK_THROWS_WITH(slips<slip::reserved_late>(), Catch::Contains("relinquish_alloc_permit"));
    CHECK_THROWS_WITH(slips<slip::other_columns>(), Catch::Contains("columns that are not the block's"));
    CHECK_FALSE(slips<slip::no_copy>());
    CHECK_FALSE(slips<slip::no_publish>());
    CHECK_THROWS_WITH(slips<slip::no_wait_for_load>(), Catch::Contains("tcgen05.ld that was not waited for"));
    CHECK_THROWS_WITH(slips<slip::no_wait>(), Catch::Contains("on their way"));
    CHECK_THROWS_WITH(slips<slip::no_fence>(), Catch::Contains("tcgen05.fence::after_thread_sync"));
    CHECK_THROWS_WITH(slips<slip::no_fence_before>(), Catch::Contains("tcgen05.fence::before_thread_sync"));
    CHECK_THROWS_WITH(slips<slip::other_lanes>(), Catch::Contains("lanes that are not this warp's"));
    CHECK_THROWS_WITH(slips<slip::scales_overwritten>(), Catch::Contains("a product on its way reads"));
    CHECK_THROWS_WITH(slips<slip::kept>(), Catch::Contains("without tcgen05.dealloc"));
}
