// Memory for large packed weights: aligned to 2 MiB where it is that large, and offered to the system as huge pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "../config.hpp"

namespace fewbits {

/// An allocator: below 2 MiB cache-line aligned, from 2 MiB on whole 2 MiB pages, for which transparent huge pages are asked
/// (madvise); fewer TLB misses make a stream of weights faster, and where the system has none nothing is lost.
template <class T>
struct page_allocator {
    using value_type = T;
    static constexpr std::size_t huge_page = std::size_t{1} << 21;

    page_allocator() = default;
    template <class U>
    page_allocator(page_allocator<U> const&) noexcept {}

    T* allocate(std::size_t count) {
        if (count > static_cast<std::size_t>(-1) / 2 / sizeof(T)) throw std::bad_array_new_length();
        std::size_t const bytes = count * sizeof(T);
        void* const memory = ::operator new(bytes, alignment(bytes));
#if defined(__linux__) && defined(MADV_HUGEPAGE)
        // Whole pages only: what follows belongs to somebody else.
        if (bytes >= huge_page) static_cast<void>(madvise(memory, bytes / huge_page * huge_page, MADV_HUGEPAGE));
#endif
        return static_cast<T*>(memory);
    }
    /// A vector's new elements hold anything until they are stored: whoever stores them touches their pages first.
    void construct(T*) const noexcept {}
    void deallocate(T* memory, std::size_t count) noexcept { ::operator delete(memory, alignment(count * sizeof(T))); }

    friend bool operator==(page_allocator const&, page_allocator const&) noexcept { return true; }

private:
    static std::align_val_t alignment(std::size_t bytes) noexcept {
        return std::align_val_t{bytes >= huge_page ? huge_page : std::size_t{64}};
    }
};

/// Bytes in such memory, which hold anything until they are stored.
using page_bytes = std::vector<std::byte, page_allocator<std::byte>>;

}  // namespace fewbits
