// Attention in loops whose innermost index is contiguous and free of reductions, so that they vectorise.
#include "attention.hpp"

#include "vector_math.hpp"

#include <algorithm>
#include <cmath>

namespace perplexity {

rotary_table::rotary_table(std::size_t positions, std::size_t head_size, double base, rotary_order order)
    : head_size_(head_size), order_(order) {
    const std::size_t pairs = head_size / 2;
    for (std::size_t t = 0; t < positions; ++t)
        for (std::size_t i = 0; i < pairs; ++i) {
            const double angle = static_cast<double>(t) * std::pow(base, -2.0 * static_cast<double>(i) / static_cast<double>(head_size));
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

/// Room for one KV head: its keys transposed (head_size x tokens), and a row of scores for each query at once.
struct attention_scratch {
    std::vector<float> keys;
    std::vector<float> scores;
};

/// scores[i][s] = q[first + i] . k[s] / sqrt(head_size), for all i at once; `width` keys.
void dot_with_keys(fewbits::matrix_view<const float> q, std::size_t first, std::size_t count, std::size_t column,
                   std::size_t head_size, std::size_t tokens, std::size_t width, attention_scratch& scratch) {
    const float factor = static_cast<float>(1.0 / std::sqrt(static_cast<double>(head_size)));
    float* s[queries_at_once];
    const float* row[queries_at_once];
    for (std::size_t i = 0; i < queries_at_once; ++i) {
        s[i] = scratch.scores.data() + i * tokens;
        row[i] = q.row(first + (std::min)(i, count - 1)) + column;  // missing queries repeat the last one
        std::fill(s[i], s[i] + width, 0.0f);
    }
    float* __restrict s0 = s[0];
    float* __restrict s1 = s[1];
    float* __restrict s2 = s[2];
    float* __restrict s3 = s[3];
    for (std::size_t d = 0; d < head_size; ++d) {
        const float* __restrict key = scratch.keys.data() + d * tokens;
        const float q0 = row[0][d] * factor, q1 = row[1][d] * factor, q2 = row[2][d] * factor, q3 = row[3][d] * factor;
        for (std::size_t j = 0; j < width; ++j) {
            s0[j] += q0 * key[j];
            s1[j] += q1 * key[j];
            s2[j] += q2 * key[j];
            s3[j] += q3 * key[j];
        }
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

/// out[first + i] = sum over s of weights[i][s] * v[s].
void mix_values(fewbits::matrix_view<const float> v, std::size_t value_column, std::size_t tokens, std::size_t width,
                const attention_scratch& scratch, std::size_t head_size, float* const* out, std::size_t count) {
    std::vector<float> unused(head_size);
    float* row[queries_at_once];
    for (std::size_t i = 0; i < queries_at_once; ++i) {
        row[i] = i < count ? out[i] : unused.data();
        std::fill(row[i], row[i] + head_size, 0.0f);
    }
    const float* weights = scratch.scores.data();
    for (std::size_t s = 0; s < width; ++s) {
        const float* __restrict value = v.row(s) + value_column;
        for (std::size_t i = 0; i < count; ++i) {
            const float weight = weights[i * tokens + s];
            float* __restrict o = row[i];
            for (std::size_t d = 0; d < head_size; ++d) o[d] += weight * value[d];
        }
    }
}

}  // namespace

void causal_attention(fewbits::matrix_view<const float> q, fewbits::matrix_view<const float> k,
                      fewbits::matrix_view<const float> v, std::size_t head_size, fewbits::matrix_view<float> out) {
    const std::size_t tokens = q.rows;
    const std::size_t kv_heads = k.cols / head_size;
    const std::size_t queries_per_kv = q.cols / k.cols;
    attention_scratch scratch{std::vector<float>(head_size * tokens), std::vector<float>(queries_at_once * tokens)};
    for (std::size_t kv = 0; kv < kv_heads; ++kv) {
        for (std::size_t t = 0; t < tokens; ++t)
            for (std::size_t d = 0; d < head_size; ++d) scratch.keys[d * tokens + t] = k.row(t)[kv * head_size + d];
        for (std::size_t h = kv * queries_per_kv; h < (kv + 1) * queries_per_kv; ++h) {
            const std::size_t column = h * head_size;
            for (std::size_t first = 0; first < tokens; first += queries_at_once) {
                const std::size_t count = (std::min)(queries_at_once, tokens - first);
                const std::size_t width = first + count;
                dot_with_keys(q, first, count, column, head_size, tokens, width, scratch);
                float* rows[queries_at_once] = {};
                for (std::size_t i = 0; i < count; ++i) {
                    softmax(scratch.scores.data() + i * tokens, first + i + 1, width);
                    rows[i] = out.row(first + i) + column;
                }
                mix_values(v, kv * head_size, tokens, width, scratch, head_size, rows, count);
            }
        }
    }
}

}  // namespace perplexity
