// Files made for one test: raw bytes, safetensors from a header text, and a small valid model to spoil.
#pragma once

#include <errors.hpp>
#include <llama.hpp>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace scratch {

/// A file in the temporary directory, removed at the end of the test.
class file {
public:
    file(const std::string& suffix, const std::string& content)
        : path_((std::filesystem::temp_directory_path() / ("fewbits_" + unique() + suffix)).string()) {
        std::ofstream(path_, std::ios::binary) << content;
    }
    file(const file&) = delete;
    file& operator=(const file&) = delete;
    ~file() { std::filesystem::remove(path_); }

    const std::string& path() const { return path_; }

private:
    static std::string unique() {
        static std::uint64_t count = 0;
        const auto here = reinterpret_cast<std::uintptr_t>(&count);  // differs between processes that run at once
        return std::to_string(here) + '_' +
               std::to_string(std::filesystem::file_time_type::clock::now().time_since_epoch().count()) + '_' +
               std::to_string(++count);
    }

    std::string path_;
};

inline std::string little_endian(std::uint64_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 255);
    return text;
}

/// Header length, header, data.
inline std::string safetensors(const std::string& header, const std::string& data) {
    return little_endian(header.size(), 8) + header + data;
}

/// The message of the input_error that `f` throws; empty if it throws nothing.
template <class F> std::string refusal(F f) {
    try {
        f();
    } catch (const perplexity::input_error& error) {
        return error.what();
    }
    return {};
}

/// Whether the message names the file, this byte, and this reason.
inline bool says(const std::string& message, const std::string& path, std::uint64_t offset, const std::string& reason) {
    return message.rfind(path + ": byte " + std::to_string(offset) + ": ", 0) == 0 &&
           message.find(reason) != std::string::npos;
}

/// A model small enough to write down: 4 wide, 6 hidden, 1 layer, 2 heads on 1 KV head, 8 tokens, 16 positions.
struct small_model {
    std::map<std::string, std::vector<std::size_t>> shapes = {
        {"model.embed_tokens.weight", {8, 4}},
        {"model.layers.0.input_layernorm.weight", {4}},
        {"model.layers.0.self_attn.q_proj.weight", {4, 4}},
        {"model.layers.0.self_attn.k_proj.weight", {2, 4}},
        {"model.layers.0.self_attn.v_proj.weight", {2, 4}},
        {"model.layers.0.self_attn.o_proj.weight", {4, 4}},
        {"model.layers.0.post_attention_layernorm.weight", {4}},
        {"model.layers.0.mlp.gate_proj.weight", {6, 4}},
        {"model.layers.0.mlp.up_proj.weight", {6, 4}},
        {"model.layers.0.mlp.down_proj.weight", {4, 6}},
        {"model.norm.weight", {4}},
    };
    std::string config =
        R"({"model_type": "llama", "hidden_size": 4, "intermediate_size": 6, "num_hidden_layers": 1,)"
        R"( "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 8, "max_position_embeddings": 16,)"
        R"( "rms_norm_eps": 1e-5, "tie_word_embeddings": true, "bos_token_id": 1})";

    /// As F32, value i of every tensor is i / 8.
    std::string tensors() const {
        std::string header = "{", data;
        for (const auto& [name, shape] : shapes) {
            std::size_t count = 1;
            std::string extents;
            for (const std::size_t extent : shape) {
                count *= extent;
                extents += (extents.empty() ? "" : ",") + std::to_string(extent);
            }
            if (header.size() > 1) header += ',';
            header += '"' + name + R"(":{"dtype":"F32","shape":[)" + extents + R"(],"data_offsets":[)" +
                      std::to_string(data.size());
            for (std::size_t i = 0; i < count; ++i) {
                const float value = static_cast<float>(i) / 8;
                data.append(reinterpret_cast<const char*>(&value), sizeof value);
            }
            header += ',' + std::to_string(data.size()) + "]}";
        }
        return safetensors(header + '}', data);
    }
};

}  // namespace scratch
