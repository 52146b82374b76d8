// A self-contained page: what was measured, the plot, the table.
#include "report.hpp"

namespace perplexity {

namespace {

std::string escaped(const std::string& text) {
    std::string result;
    for (const char c : text) {
        if (c == '&')
            result += "&amp;";
        else if (c == '<')
            result += "&lt;";
        else if (c == '>')
            result += "&gt;";
        else if (c == '"')
            result += "&quot;";
        else
            result += c;
    }
    return result;
}

constexpr const char* style = R"(
body { font: 15px/1.45 system-ui, "DejaVu Sans", sans-serif; color: #1b1f24; background: #fff;
       max-width: 1160px; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; }
h2 { font-size: 1.15em; margin-top: 2em; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; width: 100%; }
th, td { padding: 3px 9px; text-align: right; border-bottom: 1px solid #e3e6ea; }
th { border-bottom: 2px solid #8a939e; vertical-align: bottom; }
td:first-child, th:first-child, .left { text-align: left; }
tr:hover { background: #f2f6fb; }
svg { width: 100%; height: auto; }
.grid { stroke: #e3e6ea; }
.lead { stroke: #8a939e; stroke-width: 0.9; }
.tick, .axis, .key { font: 13px "DejaVu Sans", system-ui, sans-serif; fill: #3a424c; }
.name { font: 11px "DejaVu Sans", system-ui, sans-serif; paint-order: stroke; stroke: #fff; stroke-width: 3px; }
)";

std::string cell(const std::string& text) { return "<td>" + text + "</td>"; }

std::string html_row(const row_result& row) {
    if (!row.failure.empty())
        return "<tr><td>" + escaped(row.request.name) +
               "</td><td class=\"left\" colspan=\"8\">not possible: " + escaped(row.failure) + "</td></tr>\n";
    return "<tr>" + cell(escaped(row.request.name)) + cell(formatted("%.3f", row.bits_per_weight)) +
           cell(grouped(row.weight_bytes)) + cell(row.sqnr_db ? formatted("%.2f", *row.sqnr_db) : "exact") +
           cell(formatted("%.5f", row.perplexity)) + cell(formatted("%+.5f", row.change.mean)) +
           cell(row.change.error ? formatted("%.5f", *row.change.error) : "none") +
           cell(formatted("%.3g", row.divergence)) + cell(formatted("%.0f", row.tokens_per_second)) + "</tr>\n";
}

std::string summary(const report& r) {
    std::string text = "<p>Model <b>" + escaped(r.model) + "</b> (" + grouped(r.parameters) + " parameters), text <b>" +
                       escaped(r.text) + "</b>: " + std::to_string(r.documents) + " of " +
                       std::to_string(r.all_documents) + " stories, " + grouped(r.predicted) + " predicted tokens, " +
                       std::to_string(r.threads) + " threads.<br>";
    return text + "Quantized: " + escaped(r.quantized_layers) + ".</p>\n";
}

}  // namespace

std::string html_report(const report& r) {
    std::vector<std::string> left_out;
    const std::string plot = quality_plot(r.rows, left_out);
    std::string page = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>fewbits: perplexity by "
                       "format</title>\n<style>" +
                       std::string(style) + "</style></head>\n<body>\n<h1>What each number format costs</h1>\n" +
                       summary(r);
    page += "<h2>Quality against size</h2>\n" + plot;
    if (!left_out.empty()) {
        page += "<p>Not in the plot: ";
        for (std::size_t i = 0; i < left_out.size(); ++i) page += (i ? ", " : "") + escaped(left_out[i]);
        page += ".</p>\n";
    }
    page += "<h2>All figures</h2>\n<p>Change and KL are against fp32; the standard error pairs the two runs by story. "
            "A x W: activations in A, weights in W.</p>\n<table>\n<tr><th>format</th><th>bits per "
            "weight</th><th>weight bytes</th>"
            "<th>SQNR, dB</th><th>perplexity</th><th>change, nats/token</th><th>&plusmn; standard error</th>"
            "<th>mean KL, nats/token</th><th>tokens per second</th></tr>\n";
    for (const row_result& row : r.rows) page += html_row(row);
    return page + "</table>\n</body></html>\n";
}

}  // namespace perplexity
