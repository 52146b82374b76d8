// GEMM speed of every format.
//
//   gemm [--pairs=float|self|all] [--only=<part of a name>] [--m=64] [--n=1024] [--k=1024] [--threads=2] [--reps=5]
//       every format against float and against itself, beside a plain cache-blocked fp32 loop nest compiled here: GFLOP/s of the
//       loop nest and of each pair, its weights as quantized and prepacked; the ratio is the former's
//   gemm --weights=<names|all> [--activations=float,bf16,int8_row,mxfp8_e4m3] [--m=1,2,4,8,16,32,64,128,512]
//        [--shapes=4096x4096,14336x4096,4093x4160] [--threads=1,2] [--cold=512] [--reps=5]
//       prepacked weights (N x K) of the formats named, each with each kind of activations: a name, or float>name for floats that
//       are quantized inside the time measured. Up to 16 rows of activations the weights are cold: equal copies of --cold MiB
//       together go round. "of read" is the rate at which weights are read over the rate at which this process reads memory.
//   gemm --serve
//       answers compare/compare.py (compare/protocol.hpp)

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <fewbits/gemm/gemm.hpp>
#include <fewbits/parallel/threads.hpp>

#include "compare/protocol.hpp"
#include "matrices.hpp"
#include "read_bandwidth.hpp"

namespace {

namespace fb = fewbits;
using bench::seconds;

struct shape {
    std::size_t n, k;
};

struct settings {
    std::size_t m = 64, n = 1024, k = 1024, threads = 2, reps = 5, cold_mib = 512;
    std::vector<std::size_t> rows = {1, 2, 4, 8, 16, 32, 64, 128, 512}, thread_counts = {1, 2};
    std::vector<shape> shapes = {{4096, 4096}, {14336, 4096}, {4093, 4160}};
    std::vector<std::string> weights, activations = {"float", "bf16", "int8_row", "mxfp8_e4m3"};
    std::string pairs = "self";
    std::string only;
    bool serve = false;
};

/// The yardstick: y = a * transpose(w) over blocks of 256 x 64 of w, each transposed once; the innermost loop of 64 columns has
/// a constant length, so that every compiler vectorises it.
constexpr std::size_t plain_n = 64;
constexpr std::size_t plain_k = 256;

void plain_row(float const* a, float const* panel, std::size_t depth, float* out) {
    float sums[plain_n];
    std::copy_n(out, plain_n, sums);
    for (std::size_t i = 0; i < depth; ++i) {
        for (std::size_t j = 0; j < plain_n; ++j) sums[j] += a[i] * panel[i * plain_n + j];
    }
    std::copy_n(sums, plain_n, out);
}

void plain_block(float const* a, float const* w, float* y, settings const& s, std::size_t n0, std::size_t n1) {
    std::vector<float> panel(plain_n * plain_k);
    std::vector<float> block(s.m * plain_n);
    for (std::size_t n = n0; n < n1; n += plain_n) {
        std::size_t const cols = std::min(plain_n, n1 - n);
        std::fill(block.begin(), block.end(), 0.0F);
        for (std::size_t k = 0; k < s.k; k += plain_k) {
            std::size_t const depth = std::min(plain_k, s.k - k);
            for (std::size_t j = 0; j < cols; ++j) {
                for (std::size_t i = 0; i < depth; ++i) panel[i * plain_n + j] = w[(n + j) * s.k + k + i];
            }
            for (std::size_t r = 0; r < s.m; ++r) plain_row(a + r * s.k + k, panel.data(), depth, &block[r * plain_n]);
        }
        for (std::size_t r = 0; r < s.m; ++r) std::copy_n(&block[r * plain_n], cols, y + r * s.n + n);
    }
}

void plain_gemm(float const* a, float const* w, float* y, settings const& s) {
    std::size_t const part = (s.n + s.threads - 1) / s.threads;
    fb::threads(s.threads).run(s.threads, [&](std::size_t i) {
        plain_block(a, w, y, s, std::min(s.n, i * part), std::min(s.n, (i + 1) * part));
    });
}

/// GFLOP/s of the fastest of several runs of each, run in turn so that the machine's other work slows all alike.
template <class... F>
std::array<double, sizeof...(F)> speeds(settings const& s, F const&... f) {
    std::array<double, sizeof...(F)> best{};
    (f(), ...);
    double const work = 2e-9 * static_cast<double>(s.m) * static_cast<double>(s.n) * static_cast<double>(s.k);
    for (std::size_t rep = 0; rep < s.reps; ++rep) {
        std::size_t i = 0;
        ((best[i] = std::max(best[i], work / seconds(f)), ++i), ...);
    }
    return best;
}

std::vector<float> random_floats(std::size_t count, unsigned seed) {
    std::mt19937 bits(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    for (float& v : values) v = normal(bits);
    return values;
}

std::vector<std::string> split(std::string const& list, char separator = ',') {
    std::vector<std::string> parts;
    std::istringstream stream(list);
    for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
    return parts;
}

std::size_t number(std::string const& text) { return static_cast<std::size_t>(std::strtoull(text.c_str(), nullptr, 10)); }

std::vector<std::size_t> numbers(std::string const& list) {
    std::vector<std::size_t> all;
    for (std::string const& part : split(list)) all.push_back(number(part));
    return all.empty() ? std::vector<std::size_t>{1} : all;
}

std::vector<std::string> all_names() {
    std::vector<std::string> names;
    for (bench::catalogue_entry const& entry : bench::catalogue()) names.push_back(entry.name);
    return names;
}

void set(settings& s, std::string const& key, std::string const& value) {
    if (key == "--m") {
        s.rows = numbers(value);
        s.m = s.rows.front();
    } else if (key == "--threads") {
        s.thread_counts = numbers(value);
        s.threads = s.thread_counts.front();
    } else if (key == "--n") {
        s.n = number(value);
    } else if (key == "--k") {
        s.k = number(value);
    } else if (key == "--reps") {
        s.reps = number(value);
    } else if (key == "--cold") {
        s.cold_mib = number(value);
    } else if (key == "--shapes") {
        s.shapes.clear();
        for (std::string const& one : split(value)) s.shapes.push_back({number(one), number(one.substr(one.find('x') + 1))});
    } else if (key == "--weights") {
        s.weights = value == "all" ? all_names() : split(value);
    } else if (key == "--activations") {
        s.activations = split(value);
    } else if (key == "--pairs") {
        s.pairs = value;
    } else if (key == "--only") {
        s.only = value;
    } else if (key == "--serve") {
        s.serve = true;
    } else {
        std::fprintf(stderr, "gemm: unknown argument %s\n", key.c_str());
        std::exit(2);
    }
}

settings parse(int argc, char** argv) {
    settings s;
    for (int i = 1; i < argc; ++i) {
        std::string const argument = argv[i];
        std::size_t const split_at = argument.find('=');
        set(s, argument.substr(0, split_at), split_at == std::string::npos ? "" : argument.substr(split_at + 1));
    }
    return s;
}

std::string_view kernel_of(fb::operand const& a, fb::operand const& w) {
    return fb::gemm_programs<>::select(a.facts(), w.facts(), fb::target_choice::best).name;
}

/// What stands on the left of a product: a matrix as it is given, or floats to be quantized every time.
class activations {
public:
    activations() = default;
    /// `name`: a format, or float>format.
    activations(std::string const& name, std::vector<float> values, std::size_t rows, std::size_t cols)
        : rows_(rows), cols_(cols), values_(std::move(values)) {
        std::size_t const arrow = name.find('>');
        entry_ = &bench::find(arrow == std::string::npos ? name : name.substr(arrow + 1));
        quantized_inside_ = arrow != std::string::npos;
        given_ = made({});
    }

    fb::operand const& operand() const { return given_.copies.front(); }

    void multiply(fb::operand const& w, float* y, std::size_t threads) const {
        fb::executor const run_on = fb::threads(threads);
        bench::matrices const fresh = quantized_inside_ ? made(run_on) : bench::matrices{};
        fb::gemm(quantized_inside_ ? fresh.copies.front() : operand(), w, fb::matrix_view<float>(y, rows_, w.rows()),
                 {.executor = run_on});
    }

private:
    bench::matrices made(fb::executor run_on) const {
        return entry_->make(fb::matrix_view<float const>(values_.data(), rows_, cols_), bench::layout::plain, 0, run_on);
    }
    std::size_t rows_ = 0, cols_ = 0;
    std::vector<float> values_;
    bench::catalogue_entry const* entry_ = nullptr;
    bool quantized_inside_ = false;
    bench::matrices given_;
};

// ---- every pair beside the loop nest

void run_pairs(settings const& s) {
    std::vector<float> const a = random_floats(s.m * s.k, 1);
    std::vector<float> const w = random_floats(s.n * s.k, 2);
    std::vector<float> y(s.m * s.n);
    auto const yardstick = [&] { plain_gemm(a.data(), w.data(), y.data(), s); };
    std::printf("M=%zu N=%zu K=%zu, %zu threads, best of %zu runs\n", s.m, s.n, s.k, s.threads, s.reps);
    std::printf("plain cache-blocked fp32 loop nest: %.1f GFLOP/s\n\n", speeds(s, yardstick)[0]);
    std::printf("%-18s %-18s %9s %9s %10s %6s  %s\n", "activations", "weights", "loop nest", "GFLOP/s", "prepacked", "ratio",
                "kernel");
    double worst = 1e30;
    std::string worst_pair;
    auto const& formats = bench::catalogue();
    fb::matrix_view<float const> const weights(w.data(), s.n, s.k);
    for (std::size_t j = 0; j < formats.size(); ++j) {
        bench::matrices const plain_w = formats[j].make(weights, bench::layout::plain, 0, fb::threads(s.threads));
        bench::matrices const packed_w = formats[j].make(weights, bench::layout::prepacked, 0, fb::threads(s.threads));
        for (std::size_t i = 0; i < formats.size(); ++i) {
            bool const wanted = s.pairs == "all" || (s.pairs == "self" && i == j) || i == 0;
            std::string const pair = formats[i].name + " x " + formats[j].name;
            if (!wanted || pair.find(s.only) == std::string::npos) continue;
            activations const left(formats[i].name, a, s.m, s.k);
            auto const [base, plain, packed] =
                speeds(s, yardstick, [&] { left.multiply(plain_w.copies.front(), y.data(), s.threads); },
                       [&] { left.multiply(packed_w.copies.front(), y.data(), s.threads); });
            std::string_view const kernel = kernel_of(left.operand(), plain_w.copies.front());
            std::printf("%-18s %-18s %9.1f %9.1f %10.1f %6.2f  %.*s\n", formats[i].name.c_str(), formats[j].name.c_str(), base,
                        plain, packed, plain / base, static_cast<int>(kernel.size()), kernel.data());
            std::fflush(stdout);
            if (plain / base < worst) {
                worst = plain / base;
                worst_pair = pair;
            }
        }
    }
    std::printf("\nlowest ratio to the loop nest beside it: %.2f (%s)\n", worst, worst_pair.c_str());
}

// ---- named formats over many shapes

/// Seconds of one product: the median of `reps` means over 30 ms or one product, whichever is longer.
double product_seconds(settings const& s, activations const& left, bench::matrices const& w, bool cold, std::size_t threads,
                       std::vector<float>& y) {
    std::size_t next = 0;
    auto const product = [&] { left.multiply(w.copies[cold ? next++ % w.copies.size() : 0], y.data(), threads); };
    double const once = std::max(1e-9, seconds(product));
    auto const count = static_cast<std::size_t>(0.03 / once) + 1;
    std::vector<double> times;
    for (std::size_t rep = 0; rep < s.reps; ++rep) {
        times.push_back(seconds([&] {
            for (std::size_t i = 0; i < count; ++i) product();
        }) / static_cast<double>(count));
    }
    return bench::median(times);
}

void run_rows(settings const& s) {
    std::map<std::size_t, double> bandwidth;
    for (std::size_t const threads : s.thread_counts) {
        bandwidth[threads] = bench::read_bandwidth(threads);
        std::printf("%zu threads read memory at %.1f GB/s\n", threads, bandwidth[threads] * 1e-9);
    }
    std::printf("\n%6s %6s %4s %3s %-4s %-18s %-22s %10s %9s %8s %8s  %s\n", "N", "K", "M", "thr", "", "weights", "activations",
                "ms", "GFLOP/s", "GB/s", "of read", "kernel");
    constexpr std::size_t cold_rows = 16;
    for (auto const [n, k] : s.shapes) {
        std::vector<float> const values = random_floats(n * k, 2);
        for (std::string const& name : s.weights) {
            bench::matrices const w = bench::find(name).make(fb::matrix_view<float const>(values.data(), n, k),
                                                             bench::layout::prepacked, s.cold_mib << 20, fb::threads(2));
            for (std::size_t const m : s.rows) {
                std::vector<float> y(m * n);
                for (std::string const& left_name : s.activations) {
                    activations const left(left_name, random_floats(m * k, 1), m, k);
                    std::string_view const kernel = kernel_of(left.operand(), w.copies.front());
                    for (std::size_t const threads : s.thread_counts) {
                        bool const cold = m <= cold_rows;
                        double const time = product_seconds(s, left, w, cold, threads, y);
                        double const read = static_cast<double>(w.bytes) / time;
                        double const work = 2e-9 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
                        std::printf("%6zu %6zu %4zu %3zu %-4s %-18s %-22s %10.4f %9.1f %8.2f %8.2f  %.*s\n", n, k, m, threads,
                                    cold ? "cold" : "hot", name.c_str(), left_name.c_str(), time * 1e3, work / time, read * 1e-9,
                                    read / bandwidth[threads], static_cast<int>(kernel.size()), kernel.data());
                        std::fflush(stdout);
                    }
                }
            }
        }
    }
}

// ---- one of those that compare.py compares

class ours final : public bench::contender {
public:
    std::size_t load(bench::load_request const& r, float const* w) override {
        threads_ = r.threads;
        n_ = r.n;
        k_ = r.k;
        w_ = {};
        w_ = bench::find(r.weights).make(fb::matrix_view<float const>(w, n_, k_), bench::layout::prepacked, r.cold_bytes,
                                         fb::threads(2));
        return w_.bytes;
    }
    std::string input(std::string const& name, std::size_t m, float const* a) override {
        a_ = activations(name, std::vector<float>(a, a + m * k_), m, k_);
        y_.assign(m * n_, 0.0F);
        return std::string(kernel_of(a_.operand(), w_.copies.front()));
    }
    std::size_t copies() const override { return w_.copies.size(); }
    void multiply(std::size_t copy) override { a_.multiply(w_.copies[copy], y_.data(), threads_); }
    float weight(std::size_t row, std::size_t col) const override { return w_.value(row, col); }
    float result(std::size_t row, std::size_t col) const override { return y_[row * n_ + col]; }

private:
    std::size_t threads_ = 1, n_ = 0, k_ = 0;
    bench::matrices w_;
    activations a_;
    std::vector<float> y_;
};

}  // namespace

int main(int argc, char** argv) {
    settings const s = parse(argc, argv);
    if (s.serve) {
        ours one;
        return bench::serve(one);
    }
    s.weights.empty() ? run_pairs(s) : run_rows(s);
}
