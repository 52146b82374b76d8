// Products of many rows: beside cuBLASLt's own for the same operands.
#include <fewbits/cuda.hpp>
#include <utility>

#include "check.cuh"
#include "session.cuh"

namespace bench {
namespace {

using fb::bf16;

std::string sizes(product_shape p) { return std::to_string(p.m) + " x " + std::to_string(p.n) + " x " + std::to_string(p.k); }

std::string teraflops(product_shape p, double seconds) {
    return shown(2e-12 * static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k) / seconds, 0);
}

/// A mode of cuBLASLt and how many times its speed is wanted.
struct peer {
    peer_mode mode;
    double wanted;
};

/// Our side of a row.
struct measured {
    std::string what;
    std::string kernel;
    double seconds;
    std::string verdict;
};

/// A row for one peer. `Y`: what the peer stores; `exact`: the host's sums.
template <class Y, class Verdict>
void peer_row(session& s, measured const& ours, product_shape p, peer with, std::vector<peer_operands> copies, Verdict const& verdict) {
    std::string const rate = teraflops(p, ours.seconds);
    std::vector<std::string> cells;
    std::string checked = ours.verdict;
    try {
        dense_matrix<Y> const y(p.m, p.n);
        for (auto& operands : copies) operands.y = y.view().data;
        peer_product product(s.library, with.mode, p, copies[0]);
        double const seconds = product.fastest(s.stream, copies);
        check_cuda("cudaMemset", cudaMemset(y.view().data, 0xFF, y.bytes()));
        product.run(s.stream, copies[0]);
        checked += "; " + verdict(y);
        cells = {teraflops(p, seconds), shown(seconds / ours.seconds, 2)};
    } catch (std::exception const& error) {
        cells = {error.what(), "-"};
    }
    session::row({ours.what, sizes(p), ours.kernel, shown(ours.seconds * 1e6, 1), rate, name_of(with.mode), cells[0], cells[1],
                  shown(with.wanted, 2), checked});
}

template <class A, class W, class Y>
measured run_ours(session& s, std::string const& what, A const& a, std::vector<W> const& copies, dense_matrix<Y> const& y,
                  sampled_rows const& of_a, sampled_rows const& of_w, double bound) {
    auto const call = [&](std::size_t copy) { fb::gemm_async(s.stream, a, copies[copy], y.view()); };
    double const seconds = seconds_of(s.stream, call, copies.size());
    check_cuda("cudaMemset", cudaMemset(y.view().data, 0xFF, y.bytes()));
    call(0);
    agreement const found = compare(s.stream, of_a, of_w, y, bound);
    std::string const kernel = fb::device_kernel_name(a, copies[0], y.view());
    return {what, kernel.substr(0, kernel.find(':')), seconds, s.verdict(found.error, found.bound)};
}

template <class W>
std::vector<fb::device_matrix<W>> cold_weights(session& s, product_shape p) {
    std::vector<fb::device_matrix<W>> copies;
    do {
        copies.emplace_back(p.n, p.k);
        fill(s.stream, copies.back(), 7);
    } while (copies.size() < copies_of(bytes_of(copies.back())));
    return copies;
}

/// The scales of 1 x 128, which are stored row by row, as cuBLASLt reads them: those of a column side by side.
template <class A>
fb::device_memory scales_by_columns(session& s, fb::device_matrix<A> const& a) {
    auto const from = a.streams()[1];
    fb::device_memory to(from.size());
    std::vector<float> stored(from.size() / sizeof(float));
    std::vector<float> turned(stored.size());
    check_cuda("cudaStreamSynchronize", cudaStreamSynchronize(s.stream));
    check_cuda("cudaMemcpy", cudaMemcpy(stored.data(), from.data(), from.size(), cudaMemcpyDeviceToHost));
    std::size_t const wide = stored.size() / a.rows();
    for (std::size_t i = 0; i < stored.size(); ++i) turned[i % wide * a.rows() + i / wide] = stored[i];
    check_cuda("cudaMemcpy", cudaMemcpy(to.data(), turned.data(), from.size(), cudaMemcpyHostToDevice));
    return to;
}

/// Both sides of 8 bits; cuBLASLt gets the very same bytes.
template <class A, class W, class Y, class PeerY>
void bytes_by_bytes(session& s, std::string const& what, product_shape p, std::vector<peer> const& peers, double bound) {
    s.guarded(what, [&] {
        fb::device_matrix<A> const a(p.m, p.k);
        fill(s.stream, a, 8);
        auto const copies = cold_weights<W>(s, p);
        dense_matrix<Y> const y(p.m, p.n);
        sampled_rows const of_a = sample(s.stream, a, 6);
        sampled_rows const of_w = sample(s.stream, copies[0], 24);
        measured const ours = run_ours(s, what, a, copies, y, of_a, of_w, bound);
        constexpr bool tiles = A::block == fb::tile(1, 128);
        fb::device_memory const turned = tiles ? scales_by_columns(s, a) : fb::device_memory();
        std::byte const* const a_scales = tiles ? turned.data() : a.streams()[1].data();
        std::vector<peer_operands> operands;
        for (auto const& w : copies) {
            operands.push_back({a.streams()[0].data(), w.streams()[0].data(), nullptr, reinterpret_cast<float const*>(a_scales),
                                reinterpret_cast<float const*>(w.streams()[1].data())});
        }
        for (peer const& with : peers) {
            // Without the promotion to fp32 sums lose more.
            bool const fast = with.mode == peer_mode::fp8_tensor_fast || with.mode == peer_mode::fp8_rows_fast;
            peer_row<PeerY>(s, ours, p, with, operands, [&](dense_matrix<PeerY> const& theirs) {
                agreement const found = compare(s.stream, of_a, of_w, theirs, fast ? 0x1p-6 : bound);
                return s.verdict(found.error, found.bound);
            });
        }
    });
}

/// bf16 activations, 4-bit weights as they are stored; cuBLASLt has bf16 weights, others.
void portable_int4(session& s, product_shape p, double wanted) {
    std::string const what = "bf16 x int4_g128";
    s.guarded(what, [&] {
        dense_matrix<bf16> const a(p.m, p.k);
        fill(s.stream, a, 9);
        auto const copies = cold_weights<fb::int4_g128>(s, p);
        dense_matrix<bf16> const y(p.m, p.n);
        sampled_rows const of_a = sample(s.stream, a, 6);
        measured const ours = run_ours(s, what, a.values(), copies, y, of_a, sample(s.stream, copies[0], 24), 1e-5);
        dense_matrix<bf16> const w(p.n, p.k);
        fill(s.stream, w, 10);
        sampled_rows const of_w = sample(s.stream, w, 24);
        peer_row<bf16>(s, ours, p, {peer_mode::bf16, wanted}, {{a.view().data, w.view().data}}, [&](dense_matrix<bf16> const& theirs) {
            agreement const found = compare(s.stream, of_a, of_w, theirs, of_bf16_peer);
            return s.verdict(found.error, found.bound);
        });
    });
}

}  // namespace

void measure_many_rows(session& s) {
    session::table("Many rows", {"a x w", "M x N x K", "Kernel", "us", "TFLOP/s", "cuBLASLt", "its TFLOP/s", "ratio", "wanted",
                                 "error / sum of magnitudes: ours; cuBLASLt's"});
    constexpr double fp8 = 0x1p-10;
    for (product_shape p : {product_shape{8192, 8192, 8192}, product_shape{4096, 7168, 16384}}) {
        bytes_by_bytes<fb::e4m3_row, fb::e4m3_row, bf16, bf16>(s, "e4m3_row x e4m3_row", p,
                                                               {{peer_mode::fp8_rows, 0.90}, {peer_mode::fp8_rows_fast, 0}}, fp8);
        bytes_by_bytes<fb::e4m3_tensor, fb::e4m3_tensor, bf16, bf16>(s, "e4m3_tensor x e4m3_tensor", p,
                                                                     {{peer_mode::fp8_tensor, 0.90}, {peer_mode::fp8_tensor_fast, 0}}, fp8);
        bytes_by_bytes<fb::e4m3_tile_1x128, fb::e4m3_tile_128x128, bf16, bf16>(s, "e4m3_tile_1x128 x e4m3_tile_128x128", p,
                                                                               {{peer_mode::fp8_blocks, 1.0}}, fp8);
        bytes_by_bytes<fb::int8_row, fb::int8_row, float, std::int32_t>(s, "int8_row x int8_row", p, {{peer_mode::int8, 0.85}}, 0x1p-18);
    }
    portable_int4(s, {2048, 28672, 8192}, 0.80);
    portable_int4(s, {16, 28672, 8192}, 0);
    portable_int4(s, {64, 28672, 8192}, 0);
}

}  // namespace bench
