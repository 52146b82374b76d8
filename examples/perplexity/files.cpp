// Reading whole files, and writing them so that a half-written one never replaces a good one.
#include "files.hpp"

#include "errors.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <system_error>

namespace perplexity {

namespace fs = std::filesystem;

std::vector<std::byte> read_file(const std::string& path) {
    std::error_code trouble;
    if (fs::is_directory(path, trouble)) throw input_error(path, 0, "is a directory");
    std::ifstream in(path, std::ios::binary);
    if (!in) throw input_error(path, 0, std::string("cannot be opened: ") + std::strerror(errno));
    std::vector<std::byte> bytes;
    std::vector<char> piece(1 << 20);
    while (in) {
        in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        const auto first = reinterpret_cast<const std::byte*>(piece.data());
        bytes.insert(bytes.end(), first, first + in.gcount());
    }
    if (in.bad()) throw input_error(path, bytes.size(), "cannot be read further");
    return bytes;
}

void write_file(const std::string& path, std::string_view text) {
    const std::string temporary = path + ".part" + std::to_string(std::random_device{}());
    std::error_code trouble;
    {
        std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
        if (!out) throw std::runtime_error(path + ": cannot be written: " + std::strerror(errno));
        out.write(text.data(), static_cast<std::streamsize>(text.size()));
        out.close();
        if (!out) {
            fs::remove(temporary, trouble);
            throw std::runtime_error(path + ": could not be written completely; the old file, if any, is unchanged");
        }
    }
    fs::rename(temporary, path, trouble);
    if (trouble) {
        const std::string reason = trouble.message();
        fs::remove(temporary, trouble);
        throw std::runtime_error(path + ": cannot be replaced: " + reason);
    }
}

}  // namespace perplexity
