// GEMM speed of every format against float and against itself, beside a plain cache-blocked fp32 loop nest compiled here.
//
//   gemm [--m=64] [--n=1024] [--k=1024] [--threads=2] [--pairs=float|self|all] [--only=<part of a name>] [--reps=5]
//
// Prints GFLOP/s of the loop nest and of each pair, its weights as quantized and prepacked; the ratio is the former's.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fewbits/formats/all_formats.hpp>
#include <fewbits/gemm/gemm.hpp>
#include <fewbits/parallel/threads.hpp>
#include <fewbits/quantize/quantize.hpp>

namespace {

namespace fb = fewbits;

struct settings {
    std::size_t m = 64, n = 1024, k = 1024, threads = 2, reps = 5;
    std::string pairs = "self";
    std::string only;
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

template <class F>
double seconds(F const& f) {
    auto const start = std::chrono::steady_clock::now();
    f();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
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

struct matrix {
    std::string name;
    std::shared_ptr<void const> owner;
    fb::operand plain;
    fb::operand packed;
};

template <class X>
matrix make(std::vector<float> const& values, std::size_t rows, std::size_t cols, bool prepacked) {
    fb::matrix_view<float const> const view(values.data(), rows, cols);
    if constexpr (fb::block_format<X>) {
        struct both {
            fb::quantized_matrix<X> q;
            fb::prepacked_matrix<X> p;
        };
        auto const owner = std::make_shared<both>();
        owner->q = fb::quantize<X>(view);
        if (prepacked) owner->p = fb::prepack(owner->q);
        fb::operand const plain = fb::make_operand(owner->q);
        return {std::string(X::name), owner, plain, prepacked ? fb::make_operand(owner->p) : plain};
    } else {
        auto const owner = std::make_shared<std::vector<X>>();
        for (float v : values) owner->push_back(X(v));
        fb::operand const plain = fb::make_operand(fb::matrix_view<X const>(owner->data(), rows, cols));
        return {std::string(plain.facts().name), owner, plain, plain};
    }
}

settings parse(int argc, char** argv) {
    settings s;
    for (int i = 1; i < argc; ++i) {
        std::string_view const argument = argv[i];
        std::size_t const split = argument.find('=');
        std::string_view const key = argument.substr(0, split);
        std::string const value(split == std::string_view::npos ? "" : argument.substr(split + 1));
        std::size_t* const number = key == "--m" ? &s.m : key == "--n" ? &s.n : key == "--k" ? &s.k
                                    : key == "--threads" ? &s.threads : key == "--reps" ? &s.reps : nullptr;
        if (number != nullptr) {
            *number = static_cast<std::size_t>(std::strtoull(value.c_str(), nullptr, 10));
        } else if (key == "--pairs") {
            s.pairs = value;
        } else if (key == "--only") {
            s.only = value;
        } else {
            std::fprintf(stderr, "gemm: unknown argument %s\n", argv[i]);
            std::exit(2);
        }
    }
    return s;
}

void run_pair(settings const& s, fb::operand const& a, fb::operand const& w, std::vector<float>& y) {
    fb::matrix_view<float> const out(y.data(), s.m, s.n);
    fb::gemm(a, w, out, {.executor = fb::threads(s.threads)});
}

}  // namespace

int main(int argc, char** argv) {
    settings const s = parse(argc, argv);
    std::vector<float> const a = random_floats(s.m * s.k, 1);
    std::vector<float> const w = random_floats(s.n * s.k, 2);
    std::vector<float> y(s.m * s.n);
    auto const yardstick = [&] { plain_gemm(a.data(), w.data(), y.data(), s); };
    std::printf("M=%zu N=%zu K=%zu, %zu threads, best of %zu runs\n", s.m, s.n, s.k, s.threads, s.reps);
    std::printf("plain cache-blocked fp32 loop nest: %.1f GFLOP/s\n\n", speeds(s, yardstick)[0]);
    std::printf("%-18s %-18s %9s %9s %10s %6s  %s\n", "activations", "weights", "loop nest", "GFLOP/s", "prepacked", "ratio",
                "kernel");

    std::vector<matrix> activations;
    std::vector<matrix> weights;
    auto const formats = fb::joined(fb::dense_formats{}, fb::all_block_formats{});
    fb::for_each(formats, [&]<class X>() {
        weights.push_back(make<X>(w, s.n, s.k, true));
        activations.push_back(make<X>(a, s.m, s.k, false));
    });
    double worst = 1e30;
    std::string worst_pair;
    for (std::size_t i = 0; i < activations.size(); ++i) {
        for (std::size_t j = 0; j < weights.size(); ++j) {
            bool const wanted = s.pairs == "all" || (s.pairs == "self" && i == j) || i == 0;
            std::string const pair = activations[i].name + " x " + weights[j].name;
            if (!wanted || pair.find(s.only) == std::string::npos) continue;
            auto const [base, plain, packed] =
                speeds(s, yardstick, [&] { run_pair(s, activations[i].plain, weights[j].plain, y); },
                       [&] { run_pair(s, activations[i].plain, weights[j].packed, y); });
            std::string_view const kernel = fb::gemm_kernels::select(activations[i].plain.facts(), weights[j].plain.facts(),
                                                                     fb::target_choice::best).name;
            std::printf("%-18s %-18s %9.1f %9.1f %10.1f %6.2f  %.*s\n", activations[i].name.c_str(),
                        weights[j].name.c_str(), base, plain, packed, plain / base, static_cast<int>(kernel.size()), kernel.data());
            std::fflush(stdout);
            if (plain / base < worst) {
                worst = plain / base;
                worst_pair = pair;
            }
        }
    }
    std::printf("\nlowest ratio to the loop nest beside it: %.2f (%s)\n", worst, worst_pair.c_str());
}
