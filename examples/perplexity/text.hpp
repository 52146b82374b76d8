// The text a model is measured on: documents of tokens, cut into pieces that fit the context.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace perplexity {

using token = std::uint32_t;

/// A run of tokens predicted together: the first one is given, each later one is predicted from those before it.
struct text_piece {
    std::vector<token> tokens;  // at least two
    std::size_t document = 0;

    std::size_t predicted() const { return tokens.size() - 1; }
};

struct text_corpus {
    std::vector<text_piece> pieces;  // in order, documents in order
    std::size_t documents = 0;
    std::size_t predicted = 0;  // tokens, over all pieces
    std::size_t bytes = 0;      // of text; 0 when it came as tokens
};

/// Which part of a file to read and how to cut it.
struct text_options {
    std::size_t context = 0;     // of the model
    std::size_t vocabulary = 0;  // larger token ids are an error
    token bos = 0;               // begins a text
    std::size_t documents = 0;   // how many to take; 0 means all
};

/// A byte-level text: documents end with a line `<|endoftext|>`; each is cut into pieces of at most context - 1 bytes,
/// every piece preceded by the BOS token and every byte of it predicted. Throws input_error.
text_corpus read_bytes(const std::string& path, const text_options& options);

/// A file of little-endian uint16 token ids in which the BOS token begins each document. A document longer than the
/// context is cut, each further piece preceded by the BOS token. Throws input_error.
text_corpus read_tokens(const std::string& path, const text_options& options);

}  // namespace perplexity
