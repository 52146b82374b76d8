// The work of a row, spread over threads by batches of whole pieces; the batches do not depend on the thread count.
#include "evaluate.hpp"

#include "checked.hpp"
#include "errors.hpp"

#include <chrono>
#include <cmath>

namespace perplexity {

namespace {

/// Positions that one call of the forward pass takes: enough rows for the matrix product, few enough for the cache.
constexpr std::size_t positions_per_batch = 512;

constexpr std::size_t largest_reference = std::size_t{8} << 30;  // bytes of log-probabilities kept

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

evaluator::evaluator(const llama_model& model, const text_corpus& corpus, std::size_t threads, bool head)
    : model_(model), corpus_(corpus), threads_(threads), head_(head) {
    const auto kept = checked_product(corpus.predicted, model.config.vocabulary * sizeof(float));
    if (!kept || *kept > largest_reference)
        throw usage_error("comparing needs the reference's probabilities of " + std::to_string(corpus.predicted) +
                          " tokens x " + std::to_string(model.config.vocabulary) +
                          " classes in memory, more than 8 GiB; take fewer --stories");
    for (std::size_t i = 0; i < corpus.pieces.size(); ++i) {
        const std::size_t positions = corpus.pieces[i].predicted();
        if (batches_.empty() || batches_.back().positions + positions > positions_per_batch)
            batches_.push_back({i, 0, 0});
        ++batches_.back().pieces;
        batches_.back().positions += positions;
    }
    reference_.resize(batches_.size());
}

row_result evaluator::run_reference(progress_bar& progress) {
    const row_request request = reference_row();
    return measure(request, {request.make, request.make, head_}, true, progress);
}

row_result evaluator::run(const row_request& request, progress_bar& progress) {
    return measure(request, {request.make, head_ ? request.make : reference_row().make, head_}, false, progress);
}

row_result evaluator::measure(
    const row_request& request, const projection_choice& choice, bool reference, progress_bar& progress) {
    row_result result;
    result.request = request;
    progress.label(request.name);
    try {
        const auto start = std::chrono::steady_clock::now();
        const network net(model_, choice);
        result.quantize_seconds = seconds_since(start);
        const weight_summary& weights = net.summary();
        result.bits_per_weight = weights.bits_per_weight();
        result.weight_bytes = weights.bytes;
        if (weights.noise > 0) result.sqnr_db = 10 * std::log10(weights.signal / weights.noise);
        const auto begin = std::chrono::steady_clock::now();
        const document_scores scores = predict(net, reference, progress);
        result.run_seconds = seconds_since(begin);
        if (reference) reference_scores_ = scores;
        result.nats = mean_nats(scores);
        result.perplexity = std::exp(result.nats);
        result.change = paired_change(reference_scores_, scores);
        result.divergence = mean_divergence(scores);
        result.tokens_per_second = static_cast<double>(corpus_.predicted) / result.run_seconds;
    } catch (const std::invalid_argument& refusal) {
        result.failure = refusal.what();
    }
    return result;
}

document_scores evaluator::predict(const network& net, bool reference, progress_bar& progress) {
    std::vector<piece_score> scores(corpus_.pieces.size());
    const std::size_t classes = model_.config.vocabulary;
    auto executor = fewbits::threads(threads_);
    executor.run(batches_.size(), [&](std::size_t index) {
        const batch& b = batches_[index];
        const std::span<const text_piece> pieces(corpus_.pieces.data() + b.first_piece, b.pieces);
        std::vector<float> values(b.positions * classes);
        const float_view logits{values.data(), b.positions, classes, classes};
        net.forward(pieces, logits);
        log_softmax(logits);
        const std::vector<float>& kept = reference_[index];
        const const_float_view compared{kept.empty() ? nullptr : kept.data(), b.positions, classes, classes};
        std::size_t row = 0;
        for (std::size_t i = 0; i < b.pieces; ++i) {
            scores[b.first_piece + i] =
                score_piece(pieces[i], {values.data(), b.positions, classes, classes}, compared, row);
            row += pieces[i].predicted();
        }
        if (reference) reference_[index] = std::move(values);
        progress.step();
    });
    return by_document(corpus_, scores);
}

}  // namespace perplexity
