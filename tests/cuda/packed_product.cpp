// Hopper's kernel for many rows times packed weights, as it is, over the emulator, against exact sums; and with something left out.
#include <catch2/catch.hpp>
#include <cmath>
#include <fewbits/cuda/kernels/packed_product.hpp>
#include <fewbits/formats/all_formats.hpp>
#include <simt/machine.hpp>

#include "packed_weights.hpp"
#include "random_matrix.hpp"

namespace fb = fewbits;

namespace {

/// What a machine forgets.
enum class lost { nothing, filled, freed, products, readers, cluster, last_of_cluster };
class careless : public simt::machine {
public:
    using simt::machine::machine;
    static inline lost planted = lost::nothing;

    void wait_phase(std::uint64_t* barrier, unsigned parity) {
        bool const fills = warp() >= 16;
        if (planted == (fills ? lost::freed : lost::filled)) return;
        simt::machine::wait_phase(barrier, parity);
    }
    void barrier() { simt::machine::barrier(); }
    void barrier(unsigned id, unsigned threads) {
        if (planted != lost::readers) simt::machine::barrier(id, threads);
    }
    void cluster_barrier() {
        ++clusters_;
        if (planted == lost::cluster || (planted == lost::last_of_cluster && clusters_ == 2)) return;
        simt::machine::cluster_barrier();
    }
    template <int Left, class T, std::size_t Count>
    void wait_products(fb::number<Left> left, T (&d)[Count]) {
        if (planted == lost::products) simt::machine::wait_products(fb::number<Left + 1>{}, d);
        else simt::machine::wait_products(left, d);
    }

private:
    int clusters_ = 0;
};

/// The largest error of a product against the sum of magnitudes; 1e31 for a NaN, or where something outside of y was written.
template <class W, int Tokens, class Y = float>
double worst_error(std::size_t m, std::size_t n, std::size_t k, unsigned blocks = 2, unsigned parts = 1) {
    using weights = fb::fragment_weights<W>;
    using kernel = fb::packed_product<fb::bf16, typename W::element, typename weights::scale_type, weights::group, Y, Tokens,
                                      weights::offsets, 2>;
    std::size_t const stride = (k + 7) / 8 * 8;  // rows begin on 16 bytes
    std::mt19937 random(4);
    std::normal_distribution<float> normal;
    std::vector<fb::bf16> a(m * stride, fb::bf16(1e30F));
    for (std::size_t i = 0; i < m * k; ++i) a[i / k * stride + i % k] = fb::bf16(normal(random));
    auto const w = random_matrices::random_matrix<W>(n, k, 1);
    packed_weights<W> const packed(w);
    std::vector<float> bias(n);
    for (std::size_t i = 0; i < n; ++i) bias[i] = static_cast<float>(i % 16) * 0.125F - 1.0625F;  // never 0
    std::vector<Y> y(m * (n + 3), Y(-4096.0F));
    auto const by_panels = [&](void const* from, std::size_t count, int bytes) {
        std::size_t const row = count * static_cast<std::size_t>(bytes);
        if (row == 0) return fb::tensor_map{};
        return simt::make_tensor_map(from, weights::panels(n), row, row, kernel::panels, false, static_cast<unsigned>(bytes));
    };
    using sums = fb::sum_activations<fb::bf16, 64 / weights::per_tile>;
    std::size_t const whole = (m + 3) / 4 * 4;
    std::vector<float> totals(weights::offsets == fb::offset_form::any ? sums::size(k, whole) : 0, 1e30F);
    if (!totals.empty()) {
        simt::launch<sums>(static_cast<unsigned>(sums::blocks_for(k, whole)), 0, {{a.data(), stride, m}, totals.data(), 0, m, k, whole});
    }
    typename kernel::arguments const arguments{
        .a = k == 0 ? fb::tensor_map{} : simt::make_tensor_map(a.data(), m, k * 2, stride * 2, Tokens),
        .codes = by_panels(packed.codes(), weights::tiles(k), kernel::code_bytes),
        .scales = by_panels(packed.scales(), weights::records(k), kernel::scale_bytes),
        .offsets = by_panels(packed.offsets(), weights::records(k), kernel::offset_bytes),
        .numbers = totals.empty() ? fb::tensor_map{}
                                 : simt::make_tensor_map(totals.data(), totals.size() / whole, m * 4, whole * 4, weights::per_tile, false,
                                                         Tokens * 4),
        .y = y.data(), .factors = packed.factors.data(),
        .a_scales = nullptr, .bias = bias.data(), .m = static_cast<int>(m), .n = static_cast<int>(n), .steps = static_cast<int>(weights::tiles(k)),
        .stride = n + 3};
    simt::launch<kernel, careless>(blocks * parts, kernel::shared_bytes, arguments, 9, parts);
    double worst = 0;
    for (std::size_t i = 0; i < m; ++i) {
        for (std::size_t j = 0; j < n + 3; ++j) {
            auto const got = static_cast<double>(static_cast<float>(y[i * (n + 3) + j]));
            double sum = j < n ? static_cast<double>(bias[j]) : 0;
            double size = std::abs(sum);
            for (std::size_t c = 0; c < k && j < n; ++c) {
                double const product = static_cast<double>(static_cast<float>(a[i * stride + c])) * static_cast<double>(w.value(j, c));
                sum += product;
                size += std::abs(product);
            }
            double const error = j >= n ? (got == -4096.0 ? 0.0 : 1e31) : std::abs(sum - got) / size;
            worst = std::max(worst, error <= 1e30 ? error : 1e31);
        }
    }
    return worst;
}

/// Whether something left out is found out: by the machine itself, or by the result.
bool shows(lost planted, unsigned parts = 1) {
    careless::planted = planted;
    bool found = true;
    try {
        found = !(worst_error<fb::int4_g128, 32>(9, 130, 700, 1, parts) < 1e-5);
    } catch (simt::kernel_error const&) {
    }
    careless::planted = lost::nothing;
    return found;
}

}  // namespace

TEST_CASE("many rows times packed weights keep the bound") {
    double const bound = 1e-5;
    CHECK(worst_error<fb::int4_g128, 128>(130, 280, 200) < bound);
    CHECK(worst_error<fb::int4_g32, 32>(3, 16, 72) < bound);
    CHECK(worst_error<fb::int4_g128, 64>(70, 300, 136) < bound);
    CHECK(worst_error<fb::int8_row, 64>(140, 5, 64, 3) < bound);
    CHECK(worst_error<fb::mxfp4, 64>(5, 140, 96) < bound);
    CHECK(worst_error<fb::nvfp4, 32>(5, 40, 128) < bound);
    CHECK(worst_error<fb::mxfp8_e4m3, 32>(33, 257, 128) < bound);
    CHECK(worst_error<fb::uint4_g128, 64>(9, 33, 256) < bound);
    CHECK(worst_error<fb::int4_g128, 32, fb::bf16>(9, 33, 256) < 0x1p-8);
    CHECK(worst_error<fb::int4_g128, 128>(9, 33, 0) < bound);
    // K shared out among the blocks of a cluster, also unequally, and where there is less of it than blocks.
    CHECK(worst_error<fb::int4_g128, 32>(9, 300, 720, 2, 3) < bound);
    CHECK(worst_error<fb::int4_g128, 128>(130, 40, 200, 2, 2) < bound);
    CHECK(worst_error<fb::int4_g32, 32>(5, 40, 72, 1, 4) < bound);
    // Minimums, whose rest is multiplied by sums of the activations.
    CHECK(worst_error<fb::q4_k, 32>(33, 40, 256) < bound);
    // Codebooks: a table; where its numbers are sums of two bf16, twice as many products.
    CHECK(worst_error<fb::nf4_b64, 32>(30, 20, 200) < bound);
    CHECK(worst_error<fb::nf4_b64, 128>(9, 130, 64) < bound);
    CHECK(worst_error<fb::iq4_nl, 64>(40, 20, 96) < bound);
}

TEST_CASE("what packed products wait for they need") {
    CHECK_FALSE(shows(lost::nothing, 2));
    CHECK(shows(lost::filled));
    CHECK(shows(lost::freed));
    CHECK(shows(lost::products));
    CHECK(shows(lost::readers, 2));
    CHECK(shows(lost::cluster, 2));
    CHECK(shows(lost::last_of_cluster, 2));
}
