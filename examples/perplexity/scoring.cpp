// Log-softmax, cross entropy, KL divergence, and the paired standard error by document.
#include "scoring.hpp"

#include "vector_math.hpp"

#include <cmath>
#include <numeric>

namespace perplexity {

namespace {

double total(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

}  // namespace

void log_softmax(float_view logits) {
    std::vector<float> powers(logits.cols);
    for (std::size_t t = 0; t < logits.rows; ++t) {
        float* row = logits.row(t);
        const float top = largest(row, logits.cols);
        float* __restrict e = powers.data();
        for (std::size_t i = 0; i < logits.cols; ++i) e[i] = fast_exp(row[i] - top);
        const double sum = lane_sum(logits.cols, [&](std::size_t i) { return static_cast<double>(e[i]); });
        const float shift = top + static_cast<float>(std::log(sum));
        for (std::size_t i = 0; i < logits.cols; ++i) row[i] -= shift;
    }
}

double divergence(const float* log_p, const float* log_q, std::size_t count) {
    return lane_sum(
        count, [&](std::size_t i) { return static_cast<double>(fast_exp(log_p[i]) * (log_p[i] - log_q[i])); });
}

piece_score score_piece(
    const text_piece& piece, const_float_view log_probabilities, const_float_view reference, std::size_t row) {
    piece_score score;
    for (std::size_t t = 1; t < piece.tokens.size(); ++t, ++row) {
        const float* log_q = log_probabilities.row(row);
        score.nats -= static_cast<double>(log_q[piece.tokens[t]]);
        if (reference.data != nullptr)
            score.divergence += divergence(reference.row(row), log_q, log_probabilities.cols);
    }
    return score;
}

document_scores by_document(const text_corpus& corpus, std::span<const piece_score> pieces) {
    const std::vector<double> zeros(corpus.documents, 0.0);
    document_scores scores{zeros, zeros, zeros};
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const text_piece& piece = corpus.pieces[i];
        scores.nats[piece.document] += pieces[i].nats;
        scores.divergence[piece.document] += pieces[i].divergence;
        scores.tokens[piece.document] += static_cast<double>(piece.predicted());
    }
    return scores;
}

double mean_nats(const document_scores& scores) { return total(scores.nats) / total(scores.tokens); }

double mean_divergence(const document_scores& scores) { return total(scores.divergence) / total(scores.tokens); }

estimate paired_change(const document_scores& before, const document_scores& after) {
    const double tokens = total(before.tokens);
    estimate result;
    result.mean = (total(after.nats) - total(before.nats)) / tokens;
    const std::size_t documents = before.nats.size();
    if (documents < 2) return result;
    double squares = 0;
    for (std::size_t d = 0; d < documents; ++d) {
        const double residual = after.nats[d] - before.nats[d] - result.mean * before.tokens[d];
        squares += residual * residual;
    }
    const double n = static_cast<double>(documents);
    result.error = std::sqrt(squares * n / (n - 1)) / tokens;
    return result;
}

}  // namespace perplexity
