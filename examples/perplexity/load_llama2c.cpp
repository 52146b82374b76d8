// The llama2.c "legacy" layout: seven int32 sizes, then fp32 weights in a fixed order, layers outermost.
#include "checked.hpp"
#include "errors.hpp"
#include "files.hpp"
#include "llama.hpp"

#include <cstring>

namespace perplexity {

namespace {

constexpr std::size_t header_bytes = 28;

/// Hands out the file's floats in order; every step knows where in the file it is.
class float_stream {
public:
    float_stream(const std::string& file, const std::vector<std::byte>& bytes) : file_(file), bytes_(bytes) {}

    std::vector<float> vector(std::size_t count, const char* what) {
        const auto needed = checked_product(count, sizeof(float));
        if (!needed || *needed > bytes_.size() - at_)
            throw input_error(file_, at_, std::string("the file ends within ") + what);
        std::vector<float> values(count);
        std::memcpy(values.data(), bytes_.data() + at_, *needed);
        const std::size_t bad = first_not_finite(values);
        if (bad != count)
            throw input_error(file_, at_ + bad * sizeof(float), std::string(what) + " holds a NaN or an infinity");
        at_ += *needed;
        return values;
    }

    weight_matrix matrix(std::size_t rows, std::size_t cols, const char* what) {
        return {vector(rows * cols, what), rows, cols};  // sizes below 2^24: no overflow
    }

    void skip(std::size_t count, const char* what) {
        const auto needed = checked_product(count, sizeof(float));
        if (!needed || *needed > bytes_.size() - at_)
            throw input_error(file_, at_, std::string("the file ends within ") + what);
        at_ += *needed;
    }

    std::size_t left() const { return bytes_.size() - at_; }
    std::size_t position() const { return at_; }

private:
    const std::string& file_;
    const std::vector<std::byte>& bytes_;
    std::size_t at_ = header_bytes;
};

llama_config read_sizes(const std::string& path, const std::vector<std::byte>& bytes) {
    if (bytes.size() < header_bytes)
        throw input_error(path, bytes.size(), "too short for the seven sizes of a llama2.c file");
    std::int32_t sizes[7];
    std::memcpy(sizes, bytes.data(), header_bytes);
    llama_config c;
    c.tied = sizes[5] > 0;  // a negative vocabulary says that the head is stored separately
    for (std::size_t i = 0; i < 7; ++i)
        if (sizes[i] <= 0 && !(i == 5 && sizes[i] < 0 && sizes[i] != INT32_MIN))
            throw input_error(path, 4 * i, "size " + std::to_string(i + 1) + " of 7 is " + std::to_string(sizes[i]));
    c.dim = static_cast<std::size_t>(sizes[0]);
    c.hidden = static_cast<std::size_t>(sizes[1]);
    c.layers = static_cast<std::size_t>(sizes[2]);
    c.heads = static_cast<std::size_t>(sizes[3]);
    c.kv_heads = static_cast<std::size_t>(sizes[4]);
    c.vocabulary = static_cast<std::size_t>(c.tied ? sizes[5] : -sizes[5]);
    c.context = static_cast<std::size_t>(sizes[6]);
    if (c.dim % c.heads != 0)
        throw input_error(
            path, 12, std::to_string(c.heads) + " heads do not divide the width " + std::to_string(c.dim));
    c.head_size = c.dim / c.heads;
    c.order = rotary_order::adjacent;
    if (const auto trouble = config_trouble(c)) throw input_error(path, 0, *trouble);
    return c;
}

}  // namespace

llama_model load_llama2c(const std::string& path) {
    const auto bytes = read_file(path);
    llama_model model;
    model.config = read_sizes(path, bytes);
    const llama_config& c = model.config;
    const std::size_t keys = c.kv_heads * c.head_size;
    float_stream in(path, bytes);
    // The smallest layer there is takes 104 bytes: no memory for layers that the file cannot hold.
    if (c.layers > bytes.size() / 104) throw input_error(path, 8, "more layers than the file has room for");
    model.embedding = in.matrix(c.vocabulary, c.dim, "the embedding");
    model.layers.resize(c.layers);
    for (auto& l : model.layers) l.attention_norm = in.vector(c.dim, "an attention norm");
    for (auto& l : model.layers) l.query = in.matrix(c.dim, c.dim, "a query matrix");
    for (auto& l : model.layers) l.key = in.matrix(keys, c.dim, "a key matrix");
    for (auto& l : model.layers) l.value = in.matrix(keys, c.dim, "a value matrix");
    for (auto& l : model.layers) l.output = in.matrix(c.dim, c.dim, "an attention output matrix");
    for (auto& l : model.layers) l.feed_forward_norm = in.vector(c.dim, "a feed-forward norm");
    for (auto& l : model.layers) l.gate = in.matrix(c.hidden, c.dim, "a gate matrix");
    for (auto& l : model.layers) l.down = in.matrix(c.dim, c.hidden, "a down matrix");
    for (auto& l : model.layers) l.up = in.matrix(c.hidden, c.dim, "an up matrix");
    model.final_norm = in.vector(c.dim, "the final norm");
    in.skip(c.context * c.head_size, "the rotary tables");  // recomputed, never read
    if (!c.tied) model.head = in.matrix(c.vocabulary, c.dim, "the output head");
    if (in.left() != 0)
        throw input_error(path, in.position(), std::to_string(in.left()) + " bytes after the last weight");
    return model;
}

}  // namespace perplexity
