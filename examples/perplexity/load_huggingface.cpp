// Llama models as Hugging Face stores them: config.json for the sizes, safetensors for the weights.
#include "errors.hpp"
#include "files.hpp"
#include "llama.hpp"
#include "safetensors.hpp"
#include "strict_json.hpp"

#include <set>

namespace perplexity {

namespace {

/// Reads members of a configuration, each with its type checked.
class config_reader {
public:
    config_reader(const std::string& file, std::string_view text)
        : file_(file), text_(text), json_(parse_strict_json(file, text, 0)) {
        if (!json_.is_object()) throw input_error(file_, 0, "the configuration is not a JSON object");
    }

    std::size_t size(const char* key) const {
        const nlohmann::json& value = present(key);
        if (!value.is_number_unsigned()) refuse(key, "is not a whole number");
        return value.get<std::size_t>();
    }

    std::size_t size_or(const char* key, std::size_t otherwise) const { return given(key) ? size(key) : otherwise; }

    double number_or(const char* key, double otherwise) const {
        if (!given(key)) return otherwise;
        if (!json_[key].is_number()) refuse(key, "is not a number");
        return json_[key].get<double>();
    }

    bool flag_or(const char* key, bool otherwise) const {
        if (!given(key)) return otherwise;
        if (!json_[key].is_boolean()) refuse(key, "is neither true nor false");
        return json_[key].get<bool>();
    }

    /// Refuses a model that says it is something this program does not compute.
    void require(const char* key, const std::string& wanted) const {
        if (given(key) && json_[key] != wanted)
            refuse(key, "is " + json_[key].dump() + "; only \"" + wanted + "\" is supported");
    }

    bool given(const char* key) const { return json_.contains(key) && !json_[key].is_null(); }

    [[noreturn]] void refuse(const char* key, const std::string& reason) const {
        throw input_error(file_, offset_of_key(text_, key), std::string("\"") + key + "\" " + reason);
    }

private:
    const nlohmann::json& present(const char* key) const {
        if (!given(key)) throw input_error(file_, 0, std::string("the configuration has no \"") + key + '"');
        return json_[key];
    }

    const std::string& file_;
    std::string_view text_;
    nlohmann::json json_;
};

/// Takes tensors out of the file by name and remembers which were taken.
class tensor_taker {
public:
    explicit tensor_taker(const safetensors_file& file) : file_(file) {}

    bool has(const std::string& name) const { return file_.tensors().contains(name); }

    std::vector<float> vector(const std::string& name, std::size_t count) {
        taken_.insert(name);
        return file_.read(name, {count});
    }

    weight_matrix matrix(const std::string& name, std::size_t rows, std::size_t cols) {
        taken_.insert(name);
        return {file_.read(name, {rows, cols}), rows, cols};
    }

    /// A tensor nobody asked for means that the model is not the one the configuration describes.
    void finish() const {
        for (const auto& [name, tensor] : file_.tensors())
            if (!taken_.contains(name) && !name.ends_with(".rotary_emb.inv_freq"))
                throw input_error(file_.path(), tensor.header_offset,
                    "tensor \"" + name + "\" has no place in the model that the configuration describes");
    }

private:
    const safetensors_file& file_;
    std::set<std::string> taken_;
};

llama_layer take_layer(tensor_taker& take, const llama_config& c, std::size_t index) {
    const std::string prefix = "model.layers." + std::to_string(index) + '.';
    const std::size_t queries = c.heads * c.head_size;
    const std::size_t keys = c.kv_heads * c.head_size;
    llama_layer layer;
    layer.attention_norm = take.vector(prefix + "input_layernorm.weight", c.dim);
    layer.query = take.matrix(prefix + "self_attn.q_proj.weight", queries, c.dim);
    layer.key = take.matrix(prefix + "self_attn.k_proj.weight", keys, c.dim);
    layer.value = take.matrix(prefix + "self_attn.v_proj.weight", keys, c.dim);
    layer.output = take.matrix(prefix + "self_attn.o_proj.weight", c.dim, queries);
    layer.feed_forward_norm = take.vector(prefix + "post_attention_layernorm.weight", c.dim);
    layer.gate = take.matrix(prefix + "mlp.gate_proj.weight", c.hidden, c.dim);
    layer.up = take.matrix(prefix + "mlp.up_proj.weight", c.hidden, c.dim);
    layer.down = take.matrix(prefix + "mlp.down_proj.weight", c.dim, c.hidden);
    return layer;
}

}  // namespace

llama_config read_huggingface_config(const std::string& path) {
    const auto bytes = read_file(path);
    const config_reader read(path, as_text(bytes));
    read.require("model_type", "llama");
    read.require("hidden_act", "silu");
    if (read.given("rope_scaling")) read.refuse("rope_scaling", "is not supported");
    for (const char* flag : {"attention_bias", "mlp_bias"})
        if (read.flag_or(flag, false)) read.refuse(flag, "is true; layers with a bias are not supported");
    llama_config c;
    c.dim = read.size("hidden_size");
    c.hidden = read.size("intermediate_size");
    c.layers = read.size("num_hidden_layers");
    c.heads = read.size("num_attention_heads");
    c.kv_heads = read.size_or("num_key_value_heads", c.heads);
    if (c.heads == 0 || c.kv_heads == 0) read.refuse("num_attention_heads", "or the number of KV heads is 0");
    if (!read.given("head_dim") && c.dim % c.heads != 0)
        read.refuse("num_attention_heads", "does not divide hidden_size");
    c.head_size = read.size_or("head_dim", c.dim / c.heads);
    c.vocabulary = read.size("vocab_size");
    c.context = read.size("max_position_embeddings");
    c.rms_eps = read.number_or("rms_norm_eps", 1e-6);  // transformers' default for Llama
    c.rope_theta = read.number_or("rope_theta", 10000.0);
    c.tied = read.flag_or("tie_word_embeddings", false);
    c.order = rotary_order::halves;
    if (read.given("bos_token_id"))
        c.bos = static_cast<std::uint32_t>((std::min)(read.size("bos_token_id"), std::size_t{UINT32_MAX}));
    if (const auto trouble = config_trouble(c)) throw input_error(path, 0, *trouble);
    return c;
}

llama_model load_huggingface(const std::string& path, const std::string& config_path) {
    llama_model model;
    model.config = read_huggingface_config(config_path);
    const llama_config& c = model.config;
    const safetensors_file file(path);
    if (c.layers > file.tensors().size())
        throw input_error(path, 8,
            "the configuration speaks of " + std::to_string(c.layers) + " layers, the file has only " +
                std::to_string(file.tensors().size()) + " tensors");
    tensor_taker take(file);
    const std::string embedding = "model.embed_tokens.weight";
    const std::string head = "lm_head.weight";
    // A tied file stores the matrix once, under either name.
    model.embedding = take.matrix(c.tied && !take.has(embedding) ? head : embedding, c.vocabulary, c.dim);
    if (!c.tied) {
        model.head = take.matrix(head, c.vocabulary, c.dim);
    } else if (take.has(embedding) && take.has(head)) {
        const weight_matrix second = take.matrix(head, c.vocabulary, c.dim);
        if (second.values != model.embedding.values)
            throw input_error(path, file.tensors().at(head).header_offset,
                "tensor \"lm_head.weight\" differs from the embedding, yet the configuration ties them");
    }
    for (std::size_t i = 0; i < c.layers; ++i) model.layers.push_back(take_layer(take, c, i));
    model.final_norm = take.vector("model.norm.weight", c.dim);
    take.finish();
    return model;
}

}  // namespace perplexity
