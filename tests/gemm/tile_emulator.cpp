// A handler of SIGILL that decodes the tile instruction at hand and carries it out after Intel's pseudo-code (SDM, volume 2). It
// takes memory from the stack and from variables of the thread alone.

#include "tile_emulator.hpp"

#if defined(__x86_64__) && defined(__linux__)

#include <immintrin.h>
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <fewbits/config.hpp>

namespace gemm_test {

namespace {

constexpr int most_rows = 16;
constexpr int most_bytes = 64;

/// Palette 0: nothing configured. `configuration` is what LDTILECFG read.
struct tile_registers {
    unsigned char configuration[64];
    alignas(64) unsigned char bytes[8][most_rows][most_bytes];

    bool configured() const noexcept { return configuration[0] != 0; }
    int rows(int tile) const noexcept { return configuration[48 + tile]; }
    int row_bytes(int tile) const noexcept { return configuration[16 + 2 * tile] | configuration[17 + 2 * tile] << 8; }
};

thread_local tile_registers tiles;
std::atomic<long> configured{0}, released{0}, products{0}, stored{0}, holding{0};
struct sigaction earlier;

[[noreturn]] void refuse(char const* why) noexcept {
    char const* const parts[]{"tile emulator: a processor would fault here: ", why, "\n"};
    for (char const* part : parts) {
        if (write(STDERR_FILENO, part, std::strlen(part)) < 0) break;
    }
    std::abort();
}
void need(bool condition, char const* otherwise) noexcept {
    if (!condition) refuse(otherwise);
}

/// The prefix that VEX has in two bits.
enum prefix_bits : unsigned { none, x66, xF3, xF2 };

struct instruction {
    prefix_bits prefix;
    unsigned opcode;
    bool in_memory;       ///< ModRM names memory
    int reg, rm, vvvv;    ///< registers of tiles
    std::uintptr_t base;  ///< in memory: base + displacement
    std::uintptr_t stride;
    bool has_sib;
    std::uintptr_t next;  ///< the instruction behind this one
};

std::uintptr_t value_of(gregset_t const& registers, unsigned number) noexcept {
    constexpr int places[16]{REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                             REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    return static_cast<std::uintptr_t>(registers[places[number]]);
}

/// The memory operand behind ModRM (`at`); x and b: the registers' fourth bits.
void decode_memory(instruction& to, unsigned char const* at, gregset_t const& registers, unsigned x, unsigned b) noexcept {
    unsigned const mode = *at >> 6;
    unsigned const rm = *at & 7U;
    ++at;
    to.has_sib = rm == 4;
    bool absent = mode == 0 && rm == 5;  // RIP-relative
    if (to.has_sib) {
        unsigned const sib = *at++;
        unsigned const index = (sib >> 3 & 7U) | x << 3;
        to.stride = index == 4 ? 0 : value_of(registers, index) << (sib >> 6);
        absent = mode == 0 && (sib & 7U) == 5;
        if (!absent) to.base = value_of(registers, (sib & 7U) | b << 3);
    } else if (!absent) {
        to.base = value_of(registers, rm | b << 3);
    }
    std::int32_t displacement = 0;
    if (mode == 1) displacement = static_cast<signed char>(*at++);
    if (mode == 2 || absent) std::memcpy(&displacement, at, 4), at += 4;
    to.next = reinterpret_cast<std::uintptr_t>(at);
    to.base += static_cast<std::uintptr_t>(std::intptr_t{displacement});
    if (absent && !to.has_sib) to.base += to.next;
}

/// False where the bytes are no instruction of a 128-bit vector length from map 0F38 with W 0.
bool decode(gregset_t const& registers, instruction& to) noexcept {
    auto const* const code = reinterpret_cast<unsigned char const*>(registers[REG_RIP]);
    if (code[0] != 0xC4 || (code[1] & 0x1FU) != 2 || (code[2] & 0x84U) != 0) return false;
    unsigned const r = code[1] >> 7 ^ 1U;
    unsigned const x = (code[1] >> 6 & 1U) ^ 1U;
    unsigned const b = (code[1] >> 5 & 1U) ^ 1U;
    unsigned const modrm = code[4];
    to = {};
    to.prefix = static_cast<prefix_bits>(code[2] & 3U);
    to.opcode = code[3];
    to.in_memory = modrm >> 6 != 3;
    to.reg = static_cast<int>((modrm >> 3 & 7U) | r << 3);
    to.rm = static_cast<int>((modrm & 7U) | b << 3);
    to.vvvv = static_cast<int>((code[2] >> 3 & 15U) ^ 15U);
    to.next = reinterpret_cast<std::uintptr_t>(code + 5);
    if (to.in_memory) decode_memory(to, code + 4, registers, x, b);
    return true;
}

void release() noexcept {
    if (tiles.configured()) --holding, ++released;
    std::memset(&tiles, 0, sizeof tiles);
}

void configure(unsigned char const* from) noexcept {
    if (from[0] == 0) return release();
    need(from[0] == 1, "LDTILECFG: a palette other than 0 and 1");
    for (int i = 2; i < 64; ++i) {
        bool const reserved = i < 16 || (i >= 32 && i < 48) || i >= 56;
        need(!reserved || from[i] == 0, "LDTILECFG: reserved bytes that are not 0");
    }
    if (!tiles.configured()) ++holding;
    std::memset(&tiles, 0, sizeof tiles);
    std::memcpy(tiles.configuration, from, 64);
    for (int t = 0; t < 8; ++t) {
        need(tiles.rows(t) <= most_rows && tiles.row_bytes(t) <= most_bytes, "LDTILECFG: more than 16 rows or 64 bytes a row");
        need((tiles.rows(t) == 0) == (tiles.row_bytes(t) == 0), "LDTILECFG: rows without bytes or bytes without rows");
    }
    ++configured;
}

void need_tile(int tile, char const* otherwise) noexcept {
    need(tiles.configured() && tile < 8 && tiles.rows(tile) != 0, otherwise);
}

void load(instruction const& what) noexcept {
    need_tile(what.reg, "TILELOADD: a tile that is not configured");
    int const start = tiles.configuration[1];
    for (int row = start; row < most_rows; ++row) {
        std::memset(tiles.bytes[what.reg][row], 0, most_bytes);
        if (row >= tiles.rows(what.reg)) continue;
        std::uintptr_t const from = what.base + static_cast<std::uintptr_t>(row) * what.stride;
        std::memcpy(tiles.bytes[what.reg][row], reinterpret_cast<void const*>(from), static_cast<std::size_t>(tiles.row_bytes(what.reg)));
    }
    tiles.configuration[1] = 0;
}

void store(instruction const& what) noexcept {
    need_tile(what.reg, "TILESTORED: a tile that is not configured");
    for (int row = tiles.configuration[1]; row < tiles.rows(what.reg); ++row) {
        std::uintptr_t const to = what.base + static_cast<std::uintptr_t>(row) * what.stride;
        std::memcpy(reinterpret_cast<void*>(to), tiles.bytes[what.reg][row], static_cast<std::size_t>(tiles.row_bytes(what.reg)));
    }
    tiles.configuration[1] = 0;
    ++stored;
}

/// Sum of products of bytes, four a lane, which wraps round at 32 bits.
void multiply_bytes(instruction const& what, bool signed_a, bool signed_b) noexcept {
    for (int m = 0; m < tiles.rows(what.reg); ++m) {
        unsigned char const* const a = tiles.bytes[what.rm][m];
        for (int n = 0; n < tiles.row_bytes(what.reg) / 4; ++n) {
            std::uint32_t sum;
            std::memcpy(&sum, tiles.bytes[what.reg][m] + 4 * n, 4);
            for (int k = 0; k < tiles.row_bytes(what.rm); ++k) {
                unsigned char const b = tiles.bytes[what.vvvv][k / 4][4 * n + k % 4];
                int const x = signed_a ? static_cast<signed char>(a[k]) : a[k];
                int const y = signed_b ? static_cast<signed char>(b) : b;
                sum += static_cast<std::uint32_t>(x * y);
            }
            std::memcpy(tiles.bytes[what.reg][m] + 4 * n, &sum, 4);
        }
    }
}

}  // namespace
}  // namespace gemm_test

FEWBITS_TARGET_BEGIN("avx512f")

namespace gemm_test {
namespace {

/// A row of sums at once: products of even and of odd columns are added up apart, then both together, then to what was there; each
/// step rounded to nearest even, numbers below the smallest normal one taken and given as 0.
void multiply_pairs(instruction const& what) noexcept {
    constexpr unsigned flush_quietly = 0x9FC0;  // MXCSR; the interrupted program's comes back with the handler's return
    _mm_setcsr(flush_quietly);
    auto const lanes = static_cast<__mmask16>((1U << tiles.row_bytes(what.reg) / 4) - 1U);
    __m512i const upper = _mm512_set1_epi32(static_cast<int>(0xFFFF0000U));
    for (int m = 0; m < tiles.rows(what.reg); ++m) {
        __m512 even = _mm512_setzero_ps();
        __m512 odd = _mm512_setzero_ps();
        for (int k = 0; k < tiles.row_bytes(what.rm) / 4; ++k) {
            std::int32_t word;
            std::memcpy(&word, tiles.bytes[what.rm][m] + 4 * k, 4);
            __m512i const a = _mm512_set1_epi32(word);
            __m512i const b = _mm512_load_si512(tiles.bytes[what.vvvv][k]);
            even = _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_slli_epi32(a, 16)), _mm512_castsi512_ps(_mm512_slli_epi32(b, 16)), even);
            odd = _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_and_si512(a, upper)), _mm512_castsi512_ps(_mm512_and_si512(b, upper)), odd);
        }
        void* const to = tiles.bytes[what.reg][m];
        _mm512_store_ps(to, _mm512_maskz_add_ps(lanes, _mm512_load_ps(to), _mm512_add_ps(even, odd)));
    }
}

}  // namespace
}  // namespace gemm_test

FEWBITS_TARGET_END

namespace gemm_test {

namespace {

void multiply(instruction const& what) noexcept {
    int const sum = what.reg;
    int const a = what.rm;
    int const b = what.vvvv;
    for (int const tile : {sum, a, b}) need_tile(tile, "TDP: a tile that is not configured");
    need(sum != a && sum != b && a != b, "TDP: one tile named twice");
    for (int const tile : {sum, a, b}) need(tiles.row_bytes(tile) % 4 == 0, "TDP: rows that are not whole words");
    need(tiles.rows(sum) == tiles.rows(a), "TDP: sums and a differ in rows");
    need(tiles.row_bytes(a) / 4 == tiles.rows(b), "TDP: a and b differ along k");
    need(tiles.row_bytes(sum) == tiles.row_bytes(b), "TDP: sums and b differ in columns");
    if (what.opcode == 0x5C) multiply_pairs(what);
    else multiply_bytes(what, what.prefix == xF2 || what.prefix == xF3, what.prefix == xF2 || what.prefix == x66);
    tiles.configuration[1] = 0;
    ++products;
}

/// False where it is none of the tile instructions.
bool carry_out(instruction const& what) noexcept {
    bool const memory = what.in_memory;
    bool const configuration = what.opcode == 0x49 && what.vvvv == 0;
    bool const transfer = what.opcode == 0x4B && memory && what.vvvv == 0;
    if (configuration && memory && what.reg == 0 && what.prefix == none) {
        configure(reinterpret_cast<unsigned char const*>(what.base));
    } else if (configuration && memory && what.reg == 0 && what.prefix == x66) {
        std::memcpy(reinterpret_cast<void*>(what.base), tiles.configuration, 64);
    } else if (configuration && !memory && what.prefix == none && what.reg == 0 && what.rm == 0) {
        release();
    } else if (configuration && !memory && what.prefix == xF2 && what.rm == 0) {
        need_tile(what.reg, "TILEZERO: a tile that is not configured");
        std::memset(tiles.bytes[what.reg], 0, sizeof tiles.bytes[0]);
        tiles.configuration[1] = 0;
    } else if (transfer && (what.prefix == xF2 || what.prefix == x66)) {
        need(what.has_sib, "TILELOADD: an address without SIB");
        load(what);
    } else if (transfer && what.prefix == xF3) {
        need(what.has_sib, "TILESTORED: an address without SIB");
        store(what);
    } else if (!memory && (what.opcode == 0x5E || (what.opcode == 0x5C && what.prefix == xF3))) {
        multiply(what);
    } else {
        return false;
    }
    return true;
}

/// What is no tile instruction goes to whoever handled the signal before: the instruction is tried again.
void handle(int number, siginfo_t*, void* context) {
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    instruction what;
    if (decode(registers, what) && carry_out(what)) registers[REG_RIP] = static_cast<greg_t>(what.next);
    else sigaction(number, &earlier, nullptr);
}

}  // namespace

tile_emulator::tile_emulator() {
    for (std::atomic<long>* count : {&configured, &released, &products, &stored, &holding}) *count = 0;
    struct sigaction action {};
    action.sa_sigaction = &handle;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGILL, &action, &earlier);
}
tile_emulator::~tile_emulator() { sigaction(SIGILL, &earlier, nullptr); }

tile_use tile_emulator::use() noexcept { return {configured, released, products, stored, holding}; }

}  // namespace gemm_test

#endif
