// The program's figures: the reference perplexities, the published cost of rounding, and that formats separate.
#include "scratch.hpp"

#include <evaluate.hpp>
#include <files.hpp>

#include <nlohmann/json.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <filesystem>

using namespace perplexity;

namespace {

// The covering builds check the code, not the figures: the start of the text has to do there.
constexpr bool whole_text = FEWBITS_TEST_COVER == 0;

const std::string example_data = FEWBITS_SOURCE_DIR "/examples/data/";
const std::string more_models =
    FEWBITS_SOURCE_DIR "/../shared/model/";  // optional: the tests that need it pass without

progress_bar& silent() {
    static progress_bar bar(1, false);
    return bar;
}

/// A model with its text, and rows evaluated on it; the reference first.
struct bench {
    llama_model model;
    text_corpus corpus;
    std::optional<evaluator> run;
    row_result reference;

    void start(bool head, std::size_t threads = 2) {
        run.emplace(model, corpus, threads, head);
        reference = run->run_reference(silent());
    }
    row_result row(const std::string& name) { return run->run(find_row(name), silent()); }
};

text_options cut_for(const llama_model& model, token bos, std::size_t stories) {
    return {model.config.context, model.config.vocabulary, bos, stories};
}

bench tiny_bytes(std::size_t stories) {
    bench b;
    b.model = load_model(example_data + "tiny-bytes.safetensors", {});
    b.corpus = read_bytes(example_data + "tiny-eval.txt", cut_for(b.model, 0, stories));
    return b;
}

bench stories_model(const std::string& model, const std::string& tokens, double eps, std::size_t stories) {
    bench b;
    b.model = load_model(more_models + model, {{}, eps});
    b.corpus = read_tokens(more_models + tokens, cut_for(b.model, 1, stories));
    return b;
}

}  // namespace

TEST_CASE("tiny-bytes in fp32 has its published 0.684830 nats per byte") {
    bench b = tiny_bytes(whole_text ? 0 : 4);
    b.start(false);
    CHECK(b.reference.divergence == 0.0);
    CHECK(b.reference.bits_per_weight == 32.0);
    CHECK(!b.reference.sqnr_db);
    if (!whole_text) return;
    CHECK(b.corpus.documents == 120);
    CHECK(b.corpus.predicted == 85810);
    CHECK(b.reference.nats == Approx(0.684830).epsilon(1e-5));
    CHECK(b.reference.perplexity == Approx(1.98343).epsilon(1e-5));
    // plain rounding in groups of 32: the change in nats per byte and its standard error, as published
    const struct {
        const char* format;
        double change, error;
    } published[] = {{"int8_g32", 0.00013, 0.00003}, {"int6_g32", 0.00105, 0.00009}, {"int5_g32", 0.00131, 0.00022},
        {"int4_g32", 0.00839, 0.00046}, {"int3_g32", 0.0447, 0.0011}, {"int2_g32", 1.296, 0.020}};
    for (const auto& p : published) {
        const row_result row = b.row(p.format);
        INFO(p.format << " " << row.change.mean << " +- " << row.change.error.value_or(0));
        CHECK(std::fabs(row.change.mean - p.change) < 0.5 * p.error);
        CHECK(*row.change.error < 1.1 * p.error);
    }
}

TEST_CASE("on the default stories quality falls with every bit, beyond doubt") {
    bench b = tiny_bytes(whole_text ? 24 : 4);
    b.start(false);
    std::optional<row_result> finer;
    for (const char* format : {"int8_g32", "int6_g32", "int4_g32", "int3_g32", "int2_g32"}) {
        const row_result row = b.row(format);
        INFO(format << ": KL " << row.divergence << ", change " << row.change.mean << " +- "
                    << row.change.error.value_or(0));
        if (finer) {
            CHECK(row.divergence > 4 * finer->divergence);
            if (whole_text)
                CHECK(row.change.mean - finer->change.mean > 3 * std::hypot(*row.change.error, *finer->change.error));
            CHECK(*row.sqnr_db < *finer->sqnr_db - 5);
            CHECK(row.weight_bytes < finer->weight_bytes);
        }
        finer = row;
    }
}

TEST_CASE("weights that bf16 holds exactly change nothing, threads change no bit") {
    bench b = tiny_bytes(3);
    b.start(false);
    const row_result exact = b.row("bf16");
    CHECK(!exact.sqnr_db);
    CHECK(exact.nats == Approx(b.reference.nats).epsilon(1e-6));  // floats may have been multiplied as sums of two bf16
    CHECK(std::fabs(exact.divergence) < 1e-8);
    const row_result pair = b.row("NVFP4");
    CHECK(pair.request.pair);
    CHECK(pair.divergence > 0.001);
    CHECK(pair.divergence < 0.1);
    bench alone = tiny_bytes(3);
    alone.start(false, 1);
    CHECK(alone.reference.nats == b.reference.nats);
    CHECK(alone.row("NVFP4").nats == pair.nats);
}

TEST_CASE("option --head quantizes embedding and output head, counted once when tied") {
    bench b = tiny_bytes(2);
    b.start(false);
    const row_result layers = b.row("int4_g32");
    bench h = tiny_bytes(2);
    h.start(true);
    const row_result all = h.row("int4_g32");
    CHECK(layers.weight_bytes == 1572864 * 5 / 8);
    CHECK(all.weight_bytes == (1572864 + 65536) * 5 / 8);
    CHECK(h.reference.nats == b.reference.nats);
    CHECK(all.divergence != layers.divergence);
}

TEST_CASE("a format that refuses the model's shapes is a row that says so") {
    bench b = tiny_bytes(1);
    b.start(false);
    row_request refusing = find_row("int8_row");
    refusing.make = [](weight_views) -> std::unique_ptr<projection> { throw std::invalid_argument("no such shape"); };
    const row_result row = b.run->run(refusing, silent());
    CHECK(row.failure == "no such shape");
}

TEST_CASE("every format and any pair can be asked for by name") {
    CHECK(default_rows().size() >= 24);
    for (const row_request& row : default_rows()) CHECK(!row.kernel.empty());
    for (const format_entry& format : format_registry()) {
        CHECK(find_row(format.name).name == format.name);
        CHECK(find_row(format.name + "x" + format.name).name == format.name + " x " + format.name);
    }
    CHECK(find_row("e4m3_tile_1x128xmxfp4").name == "e4m3_tile_1x128 x mxfp4");
    CHECK(find_row("fp32xint8_row").pair);
    CHECK(find_row("W8A8").name == "int8_row x int8_row");
    for (const char* wrong : {"", "x", "int9_row", "int8_rowx", "xint8_row", "int8_row x int8_row"})
        CHECK_THROWS_AS(find_row(wrong), usage_error);
}

TEST_CASE("the stories models have their reference perplexities") {
    if (!std::filesystem::exists(more_models + "golden.json")) return;
    const auto golden = nlohmann::json::parse(as_text(read_file(more_models + "golden.json")));
    for (const char* name : {"stories260K.bin", "stories656K.bin"}) {
        const auto& expected = golden["models"][name];
        const std::size_t stories = whole_text ? 0 : 1;
        bench b = stories_model(name, expected["tokens"], expected["rms_eps"], stories);
        b.start(true);
        INFO(name);
        if (!whole_text) {
            CHECK(b.reference.nats * static_cast<double>(b.corpus.predicted) ==
                  Approx(expected["first_document_nats_f64"].get<double>()).epsilon(1e-5));
            continue;
        }
        CHECK(b.corpus.documents == golden["documents"]);
        CHECK(b.corpus.predicted == expected["predicted"]);
        CHECK(b.reference.perplexity == Approx(expected["ppl"].get<double>()).epsilon(1e-5));
        CHECK(b.reference.nats == Approx(expected["nats_per_token_f64"].get<double>()).epsilon(1e-6));
        // one scale per row, embedding included: the references' two last digits
        for (const auto& [format, row] : golden["crude_weight_only_rtn_per_row"][name].items()) {
            const row_result result = b.row(format + "_row");
            INFO(format << " " << result.change.mean << " +- " << result.change.error.value_or(0));
            CHECK(result.perplexity == Approx(row["ppl"].get<double>()).epsilon(1e-5));
            CHECK(std::fabs(result.change.mean - row["delta"][0].get<double>()) < 2e-5);
            CHECK(*result.change.error == Approx(row["delta"][1].get<double>()).epsilon(0.1));
        }
    }
}

TEST_CASE("the same model from safetensors and from a llama2.c file gives the same figures") {
    if (!std::filesystem::exists(more_models + "stories656K.safetensors")) return;
    bench file = stories_model("stories656K.bin", "heldout.tok2048.u16", 1e-6, 3);
    bench container = stories_model("stories656K.safetensors", "heldout.tok2048.u16", 1e-6, 3);
    CHECK(container.model.config.order == rotary_order::halves);
    CHECK(load_model(more_models + "stories656K.safetensors", {}).config.rms_eps == 1e-6);
    file.start(false);
    container.start(false);
    CHECK(container.reference.nats == Approx(file.reference.nats).epsilon(1e-6));
    // Every weight of this model is exact in bf16, but floats may have been multiplied as sums of two bf16.
    CHECK(container.row("bf16").nats == Approx(container.reference.nats).epsilon(1e-6));
    CHECK(container.row("fp16").nats == container.reference.nats);
}
