// Products of few rows with packed weights: a share of the rate of a copy, and beside cuBLASLt with bf16 weights.
#include <fewbits/cuda.hpp>
#include <map>
#include <tuple>
#include <utility>

#include "check.cuh"
#include "session.cuh"

namespace bench {
namespace {

struct layer {
    std::size_t n, k;
};
constexpr layer layers[] = {{28672, 8192}, {53248, 16384}};

using fb::bf16;

/// Activations as gemm_async takes them.
fb::matrix_view<bf16 const> operand(dense_matrix<bf16> const& a) { return a.values(); }
template <fb::block_format F>
fb::device_matrix<F> const& operand(fb::device_matrix<F> const& a) { return a; }

class few_rows {
public:
    explicit few_rows(session& s) : s_(s) {}

    /// w = `Weights`, packed, times `Activations`, for each number of rows; `of_copy` and `times_bf16` are what is wanted, 0 for nothing.
    template <class F, class Activations>
    void packed(std::string const& what, layer size, std::vector<std::size_t> const& counts, double of_copy, double times_bf16 = 0) {
        s_.guarded(what, [&] {
            fb::device_matrix<F> const w(size.n, size.k);
            fill(s_.stream, w, 3);
            std::vector<fb::device_prepacked<F>> copies;
            do {
                copies.emplace_back(size.n, size.k);
                fb::prepack_async(s_.stream, w, copies.back());
            } while (copies.size() < copies_of(copies.back().storage_bytes()));
            measure<Activations>(what, size, counts, copies, sample(s_.stream, w, 24), copies[0].storage_bytes(), of_copy, times_bf16);
        });
    }

    /// The same with weights as they are stored.
    template <class F, class Activations>
    void stored(std::string const& what, layer size, std::vector<std::size_t> const& counts) {
        s_.guarded(what, [&] {
            std::vector<fb::device_matrix<F>> copies;
            do {
                copies.emplace_back(size.n, size.k);
                fill(s_.stream, copies.back(), 3);
            } while (copies.size() < copies_of(bytes_of(copies.back())));
            measure<Activations>(what, size, counts, copies, sample(s_.stream, copies[0], 24), bytes_of(copies[0]), 0, 0);
        });
    }

    /// Times of one kind of weights over those of another.
    void beside(std::string const& what, std::string const& other, layer size, std::size_t m) const {
        auto const one = times_.find({what, size.n, m});
        auto const two = times_.find({other, size.n, m});
        if (one == times_.end() || two == times_.end()) return;
        session::row({what, other, sizes(size, m), shown(one->second * 1e6, 1), shown(two->second * 1e6, 1),
                      shown(one->second / two->second, 2)});
    }

private:
    static std::string sizes(layer size, std::size_t m) {
        return std::to_string(m) + " x " + std::to_string(size.n) + " x " + std::to_string(size.k);
    }

    template <class Activations, class W>
    void measure(std::string const& what, layer size, std::vector<std::size_t> const& counts, std::vector<W> const& copies,
                 sampled_rows const& of_w, std::size_t bytes, double of_copy, double times_bf16) {
        for (std::size_t m : counts) {
            Activations const a(m, size.k);
            fill(s_.stream, a, 4);
            dense_matrix<bf16> const y(m, size.n);
            using operand_type = std::remove_cvref_t<decltype(operand(a))>;
            fb::device_memory const scratch(fb::gemm_scratch_bytes<operand_type, W>(m, size.k));
            auto const call = [&](std::size_t copy) {
                fb::gemm_async(s_.stream, operand(a), copies[copy], y.view(), {.scratch = scratch.bytes()});
            };
            double const seconds = seconds_of(s_.stream, call, copies.size());
            check_cuda("cudaMemset", cudaMemset(y.view().data, 0xFF, y.bytes()));
            call(0);
            double const bound = fb::device_kernel_error(operand(a), copies[0], y.view(), {.scratch = scratch.bytes()}).usual;
            agreement const found = compare(s_.stream, sample(s_.stream, a, 4), of_w, y, bound);
            double const rate = static_cast<double>(bytes) / seconds;
            times_[{what, size.n, m}] = seconds;
            auto const [peer, reason] = bf16_seconds(size, m);
            bool const decodes = m <= 8;  // what is wanted is for these
            session::row({what, sizes(size, m), shown(seconds * 1e6, 1), shown(rate * 1e-9, 0), shown(rate / s_.copy_rate, 3),
                          shown(decodes ? of_copy : 0, 2), peer > 0 ? shown(peer * 1e6, 1) : reason,
                          peer > 0 ? shown(peer / seconds, 2) : "-", shown(decodes ? times_bf16 : 0, 1),
                          s_.verdict(found.error, found.bound)});
        }
    }

    /// cuBLASLt with bf16 weights, measured once for each size; 0 and why, if it cannot.
    std::pair<double, std::string> bf16_seconds(layer size, std::size_t m) {
        auto const known = peers_.find({size.n, m});
        if (known != peers_.end()) return known->second;
        std::pair<double, std::string> found{0, ""};
        try {
            dense_matrix<bf16> const w(size.n, size.k);
            dense_matrix<bf16> const a(m, size.k);
            dense_matrix<bf16> const y(m, size.n);
            fill(s_.stream, w, 5);
            fill(s_.stream, a, 6);
            static_assert(layers[0].n * layers[0].k * sizeof(bf16) >= cold_bytes, "one copy is cold");
            std::vector<peer_operands> const one{{a.view().data, w.view().data, y.view().data}};
            peer_product product(s_.library, peer_mode::bf16, {m, size.n, size.k}, one[0]);
            double const seconds = product.fastest(s_.stream, one);
            check_cuda("cudaMemset", cudaMemset(y.view().data, 0xFF, y.bytes()));
            product.run(s_.stream, one[0]);
            agreement const right = compare(s_.stream, sample(s_.stream, a, 4), sample(s_.stream, w, 24), y, of_bf16_peer);
            found = {seconds, ""};
            if (!right.good()) found = {0, s_.verdict(right.error, right.bound)};
        } catch (std::exception const& error) {
            found.second = error.what();
        }
        return peers_[{size.n, m}] = found;
    }

    session& s_;
    std::map<std::tuple<std::string, std::size_t, std::size_t>, double> times_;
    std::map<std::pair<std::size_t, std::size_t>, std::pair<double, std::string>> peers_;
};

}  // namespace

void measure_few_rows(session& s) {
    session::table("Few rows, weights from memory", {"Weights x activations", "M x N x K", "us", "weights, GB/s", "of copy", "wanted",
                                                     "cuBLASLt bf16, us", "times faster", "wanted", "error / sum of magnitudes"});
    few_rows rows(s);
    using floats = dense_matrix<bf16>;
    using integers = fb::device_matrix<fb::int8_row>;
    using float8 = fb::device_matrix<fb::e4m3_row>;
    for (layer size : layers) {
        bool const first = size.n == layers[0].n;
        std::vector<std::size_t> const decode{1, 8};
        std::vector<std::size_t> const crossover{1, 2, 4, 8, 16, 32, 64};
        rows.packed<fb::int4_g128, floats>("int4_g128 x bf16", size, first ? crossover : decode, 0.80, 3.2);
        rows.packed<fb::int8_row, floats>("int8_row x bf16", size, decode, 0.88);
        rows.packed<fb::e4m3_row, floats>("e4m3_row x bf16", size, decode, 0.88);
        rows.packed<fb::nf4_b64, floats>("nf4_b64 x bf16", size, decode, 0.70);
        rows.packed<fb::mxfp4, floats>("mxfp4 x bf16", size, decode, 0.70);
        rows.packed<fb::nvfp4, floats>("nvfp4 x bf16", size, decode, 0.70);
        rows.packed<fb::bitnet, integers>("bitnet x int8_row", size, decode, 0.65);
        rows.packed<fb::int8_row, integers>("int8_row x int8_row", size, decode, 0.88);
        rows.packed<fb::int4_g128, integers>("int4_g128 x int8_row", size, decode, 0.80);
        if (first) rows.packed<fb::int4_g128, float8>("int4_g128 x e4m3_row", size, {32, 64, 256}, 0);
    }
    rows.stored<fb::q4_k, floats>("q4_k x bf16, stored order", layers[0], {1, 8});
    session::table("Formats beside each other", {"Weights x activations", "Others", "M x N x K", "us", "others, us", "times slower"});
    for (layer size : layers) {
        for (std::size_t m : {1, 8}) rows.beside("nf4_b64 x bf16", "int4_g128 x bf16", size, m);
    }
    for (std::size_t m : {1, 8}) rows.beside("q4_k x bf16, stored order", "int4_g128 x bf16", layers[0], m);
}

}  // namespace bench
