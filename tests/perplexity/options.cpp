// Command lines: the defaults, and mistakes that end with exit code 2.
#include "scratch.hpp"

#include <options.hpp>

#include <catch2/catch.hpp>

#include <iostream>
#include <sstream>

namespace {

perplexity::command_line parse(std::vector<std::string> words) {
    words.insert(words.begin(), "perplexity");
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    std::ostringstream swallowed;
    std::streambuf* const out = std::cout.rdbuf(swallowed.rdbuf());
    std::streambuf* const err = std::cerr.rdbuf(swallowed.rdbuf());
    auto result = perplexity::read_command_line(static_cast<int>(arguments.size()), arguments.data());
    std::cout.rdbuf(out);
    std::cerr.rdbuf(err);
    if (result.exit_code) CHECK(!swallowed.str().empty());
    return result;
}

}  // namespace

TEST_CASE("without options the example model is measured on a part of its text") {
    const auto line = parse({});
    REQUIRE(!line.exit_code);
    CHECK(line.options.model.find("tiny-bytes.safetensors") != std::string::npos);
    CHECK(line.options.text.find("tiny-eval.txt") != std::string::npos);
    CHECK(line.options.stories > 0);
    CHECK(line.options.threads >= 1);
    CHECK(line.options.formats.empty());
    CHECK(parse({"--stories", "0"}).options.stories == 0);
}

TEST_CASE("options are taken as given") {
    const scratch::file model(".bin", ""), text(".txt", "");
    const auto line = parse({"--model", model.path(), "--text", text.path(), "--formats", "a,b,AxW", "--threads", "3",
        "--head", "--rms-eps", "1e-6", "--bos", "2", "--json", "j", "--html", "h", "--quiet"});
    REQUIRE(!line.exit_code);
    CHECK(line.options.formats == std::vector<std::string>{"a", "b", "AxW"});
    CHECK(line.options.threads == 3);
    CHECK(line.options.head);
    CHECK(line.options.rms_eps == 1e-6);
    CHECK(line.options.bos == 2u);
    CHECK(line.options.stories == 0);
}

TEST_CASE("help ends well, mistakes end with 2") {
    CHECK(parse({"--help"}).exit_code == 0);
    const scratch::file model(".bin", ""), text(".txt", "");
    for (const std::vector<std::string>& words :
        std::vector<std::vector<std::string>>{{"--nonsense"}, {"leftover"}, {"--threads", "0"}, {"--threads", "two"},
            {"--stories", "-1"}, {"--rms-eps", "2"}, {"--model", "/nonexistent"}, {"--text", "/nonexistent"},
            {"--model", model.path()}, {"--tokens", text.path()}, {"--config", text.path()},
            {"--model", model.path(), "--text", text.path(), "--tokens", text.path()}, {"--json"}}) {
        INFO(words[0]);
        CHECK(parse(words).exit_code == 2);
    }
}
