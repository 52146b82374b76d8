// Which loader a path needs, and the checks that every configuration must pass.
#include "errors.hpp"
#include "llama.hpp"

#include <filesystem>

namespace perplexity {

namespace fs = std::filesystem;

namespace {

/// NAME.config.json beside NAME.safetensors, or config.json in the same directory.
std::string find_config(const fs::path& model) {
    fs::path named = model;
    named.replace_extension(".config.json");
    if (fs::exists(named)) return named.string();
    const fs::path common = model.parent_path() / "config.json";
    if (fs::exists(common)) return common.string();
    throw input_error(model.string(), 0,
        "no configuration beside it: neither " + named.string() + " nor " + common.string() + " exists");
}

}  // namespace

std::optional<std::string> config_trouble(const llama_config& c) {
    constexpr std::size_t largest = std::size_t{1} << 24;  // keeps every product of two far from overflow
    const struct {
        const char* name;
        std::size_t value;
    } sizes[] = {{"hidden size", c.dim}, {"feed-forward size", c.hidden}, {"number of layers", c.layers},
        {"number of heads", c.heads}, {"number of KV heads", c.kv_heads}, {"head size", c.head_size},
        {"vocabulary", c.vocabulary}, {"context", c.context}};
    for (const auto& size : sizes)
        if (size.value == 0 || size.value > largest)
            return std::string("the ") + size.name + " is " + std::to_string(size.value) + "; it must be 1 to 2^24";
    if (c.heads % c.kv_heads != 0)
        return std::to_string(c.heads) + " heads cannot share " + std::to_string(c.kv_heads) + " KV heads evenly";
    if (c.head_size % 2 != 0)
        return "the head size " + std::to_string(c.head_size) + " is odd; rotary embedding needs pairs";
    if (c.head_size > largest / c.heads) return "heads times head size is above 2^24";
    if (c.context < 2) return "a context of 1 cannot predict anything";
    if (!(c.rms_eps > 0 && c.rms_eps < 1)) return "the RMS epsilon must lie between 0 and 1";
    if (!(c.rope_theta >= 1 && c.rope_theta < 1e12)) return "the rotary base must lie between 1 and 1e12";
    if (c.bos && *c.bos >= c.vocabulary) return "the BOS token lies outside the vocabulary";
    return std::nullopt;
}

llama_model load_model(const std::string& path, const load_options& options) {
    const fs::path file = fs::is_directory(path) ? fs::path(path) / "model.safetensors" : fs::path(path);
    if (!fs::exists(file)) throw input_error(file.string(), 0, "does not exist");
    llama_model model;
    if (file.extension() == ".bin") {
        if (!options.config_path.empty())
            throw usage_error("--config belongs to safetensors models; .bin files carry their own");
        model = load_llama2c(file.string());
    } else if (file.extension() == ".safetensors") {
        model = load_huggingface(file.string(), options.config_path.empty() ? find_config(file) : options.config_path);
    } else {
        throw usage_error(
            file.string() + ": a model is a .safetensors file, a directory holding one, or a llama2.c .bin file");
    }
    if (options.rms_eps) model.config.rms_eps = *options.rms_eps;
    return model;
}

}  // namespace perplexity
