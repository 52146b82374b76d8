// Configurations and whole models: what is missing, what does not match, and the llama2.c layout.
#include "scratch.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace scratch;

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

/// The message of loading this model with this configuration.
std::string trouble(const small_model& model) {
    const file config(".json", model.config);
    const file weights(".safetensors", model.tensors());
    return refusal([&] { perplexity::load_model(weights.path(), {config.path(), {}}); });
}

void config_refused(const std::string& from, const std::string& to, const std::string& reason) {
    const file config(".json", replaced(small_model{}.config, from, to));
    const std::string message = refusal([&] { perplexity::read_huggingface_config(config.path()); });
    INFO(to << "\n" << message);
    CHECK(message.rfind(config.path() + ": byte ", 0) == 0);
    CHECK(message.find(reason) != std::string::npos);
}

/// A llama2.c file of these seven sizes followed by `floats` values, all 0.5.
std::string llama2c(const std::vector<std::int32_t>& sizes, std::size_t floats) {
    std::string content;
    for (const std::int32_t size : sizes) content += little_endian(static_cast<std::uint32_t>(size), 4);
    for (std::size_t i = 0; i < floats; ++i) content += little_endian(0x3f000000, 4);
    return content;
}

std::string llama2c_trouble(const std::string& content, std::uint64_t offset, const std::string& reason) {
    const file f(".bin", content);
    const std::string message = refusal([&] { perplexity::load_model(f.path(), {}); });
    INFO(message);
    CHECK(says(message, f.path(), offset, reason));
    return message;
}

// 4 wide, 6 hidden, 1 layer, 2 heads, 1 KV head, 8 tokens, 16 positions: 8*4 + 4 + 16 + 8 + 8 + 16 + 4 + 3*24 + 4 +
// 16*2
const std::vector<std::int32_t> small_sizes = {4, 6, 1, 2, 1, 8, 16};
constexpr std::size_t small_floats = 196;

}  // namespace

TEST_CASE("a small Hugging Face model loads") {
    const small_model model;
    const file config(".json", model.config);
    const file weights(".safetensors", model.tensors());
    const auto loaded = perplexity::load_model(weights.path(), {config.path(), {}});
    CHECK(loaded.config.dim == 4);
    CHECK(loaded.config.head_size == 2);
    CHECK(loaded.config.kv_heads == 1);
    CHECK(loaded.config.rms_eps == 1e-5);
    CHECK(loaded.config.order == perplexity::rotary_order::halves);
    CHECK(loaded.config.bos == 1u);
    CHECK(loaded.layers.at(0).down.rows == 4);
    CHECK(loaded.layers.at(0).down.cols == 6);
    CHECK(loaded.layers.at(0).down.values.at(23) == 23.0f / 8);
    CHECK(&loaded.output_head() == &loaded.embedding);
    CHECK(perplexity::load_model(weights.path(), {config.path(), 1e-3}).config.rms_eps == 1e-3);
}

TEST_CASE("tensors that do not match the configuration") {
    small_model model;
    model.shapes.erase("model.layers.0.mlp.up_proj.weight");
    CHECK(trouble(model).find("no tensor \"model.layers.0.mlp.up_proj.weight\"") != std::string::npos);
    model = {};
    model.shapes["model.layers.0.mlp.up_proj.weight"] = {4, 6};
    CHECK(trouble(model).find("has the shape [4, 6]; the configuration needs [6, 4]") != std::string::npos);
    model = {};
    model.shapes["model.layers.1.mlp.up_proj.weight"] = {6, 4};
    CHECK(trouble(model).find("\"model.layers.1.mlp.up_proj.weight\" has no place") != std::string::npos);
    model = {};
    model.shapes["lm_head.weight"] = {8, 4};  // equal to the embedding: accepted
    CHECK(trouble(model).empty());
    model.shapes.erase("model.embed_tokens.weight");  // tied, stored under the head's name only
    CHECK(trouble(model).empty());
    model = {};
    model.shapes["model.layers.0.self_attn.rotary_emb.inv_freq"] = {1};  // older files carry it
    CHECK(trouble(model).empty());
    model.config = replaced(model.config, "\"num_hidden_layers\": 1", "\"num_hidden_layers\": 1000000");
    CHECK(trouble(model).find("1000000 layers") != std::string::npos);
    model = {};
    model.config = replaced(model.config, "\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false");
    CHECK(trouble(model).find("no tensor \"lm_head.weight\"") != std::string::npos);
}

TEST_CASE("configurations that cannot be") {
    config_refused("\"hidden_size\": 4, ", "", "no \"hidden_size\"");
    config_refused("\"hidden_size\": 4", "\"hidden_size\": \"4\"", "not a whole number");
    config_refused("\"hidden_size\": 4", "\"hidden_size\": -4", "not a whole number");
    config_refused("\"hidden_size\": 4", "\"hidden_size\": 5", "does not divide");
    config_refused("\"hidden_size\": 4", "\"hidden_size\": 99999999998", "1 to 2^24");
    config_refused("\"hidden_size\": 4", "\"hidden_size\": 6", "odd");
    config_refused("\"hidden_size\": 4", "\"hidden_size\": 4, \"hidden_size\": 4", "given twice");
    config_refused("\"num_attention_heads\": 2", "\"num_attention_heads\": 0", "is 0");
    config_refused("\"num_key_value_heads\": 1", "\"num_key_value_heads\": 3", "evenly");
    config_refused("\"num_hidden_layers\": 1", "\"num_hidden_layers\": 0", "number of layers is 0");
    config_refused("\"vocab_size\": 8", "\"vocab_size\": 1", "BOS");
    config_refused("\"max_position_embeddings\": 16", "\"max_position_embeddings\": 1", "cannot predict");
    config_refused("1e-5", "0", "epsilon");
    config_refused("1e-5", "\"x\"", "not a number");
    config_refused("\"llama\"", "\"gpt2\"", "only \"llama\" is supported");
    config_refused("\"model_type\": \"llama\"", "\"hidden_act\": \"gelu\"", "only \"silu\" is supported");
    config_refused("\"model_type\": \"llama\"", "\"rope_scaling\": {\"factor\": 8}", "not supported");
    config_refused("\"model_type\": \"llama\"", "\"attention_bias\": true", "bias");
    config_refused("true", "\"yes\"", "neither true nor false");
    config_refused("\"bos_token_id\": 1}", "\"bos_token_id\": 1", "not valid JSON");
}

TEST_CASE("a model without a configuration, or of an unknown kind") {
    const file weights(".safetensors", small_model{}.tensors());
    CHECK(refusal([&] { perplexity::load_model(weights.path(), {}); }).find("no configuration beside it") !=
          std::string::npos);
    CHECK(refusal([&] { perplexity::load_model("/nonexistent.bin", {}); }).find("does not exist") != std::string::npos);
    const file other(".gguf", "GGUF");
    CHECK_THROWS_AS(perplexity::load_model(other.path(), {}), perplexity::usage_error);
    const file bin(".bin", llama2c(small_sizes, small_floats));
    CHECK_THROWS_AS(perplexity::load_model(bin.path(), {other.path(), {}}), perplexity::usage_error);
}

TEST_CASE("the llama2.c layout") {
    const file f(".bin", llama2c(small_sizes, small_floats));
    const auto loaded = perplexity::load_model(f.path(), {});
    CHECK(loaded.config.order == perplexity::rotary_order::adjacent);
    CHECK(loaded.config.rms_eps == 1e-5);
    CHECK(loaded.config.tied);
    CHECK(loaded.layers.at(0).gate.rows == 6);
    auto untied = small_sizes;
    untied[5] = -8;
    const file g(".bin", llama2c(untied, small_floats + 32));
    CHECK(!perplexity::load_model(g.path(), {}).config.tied);
}

TEST_CASE("llama2.c files that are wrong") {
    llama2c_trouble("", 0, "too short");
    llama2c_trouble(llama2c({4, 6, 1}, 0), 12, "too short");
    llama2c_trouble(llama2c(small_sizes, 31), 28, "ends within the embedding");
    llama2c_trouble(llama2c(small_sizes, small_floats - 1), 28 + 4 * 164, "ends within the rotary tables");
    llama2c_trouble(llama2c(small_sizes, small_floats + 1), 28 + 4 * small_floats, "4 bytes after");
    llama2c_trouble(llama2c(small_sizes, small_floats) + "x", 28 + 4 * small_floats, "1 bytes after");
    for (std::size_t i = 0; i < 7; ++i) {
        auto sizes = small_sizes;
        sizes[i] = 0;
        llama2c_trouble(llama2c(sizes, small_floats), 4 * i, "is 0");
        sizes[i] = INT32_MIN;
        llama2c_trouble(llama2c(sizes, small_floats), 4 * i, "is -2147483648");
        sizes[i] = INT32_MAX;
        const file f(".bin", llama2c(sizes, small_floats));
        CHECK(!refusal([&] { perplexity::load_model(f.path(), {}); }).empty());
    }
    llama2c_trouble(llama2c({4, 6, 1, 3, 1, 8, 16}, small_floats), 12, "do not divide");
    llama2c_trouble(llama2c({4, 6, 16777216, 2, 1, 8, 16}, small_floats), 8, "more layers");
    std::string spoiled = llama2c(small_sizes, small_floats);
    spoiled.replace(28 + 4 * 33, 4, little_endian(0xff800000, 4));
    llama2c_trouble(spoiled, 28 + 4 * 33, "an attention norm holds a NaN or an infinity");
}
