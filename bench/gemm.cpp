// GEMM speed of every format against float and against itself, beside a plain cache-blocked fp32 loop nest compiled here.
//
//   gemm [--m=64] [--n=1024] [--k=1024] [--threads=2] [--pairs=float|self|all] [--only=<part of a name>] [--reps=5]
//
// Prints GFLOP/s of the loop nest and of each pair, plain and prepacked weights, and the ratio of the plain one.

#include <algorithm>
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

/// The yardstick: y = a * transpose(w), a 256 x 64 block of w transposed, then rows of y updated by rows of the block.
void plain_block(float const* a, float const* w, float* y, settings const& s, std::size_t n0, std::size_t n1) {
    constexpr std::size_t block_n = 64;
    constexpr std::size_t block_k = 256;
    std::vector<float> panel(block_n * block_k);
    for (std::size_t n = n0; n < n1; n += block_n) {
        std::size_t const cols = std::min(block_n, n1 - n);
        for (std::size_t k = 0; k < s.k; k += block_k) {
            std::size_t const depth = std::min(block_k, s.k - k);
            for (std::size_t j = 0; j < cols; ++j) {
                for (std::size_t i = 0; i < depth; ++i) panel[i * block_n + j] = w[(n + j) * s.k + k + i];
            }
            for (std::size_t r = 0; r < s.m; ++r) {
                float* const out = y + r * s.n + n;
                if (k == 0) std::fill_n(out, cols, 0.0F);
                for (std::size_t i = 0; i < depth; ++i) {
                    float const x = a[r * s.k + k + i];
                    float const* const row = panel.data() + i * block_n;
                    for (std::size_t j = 0; j < cols; ++j) out[j] += x * row[j];
                }
            }
        }
    }
}

void plain_gemm(float const* a, float const* w, float* y, settings const& s) {
    std::size_t const part = (s.n + s.threads - 1) / s.threads;
    fb::threads(s.threads).run(s.threads, [&](std::size_t i) {
        plain_block(a, w, y, s, std::min(s.n, i * part), std::min(s.n, (i + 1) * part));
    });
}

/// GFLOP/s of the fastest of several runs.
template <class F>
double speed(settings const& s, F const& f) {
    double best = 1e30;
    f();
    for (std::size_t rep = 0; rep < s.reps; ++rep) {
        auto const start = std::chrono::steady_clock::now();
        f();
        best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return 2e-9 * static_cast<double>(s.m) * static_cast<double>(s.n) * static_cast<double>(s.k) / best;
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

double run_pair(settings const& s, fb::operand const& a, fb::operand const& w, std::vector<float>& y) {
    fb::matrix_view<float> const out(y.data(), s.m, s.n);
    return speed(s, [&] { fb::gemm(a, w, out, {.executor = fb::threads(s.threads)}); });
}

}  // namespace

int main(int argc, char** argv) {
    settings const s = parse(argc, argv);
    std::vector<float> const a = random_floats(s.m * s.k, 1);
    std::vector<float> const w = random_floats(s.n * s.k, 2);
    std::vector<float> y(s.m * s.n);
    auto const yardstick = [&] { return speed(s, [&] { plain_gemm(a.data(), w.data(), y.data(), s); }); };
    std::printf("M=%zu N=%zu K=%zu, %zu threads, best of %zu runs\n", s.m, s.n, s.k, s.threads, s.reps);
    std::printf("plain cache-blocked fp32 loop nest: %.1f GFLOP/s\n\n", yardstick());
    std::printf("%-18s %-18s %9s %10s %6s  %s\n", "activations", "weights", "GFLOP/s", "prepacked", "ratio", "kernel");

    std::vector<matrix> activations;
    std::vector<matrix> weights;
    auto const formats = fb::joined(fb::type_list<float, fb::bf16, fb::fp16>{}, fb::all_block_formats{});
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
            // The yardstick is measured anew beside each pair: the machine's other work slows both.
            double const base = yardstick();
            double const plain = run_pair(s, activations[i].plain, weights[j].plain, y);
            double const packed = run_pair(s, activations[i].plain, weights[j].packed, y);
            std::string_view const kernel = fb::gemm_kernels::select(activations[i].plain.facts(), weights[j].plain.facts(),
                                                                     fb::target_choice::best).name;
            std::printf("%-18s %-18s %9.1f %10.1f %6.2f  %.*s\n", activations[i].name.c_str(), weights[j].name.c_str(),
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
