// The example's model loaders on damaged files: a small valid model, with changes that the fuzzer chooses, either loads or is
// refused as bad input.
#include "input.hpp"

#include "errors.hpp"
#include "llama.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct F {
    static constexpr std::string_view name = "the model loaders";
};

constexpr std::string_view config =
    R"({"model_type": "llama", "hidden_act": "silu", "vocab_size": 3, "hidden_size": 4, "intermediate_size": 5,
 "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 8,
 "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "tie_word_embeddings": true, "bos_token_id": 0})";

template <class Number>
std::string bytes_of(Number value) {
    return {reinterpret_cast<char const*>(&value), sizeof value};
}

std::string safetensors() {
    struct shape {
        char const* name;
        std::size_t rows, cols;
    };
    static constexpr shape shapes[] = {{"embed_tokens", 3, 4}, {"layers.0.input_layernorm", 4, 0},
        {"layers.0.self_attn.q_proj", 4, 4}, {"layers.0.self_attn.k_proj", 2, 4}, {"layers.0.self_attn.v_proj", 2, 4},
        {"layers.0.self_attn.o_proj", 4, 4}, {"layers.0.post_attention_layernorm", 4, 0},
        {"layers.0.mlp.gate_proj", 5, 4}, {"layers.0.mlp.up_proj", 5, 4}, {"layers.0.mlp.down_proj", 4, 5},
        {"norm", 4, 0}};
    std::string header = R"({"__metadata__": {"format": "pt"})", data;
    for (shape const& s : shapes) {
        std::size_t const begin = data.size();
        data.resize(begin + 2 * s.rows * (std::max)(s.cols, std::size_t{1}), '\x3f');  // 16-bit values
        header += std::string(R"(, "model.)") + s.name + R"(.weight": {"dtype": "BF16", "shape": [)" +
                  std::to_string(s.rows) + (s.cols != 0 ? ", " + std::to_string(s.cols) : "") + R"(], "data_offsets": [)" +
                  std::to_string(begin) + ", " + std::to_string(data.size()) + "]}";
    }
    header += "}";
    return bytes_of(std::uint64_t{header.size()}) + header + data;
}

std::string llama2c() {
    std::string file;
    for (std::int32_t const size : {4, 5, 1, 2, 1, 3, 8}) file += bytes_of(size);
    std::size_t const weights = 3 * 4 + 4 + 4 * 4 + 2 * 2 * 4 + 4 * 4 + 4 + 3 * 5 * 4 + 4 + 8 * 2;
    for (std::size_t i = 0; i < weights; ++i) file += bytes_of(0.5f);
    return file;
}

void damage(fuzz::input& in, std::string& file) {
    for (unsigned changes = in.below(6); changes != 0 && !file.empty(); --changes) {
        std::size_t const at = in.take<std::uint32_t>() % file.size();
        switch (in.below(5)) {
        case 0: file[at] = in.take<char>(); break;
        case 1: file.insert(at, 1 + in.below(8), in.take<char>()); break;
        case 2: file.erase(at, 1 + in.below(8)); break;
        case 3: file.resize(at); break;
        default: {  // another digit for a digit: sizes, shapes and offsets that stay well formed
            auto const digit = file.find_first_of("0123456789", at);
            if (digit != std::string::npos) file[digit] = static_cast<char>('0' + in.below(10));
        }
        }
    }
}

void write(std::string const& path, std::string const& content) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

/// A folder of this process, in memory where there is such a place.
struct scratch {
    std::string path = std::filesystem::exists("/dev/shm") ? "/dev/shm/fewbits-fuzz-XXXXXX" : "/tmp/fewbits-fuzz-XXXXXX";

    scratch() {
        if (mkdtemp(path.data()) == nullptr) std::abort();
    }
    scratch(scratch const&) = delete;
    ~scratch() { std::filesystem::remove_all(path); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::input in(data, size);
    bool const huggingface = in.below(2) == 0;
    std::string model = huggingface ? safetensors() : llama2c();
    std::string settings(config);
    damage(in, model);
    if (huggingface) damage(in, settings);
    bool const whole = huggingface ? model == safetensors() && settings == config : model == llama2c();

    static scratch const folder;
    std::string const path = folder.path + (huggingface ? "/model.safetensors" : "/model.bin");
    write(path, model);
    write(folder.path + "/config.json", settings);
    bool loaded = false;
    try {
        auto const llama = perplexity::load_model(path, {});
        loaded = llama.layers.size() == llama.config.layers;
        EXPECT(loaded);
        EXPECT(llama.embedding.values.size() == llama.config.vocabulary * llama.config.dim);
    } catch (perplexity::input_error const&) {
    }
    EXPECT(loaded || !whole);
    return 0;
}
