// Reading documents from byte-level text and from token files.
#include "text.hpp"

#include "errors.hpp"
#include "files.hpp"

#include <algorithm>

namespace perplexity {

namespace {

constexpr std::string_view separator = "<|endoftext|>";

/// Cuts one document's tokens (without BOS) into pieces of at most `longest` and adds them.
void add_document(text_corpus& corpus, const std::vector<token>& tokens, std::size_t longest, token bos) {
    for (std::size_t first = 0; first < tokens.size(); first += longest) {
        const std::size_t count = (std::min)(longest, tokens.size() - first);
        text_piece piece;
        piece.document = corpus.documents;
        piece.tokens.push_back(bos);
        const auto begin = tokens.begin() + static_cast<std::ptrdiff_t>(first);
        piece.tokens.insert(piece.tokens.end(), begin, begin + static_cast<std::ptrdiff_t>(count));
        corpus.predicted += count;
        corpus.pieces.push_back(std::move(piece));
    }
    ++corpus.documents;
}

/// The next document of `text` from `at` on, without its separator line; moves `at` behind that line.
std::string_view next_document(std::string_view text, std::size_t& at) {
    const std::size_t begin = at;
    for (std::size_t line = begin; line < text.size();) {
        const std::size_t newline = (std::min)(text.find('\n', line), text.size());
        std::string_view content = text.substr(line, newline - line);
        if (content.ends_with('\r')) content.remove_suffix(1);
        const std::size_t next = (std::min)(newline + 1, text.size());
        if (content == separator) {
            at = next;
            // the newline before the separator belongs to it
            return text.substr(begin, line > begin ? line - 1 - begin : 0);
        }
        line = next;
    }
    at = text.size();
    return text.substr(begin);
}

bool enough(const text_corpus& corpus, const text_options& options) {
    return options.documents != 0 && corpus.documents == options.documents;
}

}  // namespace

text_corpus read_bytes(const std::string& path, const text_options& options) {
    if (options.vocabulary < 256)
        throw input_error(path, 0,
            "text is read byte by byte, but the model's vocabulary has only " + std::to_string(options.vocabulary) +
                " entries; use --tokens");
    const auto bytes = read_file(path);
    const std::string_view text = as_text(bytes);
    text_corpus corpus;
    for (std::size_t at = 0; at < text.size() && !enough(corpus, options);) {
        const std::string_view document = next_document(text, at);
        if (document.empty()) continue;
        std::vector<token> tokens;
        for (const char c : document) tokens.push_back(static_cast<unsigned char>(c));
        corpus.bytes += document.size();
        add_document(corpus, tokens, options.context - 1, options.bos);
    }
    if (corpus.predicted == 0) throw input_error(path, 0, "holds no text");
    return corpus;
}

text_corpus read_tokens(const std::string& path, const text_options& options) {
    const auto bytes = read_file(path);
    if (bytes.size() % 2 != 0)
        throw input_error(path, bytes.size() - 1, "an odd number of bytes: token ids are 16 bits wide");
    text_corpus corpus;
    std::vector<token> document;
    bool open = false;
    const auto finish = [&] {
        if (!document.empty()) add_document(corpus, document, options.context, options.bos);
        document.clear();
    };
    for (std::size_t at = 0; at < bytes.size(); at += 2) {
        const token id = std::to_integer<token>(bytes[at]) | std::to_integer<token>(bytes[at + 1]) << 8;
        if (id >= options.vocabulary)
            throw input_error(path, at,
                "token " + std::to_string(id) + " lies outside the model's vocabulary of " +
                    std::to_string(options.vocabulary));
        if (id == options.bos) {
            finish();
            if (enough(corpus, options)) return corpus;
            open = true;
        } else if (!open) {
            throw input_error(path, at, "the file does not begin with the BOS token " + std::to_string(options.bos));
        } else {
            document.push_back(id);
        }
    }
    finish();
    if (corpus.predicted == 0) throw input_error(path, 0, "holds no tokens to predict");
    return corpus;
}

}  // namespace perplexity
