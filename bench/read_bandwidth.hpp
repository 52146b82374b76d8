// How fast memory can be read: the bound of every product whose weights lie in no cache.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <fewbits/config.hpp>
#include <fewbits/parallel/threads.hpp>
#include <fewbits/target/detect.hpp>

namespace bench {

/// What the optimiser must not drop.
inline volatile std::uint64_t sink = 0;

template <class F>
double seconds(F const& f) {
    auto const start = std::chrono::steady_clock::now();
    f();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline double median(std::vector<double> values) {
    auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// Memory in pages of 4 KiB or, where the system grants them, of 2 MiB; written once.
class area {
public:
    static constexpr std::size_t huge_page = std::size_t{2} << 20;

    /// `bytes`: a multiple of 8.
    area(std::size_t bytes, bool huge) : bytes_(bytes), data_(allocate((bytes + huge_page - 1) / huge_page * huge_page)) {
#if defined(__linux__)
        madvise(data_, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
#endif
        auto* const words = static_cast<std::uint64_t*>(data_);
        for (std::size_t i = 0; i < bytes / 8; ++i) words[i] = i * 0x9E3779B97F4A7C15U;
    }
    area(area const&) = delete;
    area& operator=(area const&) = delete;
    ~area() { std::free(data_); }

    char const* data() const noexcept { return static_cast<char const*>(data_); }
    std::size_t size() const noexcept { return bytes_; }

private:
    static void* allocate(std::size_t bytes) {
        void* const data = std::aligned_alloc(huge_page, bytes);
        if (data == nullptr) std::abort();
        return data;
    }
    std::size_t bytes_;
    void* data_;
};

/// Reads `bytes` from `data` in `streams` interleaved runs of whole cache lines, each fetched `ahead` bytes early (0: never).
struct read_pattern {
    std::size_t streams, ahead;
};

inline constexpr read_pattern read_patterns[] = {{1, 0}, {4, 0}, {4, 1024}, {8, 1024}};

template <std::size_t Streams, std::size_t Ahead>
std::uint64_t read_words(char const* data, std::size_t bytes) {
    std::uint64_t sums[8] = {};
    std::size_t const run = bytes / Streams / 64 * 64;
    for (std::size_t i = 0; i < run; i += 64) {
        for (std::size_t s = 0; s < Streams; ++s) {
            char const* const line = data + s * run + i;
            if constexpr (Ahead != 0) __builtin_prefetch(line + Ahead);
            for (std::size_t j = 0; j < 8; ++j) sums[j] ^= reinterpret_cast<std::uint64_t const*>(line)[j];
        }
    }
    for (std::size_t j = 1; j < 8; ++j) sums[0] ^= sums[j];
    return sums[0];
}

#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")
template <std::size_t Streams, std::size_t Ahead>
std::uint64_t read_lines(char const* data, std::size_t bytes) {
    __m512i sums[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
    constexpr std::size_t step = Streams == 1 ? 256 : 64;  // four loads in flight at least
    std::size_t const run = bytes / Streams / step * step;
    for (std::size_t i = 0; i < run; i += step) {
        for (std::size_t s = 0; s < Streams; ++s) {
            for (std::size_t j = 0; j < step; j += 64) {
                char const* const line = data + s * run + i + j;
                if constexpr (Ahead != 0) _mm_prefetch(line + Ahead, _MM_HINT_T0);
                __m512i& sum = sums[(s + j / 64) % 4];
                sum = _mm512_xor_si512(sum, _mm512_loadu_si512(line));
            }
        }
    }
    __m512i const all = _mm512_xor_si512(_mm512_xor_si512(sums[0], sums[1]), _mm512_xor_si512(sums[2], sums[3]));
    return static_cast<std::uint64_t>(_mm512_reduce_add_epi64(all));
}
FEWBITS_TARGET_END
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#endif

template <std::size_t Streams, std::size_t Ahead>
std::uint64_t read_memory(char const* data, std::size_t bytes) {
#if defined(__x86_64__)
    if (fewbits::this_processor().avx512) return read_lines<Streams, Ahead>(data, bytes);
#endif
    return read_words<Streams, Ahead>(data, bytes);
}

/// Reads all of `memory` `repeats` times, every thread its own part of it.
inline void read_all(area const& memory, std::size_t pattern, std::size_t threads, std::size_t repeats) {
    using reader = std::uint64_t (*)(char const*, std::size_t);
    static constexpr reader readers[] = {read_memory<1, 0>, read_memory<4, 0>, read_memory<4, 1024>, read_memory<8, 1024>};
    std::size_t const part = memory.size() / threads / 64 * 64;
    fewbits::threads(threads).run(threads, [&](std::size_t i) {
        for (std::size_t r = 0; r < repeats; ++r) sink = readers[pattern](memory.data() + i * part, part);
    });
}

/// Bytes a second of the best pattern over 512 MiB in large pages: median of 5.
inline double read_bandwidth(std::size_t threads) {
    area const memory(std::size_t{512} << 20, true);
    double best = 0;
    for (std::size_t pattern = 0; pattern < std::size(read_patterns); ++pattern) {
        std::vector<double> times;
        for (int i = 0; i < 5; ++i) times.push_back(seconds([&] { read_all(memory, pattern, threads, 1); }));
        best = std::max(best, static_cast<double>(memory.size()) / median(times));
    }
    return best;
}

}  // namespace bench
