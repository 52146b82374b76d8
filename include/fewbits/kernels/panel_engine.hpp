// What an instruction set does for the product over panels: expand codes to vectors, multiply a tile. One engine, one data path.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../matrix/panel_order.hpp"
#include "operand.hpp"
#include "portable/tile.hpp"

namespace fewbits {

/// Panels whose sums are kept together: up to `rows` rows of a by 4 panels, 64 columns of y.
inline constexpr std::size_t tile_panels = 4;
inline constexpr std::size_t tile_width = tile_panels * panel_rows;

/// Rows and words of each that stand together where an engine's activations are tiled.
inline constexpr std::size_t tile_lines = 16, tile_words = 16;

/// What the elements of w become, and with them those of a, four bytes of which meet one lane of a vector of w.
enum class panel_path : unsigned char {
    bytes,  ///< w unsigned (with a bias), a signed: four columns a vector, exact sums in int32
    pairs,  ///< bf16: two columns a vector, fp32 sums
    floats  ///< fp32: one column a vector
};

constexpr std::size_t columns_of(panel_path path) noexcept {
    return path == panel_path::bytes ? 4 : path == panel_path::pairs ? 2 : 1;
}

/// Vectors of a strip, what is expanded and multiplied at a time, unless an engine has others: the four strips of a tile take 16 KiB,
/// half of a first-level cache, or 32.
constexpr std::size_t strip_vectors(panel_path path) noexcept { return path == panel_path::floats ? 128 : 64; }

/// In a step of four columns a vector of pairs holds columns 0 and 2, the next 1 and 3: so codes of 1, 2 and 4 bits become pairs
/// by a shift and a table look-up of 16-bit lanes.
constexpr std::size_t pair_column(std::size_t vector, std::size_t half) noexcept { return vector / 2 * 4 + vector % 2 + 2 * half; }

/// The elements of a format of at most 8 bits in the forms that vectors look them up in. Entry i belongs to the code whose low
/// bits are i's, so that higher bits need no mask.
struct element_tables {
    alignas(64) std::uint16_t word[32];   ///< as bf16; formats of up to 4 bits
    alignas(64) std::uint8_t low[256];    ///< the bf16's lower byte
    alignas(64) std::uint8_t high[256];   ///< and upper byte
    alignas(64) float value[16];          ///< formats of up to 4 bits
    alignas(64) std::uint8_t byte[64];    ///< the integer plus bias; formats of up to 6 bits
    std::uint8_t flip = 0;                ///< plain integers: code ^ flip is the integer plus bias
    int bias = 0;
    int centre = 0;                       ///< formats with an offset: entry i stands for the integer i - centre
    float unit = 1.0F;                    ///< integers: what one is worth
    float const* values = nullptr;        ///< all of them
    bool exact_in_bf16 = false;
    bool mirrored = false;                ///< 8 bits: the upper half of the codes is the lower with its sign changed
    bool plain_integers = false;          ///< two's complement, unsigned or excess, every code an integer of its own
    bool signed_codes = false;            ///< the code's highest bit is the value's sign and nothing else
};

/// How panels of scales become vectors of 16 floats.
struct scale_reader {
    /// `count` columns from lines that begin a unit; writes whole units.
    void (*codes)(int width, element_tables const& tables, std::byte const* lines, std::size_t count, float* out);
    /// `count` numbers of 16 bits, IEEE style with 5 or 8 exponent bits.
    void (*halves)(int exponent_bits, std::byte const* numbers, std::size_t count, float* out);
    /// `count` vectors from column `first` on, in place: f(value * scale), and offset added where there is one; vectors of scale
    /// and offset belong to groups of columns, the first to the group that `first` is in.
    void (*apply)(std::size_t first, std::size_t count, std::size_t group, float const* scale, float const* offset, float* values);
    /// codes and apply without offsets in one pass; first is the column of `lines`, group a multiple of 4. May be null.
    void (*scaled_codes)(int width, element_tables const& tables, std::byte const* lines, std::size_t first, std::size_t count,
                         std::size_t group, float const* scale, float* out) = nullptr;
    /// `count` columns of codes, as they are, from lines that begin a unit, one in a lane or two (panel_functions::integers); writes
    /// whole units. May be null.
    void (*integers)(int width, std::byte const* lines, std::size_t count, bool paired, std::uint32_t* out) = nullptr;
    bool in_place = false;  ///< products take scales of any number_form as they are
};

/// Groups of columns whose scales are read at once: a unit of codes.
inline constexpr std::size_t scale_window = unit_columns;

/// Columns [begin, end) that share one scale on both sides.
struct panel_segment {
    std::uint32_t begin, end;
    bool opens, closes;     ///< whether the shared group begins and ends here
    std::uint32_t number;   ///< of the group, among all of K
    std::uint32_t scale_w;  ///< of the group of w, among those of the window
    bool begins_block, ends_block;  ///< where scales are integers: whether a super-block does
    std::uint32_t factor_w; ///< of the super-block, among those of the window
};

/// Scales 2^e with |e| up to this go into elements: what comes out is a bf16, products of two keep clear of fp32's ends.
inline constexpr int most_folded = 32;

/// Streams of memory that a tile asks for ahead of time.
inline constexpr std::size_t ahead_streams = 2;

/// One tile over one chunk of K. What belongs to panels begins at the tile's first.
struct panel_tile {
    /// Elements, four bytes a vector of w: of row r and vector i of all K at [r * a_stride + i]; [1]: what [0] leaves of
    /// a float, or null.
    std::uint32_t const* a[2];
    std::size_t a_stride;          ///< of rows of a: vectors of a strip
    std::byte const* sums;         ///< panel_engine::make_sums of the row, or null
    std::byte const* strips;       ///< panel_engine::panels strips of vectors
    std::size_t strip_stride;      ///< bytes between them
    std::size_t terms, term_stride;  ///< path pairs: such sets of strips, what those before leave of each element, and bytes between them
    std::uint8_t flip;             ///< path bytes: to be xored with the bytes of the strips
    std::uintptr_t ahead[ahead_streams];  ///< what is read soon lies so far from the first strip: to be prefetched with it
    /// Where engines share a chunk's lines out among tiles: the first line that each panel's tile is to prefetch, or null.
    std::byte const* next[ahead_streams];
    std::size_t next_lines;        ///< of each
    std::size_t first;             ///< the column where they begin
    std::size_t granule;           ///< columns, a power of two, that every segment but the last of all is a multiple of
    panel_segment const* segments;
    std::size_t segment_count;
    float const* scale_a;          ///< [row * scale_a_stride + group number]
    std::int32_t const* start_a;   ///< where sums of each group begin, likewise: -bias * the sum of a's integers; path bytes
    std::size_t scale_a_stride;
    panel_place scales;            ///< of w, and the group of these that is the window's first
    std::size_t first_scale;
    float const* minimum_w;        ///< what each column adds, [(panel * scale_window + group of the window) * 16 + lane], or null
    bool zero_points;              ///< path bytes: minimum_w is what each code stands above its integer instead
    std::uint32_t const* shift_w;  ///< what is added to each byte of four codes before it is looked up, likewise
    /// Where scales are integers `scales` and minimum_w belong to super-blocks, and here are the integers, likewise; of
    /// minimums two in a lane, as are sums of a over each group: [row * sum_a_stride + pair]. Products by scales pass here from
    /// one group to the next: [row of the tile * tile_width + column].
    std::uint32_t const* integer_scale_w;
    std::uint32_t const* integer_minimum_w;
    std::uint32_t const* sum_a;
    std::size_t sum_a_stride;
    std::size_t block_pairs;       ///< of a super-block
    std::int32_t* products;
    float const* total_a;          ///< sums of a over each segment, on path pairs times scale_a, likewise
    float unit;                    ///< path bytes: what one unit of the integer products is worth
    float* y;                      ///< sums [row * tile_width + column]
    std::int32_t* carried;         ///< path bytes: sums of a group that began in an earlier chunk, likewise
};

/// panel_engine::line_widths of 1 to 8 bits.
inline constexpr unsigned every_width = 0b1'1111'1110U;

/// The functions of one path on one instruction set.
struct panel_engine {
    panel_path path;
    std::size_t rows;  ///< most rows of a tile; where fewer are left tiles have 4, 2 or 1
    /// `depth` columns from `lines`, which begins a unit, to vectors. width 1 to 8.
    void (*expand)(int width, element_tables const& tables, std::byte const* lines, std::size_t depth, std::byte* strip);
    /// The same from codes in bytes, four columns a line (interleaved), as `expand` takes width 8, for elements of `width` bits.
    void (*expand_bytes)(int width, element_tables const& tables, std::byte const* lines, std::size_t depth, std::byte* strip);
    /// y = fma(sum, f(scale_a * scale_w), y) for every group that closes, each product and sum of a group as the path has it.
    void (*multiply)(std::size_t rows, panel_tile const& tile);
    /// The same for one row of a, straight from the lines of four panels (from their first column on): no strips.
    void (*multiply_lines)(int width, element_tables const& tables, std::byte const* const* lines, panel_tile const& tile);
    unsigned line_widths = 0;  ///< bit w: multiply_lines takes codes of w bits
    unsigned plain_line_widths = 0;  ///< and these where the tables say plain_integers
    unsigned scaled_line_widths = 0;  ///< and these, and no others, where scales are integers
    /// For codes of 1 or 2 bits that stand for -3..3: all sums that the codes of a few columns can make of one row's bytes, 16
    /// columns to the quad, 2 * width lines each; and the product by them alone, with no multiplication by a weight.
    void (*make_sums)(int width, element_tables const& tables, std::uint32_t const* words, std::size_t quads, std::byte* out) = nullptr;
    void (*add_lines)(int width, std::byte const* const* lines, panel_tile const& tile) = nullptr;
    scale_reader scales;
    /// expand and expand_bytes for columns [first, first + depth) of one group whose codes are shifted by 16 words, as tables
    /// with a centre want them; path pairs, width at most 5. `first` is a multiple of 16, `strip` belongs to column 0.
    void (*expand_shifted)(int width, element_tables const& tables, std::byte const* lines, std::size_t first, std::size_t depth,
                           std::uint32_t const* shift, std::byte* strip) = nullptr;
    void (*expand_bytes_shifted)(int width, element_tables const& tables, std::byte const* lines, std::size_t first,
                                 std::size_t depth, std::uint32_t const* shift, std::byte* strip) = nullptr;
    /// Offsets of `count` (a multiple of 16) groups as these take them: w = scale * (code - c) + minimum with an integer c near
    /// the code that stands for zero, so that sums of (code - c) are no larger than the values they belong to. `offset`, a zero
    /// point or a minimum, becomes what is left as a minimum; shift becomes what brings four codes to their entries.
    void (*centre)(operand_facts const& w, int centre, std::size_t count, float const* scale, float* offset,
                   std::uint32_t* shift) = nullptr;
    /// chunk_depth values of a row as words of pairs: the bf16 nearest each and, unless `rest` is null, the one nearest the rest;
    /// unless `sums` is null, what both parts of each four columns add up to.
    void (*to_pairs)(float const* values, std::uint32_t* words, std::uint32_t* rest, float* sums) = nullptr;
    /// The first of these of chunk_depth numbers that are bf16 already.
    void (*pairs_of_bf16)(std::byte const* values, std::uint32_t* words) = nullptr;
    /// And of as many codes in bytes.
    void (*pairs_of_codes)(element_tables const& tables, std::uint8_t const* codes, std::uint32_t* words) = nullptr;
    /// chunk_depth integers / per_unit as words of four signed bytes; and the sum of each word of as many.
    void (*to_bytes)(float const* values, float per_unit, std::uint32_t* words) = nullptr;
    void (*sum_bytes)(std::uint32_t const* words, std::int32_t* sums) = nullptr;
    /// Up to 16 rows of bf16 that lie `stride` bytes apart as vectors of pairs, zeros up to 16 rows and 32 columns; to_pairs gives
    /// columns in the same order. What is read next lies `ahead` bytes on, to be prefetched; any address.
    void (*turn_rows)(std::byte const* row, std::size_t stride, std::size_t rows, std::size_t depth, std::uintptr_t ahead,
                      std::byte* strip) = nullptr;
    /// Where each is given: multiplies the vectors of columns [first, first + depth) by their scales 2^e (of groups of columns, from
    /// the one `first` is in on); false where some e is beyond most_folded or no number and an element under it is not 0. And
    /// y += a * w over the tile's columns, the products added up from 0, with no scale on either side. Path pairs.
    bool (*fold)(std::size_t first, std::size_t depth, std::size_t group, float const* scale, std::byte* strip) = nullptr;
    void (*multiply_folded)(std::size_t rows, panel_tile const& tile) = nullptr;
    std::size_t terms = 1;        ///< path pairs: bf16 numbers whose sum an element of w is taken as
    std::size_t longest = 64;     ///< columns of the longest segment where sums are rounded
    std::size_t panels = tile_panels;  ///< of a tile
    std::size_t vectors = 0;      ///< of a strip, a multiple of strip_vectors(path); 0: those
    std::size_t blocks = 1;       ///< blocks of 64 columns that go through K together
    std::size_t most_rows = 528;  ///< of a slab: its sums stay in the cache; a multiple of `rows`
    std::size_t row_padding = 1;  ///< rows of a are made up to a multiple with zeros, and a tile takes any such multiple
    bool tiled = false;           ///< words of a: in every chunk, for 16 rows, 16 words of each row, then the next 16
    bool shares_ahead = false;    ///< `multiply` heeds panel_tile::next, not ahead
    bool flips = false;           ///< `multiply` heeds panel_tile::flip: lines of any plain bytes serve as strips
    /// `multiply` where w's bytes are signed, without a bias: start_a is 0. Lines of two's complement serve as strips. May be null.
    void (*multiply_signed)(std::size_t rows, panel_tile const& tile) = nullptr;
    /// totals += sums, sums = 0; `count` is a multiple of 64. Null: as the compiler has it.
    void (*add_up)(float* sums, std::size_t count, double* totals) = nullptr;
    /// Called before and after the tiles of a block, by the thread that multiplies them; granule as in panel_tile.
    void (*enter)(std::size_t granule) = nullptr;
    void (*leave)() = nullptr;
    void (*keep_awake)() = nullptr;  ///< and, if not null, between them after each panel that has been expanded
};

inline namespace FEWBITS_BASELINE {

/// The bf16 and fp32 forms of 2^width values.
inline element_tables make_tables(int width, float const* values) noexcept {
    element_tables tables;
    unsigned const codes = 1U << width;
    tables.values = values;
    tables.exact_in_bf16 = true;
    tables.signed_codes = true;
    for (unsigned i = 0; i < 256; ++i) {
        std::uint32_t const bits = __builtin_bit_cast(std::uint32_t, values[i % codes]);
        tables.exact_in_bf16 = tables.exact_in_bf16 && (bits & 0xFFFFU) == 0;
        std::uint32_t const opposite = __builtin_bit_cast(std::uint32_t, values[(i ^ codes / 2) % codes]);
        tables.signed_codes = tables.signed_codes && (bits ^ opposite) == 0x80000000U && bits >> 31 == (i & codes / 2) / (codes / 2);
        tables.low[i] = static_cast<std::uint8_t>(bits >> 16);
        tables.high[i] = static_cast<std::uint8_t>(bits >> 24);
        if (i < 32) tables.word[i] = static_cast<std::uint16_t>(bits >> 16);
        if (i < 16) tables.value[i] = values[i % codes];
        if (i < 64) tables.byte[i] = 0;
    }
    tables.mirrored = width == 8;
    for (unsigned i = 0; i < 128; ++i) {
        bool const opposite = tables.low[i] == tables.low[i + 128] && (tables.high[i] ^ tables.high[i + 128]) == 0x80;
        tables.mirrored = tables.mirrored && opposite;
    }
    return tables;
}

/// Codes of at most 5 bits that stand for integers, less an integer that varies: entry i is i - centre.
inline element_tables make_centred_tables(int width) noexcept {
    float values[64];
    int const centre = width <= 4 ? 16 : 32;
    for (int i = 0; i < 64; ++i) values[i] = static_cast<float>(i % (2 * centre) - centre);
    element_tables tables = make_tables(6, values);
    tables.values = nullptr;
    tables.centre = centre;
    return tables;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
