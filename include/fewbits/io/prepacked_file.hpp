// Prepacked matrices in files of their own.
#pragma once

#include <filesystem>
#include <fstream>
#include <system_error>

#include "prepacked.hpp"

namespace fewbits {
inline namespace FEWBITS_BASELINE {

/// Writes `to`.part beside `to` and renames it when all is written: what stood at `to` before is replaced whole or not at all.
/// Throws io_error. One writer of a path at a time; whether the bytes outlive a loss of power is the system's affair.
template <block_format F>
void save(prepacked_matrix<F> const& w, std::filesystem::path const& to) {
    std::filesystem::path part = to;
    part += ".part";
    std::error_code error;
    try {
        std::ofstream out(part, std::ios_base::binary | std::ios_base::trunc);
        if (!out) throw io_error(part.string(), 0, "cannot be created");
        prepacked_file::write(w, section_writer(out, part.string()));
        out.close();
        if (!out) throw io_error(part.string(), 0, "cannot be written to its end");
        std::filesystem::rename(part, to, error);
        if (error) throw io_error(to.string(), 0, "cannot be replaced: " + error.message());
    } catch (...) {
        std::filesystem::remove(part, error);
        throw;
    }
}

/// Reads a file that holds one prepacked matrix and nothing else; throws io_error, which names the file.
template <block_format F>
prepacked_matrix<F> load_prepacked(std::filesystem::path const& from) {
    std::ifstream in(from, std::ios_base::binary);
    if (!in) throw io_error(from.string(), 0, "cannot be opened");
    section_reader reader(in, from.string());
    prepacked_matrix<F> w = prepacked_file::read<F>(reader);
    if (in.peek() != std::ifstream::traits_type::eof()) reader.fail(reader.offset(), "bytes follow the matrix");
    return w;
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
