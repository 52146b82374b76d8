// quantize and dequantize of every block format in GB/s of fp32, beside memcpy: 1 MiB of fp32 in the cache on one thread, 256 MiB
// from memory on one and two. quantize_into writes to memory that there is, quantize to new memory, which the system has to clear.
// Formats that search for their scales are also quantized by a rule that does not: quantize/q4_0/signed_absmax/cache/1.
// --benchmark_filter=quantize/mxfp4/ picks one format, =/cache/ one kind.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <fewbits/fewbits.hpp>

namespace {

namespace fb = fewbits;

constexpr std::size_t columns = 4096;

/// One place of the values, and the threads that work on them.
struct setting {
    std::string name;
    std::size_t mib;
    std::size_t threads;

    std::size_t rows() const { return mib * 1024 * 1024 / sizeof(float) / columns; }
};

/// Normal values, drawn once for one MiB and repeated.
std::vector<float> const& values(std::size_t rows) {
    static std::vector<float> all;
    std::mt19937 bits(1);
    std::normal_distribution<float> normal;
    std::size_t const count = rows * columns;
    while (all.size() < std::min(count, std::size_t{1} << 18)) all.push_back(normal(bits));
    for (std::size_t i = all.size(); i < count; ++i) all.push_back(all[i - (std::size_t{1} << 18)]);
    return all;
}

/// Room for results, touched before it is measured.
float* room(std::size_t rows) {
    static std::vector<float> all;
    if (all.size() < rows * columns) all.assign(rows * columns, 0.0F);
    return all.data();
}

fb::matrix_view<const float> view_of_values(setting const& where) {
    return {values(where.rows()).data(), where.rows(), columns};
}

/// Bytes of codes, scales and offsets for a byte of the floats.
template <class F>
double stored_part(fb::quantized_matrix<F> const& q) {
    std::size_t sum = q.storage().bytes().size();
    q.storage().for_each_level([&](auto stream) { sum += stream.size(); });
    return static_cast<double>(sum) / static_cast<double>(q.rows() * q.cols() * sizeof(float));
}

void count_bytes(benchmark::State& state, setting const& where) {
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(where.mib) * 1024 * 1024);
}

template <class F, fb::scale_rule Rule = fb::scale_rule::of_format>
void quantize(benchmark::State& state, setting const& where) {
    fb::matrix_view<const float> const x = view_of_values(where);
    fb::quantize_options const options{.scale_rule = Rule, .executor = fb::threads(where.threads)};
    for (auto _ : state) {
        auto const q = fb::quantize<F>(x, options);
        benchmark::DoNotOptimize(q.codes().data());
        benchmark::ClobberMemory();
    }
    count_bytes(state, where);
}

template <class F>
void quantize_into(benchmark::State& state, setting const& where) {
    fb::matrix_view<const float> const x = view_of_values(where);
    fb::quantize_options const options{.executor = fb::threads(where.threads)};
    auto q = fb::quantize<F>(x, options);
    for (auto _ : state) {
        fb::quantize_into(x, q, options);
        benchmark::ClobberMemory();
    }
    state.counters["stored"] = stored_part(q);
    count_bytes(state, where);
}

template <class F>
void dequantize(benchmark::State& state, setting const& where) {
    auto const q = fb::quantize<F>(view_of_values(where), {.executor = fb::threads(where.threads)});
    fb::matrix_view<float> const y(room(where.rows()), where.rows(), columns);
    for (auto _ : state) {
        fb::dequantize(q, y, fb::threads(where.threads));
        benchmark::ClobberMemory();
    }
    state.counters["stored"] = stored_part(q);
    count_bytes(state, where);
}

/// The limit: every float is read and written once.
void copy(benchmark::State& state, setting const& where) {
    fb::matrix_view<const float> const x = view_of_values(where);
    float* const to = room(where.rows());
    for (auto _ : state) {
        fb::threads(where.threads).run(where.rows(), [&](std::size_t r) { std::memcpy(to + r * columns, x.row(r), columns * sizeof(float)); });
        benchmark::ClobberMemory();
    }
    count_bytes(state, where);
}

void add(std::string const& name, setting const& where, void (*run)(benchmark::State&, setting const&)) {
    benchmark::RegisterBenchmark((name + where.name).c_str(), run, where)->UseRealTime()->Unit(benchmark::kMicrosecond);
}

}  // namespace

int main(int argc, char** argv) {
    setting const settings[] = {{"/cache/1", 1, 1}, {"/memory/1", 256, 1}, {"/memory/2", 256, 2}};
    for (setting const& where : settings) add("memcpy", where, &copy);
    fb::for_each(fb::all_block_formats{}, [&]<class F>() {
        for (setting const& where : settings) {
            add("quantize/" + std::string(F::name), where, &quantize<F>);
            add("quantize_into/" + std::string(F::name), where, &quantize_into<F>);
            if constexpr (F::method == fb::scale_method::least_squares && F::is_symmetric) {
                add("quantize/" + std::string(F::name) + "/signed_absmax", where, &quantize<F, fb::scale_rule::signed_absmax>);
            }
            add("dequantize/" + std::string(F::name), where, &dequantize<F>);
        }
    });
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
