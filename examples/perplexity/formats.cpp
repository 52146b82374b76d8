// Looking formats and pairs up by name.
#include "formats.hpp"

#include "errors.hpp"
#include "formats_slice.hpp"

#include <optional>

namespace perplexity {

namespace {

constexpr std::string_view unrounded = "fp32";

const format_entry* find_format(std::string_view name) {
    for (const format_entry& format : format_registry())
        if (format.name == name) return &format;
    return nullptr;
}

std::string kernel_of(const fewbits::operand_facts& a, const fewbits::operand_facts& w) {
    const auto& kernel = fewbits::gemm_programs<>::select(a, w, fewbits::target_choice::best);
    return std::string(kernel.name) + ": " + std::string(kernel.reason);
}

row_request weight_row(const format_entry& w) {
    return {
        w.name, false, w.kind, make_projection(w.quantize, nullptr), kernel_of(fewbits::facts_of<float>(), w.facts)};
}

row_request pair_row(const format_entry& a, const format_entry& w) {
    return {
        a.name + " x " + w.name, true, w.kind, make_projection(w.quantize, a.quantize), kernel_of(a.facts, w.facts)};
}

/// Formats' names may contain an x: every one of them is tried as the separator.
std::optional<row_request> find_pair(std::string_view text) {
    for (std::size_t at = text.find('x'); at != std::string_view::npos; at = text.find('x', at + 1)) {
        const format_entry* a = find_format(text.substr(0, at));
        const format_entry* w = find_format(text.substr(at + 1));
        if (a != nullptr && w != nullptr) return pair_row(*a, *w);
    }
    return std::nullopt;
}

}  // namespace

const std::vector<format_entry>& format_registry() {
    static const std::vector<format_entry> all = [] {
        std::vector<format_entry> entries;
        add_dense_formats(entries);
        add_formats_0(entries);
        add_formats_1(entries);
        add_formats_2(entries);
        add_formats_3(entries);
        return entries;
    }();
    return all;
}

const std::vector<pair_label>& pair_labels() {
    static const std::vector<pair_label> labels = {{"W8A8", "int8_row", "int8_row"}, {"W4A8", "int8_row", "int4_g128"},
        {"FP8", "e4m3_row", "e4m3_row"}, {"MXFP8", "mxfp8_e4m3", "mxfp8_e4m3"}, {"NVFP4", "nvfp4", "nvfp4"},
        {"BF16", "bf16", "bf16"}};
    return labels;
}

row_request find_row(std::string_view text) {
    if (const format_entry* format = find_format(text)) return weight_row(*format);
    for (const pair_label& pair : pair_labels())
        if (text == pair.label) return pair_row(*find_format(pair.activations), *find_format(pair.weights));
    if (auto pair = find_pair(text)) return *pair;
    throw usage_error(
        "unknown format or pair \"" + std::string(text) + "\"; --list shows what there is, a pair is AxW");
}

row_request reference_row() { return weight_row(*find_format(unrounded)); }

std::vector<row_request> default_rows() {
    std::vector<row_request> rows;
    for (const format_entry& format : format_registry())
        if (format.name != unrounded) rows.push_back(weight_row(format));
    for (const pair_label& pair : pair_labels()) rows.push_back(find_row(pair.label));
    return rows;
}

}  // namespace perplexity
