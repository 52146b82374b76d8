// Running one row of the table: quantize, predict the whole text, compare with the float run.
#pragma once

#include "formats.hpp"
#include "network.hpp"
#include "progress.hpp"
#include "scoring.hpp"

#include <optional>
#include <string>
#include <vector>

namespace perplexity {

struct row_result {
    row_request request;
    std::string failure;  // why there are no figures: a format that refuses the model's shapes
    double bits_per_weight = 0;
    std::size_t weight_bytes = 0;
    std::optional<double> sqnr_db;  // none: the weights did not change
    double nats = 0;                // per predicted token
    double perplexity = 0;
    estimate change;               // nats per token against the reference, paired by document
    double divergence = 0;         // mean KL(reference || row), nats per token
    double tokens_per_second = 0;  // forward pass and scoring, not quantization
    double quantize_seconds = 0;
    double run_seconds = 0;
};

/// Evaluates rows over one text. The first run is the reference; its log-probabilities are kept for the divergence.
class evaluator {
public:
    /// `head`: also quantize the embedding and the output head. `threads`: of the library's executor.
    evaluator(const llama_model& model, const text_corpus& corpus, std::size_t threads, bool head);

    /// The float run. Every later row is compared with it.
    row_result run_reference(progress_bar& progress);
    row_result run(const row_request& request, progress_bar& progress);

    /// Progress steps that one row takes.
    std::size_t steps() const { return batches_.size(); }

private:
    struct batch {
        std::size_t first_piece = 0, pieces = 0, positions = 0;
    };

    row_result measure(
        const row_request& request, const projection_choice& choice, bool reference, progress_bar& progress);
    document_scores predict(const network& net, bool reference, progress_bar& progress);

    const llama_model& model_;
    const text_corpus& corpus_;
    std::size_t threads_;
    bool head_;
    std::vector<batch> batches_;
    std::vector<std::vector<float>> reference_;  // log-probabilities, by batch
    document_scores reference_scores_;
};

}  // namespace perplexity
