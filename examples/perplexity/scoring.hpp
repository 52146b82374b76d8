// From logits to figures: nats, perplexity, divergence from the reference, and paired differences.
#pragma once

#include "projection.hpp"
#include "text.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace perplexity {

/// Sums over the predicted tokens of one piece of text.
struct piece_score {
    double nats = 0;        // of -ln p(token)
    double divergence = 0;  // of KL(reference || this)
};

/// The same by document; what two runs over one text are compared by.
struct document_scores {
    std::vector<double> nats, divergence;
    std::vector<double> tokens;  // predicted
};

/// A mean and one standard error of it; a single document gives none.
struct estimate {
    double mean = 0;
    std::optional<double> error;
};

/// Replaces each row of logits by its log-softmax.
void log_softmax(float_view logits);

/// sum over i of p[i] * (ln p[i] - ln q[i]), in nats, from two rows of log-probabilities.
double divergence(const float* log_p, const float* log_q, std::size_t count);

/// The score of one piece whose rows of log-probabilities begin at `row`; `reference` has the same shape, or data
/// nullptr where nothing is compared.
piece_score score_piece(
    const text_piece& piece, const_float_view log_probabilities, const_float_view reference, std::size_t row);

/// Adds pieces up into documents, in the order of the text.
document_scores by_document(const text_corpus& corpus, std::span<const piece_score> pieces);

/// Mean nats per token, mean divergence per token.
double mean_nats(const document_scores& scores);
double mean_divergence(const document_scores& scores);

/// The change in nats per token from `before` to `after`, paired by document: ratio estimate of the means and its
/// standard error over documents.
estimate paired_change(const document_scores& before, const document_scores& after);

}  // namespace perplexity
