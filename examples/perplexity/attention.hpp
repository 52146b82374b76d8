// Causal attention with grouped KV heads and rotary positions, over one piece of text.
#pragma once

#include "llama.hpp"

#include <cstddef>
#include <vector>

namespace perplexity {

/// The cosines and sines of every position and pair: tables of positions x head_size/2.
class rotary_table {
public:
    rotary_table(std::size_t positions, std::size_t head_size, double base, rotary_order order);

    /// Turns each head of each row of x (rows = tokens, cols = heads * head_size); row 0 stands at position 0.
    void apply(fewbits::matrix_view<float> x) const;

private:
    std::size_t head_size_;
    rotary_order order_;
    std::vector<float> cosines_, sines_;
};

/// out[t] = softmax over s <= t of (q[t] . k[s] / sqrt(head_size)) times v[s], head by head; query head h reads KV head
/// h / (heads / kv_heads). Shapes: q and out are tokens x heads*head_size, k and v tokens x kv_heads*head_size.
void causal_attention(fewbits::matrix_view<const float> q, fewbits::matrix_view<const float> k,
    fewbits::matrix_view<const float> v, std::size_t head_size, fewbits::matrix_view<float> out);

}  // namespace perplexity
