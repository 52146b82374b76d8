// Prints what each number format costs a language model: one row per format, each compared with the float run.
#include "errors.hpp"
#include "files.hpp"
#include "options.hpp"
#include "report.hpp"

#include <cstdio>
#include <exception>
#include <filesystem>

namespace px = perplexity;

namespace {

px::text_corpus load_text(const px::program_options& o, const px::llama_config& config, std::size_t stories) {
    px::text_options options;
    options.context = config.context;
    options.vocabulary = config.vocabulary;
    const bool bytes = !o.text.empty();
    options.bos = o.bos ? *o.bos : config.bos.value_or(bytes ? 0 : 1);
    if (options.bos >= config.vocabulary) throw px::usage_error("--bos lies outside the model's vocabulary");
    options.documents = stories;
    return bytes ? px::read_bytes(o.text, options) : px::read_tokens(o.tokens, options);
}

std::size_t parameters(const px::llama_model& model) {
    std::size_t count = model.embedding.values.size() + model.head.values.size() + model.final_norm.size();
    for (const px::llama_layer& l : model.layers) {
        count += l.attention_norm.size() + l.feed_forward_norm.size();
        for (const px::weight_matrix* w : {&l.query, &l.key, &l.value, &l.output, &l.gate, &l.up, &l.down})
            count += w->values.size();
    }
    return count;
}

void list_formats() {
    std::puts("formats (weights under float activations; any two as AxW, activations x weights):");
    for (const auto& format : px::format_registry()) std::printf("  %s\n", format.name.c_str());
    std::puts("pairs by label:");
    for (const auto& pair : px::pair_labels())
        std::printf("  %-6s %sx%s\n", pair.label, pair.activations, pair.weights);
}

void print(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
}

/// Runs all rows, printing each as it is done.
void run_rows(const std::vector<px::row_request>& requests, const px::program_options& o, const px::llama_model& model,
    const px::text_corpus& corpus, px::report& report) {
    px::evaluator evaluator(model, corpus, o.threads, o.head);
    px::progress_bar progress(evaluator.steps() * (requests.size() + 1), !o.quiet);
    print(px::table_head(report));
    const auto finish = [&](px::row_result row) {
        progress.clear();
        print(px::table_row(row));
        report.rows.push_back(std::move(row));
    };
    finish(evaluator.run_reference(progress));
    for (const px::row_request& request : requests) finish(evaluator.run(request, progress));
}

/// A report that cannot be written should not be found out after all the work.
void check_output(const std::string& path) {
    if (path.empty()) return;
    const std::filesystem::path directory = std::filesystem::absolute(path).parent_path();
    if (!std::filesystem::is_directory(directory))
        throw px::usage_error(path + ": there is no directory " + directory.string());
    if (std::filesystem::is_directory(path)) throw px::usage_error(path + " is a directory");
}

int run(const px::program_options& o) {
    check_output(o.json);
    check_output(o.html);
    std::vector<px::row_request> requests;
    for (const std::string& format : o.formats) requests.push_back(px::find_row(format));
    if (requests.empty()) requests = px::default_rows();
    const px::llama_model model = px::load_model(o.model, {o.config, o.rms_eps});
    const px::text_corpus corpus = load_text(o, model.config, o.stories);
    px::report report;
    report.model = o.model;
    report.text = o.text.empty() ? o.tokens : o.text;
    report.quantized_layers =
        o.head ? "linear layers, embedding and output head; the norms stay fp32"
               : "linear layers (q, k, v, o, gate, up, down); embedding, output head and norms stay fp32";
    report.parameters = parameters(model);
    report.documents = corpus.documents;
    report.all_documents = o.stories == 0 ? corpus.documents : load_text(o, model.config, 0).documents;
    report.predicted = corpus.predicted;
    report.bytes = corpus.bytes;
    report.threads = o.threads;
    run_rows(requests, o, model, corpus, report);
    if (!o.json.empty()) px::write_file(o.json, px::json_report(report));
    if (!o.html.empty()) px::write_file(o.html, px::html_report(report));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const px::command_line command = px::read_command_line(argc, argv);
    if (command.exit_code) return *command.exit_code;
    try {
        if (command.options.list) {
            list_formats();
            return 0;
        }
        return run(command.options);
    } catch (const px::usage_error& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
