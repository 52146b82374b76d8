// The table on standard output.
#include "report.hpp"

#include <cstdio>

namespace perplexity {

std::string formatted(const char* format, double value) {
    char text[64];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

std::string grouped(std::size_t value) {
    const std::string digits = std::to_string(value);
    std::string result;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0) result += ',';
        result += digits[i];
    }
    return result;
}

namespace {

std::string line(const char* name, const char* bits, const char* bytes, const char* sqnr, const char* ppl,
    const char* change, const char* error, const char* kl, const char* speed) {
    char text[256];
    std::snprintf(text, sizeof text, "%-31s %7s %11s %7s %9s %10s %9s %10s %9s\n", name, bits, bytes, sqnr, ppl, change,
        error, kl, speed);
    return text;
}

}  // namespace

std::string table_head(const report& r) {
    std::string head = "model: " + r.model + " (" + grouped(r.parameters) + " parameters)\ntext:  " + r.text + ", " +
                       std::to_string(r.documents) + " of " + std::to_string(r.all_documents) + " stories, " +
                       grouped(r.predicted) + " predicted tokens";
    if (r.documents < r.all_documents) head += " (--stories 0 takes all)";
    head += "\nquantized: " + r.quantized_layers + "\nthreads: " + std::to_string(r.threads) +
            ".  Rows A x W quantize activations to A as well as weights to W; change and KL are against fp32, per "
            "token.\n\n";
    return head + line("format", "bits/w", "weight B", "SQNR", "perpl.", "change", "+- s.e.", "mean KL", "token/s") +
           line("", "", "", "dB", "", "nats", "nats", "nats", "");
}

std::string table_row(const row_result& row) {
    if (!row.failure.empty()) return row.request.name + ": not possible: " + row.failure + "\n";
    return line(row.request.name.c_str(), formatted("%.3f", row.bits_per_weight).c_str(),
        grouped(row.weight_bytes).c_str(), row.sqnr_db ? formatted("%.2f", *row.sqnr_db).c_str() : "exact",
        formatted("%.5f", row.perplexity).c_str(), formatted("%+.5f", row.change.mean).c_str(),
        (row.change.error ? formatted("%.5f", *row.change.error) : "none").c_str(),
        formatted("%.3g", row.divergence).c_str(), formatted("%.0f", row.tokens_per_second).c_str());
}

}  // namespace perplexity
