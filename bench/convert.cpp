// Bulk conversion speed of every scalar format: floats into packed codes, to nearest even and stochastically, and back; in cache
// (1 MiB of floats) and from memory (256 MiB), beside a plain copy of as many floats. items_per_second counts elements.
//
//   convert [--benchmark_filter=e4m3/encode] [--benchmark_repetitions=5]
//
// Memory counts what each conversion reads and writes: bytes_per_second beside the copy's is the share of the limit.

#include <cstddef>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <fewbits/formats/all_formats.hpp>
#include <fewbits/quantize/spans.hpp>

namespace {

namespace fb = fewbits;

constexpr std::size_t in_cache = std::size_t{1} << 18;
constexpr std::size_t in_memory = std::size_t{1} << 26;

/// Normally distributed floats, made once.
std::span<float const> values(std::size_t count) {
    static std::vector<float> const made = [] {
        std::vector<float> some(in_memory);
        std::mt19937 engine(1);
        std::normal_distribution<float> normal;
        for (std::size_t i = 0; i < in_cache; ++i) some[i] = normal(engine);
        for (std::size_t i = in_cache; i < in_memory; ++i) some[i] = some[i - in_cache];
        return some;
    }();
    return std::span(made).first(count);
}

void count_traffic(benchmark::State& state, std::size_t elements, std::size_t bytes) {
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(elements));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void copy(benchmark::State& state) {
    auto const in = values(static_cast<std::size_t>(state.range(0)));
    std::vector<float> out(in.size());
    for (auto _ : state) {
        std::memcpy(out.data(), in.data(), in.size_bytes());
        benchmark::ClobberMemory();
    }
    count_traffic(state, in.size(), 2 * in.size_bytes());
}

template <class T>
void encode(benchmark::State& state, fb::rule_for<T> rule) {
    auto const in = values(static_cast<std::size_t>(state.range(0)));
    std::vector<std::byte> packed(fb::packed_size<T>(in.size()));
    for (auto _ : state) {
        fb::encode<T>(in, std::span<std::byte>(packed), rule, T::default_overflow, 1);
        benchmark::ClobberMemory();
    }
    count_traffic(state, in.size(), in.size_bytes() + packed.size());
}

template <class T>
void decode(benchmark::State& state) {
    auto const in = values(static_cast<std::size_t>(state.range(0)));
    std::vector<std::byte> packed(fb::packed_size<T>(in.size()));
    fb::encode<T>(in, std::span<std::byte>(packed));
    std::vector<float> out(in.size());
    for (auto _ : state) {
        fb::decode<T>(packed, std::span<float>(out));
        benchmark::ClobberMemory();
    }
    count_traffic(state, in.size(), in.size_bytes() + packed.size());
}

template <class Function>
void add(std::string const& name, Function function) {
    for (std::size_t count : {in_cache, in_memory}) {
        benchmark::RegisterBenchmark(name.c_str(), function)->Arg(static_cast<std::int64_t>(count))->Unit(benchmark::kMicrosecond);
    }
}

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    add("copy", copy);
    fb::for_each(fb::all_scalars{}, []<class T>() {
        std::string const name(T::name);
        add(name + "/encode_nearest", [](benchmark::State& state) { encode<T>(state, fb::nearest_even); });
        add(name + "/encode_stochastic", [](benchmark::State& state) { encode<T>(state, fb::stochastic{}); });
        add(name + "/decode", decode<T>);
    });
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
