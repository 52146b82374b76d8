// How texts become pieces: separators, cuts, BOS tokens, and token files that are wrong.
#include "scratch.hpp"

#include <text.hpp>

#include <catch2/catch.hpp>

using namespace scratch;
using perplexity::token;

namespace {

perplexity::text_options options(std::size_t context, std::size_t vocabulary, token bos, std::size_t documents = 0) {
    return {context, vocabulary, bos, documents};
}

/// The pieces of a corpus as text, each without its BOS.
std::vector<std::string> pieces(const perplexity::text_corpus& corpus) {
    std::vector<std::string> result;
    for (const auto& piece : corpus.pieces) {
        CHECK(piece.tokens.at(0) == 0);
        result.emplace_back(piece.tokens.begin() + 1, piece.tokens.end());
    }
    return result;
}

std::string words(const std::vector<unsigned>& ids) {
    std::string content;
    for (const unsigned id : ids) content += little_endian(id, 2);
    return content;
}

}  // namespace

TEST_CASE("bytes: stories end with their separator line") {
    const file f(".txt", "one\ntwo\n<|endoftext|>\n<|endoftext|>\nthree<|endoftext|>\n<|endoftext|>\r\nfour\n");
    const auto corpus = perplexity::read_bytes(f.path(), options(256, 256, 0));
    CHECK(pieces(corpus) == std::vector<std::string>{"one\ntwo", "three<|endoftext|>", "four\n"});
    CHECK(corpus.documents == 3);
    CHECK(corpus.predicted == 7 + 18 + 5);
    CHECK(corpus.bytes == corpus.predicted);
    CHECK(perplexity::read_bytes(f.path(), options(256, 256, 0, 2)).documents == 2);
}

TEST_CASE("bytes: long stories are cut into pieces below the context") {
    const file f(".txt", "abcdefg\n<|endoftext|>\nhi\n<|endoftext|>\n");
    const auto corpus = perplexity::read_bytes(f.path(), options(4, 256, 0));
    CHECK(pieces(corpus) == std::vector<std::string>{"abc", "def", "g", "hi"});
    CHECK(corpus.pieces[2].document == 0);
    CHECK(corpus.pieces[3].document == 1);
}

TEST_CASE("bytes: nothing to read") {
    const file empty(".txt", "");
    CHECK(refusal([&] { perplexity::read_bytes(empty.path(), options(4, 256, 0)); }).find("no text") !=
          std::string::npos);
    const file f(".txt", "x");
    CHECK(refusal([&] { perplexity::read_bytes(f.path(), options(4, 255, 0)); }).find("use --tokens") !=
          std::string::npos);
}

TEST_CASE("tokens: BOS begins a document, and the context cuts it") {
    const file f(".u16", words({1, 5, 6, 7, 1, 1, 8, 300}));
    const auto corpus = perplexity::read_tokens(f.path(), options(2, 301, 1));
    CHECK(corpus.documents == 2);
    CHECK(corpus.predicted == 5);
    REQUIRE(corpus.pieces.size() == 3);
    CHECK(corpus.pieces[0].tokens == std::vector<token>{1, 5, 6});
    CHECK(corpus.pieces[1].tokens == std::vector<token>{1, 7});
    CHECK(corpus.pieces[2].tokens == std::vector<token>{1, 8, 300});
    CHECK(perplexity::read_tokens(f.path(), options(2, 301, 1, 1)).predicted == 3);
}

TEST_CASE("tokens: files that are wrong") {
    const file odd(".u16", words({1, 2}) + "x");
    CHECK(says(refusal([&] { perplexity::read_tokens(odd.path(), options(4, 8, 1)); }), odd.path(), 4, "odd number"));
    const file large(".u16", words({1, 2, 8}));
    CHECK(says(refusal([&] { perplexity::read_tokens(large.path(), options(4, 8, 1)); }), large.path(), 4, "outside"));
    const file headless(".u16", words({2, 1}));
    CHECK(
        says(refusal([&] { perplexity::read_tokens(headless.path(), options(4, 8, 1)); }), headless.path(), 0, "BOS"));
    const file lonely(".u16", words({1, 1}));
    CHECK(refusal([&] { perplexity::read_tokens(lonely.path(), options(4, 8, 1)); }).find("no tokens") !=
          std::string::npos);
}
