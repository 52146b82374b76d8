// A model whose linear layers have become projections, and its forward pass over many positions at once.
#pragma once

#include "attention.hpp"
#include "llama.hpp"
#include "projection.hpp"
#include "text.hpp"

#include <memory>
#include <span>
#include <vector>

namespace perplexity {

/// What quantizing the weights cost and saved, over the layers that were quantized.
struct weight_summary {
    std::size_t count = 0;         // weights
    std::size_t bytes = 0;         // as stored, with scales
    double signal = 0, noise = 0;  // sums of squares: of the weights, of their errors

    double bits_per_weight() const { return 8.0 * static_cast<double>(bytes) / static_cast<double>(count); }
};

/// Which projections a row of the table uses: `linear` for the layers, `head` for the output head.
struct projection_choice {
    projection_maker linear;
    projection_maker head;
    bool quantize_embedding = false;  // the embedding too goes through the head's format (--head)
};

class network {
public:
    /// Quantizes the weights of `model`, which must outlive the network. Throws std::invalid_argument where a format
    /// refuses a shape.
    network(const llama_model& model, const projection_choice& choice);

    /// The logits of every position of `pieces`, which are put one below the other: logits is predicted x vocabulary.
    void forward(std::span<const text_piece> pieces, float_view logits) const;

    const weight_summary& summary() const { return summary_; }

private:
    struct layer {
        std::unique_ptr<projection> query_key_value, output, gate_up, down;
    };
    struct workspace;

    std::unique_ptr<projection> make(
        const projection_maker& maker, std::span<const weight_matrix* const> weights, bool counted);
    void attend(std::size_t index, std::span<const text_piece> pieces, workspace& work) const;
    void feed_forward(std::size_t index, workspace& work) const;

    const llama_model& model_;
    rotary_table rotary_;
    std::vector<layer> layers_;
    std::unique_ptr<projection> head_;
    weight_matrix quantized_embedding_;  // dequantized again; empty: the model's own
    weight_summary summary_;
};

}  // namespace perplexity
