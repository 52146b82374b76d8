// One code per byte into the packed form of a row.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../kernels/portable/pack_codes.hpp"
#include "../matrix/block_storage.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Packs one row of element codes as composition B stores it.
template <block_composition B>
void pack_row(std::uint8_t const* codes, std::size_t count, std::byte* out) noexcept {
    if constexpr (B::trits) {
        static_assert(B::element::width == 2 && B::element::codec::excess == 0);
        pack_trits(codes, count, out);
    } else {
        pack_codes<B::element::width>(codes, count, out);
    }
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
