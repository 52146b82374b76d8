// A ring of stages in shared memory: one warp has the copy engine fill them, warpgroups multiply what is there and give it back.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../machine_types.hpp"
#include "../operands/tile_operands.hpp"

namespace fewbits {

/// Shared memory that a block can have.
inline constexpr std::size_t most_shared_bytes = 232448;

/// Stages of `Bytes` bytes that begin at multiples of tile_alignment, in whose order both sides go round. A stage has two barriers, which
/// end a phase each time it was filled, by the copy engine (`Copied` of the bytes) and `Writers` others, and emptied by all of `Warps`
/// warps.
template <int Stages, int Bytes, unsigned Warps, int Copied = Bytes, unsigned Writers = 0>
struct stage_ring {
    static constexpr int spacing = (Bytes + tile_alignment - 1) / tile_alignment * tile_alignment;
    static constexpr int bytes_with_barriers = spacing + 2 * static_cast<int>(sizeof(std::uint64_t));
    static constexpr std::size_t shared_bytes = std::size_t{Stages} * bytes_with_barriers;
    static_assert(Stages >= 2 && shared_bytes <= most_shared_bytes);

    std::byte* shared;
    int stage = 0;
    unsigned parity = 0;  ///< of the phases of this round

    FEWBITS_DEVICE std::byte* place() const { return shared + stage * spacing; }
    FEWBITS_DEVICE std::uint64_t* full() const { return reinterpret_cast<std::uint64_t*>(shared + Stages * spacing) + stage; }
    FEWBITS_DEVICE std::uint64_t* empty() const { return empty_of(stage); }
    FEWBITS_DEVICE std::uint64_t* empty_of(int which) const {
        return reinterpret_cast<std::uint64_t*>(shared + Stages * spacing) + Stages + which;
    }
    FEWBITS_DEVICE void advance() {
        if (++stage == Stages) {
            stage = 0;
            parity ^= 1U;
        }
    }

    /// The barriers, before their first use; all threads of the block.
    template <class Machine>
    FEWBITS_DEVICE void prepare(Machine& m) const {
        if (m.thread() == 0) {
            for (int s = 0; s < Stages; ++s) {
                m.init_phases(reinterpret_cast<std::uint64_t*>(shared + Stages * spacing) + s, 1 + Writers);
                m.init_phases(empty_of(s), Warps);
            }
            m.publish_phases();
        }
        m.barrier();
    }
    /// The warp that fills: waits until the stage is free and says how many bytes are to come.
    template <class Machine>
    FEWBITS_DEVICE void expect(Machine& m) const {
        wait_empty(m);
        m.arrive_expecting(full(), Copied);
    }
    template <class Machine>
    FEWBITS_DEVICE void wait_empty(Machine& m) const {
        m.wait_phase(empty(), parity ^ 1U);
    }
    template <class Machine>
    FEWBITS_DEVICE void wait_full(Machine& m) const {
        m.wait_phase(full(), parity);
    }
    /// A warp that multiplies has done with a stage.
    template <class Machine>
    FEWBITS_DEVICE void give_back(Machine& m, int which) const {
        if (m.lane() == 0) m.arrive(empty_of(which));
    }
};

}  // namespace fewbits
