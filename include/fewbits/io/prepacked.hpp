// Prepacked matrices to streams and back, as they lie in memory: what was re-ordered once need not be again.
//
// Little-endian sections (sectioned_stream.hpp), each filled up with zeros to a multiple of 64 bytes, streams therefore aligned:
//   header       8 bytes 89 "fewbits"; u32 version = 1; u32 panel_layout; u64 rows; u64 cols; u32 bytes of the format's name;
//                u32 number of streams; u64 entries of the permutation, 0 or cols; 16 bytes of zeros
//   name         F::name, as catalogued
//   sizes        u64 each: bytes of every stream
//   permutation  u32 each: stored column j is logical column permutation[j]
//   streams      codes, then scales from the inside out, then offsets likewise, each a section
// and 8 bytes, the checksum of all sections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iosfwd>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "../matrix/prepacked_matrix.hpp"
#include "sectioned_stream.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {
namespace prepacked_file {

inline constexpr std::string_view magic = "\x89" "fewbits";
inline constexpr std::uint32_t version = 1;

/// The fields of the header behind version and layout.
struct header {
    std::uint64_t rows, cols;
    std::uint64_t name_bytes, streams, permutation;
};

inline std::vector<std::byte> integers(std::span<const std::size_t> values) {
    std::vector<std::byte> bytes(values.size() * 8);
    for (std::size_t i = 0; i < values.size(); ++i) store_integer(bytes.data() + 8 * i, 8, values[i]);
    return bytes;
}

inline std::vector<std::byte> encoded(header const& h, panel_layout layout) {
    std::vector<std::byte> bytes(section_alignment);
    std::memcpy(bytes.data(), magic.data(), 8);
    store_integer(&bytes[8], 4, version);
    store_integer(&bytes[12], 4, static_cast<std::uint64_t>(layout));
    store_integer(&bytes[16], 8, h.rows);
    store_integer(&bytes[24], 8, h.cols);
    store_integer(&bytes[32], 4, h.name_bytes);
    store_integer(&bytes[36], 4, h.streams);
    store_integer(&bytes[40], 8, h.permutation);
    return bytes;
}

/// Checked as far as one can without the format: the shape leaves room for every size to be computed.
inline header read_header(section_reader& in, panel_layout layout) {
    std::byte bytes[section_alignment];
    in.section(bytes);
    auto const field = [&](std::size_t at, std::size_t count) { return load_integer(bytes + at, count); };
    if (std::memcmp(bytes, magic.data(), 8) != 0) in.fail(0, "no prepacked matrix begins here");
    if (field(8, 4) != version) in.fail(8, "version " + std::to_string(field(8, 4)) + ", where " + std::to_string(version) + " is known");
    if (field(12, 4) != static_cast<std::uint64_t>(layout)) in.fail(12, "an unknown layout of panels, " + std::to_string(field(12, 4)));
    if (field(48, 8) != 0 || field(56, 8) != 0) in.fail(48, "the end of the header is not zero");
    header const h{field(16, 8), field(24, 8), field(32, 4), field(36, 4), field(40, 8)};
    constexpr std::uint64_t most = (std::numeric_limits<std::size_t>::max)() / 4096;
    if (h.rows > most || h.cols > most || (h.cols != 0 && h.rows > most / h.cols)) {
        in.fail(16, std::to_string(h.rows) + " x " + std::to_string(h.cols) + " elements do not fit the address space");
    }
    if (h.permutation != 0 && h.permutation != h.cols) {
        in.fail(40, std::to_string(h.permutation) + " entries are no permutation of " + std::to_string(h.cols) + " columns");
    }
    return h;
}

inline void read_name(section_reader& in, header const& h, std::string_view name) {
    constexpr std::size_t longest = 256;
    std::uint64_t const at = in.offset();
    std::string found((h.name_bytes <= longest ? static_cast<std::size_t>(h.name_bytes) : 0), '\0');
    in.section(std::as_writable_bytes(std::span(found)));
    if (found != name) in.fail(at, "the matrix is in format '" + found + "', not " + std::string(name));
}

/// Fails unless the sizes in the file are `sizes`, which follow from the shape, and the stream, if it can tell, holds them all.
inline void read_sizes(section_reader& in, header const& h, std::span<const std::size_t> sizes) {
    if (h.streams != sizes.size()) {
        in.fail(36, std::to_string(h.streams) + " streams, where the format has " + std::to_string(sizes.size()));
    }
    std::uint64_t const at = in.offset();
    std::vector<std::byte> bytes(sizes.size() * 8);
    in.section(bytes);
    std::uint64_t total = h.permutation * 4 + section_fill(h.permutation * 4) + 8;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        std::uint64_t const size = load_integer(bytes.data() + 8 * i, 8);
        if (size != sizes[i]) {
            in.fail(at + 8 * i, "a stream of " + std::to_string(size) + " bytes, where the shape needs " + std::to_string(sizes[i]));
        }
        total += size + section_fill(size);
    }
    if (auto const left = in.left(); left && *left < total) {
        in.fail(in.offset() + *left, "the data end " + std::to_string(total - *left) + " bytes too early");
    }
}

inline std::vector<std::uint32_t> read_permutation(section_reader& in, header const& h) {
    std::uint64_t const at = in.offset();
    std::vector<std::byte> bytes(static_cast<std::size_t>(h.permutation) * 4);
    in.section(bytes);
    std::vector<std::uint32_t> order(bytes.size() / 4);
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint32_t>(load_integer(bytes.data() + 4 * i, 4));
    try {
        check_permutation(order, static_cast<std::size_t>(h.cols));
    } catch (std::invalid_argument const& error) {
        in.fail(at, error.what());
    }
    return order;
}

template <block_format F>
void write(prepacked_matrix<F> const& w, section_writer out) {
    auto const streams = w.streams();
    std::vector<std::size_t> sizes;
    for (auto stream : streams) sizes.push_back(stream.size());
    std::vector<std::byte> order(w.permutation().size() * 4);
    for (std::size_t j = 0; j < w.permutation().size(); ++j) store_integer(order.data() + 4 * j, 4, w.permutation()[j]);
    out.section(encoded({w.rows(), w.cols(), F::name.size(), streams.size(), w.permutation().size()}, w.layout()));
    out.section(std::as_bytes(std::span(F::name)));
    out.section(integers(sizes));
    out.section(order);
    for (auto stream : streams) out.section(stream);
    out.finish();
}

template <block_format F>
prepacked_matrix<F> read(section_reader& in) {
    header const h = read_header(in, panel_layout::rows16_planes);
    auto const rows = static_cast<std::size_t>(h.rows);
    auto const cols = static_cast<std::size_t>(h.cols);
    read_name(in, h, F::name);
    std::vector<std::size_t> sizes;
    try {
        sizes = prepacked_matrix<F>::stream_sizes(rows, cols);
    } catch (std::invalid_argument const& error) {
        in.fail(16, error.what());
    }
    read_sizes(in, h, sizes);
    std::vector<std::uint32_t> order = read_permutation(in, h);
    prepacked_matrix<F> w(rows, cols);
    w.set_permutation(std::move(order));
    std::uint64_t const at = in.offset();
    for (auto stream : w.streams()) in.section(stream);
    in.finish();
    if (!w.padding_is_zero()) in.fail(at, "the codes that fill up the last columns are not zero");
    return w;
}

}  // namespace prepacked_file

/// Writes a prepacked matrix, from where `out` stands; several may follow each other. Throws io_error where `out` refuses.
template <block_format F>
void save(prepacked_matrix<F> const& w, std::ostream& out) {
    prepacked_file::write(w, section_writer(out, {}));
}

/// Reads what save wrote, and leaves `in` behind it. Throws io_error with the offset of what is wrong: another kind of file,
/// version, layout or format, sizes that are not the shape's, a permutation that is none, padding that is no padding, damaged or
/// missing bytes. Sizes are
/// checked, against what `in` still holds too where it can tell, before room is made for them.
template <block_format F>
prepacked_matrix<F> load_prepacked(std::istream& in) {
    section_reader reader(in, {});
    return prepacked_file::read<F>(reader);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
