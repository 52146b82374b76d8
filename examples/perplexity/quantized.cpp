// The one projection there is: formats erased, products by fewbits::gemm on the operands as they are stored.
#include "quantized.hpp"

template struct fewbits::gemm_programs<>;

namespace perplexity {

namespace {

class format_projection final : public projection {
public:
    format_projection(weight_views weights, quantizer quantize_weights, quantizer quantize_activations)
        : activations_(quantize_activations) {
        for (const const_float_view& w : weights) weights_.push_back(quantize_weights(w, purpose::weights));
    }

    void apply(const_float_view x, std::span<const float_view> y) const override {
        if (activations_ == nullptr) return multiply(x, y);
        const auto narrow = activations_(x, purpose::activations);
        multiply(narrow->as_operand(), y);
    }

    void dequantize(std::size_t i, float_view out) const override { weights_[i]->dequantize(out); }

    std::size_t storage_bytes() const override {
        std::size_t total = 0;
        for (const auto& w : weights_) total += w->storage_bytes();
        return total;
    }

private:
    template <class A> void multiply(const A& a, std::span<const float_view> y) const {
        for (std::size_t i = 0; i < weights_.size(); ++i) fewbits::gemm(a, weights_[i]->as_operand(), y[i]);
    }

    std::vector<std::unique_ptr<any_matrix>> weights_;
    quantizer activations_;
};

}  // namespace

projection_maker make_projection(quantizer weights, quantizer activations) {
    return [=](weight_views views) -> std::unique_ptr<projection> {
        return std::make_unique<format_projection>(views, weights, activations);
    };
}

}  // namespace perplexity
