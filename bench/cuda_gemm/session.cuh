// What the parts of the benchmark share: the stream, the libraries, the rate of a copy, and the page that is written.
#pragma once

#include <cstdio>
#include <exception>
#include <initializer_list>
#include <string>

#include "cublas.cuh"

namespace bench {

/// Digits after the point; "-" for what was not measured.
inline std::string shown(double number, int digits) {
    if (!(number > 0)) return "-";
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", digits, number);
    return text;
}

struct session {
    cudaStream_t stream;
    peer_library const& library;
    double copy_rate;  ///< bytes read and written in a second
    bool failed = false;

    static void row(std::initializer_list<std::string> cells) {
        for (auto const& cell : cells) std::printf("| %s ", cell.c_str());
        std::printf("|\n");
        std::fflush(stdout);
    }
    static void table(char const* title, std::initializer_list<std::string> columns) {
        std::printf("\n## %s\n\n", title);
        row(columns);
        for (std::size_t i = 0; i < columns.size(); ++i) std::printf("|---");
        std::printf("|\n");
    }
    /// The cell that says how large the error was; a failure is remembered.
    std::string verdict(double error, double bound) {
        char text[80];
        bool const good = error <= bound;
        if (good) std::snprintf(text, sizeof text, "%.1e", error);
        else std::snprintf(text, sizeof text, "**WRONG**: %.1e, at most %.1e", error, bound);
        failed = failed || !good;
        return text;
    }
    /// body(), its error in the first column of a row.
    template <class Body>
    void guarded(std::string const& what, Body const& body) {
        try {
            body();
        } catch (std::exception const& error) {
            failed = true;
            row({what + ": **FAILED**: " + error.what()});
        }
    }
};

void measure_quantizing(session&);
void measure_few_rows(session&);
void measure_many_rows(session&);

}  // namespace bench
