// All figures as JSON, for other programs.
#include "report.hpp"

#include <nlohmann/json.hpp>

namespace perplexity {

namespace {

const char* kind_name(element_kind kind) {
    return kind == element_kind::integer ? "integer" : kind == element_kind::minifloat ? "minifloat" : "codebook";
}

nlohmann::ordered_json number_or_null(const std::optional<double>& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json json_row(const row_result& row, bool reference) {
    nlohmann::ordered_json j;
    j["format"] = row.request.name;
    j["quantized"] = reference ? "nothing" : row.request.pair ? "weights and activations" : "weights";
    j["element"] = kind_name(row.request.kind);
    j["kernel"] = row.request.kernel;
    if (!row.failure.empty()) {
        j["not_possible"] = row.failure;
        return j;
    }
    j["bits_per_weight"] = row.bits_per_weight;
    j["weight_bytes"] = row.weight_bytes;
    j["sqnr_db"] = number_or_null(row.sqnr_db);
    j["nats_per_token"] = row.nats;
    j["perplexity"] = row.perplexity;
    j["change_nats_per_token"] = row.change.mean;
    j["change_standard_error"] = number_or_null(row.change.error);
    j["mean_kl_nats_per_token"] = row.divergence;
    j["tokens_per_second"] = row.tokens_per_second;
    j["quantize_seconds"] = row.quantize_seconds;
    j["run_seconds"] = row.run_seconds;
    return j;
}

}  // namespace

std::string json_report(const report& r) {
    nlohmann::ordered_json j;
    j["model"] = r.model;
    j["parameters"] = r.parameters;
    j["text"] = r.text;
    j["stories"] = r.documents;
    j["stories_in_text"] = r.all_documents;
    j["predicted_tokens"] = r.predicted;
    if (r.bytes > 0) j["text_bytes"] = r.bytes;
    j["quantized_layers"] = r.quantized_layers;
    j["threads"] = r.threads;
    j["rows"] = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < r.rows.size(); ++i) j["rows"].push_back(json_row(r.rows[i], i == 0));
    return j.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace perplexity
