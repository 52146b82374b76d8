// Option names, their checks, and the defaults that make the program work without any.
#include "options.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <thread>

namespace perplexity {

namespace {

/// The model and text that come with the library. The build says where; by hand, they lie beside this source.
std::string example_data(const char* name) {
#ifdef FEWBITS_EXAMPLE_DATA
    const std::filesystem::path directory = FEWBITS_EXAMPLE_DATA;
#else
    const std::filesystem::path directory = std::filesystem::path(__FILE__).parent_path() / ".." / "data";
#endif
    return (directory / name).lexically_normal().string();
}

/// Enough stories for the formats to separate by many standard errors, and for all rows within two minutes.
constexpr std::size_t default_stories = 24;

void declare(CLI::App& app, program_options& o) {
    app.add_option("--model", o.model, "a .safetensors file, a directory holding one, or a llama2.c .bin file")
        ->check(CLI::ExistingPath);
    app.add_option("--config", o.config, "configuration of a safetensors model (default: beside it)")
        ->check(CLI::ExistingFile);
    auto* text = app.add_option("--text", o.text, "text read byte by byte, stories end with a line <|endoftext|>")
                     ->check(CLI::ExistingFile);
    app.add_option("--tokens", o.tokens, "little-endian uint16 token ids, BOS begins each document")
        ->check(CLI::ExistingFile)
        ->excludes(text);
    app.add_option("--bos", o.bos, "token that begins a text (default: the model's; 0 for --text, 1 for --tokens)")
        ->check(CLI::NonNegativeNumber);
    app.add_option(
           "--rms-eps", o.rms_eps, "epsilon of the RMS norms (default: the model's; .bin files have none: 1e-5)")
        ->check(CLI::Range(1e-12, 0.1));
    app.add_option("--formats", o.formats,
           "rows, separated by commas: format, AxW (activations x weights), or a label such as W8A8")
        ->delimiter(',');
    app.add_option("--threads", o.threads, "threads (default: all cores)")->check(CLI::Range(1, 1024));
    app.add_option("--stories", o.stories, "how many stories of the text to take; 0 means all")
        ->check(CLI::NonNegativeNumber);
    app.add_flag("--head", o.head, "quantize the embedding and the output head too");
    app.add_option("--json", o.json, "write all figures to this file");
    app.add_option("--html", o.html, "write a report with a plot to this file");
    app.add_flag("--quiet", o.quiet, "no progress bar");
    app.add_flag("--list", o.list, "list the formats and pairs, then stop");
}

/// Fills in the model and text that come with the library. Returns what is wrong, or an empty string.
std::string complete(CLI::App& app, program_options& o) {
    const bool own_text = !o.text.empty() || !o.tokens.empty();
    if (!o.model.empty() && !own_text) return "--model needs the text to measure it on: --text or --tokens";
    if (o.model.empty() && !o.tokens.empty()) return "--tokens needs the --model that the token ids belong to";
    if (o.model.empty()) {
        if (!o.config.empty()) return "--config needs --model";
        o.model = example_data("tiny-bytes.safetensors");
        if (!own_text) {
            o.text = example_data("tiny-eval.txt");
            if (app.count("--stories") == 0) o.stories = default_stories;
        }
        if (!std::filesystem::exists(o.model))
            return "the example model " + o.model + " is not there; give --model and --text";
    }
    return {};
}

}  // namespace

command_line read_command_line(int argc, char** argv) {
    command_line result;
    CLI::App app(
        "What each number format costs a real language model: perplexity, divergence and size, one row per format.");
    result.options.threads = (std::max)(1u, std::thread::hardware_concurrency());
    declare(app, result.options);
    try {
        app.parse(argc, argv);
        if (const std::string mistake = complete(app, result.options); !mistake.empty()) {
            std::cerr << mistake << "\nRun with --help for more information.\n";
            result.exit_code = 2;
        }
    } catch (const CLI::ParseError& stop) {
        result.exit_code = app.exit(stop) == 0 ? 0 : 2;
    }
    return result;
}

}  // namespace perplexity
