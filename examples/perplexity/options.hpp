// The command line, read and checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace perplexity {

struct program_options {
    std::string model, config;  // paths; config empty: looked for beside the model
    std::string text, tokens;   // one of them
    std::optional<std::uint32_t> bos;
    std::optional<double> rms_eps;
    std::vector<std::string> formats;  // empty: the default rows
    std::size_t threads = 1;
    std::size_t stories = 0;  // 0: all
    bool head = false;
    bool quiet = false;
    bool list = false;
    std::string json, html;  // paths; empty: not written
};

/// Reads the command line. An exit code means that the program is done: 0 after --help, 2 after a mistake, which has
/// been explained on standard error.
struct command_line {
    program_options options;
    std::optional<int> exit_code;
};
command_line read_command_line(int argc, char** argv);

}  // namespace perplexity
