// Values that come from memory in time, and results that go there past the caches.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../../config.hpp"

FEWBITS_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,fma,f16c,bmi2")

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace avx512 {

/// While 64 values are read: asks for one line in each of the pages First to Last, of four, that come 16 KiB later. Pages side by side,
/// since a processor's own prefetching begins anew with every page; few lines at a time, since many take the buffers that reading goes
/// through. A row that is read twice has a half of its successor fetched each time. Always inlined: g++ drops calls to functions that do
/// nothing else.
template <int First, int Last>
[[gnu::always_inline]] inline void fetch_pages_ahead(float const* values) noexcept {
    constexpr std::uintptr_t page = 4096;
    std::uintptr_t const at = reinterpret_cast<std::uintptr_t>(values) + 4 * page;  // any address
    std::uintptr_t const first = at / (4 * page) * (4 * page) + at % (4 * page) / 256 * 64;
    for (int p = First; p <= Last; ++p) _mm_prefetch(reinterpret_cast<char const*>(first + page * static_cast<unsigned>(p)), _MM_HINT_T0);
}

/// Asks for the line that is written a KiB after this one, which stores that leave a nearest cache would wait for.
[[gnu::always_inline]] inline void fetch_line_ahead(void const* written) noexcept {
    constexpr std::uintptr_t distance = 1024;  // any address
    _mm_prefetch(reinterpret_cast<char const*>(reinterpret_cast<std::uintptr_t>(written) + distance), _MM_HINT_T0);
}

/// Copies bytes that nobody reads soon: whole lines go to memory without being read first. order_stores() before other threads read them.
inline void copy_past_caches(void const* from, std::size_t bytes, void* to) noexcept {
    auto const* in = static_cast<char const*>(from);
    auto* out = static_cast<char*>(to);
    std::size_t const head = (0 - reinterpret_cast<std::uintptr_t>(to)) % 64;
    std::size_t i = head < bytes ? head : bytes;
    std::memcpy(out, in, i);
    for (; i + 64 <= bytes; i += 64) _mm512_stream_si512(reinterpret_cast<__m512i*>(out + i), _mm512_loadu_si512(in + i));
    std::memcpy(out + i, in + i, bytes - i);
}

inline void order_stores() noexcept { _mm_sfence(); }

}  // namespace avx512
}  // namespace FEWBITS_BASELINE
}  // namespace fewbits

FEWBITS_TARGET_END
