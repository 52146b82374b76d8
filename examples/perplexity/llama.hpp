// What a Llama-architecture model is, before any quantization: its sizes and its weights in float.
#pragma once

#include <fewbits/fewbits.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace perplexity {

/// Which two values of a head the rotary embedding turns together.
enum class rotary_order {
    halves,    // i and i + head_size/2: Hugging Face files
    adjacent,  // 2i and 2i + 1: the llama2.c layout
};

struct llama_config {
    std::size_t dim = 0;
    std::size_t hidden = 0;
    std::size_t layers = 0;
    std::size_t heads = 0;
    std::size_t kv_heads = 0;
    std::size_t head_size = 0;
    std::size_t vocabulary = 0;
    std::size_t context = 0;
    double rms_eps = 1e-5;
    double rope_theta = 10000.0;
    rotary_order order = rotary_order::halves;
    bool tied = true;  // the output head is the embedding
    std::optional<std::uint32_t> bos;
};

/// Row-major weights, outputs x inputs.
struct weight_matrix {
    std::vector<float> values;
    std::size_t rows = 0;
    std::size_t cols = 0;

    fewbits::matrix_view<const float> view() const { return {values.data(), rows, cols, cols}; }
};

struct llama_layer {
    std::vector<float> attention_norm;
    weight_matrix query, key, value, output;
    std::vector<float> feed_forward_norm;
    weight_matrix gate, up, down;
};

struct llama_model {
    llama_config config;
    weight_matrix embedding;  // vocabulary x dim
    weight_matrix head;       // the same shape; empty when tied
    std::vector<llama_layer> layers;
    std::vector<float> final_norm;

    const weight_matrix& output_head() const { return config.tied ? embedding : head; }
};

/// What of a model's file the command line may say differently.
struct load_options {
    std::string config_path;        // of a safetensors model; empty: looked for beside it
    std::optional<double> rms_eps;  // overrides the file's; a .bin file carries none and has 1e-5
};

/// Loads `path`: a .safetensors file, a directory with model.safetensors, or a llama2.c .bin file. Throws input_error.
llama_model load_model(const std::string& path, const load_options& options);

/// The two loaders behind load_model.
llama_model load_huggingface(const std::string& path, const std::string& config_path);
llama_model load_llama2c(const std::string& path);

/// The configuration of a Hugging Face model, checked. Throws input_error.
llama_config read_huggingface_config(const std::string& path);

/// Why these sizes cannot be a model, or nothing.
std::optional<std::string> config_trouble(const llama_config& config);

}  // namespace perplexity
