// The instructions of AMX on processors that have none: compiled code runs as it stands, tile instructions by their definition.
#pragma once

namespace gemm_test {

/// What all threads did to tiles while instructions were emulated.
struct tile_use {
    long configured;  ///< LDTILECFG of a palette
    long released;    ///< TILERELEASE of configured tiles
    long products;    ///< TDP...
    long stored;      ///< TILESTORED
    long holding;     ///< threads whose tiles are configured
};

/// While one lives, tile instructions that the processor refuses (SIGILL) are carried out by the handler of that signal, in registers
/// of each thread's own. What a processor with AMX would fault on ends the program with a message. One at a time; needs
/// AVX-512 F.
class tile_emulator {
public:
    tile_emulator();
    ~tile_emulator();
    tile_emulator(tile_emulator const&) = delete;
    tile_emulator& operator=(tile_emulator const&) = delete;
    static tile_use use() noexcept;
};

}  // namespace gemm_test
