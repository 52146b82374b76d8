// Attention for four queries at a time, sums in registers over lanes of keys and of head elements.
#include "attention.hpp"

#include "vector_math.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace perplexity {

using const_view = fewbits::matrix_view<const float>;

rotary_table::rotary_table(std::size_t positions, std::size_t head_size, double base, rotary_order order)
    : head_size_(head_size), order_(order) {
    const std::size_t pairs = head_size / 2;
    for (std::size_t t = 0; t < positions; ++t)
        for (std::size_t i = 0; i < pairs; ++i) {
            const double angle =
                static_cast<double>(t) * std::pow(base, -2.0 * static_cast<double>(i) / static_cast<double>(head_size));
            cosines_.push_back(static_cast<float>(std::cos(angle)));
            sines_.push_back(static_cast<float>(std::sin(angle)));
        }
}

void rotary_table::apply(fewbits::matrix_view<float> x) const {
    const std::size_t pairs = head_size_ / 2;
    const std::size_t step = order_ == rotary_order::halves ? 1 : 2;
    const std::size_t partner = order_ == rotary_order::halves ? pairs : 1;
    for (std::size_t t = 0; t < x.rows; ++t) {
        const float* cosine = cosines_.data() + t * pairs;
        const float* sine = sines_.data() + t * pairs;
        for (std::size_t first = 0; first < x.cols; first += head_size_) {
            float* head = x.row(t) + first;
            for (std::size_t i = 0; i < pairs; ++i) {
                const float a = head[i * step];
                const float b = head[i * step + partner];
                head[i * step] = a * cosine[i] - b * sine[i];
                head[i * step + partner] = a * sine[i] + b * cosine[i];
            }
        }
    }
}

namespace {

constexpr std::size_t queries_at_once = 4;  // each key and value is loaded once for so many queries

/// One KV head, padded with zeros to whole lanes: keys transposed, values as they are; and scores for each query at
/// once.
struct head_buffers {
    std::size_t head_size, tokens;
    std::vector<float> keys, values, scores;

    head_buffers(std::size_t size, std::size_t count)
        : head_size(size), tokens(padded(count)), keys(size * tokens), values(count * padded(size)),
          scores(queries_at_once * tokens) {}

    void fill(const_view k, const_view v, std::size_t column) {
        for (std::size_t t = 0; t < k.rows; ++t)
            for (std::size_t d = 0; d < head_size; ++d) {
                keys[d * tokens + t] = k.row(t)[column + d];
                values[t * padded(head_size) + d] = v.row(t)[column + d];
            }
    }

    float* scores_of(std::size_t query) { return scores.data() + query * tokens; }
};

/// scores[i][s] = query[i] . k[s] / sqrt(head_size) for all s < width and some beyond.
void dot_with_keys(const float* const* query, std::size_t width, head_buffers& head) {
    const float factor = static_cast<float>(1.0 / std::sqrt(static_cast<double>(head.head_size)));
    for (std::size_t s = 0; s < width; s += lane_count) {
        float_lanes key, sum[queries_at_once] = {};
        for (std::size_t d = 0; d < head.head_size; ++d) {
            load_lanes(head.keys.data() + d * head.tokens + s, key);
            for (std::size_t i = 0; i < queries_at_once; ++i) sum[i] += key * query[i][d];
        }
        for (std::size_t i = 0; i < queries_at_once; ++i) store_lanes(sum[i] * factor, head.scores_of(i) + s);
    }
}

/// Turns scores into weights that sum to one; entries from `valid` to `width` become 0.
void softmax(float* scores, std::size_t valid, std::size_t width) {
    const float top = largest(scores, valid);
    for (std::size_t j = 0; j < valid; ++j) scores[j] = fast_exp(scores[j] - top);
    const double sum = lane_sum(valid, [&](std::size_t j) { return static_cast<double>(scores[j]); });
    const float inverse = static_cast<float>(1.0 / sum);
    for (std::size_t j = 0; j < valid; ++j) scores[j] *= inverse;
    std::fill(scores + valid, scores + width, 0.0f);
}

/// out[i] = sum over s < width of weights[i][s] * v[s], for the first `count` queries.
void mix_values(head_buffers& head, std::size_t width, std::size_t count, float* const* out) {
    for (std::size_t d = 0; d < head.head_size; d += lane_count) {
        float_lanes value, sum[queries_at_once] = {};
        for (std::size_t s = 0; s < width; ++s) {
            load_lanes(head.values.data() + s * padded(head.head_size) + d, value);
            for (std::size_t i = 0; i < queries_at_once; ++i) sum[i] += value * head.scores_of(i)[s];
        }
        const std::size_t used = (std::min)(lane_count, head.head_size - d);
        for (std::size_t i = 0; i < count; ++i) std::memcpy(out[i] + d, &sum[i], used * sizeof(float));
    }
}

/// One query head, whose columns begin at `column`, against the keys and values in `head`.
void attend(const_view q, std::size_t column, head_buffers& head, fewbits::matrix_view<float> out) {
    for (std::size_t first = 0; first < q.rows; first += queries_at_once) {
        const std::size_t count = (std::min)(queries_at_once, q.rows - first);
        const std::size_t width = first + count;
        const float* query[queries_at_once];
        float* to[queries_at_once];
        for (std::size_t i = 0; i < queries_at_once; ++i) {
            const std::size_t row = first + (std::min)(i, count - 1);  // missing queries repeat the last one
            query[i] = q.row(row) + column;
            to[i] = out.row(row) + column;
        }
        dot_with_keys(query, width, head);
        for (std::size_t i = 0; i < count; ++i) softmax(head.scores_of(i), first + i + 1, width);
        mix_values(head, width, count, to);
    }
}

}  // namespace

void causal_attention(
    const_view q, const_view k, const_view v, std::size_t head_size, fewbits::matrix_view<float> out) {
    const std::size_t queries_per_kv = q.cols / k.cols;
    head_buffers head(head_size, q.rows);
    for (std::size_t kv = 0; kv < k.cols / head_size; ++kv) {
        head.fill(k, v, kv * head_size);
        for (std::size_t i = 0; i < queries_per_kv; ++i) attend(q, (kv * queries_per_kv + i) * head_size, head, out);
    }
}

}  // namespace perplexity
