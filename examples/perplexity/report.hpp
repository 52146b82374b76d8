// What is reported, and in which forms: a text table, JSON, and HTML with a plot.
#pragma once

#include "evaluate.hpp"

#include <string>
#include <vector>

namespace perplexity {

/// Everything that the reports say.
struct report {
    std::string model, text;       // paths
    std::string quantized_layers;  // a sentence
    std::size_t parameters = 0;
    std::size_t documents = 0, all_documents = 0;  // measured on, and in the file
    std::size_t predicted = 0;                     // tokens
    std::size_t bytes = 0;                         // of text, 0 when unknown
    std::size_t threads = 1;
    std::vector<row_result> rows;  // the reference first
};

/// The lines above the table, and its column headings.
std::string table_head(const report& r);
/// One line of the table.
std::string table_row(const row_result& row);

std::string json_report(const report& r);
std::string html_report(const report& r);

/// Mean KL against bits per weight, as an SVG element; rows that did not change or are wider than the axis are left out
/// and named in `left_out`.
std::string quality_plot(const std::vector<row_result>& rows, std::vector<std::string>& left_out);

/// "%.4g" and friends.
std::string formatted(const char* format, double value);

/// "1,234,567".
std::string grouped(std::size_t value);

}  // namespace perplexity
