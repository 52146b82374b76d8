// Building the projections and running the layers; every matrix product goes through a projection.
#include "network.hpp"

#include "vector_math.hpp"

#include <algorithm>
#include <cmath>

namespace perplexity {

namespace {

struct matrix_buffer {
    std::vector<float> values;
    std::size_t rows, cols;

    matrix_buffer(std::size_t r, std::size_t c) : values(r * c), rows(r), cols(c) {}
    float_view view() { return {values.data(), rows, cols, cols}; }
    /// Rows [first, first + count).
    float_view part(std::size_t first, std::size_t count) { return {values.data() + first * cols, count, cols, cols}; }
};

const_float_view read_only(float_view x) { return {x.data, x.rows, x.cols, x.stride}; }

/// out = x / sqrt(mean(x^2) + eps) * weight, row by row.
void rms_norm(float_view x, const std::vector<float>& weight, double eps, float_view out) {
    for (std::size_t t = 0; t < x.rows; ++t) {
        const float* __restrict in = x.row(t);
        float* __restrict to = out.row(t);
        const double squares =
            lane_sum(x.cols, [&](std::size_t i) { return static_cast<double>(in[i]) * static_cast<double>(in[i]); });
        const float factor = static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(x.cols) + eps));
        for (std::size_t i = 0; i < x.cols; ++i) to[i] = in[i] * factor * weight[i];
    }
}

void add(const std::vector<float>& from, std::vector<float>& to) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += from[i];
}

/// gate = silu(gate) * up.
void gated(std::vector<float>& gate, const std::vector<float>& up) {
    float* __restrict g = gate.data();
    const float* __restrict u = up.data();
    for (std::size_t i = 0; i < gate.size(); ++i) g[i] = g[i] / (1.0f + fast_exp(-g[i])) * u[i];
}

}  // namespace

struct network::workspace {
    matrix_buffer x, normed, query, key, value, mixed, change, gate, up;

    workspace(const llama_config& c, std::size_t rows)
        : x(rows, c.dim), normed(rows, c.dim), query(rows, c.heads * c.head_size), key(rows, c.kv_heads * c.head_size),
          value(rows, c.kv_heads * c.head_size), mixed(rows, c.heads * c.head_size), change(rows, c.dim),
          gate(rows, c.hidden), up(rows, c.hidden) {}
};

network::network(const llama_model& model, const projection_choice& choice)
    : model_(model),
      rotary_(model.config.context, model.config.head_size, model.config.rope_theta, model.config.order) {
    for (const llama_layer& source : model.layers) {
        const weight_matrix* const attention[] = {&source.query, &source.key, &source.value};
        const weight_matrix* const output[] = {&source.output};
        const weight_matrix* const feed[] = {&source.gate, &source.up};
        const weight_matrix* const down[] = {&source.down};
        layers_.push_back({make(choice.linear, attention, true), make(choice.linear, output, true),
            make(choice.linear, feed, true), make(choice.linear, down, true)});
    }
    const weight_matrix* const head[] = {&model.output_head()};
    head_ = make(choice.head, head, choice.quantize_embedding);
    if (!choice.quantize_embedding) return;
    const weight_matrix* const table[] = {&model.embedding};
    // A tied embedding is the head's matrix: stored, and counted, once.
    const auto embedding = make(choice.head, table, !model.config.tied);
    quantized_embedding_ = model.embedding;
    embedding->dequantize(0, {quantized_embedding_.values.data(), quantized_embedding_.rows, quantized_embedding_.cols,
                                 quantized_embedding_.cols});
}

std::unique_ptr<projection> network::make(
    const projection_maker& maker, std::span<const weight_matrix* const> weights, bool counted) {
    std::vector<const_float_view> views;
    for (const weight_matrix* w : weights) views.push_back(w->view());
    auto made = maker(views);
    if (!counted) return made;
    summary_.bytes += made->storage_bytes();
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const std::vector<float>& values = weights[i]->values;
        std::vector<float> after(values.size());
        made->dequantize(i, {after.data(), weights[i]->rows, weights[i]->cols, weights[i]->cols});
        summary_.count += values.size();
        for (std::size_t j = 0; j < values.size(); ++j) {
            const double before = static_cast<double>(values[j]);
            const double error = before - static_cast<double>(after[j]);
            summary_.signal += before * before;
            summary_.noise += error * error;
        }
    }
    return made;
}

void network::attend(std::size_t index, std::span<const text_piece> pieces, workspace& work) const {
    const llama_config& c = model_.config;
    rms_norm(work.x.view(), model_.layers[index].attention_norm, c.rms_eps, work.normed.view());
    const float_view heads[] = {work.query.view(), work.key.view(), work.value.view()};
    layers_[index].query_key_value->apply(read_only(work.normed.view()), heads);
    std::size_t first = 0;
    for (const text_piece& piece : pieces) {
        const std::size_t count = piece.predicted();
        rotary_.apply(work.query.part(first, count));
        rotary_.apply(work.key.part(first, count));
        causal_attention(read_only(work.query.part(first, count)), read_only(work.key.part(first, count)),
            read_only(work.value.part(first, count)), c.head_size, work.mixed.part(first, count));
        first += count;
    }
    const float_view change[] = {work.change.view()};
    layers_[index].output->apply(read_only(work.mixed.view()), change);
    add(work.change.values, work.x.values);
}

void network::feed_forward(std::size_t index, workspace& work) const {
    rms_norm(work.x.view(), model_.layers[index].feed_forward_norm, model_.config.rms_eps, work.normed.view());
    const float_view wide[] = {work.gate.view(), work.up.view()};
    layers_[index].gate_up->apply(read_only(work.normed.view()), wide);
    gated(work.gate.values, work.up.values);
    const float_view change[] = {work.change.view()};
    layers_[index].down->apply(read_only(work.gate.view()), change);
    add(work.change.values, work.x.values);
}

void network::forward(std::span<const text_piece> pieces, float_view logits) const {
    workspace work(model_.config, logits.rows);
    const weight_matrix& embedding = quantized_embedding_.values.empty() ? model_.embedding : quantized_embedding_;
    std::size_t row = 0;
    for (const text_piece& piece : pieces)
        for (std::size_t t = 0; t < piece.predicted(); ++t, ++row)
            std::copy_n(
                embedding.values.data() + piece.tokens[t] * embedding.cols, embedding.cols, work.x.view().row(row));
    for (std::size_t i = 0; i < layers_.size(); ++i) {
        attend(i, pieces, work);
        feed_forward(i, work);
    }
    rms_norm(work.x.view(), model_.final_norm, model_.config.rms_eps, work.normed.view());
    const float_view out[] = {logits};
    head_->apply(read_only(work.normed.view()), out);
}

}  // namespace perplexity
