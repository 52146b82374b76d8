// ggml under compare.py: weights of any of its types, activations float (it quantizes them itself, inside the product). Weights lie
// in the buffer that llama.cpp would choose: of an accelerated layout where one takes the type, plain otherwise.
//
//   ggml_driver                                    answers compare.py
//   ggml_driver <quantize|dequantize> <type>...    bytes of float a second, one thread, as lines of JSON
#include <cstring>
#include <map>
#include <memory>

#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <ggml.h>

#include "../protocol.hpp"

namespace {

struct context_deleter {
    void operator()(ggml_context* c) const { ggml_free(c); }
    void operator()(ggml_backend_buffer* b) const { ggml_backend_buffer_free(b); }
};
using context = std::unique_ptr<ggml_context, context_deleter>;
using buffer = std::unique_ptr<ggml_backend_buffer, context_deleter>;

ggml_type type_called(std::string const& name) {
    for (int t = 0; t < GGML_TYPE_COUNT; ++t) {
        char const* const known = ggml_type_name(static_cast<ggml_type>(t));
        if (known != nullptr && name == known) return static_cast<ggml_type>(t);
    }
    throw std::runtime_error("ggml has no type " + name);
}

context make_context(std::size_t tensors) {
    return context(ggml_init({ggml_tensor_overhead() * tensors + ggml_graph_overhead() * tensors, nullptr, true}));
}

std::vector<char> quantized(ggml_type type, float const* w, std::size_t rows, std::size_t cols) {
    auto const n = static_cast<std::int64_t>(cols);
    std::vector<char> data(ggml_row_size(type, n) * rows);
    ggml_quantize_chunk(type, w, data.data(), 0, static_cast<std::int64_t>(rows), n, nullptr);
    return data;
}

class ggml_contender final : public bench::contender {
public:
    ggml_contender() : backend_(ggml_backend_cpu_init()) {}

    std::size_t load(bench::load_request const& r, float const* w) override {
        graphs_.clear();
        buffers_.clear();
        n_ = r.n;
        k_ = r.k;
        ggml_type const type = type_called(r.weights);
        data_ = quantized(type, w, n_, k_);
        std::size_t const copies = r.cold_bytes / data_.size() + 1;
        weights_ = make_context(copies);
        tensors_.clear();
        for (std::size_t i = 0; i < copies; ++i) {
            tensors_.push_back(ggml_new_tensor_2d(weights_.get(), type, static_cast<std::int64_t>(k_), static_cast<std::int64_t>(n_)));
        }
        ggml_backend_buffer_type_t const where = layout_for(tensors_[0]);
        where_ = ggml_backend_buft_name(where);
        buffers_.emplace_back(ggml_backend_alloc_ctx_tensors_from_buft(weights_.get(), where));
        for (ggml_tensor* t : tensors_) ggml_backend_tensor_set(t, data_.data(), 0, data_.size());
        ggml_backend_cpu_set_n_threads(backend_, static_cast<int>(r.threads));
        type_ = type;
        row_ = ~std::size_t{0};
        return data_.size();
    }

    std::string input(std::string const&, std::size_t m, float const* a) override {
        m_ = m;
        graphs_.clear();
        products_ = make_context(2 * tensors_.size() + 2);
        ggml_tensor* const x = ggml_new_tensor_2d(products_.get(), GGML_TYPE_F32, static_cast<std::int64_t>(k_), static_cast<std::int64_t>(m));
        for (ggml_tensor* w : tensors_) {
            y_ = ggml_mul_mat(products_.get(), w, x);
            ggml_cgraph* const graph = ggml_new_graph_custom(products_.get(), 8, false);
            ggml_build_forward_expand(graph, y_);
            graphs_.push_back(graph);
        }
        buffers_.resize(1);
        buffers_.emplace_back(ggml_backend_alloc_ctx_tensors(products_.get(), backend_));
        ggml_backend_tensor_set(x, a, 0, m * k_ * sizeof(float));
        auto const inner = ggml_get_type_traits_cpu(type_)->vec_dot_type;
        return where_ + ", activations to " + ggml_type_name(inner);
    }

    std::size_t copies() const override { return tensors_.size(); }
    void multiply(std::size_t copy) override {
        last_ = ggml_graph_node(graphs_[copy], -1);
        ggml_backend_graph_compute(backend_, graphs_[copy]);
    }
    float weight(std::size_t row, std::size_t col) const override {
        if (row != row_) {
            dequantized_.resize(k_);
            char const* const from = data_.data() + row * ggml_row_size(type_, static_cast<std::int64_t>(k_));
            if (type_ == GGML_TYPE_F32) {
                std::memcpy(dequantized_.data(), from, k_ * sizeof(float));
            } else {
                ggml_get_type_traits(type_)->to_float(from, dequantized_.data(), static_cast<std::int64_t>(k_));
            }
            row_ = row;
        }
        return dequantized_[col];
    }
    float result(std::size_t row, std::size_t col) const override {
        float value = 0;
        ggml_backend_tensor_get(last_, &value, (row * n_ + col) * sizeof(float), sizeof value);
        return value;
    }

private:
    /// As llama.cpp chooses: the first of the CPU's additional layouts that takes a product with these weights.
    ggml_backend_buffer_type_t layout_for(ggml_tensor* w) const {
        ggml_backend_dev_t const cpu = ggml_backend_get_device(backend_);
        auto const extra = reinterpret_cast<ggml_backend_dev_get_extra_bufts_t>(
            ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(cpu), "ggml_backend_dev_get_extra_bufts"));
        for (auto* where = extra != nullptr ? extra(cpu) : nullptr; where != nullptr && *where != nullptr; ++where) {
            context const trial = make_context(4);
            ggml_tensor* const tw = ggml_new_tensor_2d(trial.get(), w->type, w->ne[0], w->ne[1]);
            ggml_tensor* const x = ggml_new_tensor_2d(trial.get(), GGML_TYPE_F32, w->ne[0], 512);
            buffer const empty(ggml_backend_buft_alloc_buffer(*where, 0));
            tw->buffer = empty.get();
            if (ggml_backend_dev_supports_op(cpu, ggml_mul_mat(trial.get(), tw, x))) return *where;
        }
        return ggml_backend_get_default_buffer_type(backend_);
    }

    ggml_backend_t backend_;
    std::size_t m_ = 0, n_ = 0, k_ = 0;
    ggml_type type_ = GGML_TYPE_F32;
    std::vector<char> data_;
    std::string where_;
    context weights_, products_;
    std::vector<buffer> buffers_;
    std::vector<ggml_tensor*> tensors_;
    std::vector<ggml_cgraph*> graphs_;
    ggml_tensor* y_ = nullptr;
    ggml_tensor* last_ = nullptr;
    mutable std::vector<float> dequantized_;
    mutable std::size_t row_ = ~std::size_t{0};
};

/// Bytes of float a second: the best of several rounds of at least 30 ms.
template <class Once>
double rate(double bytes, Once const& once) {
    double best = 0;
    for (int round = 0; round < 3; ++round) {
        auto const start = std::chrono::steady_clock::now();
        double passed = 0;
        double count = 0;
        for (; passed < 0.03; ++count) {
            once();
            passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        }
        best = std::max(best, count * bytes / passed);
    }
    return best;
}

/// One type over 64 rows of 4096: quantized as weights are and, where ggml has another way for activations, as they are: the
/// faster counts.
void convert(std::string const& verb, std::string const& name) {
    constexpr std::size_t rows = 64, cols = 4096;
    constexpr double bytes = rows * cols * sizeof(float);
    ggml_type const type = type_called(name);
    std::vector<float> values(rows * cols);
    unsigned state = 1;
    for (float& v : values) v = static_cast<float>(static_cast<int>(state = state * 1664525 + 1013904223)) * 0x1p-31F;
    std::vector<char> data = quantized(type, values.data(), rows, cols);
    double best = 0;
    if (verb == "quantize") {
        best = rate(bytes, [&] { ggml_quantize_chunk(type, values.data(), data.data(), 0, rows, cols, nullptr); });
        if (auto const activations = ggml_get_type_traits_cpu(type)->from_float; activations != nullptr) {
            best = std::max(best, rate(bytes, [&] { activations(values.data(), data.data(), rows * cols); }));
        }
    } else {
        best = rate(bytes, [&] { ggml_get_type_traits(type)->to_float(data.data(), values.data(), rows * cols); });
    }
    std::cout << "{\"name\": \"" << verb << "/" << name << "\", \"bytes_per_second\": " << best << "}" << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
    ggml_log_set([](ggml_log_level, char const*, void*) {}, nullptr);
    ggml_contender one;
    for (int i = 2; i < argc; ++i) convert(argv[1], argv[i]);
    return argc > 1 ? 0 : bench::serve(one);
}
